"""The settlement periods of a contract, and the terms that may no longer move them.

What belongs here: first and last days of periods from the terms; the refusal of terms that move
an approved period. What does not: whether a period is closed, and any amount.

Clause: 40-settlement.md, "Periods, lines, basis" and the last sentence of "approved is frozen".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

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


def list_periods(contract: Contract) -> list[Bounds]:
    """First and last day of every period of a contract, the closing one included."""
    from dagster_project.lib.contracts import last_period_end
    from dagster_project.lib.contracts.model import month_after

    last_end = last_period_end(contract)
    if contract.settlement is None or last_end is None:
        return []
    length = contract.settlement.months_per_period
    first_month = contract.term.starts_on.replace(day=1)
    start = month_after(
        first_month, -((first_month.month - contract.settlement.anchor_month) % length)
    )
    periods: list[Bounds] = []
    while start <= last_end:
        following = month_after(start, length)
        periods.append((start, following - dt.timedelta(days=1)))
        start = following
    if contract.settlement.final_on is not None:
        periods.append((start, contract.settlement.final_on))
    return periods


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
    today = list_periods(contract)[: len(approved)]
    if today == list(approved):
        return
    key = _moving_key(contract, frozen_terms)
    number = next(
        (i for i, bounds in enumerate(approved) if i >= len(today) or today[i] != bounds), 0
    )
    raise EffektError(
        "TERMS_MOVE_APPROVED",
        f"{contract.contract_id}.yml: {key} moves the approved period that begins "
        f"{approved[number][0]:%Y-%m}",
        remedy=f"put {key} back; an approved period keeps its bounds",
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
