"""The terms that may no longer move a period that is approved.

What belongs here: the refusal of such terms. What does not: the periods themselves
(``contracts.periods``).

Rules: S.bounds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import EffektError

if TYPE_CHECKING:
    from dagster_project.lib.contracts import Contract

Bounds = tuple[dt.date, dt.date]
_KEYS = (
    ("settlement", "months_per_period"),
    ("settlement", "anchor_month"),
    ("term", "starts_on"),
    ("term", "ends_on"),
    ("settlement", "final_on"),
    ("parts",),
)


def refuse_moved_bounds(
    contract: Contract, approved: Sequence[Bounds], frozen_terms: Mapping[str, Any]
) -> None:
    """Refuse terms under which an approved period would have other bounds (exit 1).

    Args:
        contract: today's terms.
        approved: bounds of the approved periods, in order.
        frozen_terms: the terms stored with the newest of them.

    Raises:
        EffektError: ``TERMS_MOVE_APPROVED``, naming the key that moves the first such period.
    """
    from dagster_project.lib.contracts import list_periods

    today = [(p.period_start, p.period_end) for p in list_periods(contract)[: len(approved)]]
    if today == list(approved):
        return
    key = _moving_key(contract, frozen_terms)
    number = next(
        (i for i, bounds in enumerate(approved) if i >= len(today) or today[i] != bounds), 0
    )
    raise EffektError(
        "TERMS_MOVE_APPROVED",
        f"{contract.contract_id}.yml: {key} flytter den godkendte periode, der begynder i "
        f"{danish.month(approved[number][0])}",
        remedy=f"sæt {key} tilbage; en godkendt periode beholder sine grænser",
    )


def _moving_key(contract: Contract, frozen_terms: Mapping[str, Any]) -> str:
    import json

    today = json.loads(contract.terms_json())
    for path in _KEYS:
        if _value(today, path) != _value(frozen_terms, path):
            return ".".join(path)
    return "settlement"


def _value(terms: Any, path: Sequence[str]) -> Any:
    for key in path:
        terms = terms.get(key) if isinstance(terms, Mapping) else None
    return terms
