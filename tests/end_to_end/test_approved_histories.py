"""Approved periods, releases and later knowledge: true-ups of the SQL equal those of the oracle.

Many contracts live through the same three nights; after each of the first two, some of their closed
periods are approved and some authorised maxima are raised.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project import settings as places
from dagster_project.lib import life
from tests.oracle import civil, courses, rows, settlement
from tests.oracle.home import Knowledge, know, read_contracts
from tests.support import night
from tests.support.compare import differences
from tests.worlds import generate

SEEDS = Path(__file__).parents[2] / "seeds"
NIGHTS = ("2024-03-15", "2024-09-01", "2025-04-30")
TABLES = ("participant", "person_month", "settlement", "settlement_reading", "settlement_line")
RELEASED = Decimal("12345.67")
pytestmark = pytest.mark.xdist_group("approved")


class History:
    """What has been approved and released so far, by contract."""

    def __init__(self) -> None:
        self.approved: dict[str, list[settlement.Approved]] = {}
        self.releases: dict[str, list[tuple[int, int]]] = {}

    def periods(self, knowledge: Knowledge, contract: dict[str, Any]) -> list[settlement.Period]:
        """The oracle's periods under today's knowledge."""
        name = contract["contract_id"]
        approved = self.approved.setdefault(name, [])
        known = {line.course or "" for one in approved for line in one.lines}
        found = courses.participants(knowledge, contract, known)
        months = courses.person_months(knowledge, contract, found)
        return settlement.settle(
            knowledge, contract, months, approved, self.releases.setdefault(name, [])
        )

    def rows(self, knowledge: Knowledge, contract: dict[str, Any]) -> dict[str, rows.Rows]:
        """The oracle's rows under today's knowledge."""
        name = contract["contract_id"]
        found = rows.contract_rows(
            knowledge, contract, self.approved.get(name), self.releases.get(name)
        )
        return {table: found[table] for table in TABLES}


def act(
    home: Path, history: History, knowledge: Knowledge, contract: dict[str, Any], count: int
) -> None:
    """Approve the first ``count`` closed, unapproved periods; then raise the maximum, if any."""
    name = contract["contract_id"]
    settings = places.resolve(home, None, dt.date.fromordinal(knowledge.as_of))
    periods = history.periods(knowledge, contract)
    open_ones = [p for p in periods if p.is_closed][len(history.approved[name]) :]
    for period in open_ones[:count]:
        start = civil.day_text(period.start)[:7]
        life.submit(settings, name, start, "Lis Leverandør", "prøve")
        life.verify(settings, name, start, "Kai Controller")
        life.approve(settings, name, start, "Lea Leder")
        payment = period.figures["payment"] or 0
        history.approved[name].append(
            settlement.Approved(period.start, tuple(period.lines), payment)
        )
    unapproved = periods[len(history.approved[name]) :]
    if courses.optional(contract["payment"].get("authorised_max")) and unapproved:
        life.release(settings, name, RELEASED, "Kai Controller", "prøve")
        history.releases[name].append((unapproved[0].start, int(RELEASED * 100)))


@pytest.fixture(scope="session")
def told(shared_folder: Path) -> dict[str, Any]:
    """Per night: differences by table, and how many true-up lines there were."""

    def run(home: Path) -> dict[str, Any]:
        world = generate.hall(49, 16, ("ydelsesforloeb", "dream"), background_count=80)
        inputs = world.write(home.with_name(f"{home.name}-told"))
        world.write(home)
        history, said = History(), {}
        for number, as_of in enumerate(NIGHTS):
            night.publish(home, as_of)
            knowledge = know(inputs, SEEDS, as_of)
            contracts = read_contracts(inputs / "contracts")
            expected: dict[str, rows.Rows] = {table: [] for table in TABLES}
            for contract in contracts:
                for table, found in history.rows(knowledge, contract).items():
                    expected[table] += found
            published = night.read_marts(home, list(TABLES))
            said[as_of] = {
                "differences": differences(expected, published),
                "true_ups": sum(r["line_kind"] == "true_up" for r in expected["settlement_line"]),
                "carried": sum(
                    r["carried_forward_dkk"] not in (None, "0.00") for r in expected["settlement"]
                ),
                "approved": sum(len(one) for one in history.approved.values()),
            }
            for place, contract in enumerate(contracts if number < 2 else []):
                act(home, history, knowledge, contract, place % 4)
        return said

    answer: dict[str, Any] = night.built_once(shared_folder, "approved", run)[1]
    return answer


@pytest.mark.parametrize("as_of", NIGHTS)
def test_true_ups_and_payments_after_approvals_equal_the_oracle(
    told: dict[str, Any], as_of: str
) -> None:
    assert told[as_of]["differences"][:20] == []


def test_the_histories_reach_true_ups_and_carried_amounts(told: dict[str, Any]) -> None:
    assert told[NIGHTS[1]]["approved"] > 0
    assert sum(one["true_ups"] for one in told.values()) >= 5
    assert sum(one["carried"] for one in told.values()) >= 1
