"""A side warehouse that holds tonight, in which one kind of input is put back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dagster_project.lib import receiving
from dagster_project.lib.trace.causes.changes import Row
from dagster_project.lib.trace.causes.today import DECISION, PLACED, Today
from dagster_project.lib.trace.runner import Compiled
from dagster_project.lib.trace.side_home import opened
from dagster_project.lib.warehouse.rows import insert_rows
from dagster_project.settings import Home, Settings

AMOUNTS = "int_lines__book_new"


@dataclass(frozen=True)
class Trial:
    """A side warehouse that holds tonight, in which one kind of input is put back.

    ``contracts`` were approved on one snapshot: what is not a contract's own is the same for all.
    """

    settings: Settings
    side: Home
    models: Compiled
    contracts: Sequence[Today]

    @property
    def known(self) -> Sequence[Row]:
        """The deliveries that are known tonight."""
        return self.contracts[0].known

    @property
    def then(self) -> Sequence[Row]:
        """The deliveries that were known then."""
        return self.contracts[0].then

    def rerun_all(self) -> None:
        """From the raw room to the amounts."""
        self.models.rebuild(self.side)

    def rerun_after(self, model: str, until: str = AMOUNTS) -> None:
        """Only what lies behind a model, whose rows have been changed by hand."""
        self.models.rebuild(self.side, behind=[model], until=until)

    def rerun_with_places_held(self) -> None:
        """From the raw room to the amounts; who has a place stays as it is today."""
        self.rerun_all()
        self.hold_places_of_today()
        self.rerun_after(DECISION)

    def hold_places_of_today(self) -> None:
        """Give the places to those who have one tonight."""
        self.hold_places(
            [
                (one.past.contract_id, course, row["eligibility"])
                for one in self.contracts
                for course, row in one.courses.items()
            ]
        )

    def hold_places(self, eligibility: Sequence[tuple[str, str, str]]) -> None:
        """Set who of those that could have a place has one, by contract and course."""
        names = ("contract_id", "course_id", "eligibility")
        placed = [dict(zip(names, row, strict=True)) for row in eligibility if row[2] in PLACED]
        with opened(self.side) as connection:
            connection.execute(
                "create temp table held"
                " (contract_id varchar, course_id varchar, eligibility varchar)"
            )
            insert_rows(connection, "held", placed)
            connection.execute(
                f"""
                update intermediate.{DECISION} as decision
                set eligibility = held.eligibility
                from held
                where
                    decision.contract_id = held.contract_id
                    and decision.course_id = held.course_id
                    and decision.eligibility in ('eligible', 'over_quota')
                """  # noqa: S608 - a name from code
            )

    def know_as_then(self, *sources: str) -> None:
        """Make the known deliveries of these sources those of the approval."""
        kept = [row for row in self.known if row["source"] not in sources]
        kept += [row for row in self.then if row["source"] in sources]
        self._know(kept)

    def know_also(self, rows: Iterable[Row]) -> None:
        """Make deliveries known beside those of tonight."""
        self._know([*self.known, *rows])

    def _know(self, rows: Sequence[Row]) -> None:
        with opened(self.side) as connection:
            ids = {row["delivery_id"] for row in rows}
            receiving.keep_known(connection, self.settings.home, ids)
