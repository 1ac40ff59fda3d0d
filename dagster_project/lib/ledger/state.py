"""The state of a settlement, read from its events.

What belongs here: state and who has acted. What does not: figures.

Rules: S.state.
Decides: S.state.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.settings import Home

OPEN, DRAFT, SUBMITTED, VERIFIED = "open", "draft", "submitted", "verified"
APPROVED, PAID = "approved", "paid"
ROLES = {
    "submit": "provider",
    "verify": "municipality",
    "approve": "municipality",
    "return": "municipality",
    "release": "municipality",
    "pay": "finance",
    "correct": "finance",
    "decide": "municipality",
}
"""Who may do an action; a dispute is opened by the provider or the municipality."""
BEFORE = {
    "submit": (DRAFT,),
    "verify": (SUBMITTED,),
    "approve": (VERIFIED,),
    "return": (SUBMITTED, VERIFIED),
    "pay": (APPROVED,),
    "correct": (PAID,),
}
"""The states in which a step may be taken."""
OTHER_PERSON = {"verify": ("submit",), "approve": ("submit", "verify")}
"""The earlier steps of which a step takes another person."""
_AFTER = {"submit": SUBMITTED, "verify": VERIFIED, "return": DRAFT}
_STEPS = (*_AFTER, "approve", "pay", "correct")

Key = tuple[str, dt.date]


@dataclass(frozen=True)
class State:
    """State of a (contract, period), and whether its last event named other figures."""

    name: str
    is_superseded: bool = False


def of_period(ledger: Ledger, contract_id: str, period_start: dt.date) -> list[Event]:
    """The steps of one settlement in order (a release is none)."""
    return [
        event
        for event in ledger.events
        if (event.contract_id, event.period_start) == (contract_id, period_start)
        and event.action in _STEPS
    ]


def state_of(events: Iterable[Event], current_sha256: str | None) -> State:
    """The state that the events give to figures with this hash.

    Args:
        events: the settlement's steps in order.
        current_sha256: today's figures hash, null while the period is open.
    """
    steps = list(events)
    if any(event.is_approval for event in steps):
        return State(PAID if any(event.action == "pay" for event in steps) else APPROVED)
    if current_sha256 is None:
        return State(OPEN)
    if not steps:
        return State(DRAFT)
    if steps[-1].statement_sha256 != current_sha256:
        return State(DRAFT, is_superseded=True)
    return State(_AFTER[steps[-1].action])


def list_states(
    connection: duckdb.DuckDBPyConnection, known: Ledger, hashes: Mapping[Key, str]
) -> list[dict[str, Any]]:
    """The state of every settlement period of a warehouse, as rows of ``raw.statement``.

    Args:
        connection: the warehouse, its periods listed and its frozen statements loaded.
        known: the events that the run knows.
        hashes: today's figures hash of each closed period that is not approved.
    """
    events: dict[Key, list[Event]] = {}
    for event in known.events:
        if event.action in _STEPS:
            events.setdefault((event.contract_id, event.period_start), []).append(event)
    periods = connection.execute(
        """
        select period.contract_id, period.period_start, frozen.statement_sha256
        from intermediate.int_periods__list as period
        left join raw.frozen_settlement as frozen using (contract_id, period_start)
        """
    ).fetchall()
    rows = []
    for contract_id, period_start, frozen_sha256 in periods:
        key = (contract_id, period_start)
        current = frozen_sha256 or hashes.get(key)
        state = state_of(events.get(key, ()), current)
        rows.append(
            {
                "contract_id": contract_id, "period_start": period_start, "state": state.name,
                "is_superseded": state.is_superseded, "statement_sha256": current,
            }
        )  # fmt: skip
    return rows


def approvals_of(ledger: Ledger) -> dict[Key, Event]:
    """The approving event of each approved (contract, period), in the order of approval."""
    return {
        (event.contract_id, event.period_start): event
        for event in ledger.events
        if event.is_approval
    }


def in_progress(ledger: Ledger) -> list[tuple[str, dt.date, str]]:
    """Contract, period and state of each settlement that was submitted and is not approved."""
    last: dict[Key, Event] = {}
    for event in ledger.events:
        if event.action in _STEPS:
            last[event.contract_id, event.period_start] = event
    return [
        (*key, SUBMITTED if event.action == "submit" else VERIFIED)
        for key, event in sorted(last.items())
        if event.action in ("submit", "verify")
    ]


def approved_periods(ledger: Ledger, contract_id: str) -> set[dt.date]:
    """First days of the contract's approved periods."""
    return {start for name, start in approvals_of(ledger) if name == contract_id}


def releases(ledger: Ledger, contract_id: str, period_start: dt.date) -> list[Event]:
    """The releases of a contract for the periods up to one, in their order (S.release)."""
    return [
        event
        for event in ledger.events
        if (event.action, event.contract_id) == ("release", contract_id)
        and event.period_start <= period_start
    ]


def released_dkk(ledger: Ledger, contract_id: str, period_start: dt.date) -> Decimal:
    """Kroner released of a contract for the periods up to one (S.release)."""
    amounts = (event.amount_dkk for event in releases(ledger, contract_id, period_start))
    return sum(filter(None, amounts), Decimal(0))


def settled_as(ledger: Ledger, contract_id: str, period_start: dt.date) -> str:
    """How far a settlement has come: paid, approved, or a draft to everybody else."""
    done = {event.action for event in of_period(ledger, contract_id, period_start)}
    if "approve" not in done:
        return DRAFT
    return PAID if "pay" in done else APPROVED


def kept_snapshots(home: Home) -> set[str]:
    """Snapshots that an approved settlement names; retention keeps them (M.kept)."""
    return {event.snapshot_id for event in approvals_of(chain.read(home)).values()}
