"""The way from basis to payment: tiers, ceiling, authorised maximum with its releases, hold.

What belongs here: naming the steps of a settlement's own figures. What does not: deciding an amount
(dbt); what a settlement pays is what its row says.

Rules: S.why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dagster_project.lib.base.canonical import money_text
from dagster_project.lib.contracts import Contract
from dagster_project.lib.ledger.chain import Event
from dagster_project.lib.statement.content import payment_terms
from dagster_project.lib.statement.tiers import counted_basis, walk

_MONEY = (
    "basis_dkk", "basis_cumulative_dkk", "entitlement_cumulative_dkk", "payment_cumulative_dkk",
    "held_cumulative_dkk", "carried_forward_dkk", "repayable_dkk", "payment_dkk",
)  # fmt: skip


def way_of(
    settlement: Mapping[str, Any], contract: Contract, releases: Sequence[Event]
) -> dict[str, Any] | None:
    """The way of a closed period; null while it is open.

    Args:
        settlement: the period's row of ``mart.settlement``, money as text.
        contract: the terms it is computed under.
        releases: what has been released for the period.
    """
    if settlement["basis_cumulative_dkk"] is None or contract.payment is None:
        return None
    terms, tiers = payment_terms(contract)
    chosen = terms.chosen
    basis = Decimal(settlement["basis_cumulative_dkk"])
    authorised = contract.payment.authorised_max
    return {
        **{name: settlement[name] for name in _MONEY},
        "reading": chosen.reading_id,
        "basis_counted_dkk": money_text(counted_basis(basis, chosen)),
        "steps": [
            {
                "above_dkk": money_text(step.above_dkk),
                "up_to_dkk": _money(step.up_to_dkk),
                "provider_share": format(step.provider_share, "f"),
                "basis_dkk": money_text(step.basis_dkk),
                "amount_dkk": money_text(step.amount_dkk),
                "clause": tier.clause,
            }
            for step, tier in zip(walk(basis, tiers, chosen), tiers, strict=True)
        ],
        "basis_ceiling_dkk": _money(chosen.basis_ceiling_dkk),
        "payment_ceiling_dkk": _money(chosen.payment_ceiling_dkk),
        "authorised_max_dkk": _money(authorised),
        "releases": [
            {
                "as_of_date": event.as_of_date.isoformat(), "amount_dkk": _money(event.amount_dkk),
                "actor": event.actor, "reason": event.reason,
            }
            for event in releases
        ],
    }  # fmt: skip


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else money_text(amount)
