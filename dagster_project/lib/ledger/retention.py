"""Which contracts are past their retention: computed no more, and their data may be removed.

What belongs here: the day a contract's retention ends, and which contracts have passed it. What
does not: what is left out of a night for them (``contracts.tables``, ``int_lines__true_up``), and
which files then may go (``purge``).

The years count from the last payment, without one from the term's last day, and never end inside
the term. What was removed for a contract does not come back, so a contract that a purge names stays
ended, whatever its file says later and whatever the business date.

Rules: F.retention.
Decides: F.retention.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.lib import removals
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger.chain import Ledger
from dagster_project.lib.ledger.state import approvals_of, approved_periods

if TYPE_CHECKING:
    from dagster_project.lib.contracts import Contract
    from dagster_project.settings import Home


@dataclass(frozen=True)
class Standing:
    """Where a contract stands.

    Args:
        contract_id: the contract.
        ends_on: first day on which its retention has ended; null without ``retention``.
        is_ended: it is computed no more.
        is_purged: a purge has named it.
    """

    contract_id: str
    ends_on: dt.date | None
    is_ended: bool
    is_purged: bool


def ends_on(contract: Contract, known: Ledger) -> dt.date | None:
    """The first day on which a contract's retention has ended; null where it has none.

    Args:
        contract: the terms.
        known: the events that the run knows.
    """
    if contract.retention is None:
        return None
    paid = [
        event.as_of_date
        for event in known.events
        if (event.action, event.contract_id) == ("pay", contract.contract_id)
    ]
    last_day = contract.term.ends_on
    after = _years_later(max(paid, default=last_day), contract.retention.years)
    return max(after, last_day + dt.timedelta(days=1))


def require_terms(contracts: Iterable[Contract], approved: Iterable[str]) -> None:
    """Refuse where a contract with approved periods has no file: how long it is kept is not known.

    Args:
        contracts: the terms that were found.
        approved: contracts with an approved period.

    Raises:
        EffektError: ``CONTRACT_MISSING``.
    """
    for contract_id in sorted(set(approved) - {one.contract_id for one in contracts}):
        raise EffektError(
            "CONTRACT_MISSING",
            f"{contract_id} har godkendte opgørelser, men ingen kontraktfil",
            remedy=f"læg {contract_id}.yml tilbage i mappen med kontraktfiler",
        )


def standings(home: Home, contracts: Iterable[Contract], as_of: dt.date) -> list[Standing]:
    """Where each contract stands as of a day, by contract_id."""
    known = chain.read(home).known(as_of)
    purged = removals.purged_contracts(home)
    found = []
    for contract in sorted(contracts, key=lambda one: one.contract_id):
        ends = ends_on(contract, known)
        is_purged = contract.contract_id in purged
        is_ended = is_purged or (ends is not None and ends <= as_of)
        found.append(Standing(contract.contract_id, ends, is_ended, is_purged))
    return found


def all_standings(home: Home, contracts: Iterable[Contract], as_of: dt.date) -> list[Standing]:
    """The same, for a decision that removes something: no contract may be overlooked.

    Raises:
        EffektError: ``CONTRACT_MISSING``.
    """
    terms = list(contracts)
    require_terms(terms, {contract_id for contract_id, _ in approvals_of(chain.read(home))})
    return standings(home, terms, as_of)


def ended_contracts(
    home: Home, contracts: Iterable[Contract], as_of: dt.date
) -> dict[str, set[dt.date]]:
    """Contracts that are computed no more, with the first days of their approved periods."""
    known = chain.read(home).known(as_of)
    return {
        one.contract_id: approved_periods(known, one.contract_id)
        for one in standings(home, contracts, as_of)
        if one.is_ended
    }


def _years_later(day: dt.date, years: int) -> dt.date:
    """The same day some years later; 1 March where 29 February is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)
