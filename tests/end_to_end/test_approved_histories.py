"""Approved periods, releases and later knowledge: true-ups of the SQL equal those of the oracle.

Many contracts live through the same three nights; after each of the first two, some of their closed
periods are approved, some authorised maxima are raised, and some contracts are amended.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project import settings as places
from dagster_project.lib import ledger
from tests.oracle import rows
from tests.oracle.courses import optional
from tests.oracle.history import History
from tests.oracle.home import Knowledge, know, read_contracts, read_deliveries
from tests.support import night
from tests.support.compare import differences
from tests.worlds import contracts as contract_terms
from tests.worlds import generate

SEEDS = Path(__file__).parents[2] / "seeds"
NIGHTS = ("2024-03-15", "2024-09-01", "2025-04-30")
TABLES = (
    "participant", "person_month", "settlement", "settlement_reading", "settlement_line",
    "settlement_part", "settlement_true_up", "restatement", "settlement_blocker", "claim_match",
    "mismatch",
)  # fmt: skip
RELEASED = Decimal("12345.67")
pytestmark = pytest.mark.xdist_group("approved")


class Home:
    """The files of a home, read once, and what they say as of a night."""

    def __init__(self, inputs: Path) -> None:
        self.inputs = inputs
        self.deliveries = read_deliveries(inputs / "landing")
        self.known: dict[tuple[object, ...], Knowledge] = {}

    def know(self, as_of: str, older: dict[str, int] | None = None) -> Knowledge:
        """What is known as of a night, some sources perhaps only as of an earlier day."""
        key = (as_of, *sorted((older or {}).items()))
        if key not in self.known:
            self.known[key] = know(self.inputs, SEEDS, as_of, self.deliveries, older)
        return self.known[key]


def act(
    home: Path, history: History, knowledge: Knowledge, contract: dict[str, Any], count: int,
    told: dict[str, rows.Rows],
) -> None:  # fmt: skip
    """Approve the first ``count`` closed, unapproved periods; then raise the maximum, if any."""
    name = contract["contract_id"]
    settings = places.resolve(home, None, dt.date.fromordinal(knowledge.as_of))
    periods = history.periods(knowledge, contract)
    for start in history.approve(knowledge, contract, count, told):
        ledger.submit(settings, name, start[:7], "Lis Leverandør", "prøve")
        ledger.verify(settings, name, start[:7], "Kai Controller")
        ledger.approve(settings, name, start[:7], "Lea Leder")
    unapproved = periods[len(history.approved[name]) :]
    if optional(contract["payment"].get("authorised_max")) and unapproved:
        ledger.release(settings, name, RELEASED, "Kai Controller", "prøve")
        history.releases[name].append((unapproved[0].start, int(RELEASED * 100)))


def one_night(
    home: Path, files: Home, history: History, as_of: str
) -> tuple[dict[str, Any], dict[str, dict[str, rows.Rows]]]:
    """Run a night and compare it; gives what was found, and the oracle's rows by contract."""
    night.publish(home, as_of)
    knowledge = files.know(as_of)
    contracts = read_contracts(files.inputs / "contracts")
    decided = {one["contract_id"]: history.decided(knowledge, one) for one in contracts}
    told = {
        one["contract_id"]: history.rows(
            knowledge, one, decided[one["contract_id"]],
            lambda since, sources: files.know(as_of, dict.fromkeys(sources, since)),
        )
        for one in contracts
    }  # fmt: skip
    expected: dict[str, rows.Rows] = {table: [] for table in TABLES}
    for own in (*told.values(), rows.home_rows(knowledge, contracts, decided)):
        for table in TABLES:
            expected[table] += own.get(table, [])
    published = night.read_marts(home, list(TABLES))
    lines = expected["settlement_line"]
    found = {
        "differences": {t: differences({t: e}, published) for t, e in expected.items()},
        "true_ups": sum(row["line_kind"] == "true_up" for row in lines),
        "carried": sum(
            row["carried_forward_dkk"] not in (None, "0.00") for row in expected["settlement"]
        ),
        "repayable": sum(
            row["repayable_dkk"] not in (None, "0.00") for row in expected["settlement"]
        ),
        "approved": sum(len(one) for one in history.approved.values()),
        "causes": Counter(row["cause"] for row in lines),
        "shown": sum(row["line_count"] is not None for row in expected["restatement"]),
        "hidden": sum(row["line_count"] is None for row in expected["restatement"]),
    }
    return found, told


@pytest.fixture(scope="session")
def told(shared_folder: Path) -> dict[str, Any]:
    """Per night: differences by table, and how often each thing was reached."""

    def run(home: Path) -> dict[str, Any]:
        world = generate.hall(49, 16, ("ydelsesforloeb", "dream"), background_count=80)
        files = Home(world.write(home.with_name(f"{home.name}-told")))
        world.write(home)
        history, said, rng = History(), {}, random.Random(49)
        for number, as_of in enumerate(NIGHTS):
            said[as_of], own = one_night(home, files, history, as_of)
            if number == 2:
                break
            contracts = read_contracts(files.inputs / "contracts")
            for place, contract in enumerate(contracts):
                name = contract["contract_id"]
                act(home, history, files.know(as_of), contract, place % 4, own[name])
                world.contracts[name] = contract_terms.amended(rng, world.contracts[name])
            world.write_contracts(home)
            world.write_contracts(files.inputs)
        return said

    answer: dict[str, Any] = night.built_once(shared_folder, "approved", run)[1]
    return answer


@pytest.mark.parametrize("as_of", NIGHTS)
def test_true_ups_and_payments_after_approvals_equal_the_oracle(
    told: dict[str, Any], as_of: str
) -> None:
    wrong = {table: said[:10] for table, said in told[as_of]["differences"].items() if said}
    assert wrong == {}


def test_the_histories_reach_true_ups_and_carried_amounts(told: dict[str, Any]) -> None:
    assert told[NIGHTS[1]]["approved"] > 0
    assert sum(one["true_ups"] for one in told.values()) >= 5
    assert sum(one["carried"] for one in told.values()) >= 1
