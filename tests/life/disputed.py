"""A town whose contract has a calendar, so that its settlements can be disputed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib import ledger, life
from tests.life import world
from tests.life.world import CONTRACT, Town

MONTHS = [f"2023-{month:02d}" for month in range(2, 13)]
CALENDAR = """final_on: 2024-06-30, calendar: {submit_within_days: 45, verify_within_days: 14,
    approve_within_days: 14, pay_within_days: 30, dispute_within_days: 180,
    dispute_min_dkk: LEAST}}"""
CPR = {**world.CPR, "E": "6601900006"}
STATED = {"E": "ledighedsydelse"}


class Place(Town):
    """A town whose contract has a calendar; D and E are not on benefit when they are referred."""

    least = 1000

    def write_terms(self) -> None:
        """Write the contract file with its calendar."""
        folder = self.root / "contracts"
        folder.mkdir(parents=True, exist_ok=True)
        text = world.TERMS.replace("RATE", str(self.rate))
        text = text.replace("final_on: 2024-06-30}", CALENDAR.replace("LEAST", str(self.least)))
        (folder / f"{CONTRACT}.yml").write_text(text, encoding="utf-8")

    def _deltagere(self, _day: str) -> list[str]:
        return [
            f"{CONTRACT};{one};{CPR[one]};{on};{STATED.get(one, 'sygedagpenge')};;"
            for one, on in self.visited.items()
        ]

    def dispute(self, period: str, course: str, month: str, wants: str = "paid",
                actor: str = "Lis") -> list[ledger.Event]:  # fmt: skip
        """Open disputes."""
        return life.dispute(self.settings, CONTRACT, period, course, month, wants, actor, "prøve")

    def decide(self, disputes: str, *, uphold: bool, actor: str = "Lea") -> list[ledger.Event]:
        """Decide them."""
        return life.decide(self.settings, disputes, actor, "prøve", uphold=uphold)

    def months(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The published person-months by course and month."""
        rows = self.rows("restricted.person_month")
        return {(row["course_id"], f"{row['month']:%Y-%m}"): row for row in rows}

    def deadlines(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The published deadlines by period and step."""
        rows = self.rows("mart.settlement_deadline")
        return {(f"{row['period_start']:%Y-%m}", row["step"]): row for row in rows}

    def true_ups(self, period: str) -> dict[tuple[str, str], tuple[str, Decimal]]:
        """Cause and difference of a period's true-ups by course and month."""
        return {
            (line["course_id"], f"{line['month']:%Y-%m}"): (line["cause"], line["difference_dkk"])
            for line in self.rows("restricted.settlement_line")
            if line["line_kind"] == "true_up" and f"{line['period_start']:%Y-%m}" == period
        }


def make(root: Path) -> Place:
    """Three persons on benefit before they were referred, and two who were not."""
    town = Place(root)
    for course in ("A", "B", "C"):
        town.spells[course] = [("2022-11-01", "2023-01-31")]
    town.visited = {"A": "2023-01-02", "B": "2023-01-03", "C": "2023-01-04",
                    "D": "2023-01-05", "E": "2023-01-06"}  # fmt: skip
    town.statistics = {"2022-01": "10,0", "2023-02": "5,0"}
    town.claims = {(course, month): True for course in "ABC" for month in MONTHS}
    town.claims["A", "2023-03"] = False
    return town
