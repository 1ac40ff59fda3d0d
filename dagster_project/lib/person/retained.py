"""Which contracts rest on a person's rows, and until when: while one does, the person stays.

What belongs here: that question. What does not: how long a contract's data are kept
(``contracts``), which rows there are (``rows``).

A contract rests on every row that names it, and on every row about persons that names none: its
figures are counted from the whole register. A contract whose retention has ended rests on nothing;
one that says nothing of retention rests on its rows for good (docs/adr/0045).

Rules: F.forget.
Decides: F.forget.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.contracts import Contract
from dagster_project.lib.ledger.chain import Ledger
from dagster_project.lib.person.rows import Sought
from dagster_project.lib.receiving.loading.load import names_courses


@dataclass(frozen=True)
class Resting:
    """A contract that rests on the person's rows.

    Args:
        contract: the contract.
        until: last day of its retention; null where its file says nothing of it.
    """

    contract: Contract
    until: dt.date | None

    @property
    def told(self) -> str:
        """The contract and the day, in Danish."""
        name = self.contract.contract_id
        if self.until is None:
            return f"{name} (kontraktfilen siger intet om opbevaring: retention)"
        return f"{name} (til og med {danish.date(self.until)})"


def resting(
    contracts: Sequence[Contract], ledger: Ledger, sought: Sought, as_of: dt.date
) -> list[Resting]:
    """The contracts that rest on the person's rows at a business date, by contract_id."""
    names_none = any(not names_courses(found.source) for found in sought.found)
    found = []
    for contract in sorted(contracts, key=lambda one: one.contract_id):
        until = last_day(contract, ledger)
        is_read = names_none or contract.contract_id in sought.contracts
        if is_read and (until is None or as_of <= until):
            found.append(Resting(contract, until))
    return found


def require_free(
    contracts: Sequence[Contract], ledger: Ledger, sought: Sought, as_of: dt.date
) -> None:
    """Refuse to forget a person on whose rows a contract rests.

    Raises:
        NotAllowedError: ``PERSON_RETAINED`` with each contract and until when (exit 3).
    """
    found = resting(contracts, ledger, sought, as_of)
    if found:
        raise NotAllowedError(
            "PERSON_RETAINED",
            "en kontrakt, hvis data skal opbevares, hviler på personens rækker: "
            + "; ".join(one.told for one in found),
            remedy="glem personen, når opbevaringen er slut; indtil da kan effekt person vise, hvad"
            " der er gemt",
        )
