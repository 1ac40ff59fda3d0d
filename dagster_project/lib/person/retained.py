"""Which contracts rest on a person's rows, and until when: while one does, the person stays.

What belongs here: that question. What does not: how long a contract's data are kept
(``ledger.retention``), which rows there are (``rows``).

A contract rests on every row that names it, and on every row about persons that names none: its
figures are counted from the whole register. A contract that is computed no more rests on nothing;
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
from dagster_project.lib.ledger import retention
from dagster_project.lib.person.rows import Sought
from dagster_project.lib.receiving.loading.load import names_courses
from dagster_project.settings import Home


@dataclass(frozen=True)
class Resting:
    """A contract that rests on the person's rows.

    Args:
        contract_id: the contract.
        until: last day of its retention; null where its file says nothing of it.
    """

    contract_id: str
    until: dt.date | None

    @property
    def told(self) -> str:
        """The contract and the day, in Danish."""
        if self.until is None:
            return f"{self.contract_id} (kontraktfilen siger intet om opbevaring: retention)"
        return f"{self.contract_id} (til og med {danish.date(self.until)})"


def resting(
    home: Home, contracts: Sequence[Contract], sought: Sought, as_of: dt.date
) -> list[Resting]:
    """The contracts that rest on the person's rows at a business date, by contract_id."""
    names_none = any(not names_courses(found.source) for found in sought.found)
    found = []
    for one in retention.all_standings(home, contracts, as_of):
        is_read = names_none or one.contract_id in sought.contracts
        if is_read and not one.is_ended:
            until = None if one.ends_on is None else one.ends_on - dt.timedelta(days=1)
            found.append(Resting(one.contract_id, until))
    return found


def require_free(home: Home, contracts: Sequence[Contract], sought: Sought, as_of: dt.date) -> None:
    """Refuse to forget a person on whose rows a contract rests.

    Raises:
        NotAllowedError: ``PERSON_RETAINED`` with each contract and until when (exit 3).
    """
    found = resting(home, contracts, sought, as_of)
    if found:
        raise NotAllowedError(
            "PERSON_RETAINED",
            "en kontrakt, hvis data skal opbevares, hviler på personens rækker: "
            + "; ".join(one.told for one in found),
            remedy="glem personen, når opbevaringen er slut; indtil da kan effekt person vise, hvad"
            " der er gemt",
        )
