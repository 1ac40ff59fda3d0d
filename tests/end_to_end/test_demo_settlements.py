"""Every approved settlement of the synthetic municipality replays identically.

The municipality is settled as it would have been: the first periods on what was known early in
2024, the others on all that the demo delivers, so that later statements carry true-ups as well, and
the closing settlement at last.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project import demo
from dagster_project import settings as places
from dagster_project.lib import life
from dagster_project.lib.trace import replay
from dagster_project.orchestration.dbt_runner import run_selected
from dagster_project.settings import Home, Settings
from tests.support import night

CONTRACT = "hedensted-arbejdsfastholdelse"
SETTLED = {
    "2024-02-01": ["2022-10", "2023-01", "2023-04", "2023-07", "2023-10"],
    "2025-01-10": ["2024-01", "2024-04", "2024-07", "2024-10"],
    "2026-01-10": ["2025-01"],
}
PERIODS = [period for periods in SETTLED.values() for period in periods]
pytestmark = pytest.mark.xdist_group("demo_settlements")


def approve(settings: Settings, period: str) -> None:
    """Submit, verify and approve by the names in the contract."""
    life.submit(settings, CONTRACT, period, "Lis Leverandør", "prøve")
    life.verify(settings, CONTRACT, period, "Kai Controller")
    life.approve(settings, CONTRACT, period, "Lea Leder")


def dispute(settings: Settings) -> list[str | None]:
    """A dispute of each outcome about months of the first approved periods; their outcomes."""
    rows = night.read_mart(settings.home.root, "person_month")
    own = [
        row for row in rows
        if row["contract_id"] == CONTRACT and (row["period_start"] or "9") <= "2023-10-01"
        and row["price_group"] is not None
    ]  # fmt: skip
    unpaid = [row for row in own if row["status"] == "on_support"]
    paid = [row for row in own if row["is_payable"]]
    outcomes: tuple[bool | None, ...] = (True, False, None)
    asked = [(unpaid[0], "paid"), (paid[0], "unpaid"), (unpaid[-1], "paid")]
    for (row, wants), uphold in zip(asked, outcomes, strict=True):
        opened = life.dispute(
            settings, CONTRACT, row["period_start"][:7], row["course_id"], row["month"][:7], wants,
            "Lis Leverandør" if wants == "paid" else "Kai Controller", "prøve",
        )  # fmt: skip
        if uphold is not None:
            name = life.name_of(opened)
            life.decide(settings, name, "Lea Leder", "prøve", uphold=uphold)
    return ["upheld", "rejected", None]


def decide_the_open(settings: Settings) -> None:
    """The closing settlement waits for every dispute."""
    rows = night.read_mart(settings.home.root, "dispute")
    for row in rows:
        if row["outcome"] is None:
            life.decide(settings, row["dispute_id"], "Lea Leder", "prøve", uphold=False)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The demo's home, every period of which is approved."""
    root = tmp_path_factory.mktemp("kommune")
    demo.write_demo(Home(root).ensure(), "Hedensted")
    for as_of, periods in SETTLED.items():
        night.publish(root, as_of)
        settings = places.resolve(root, None, dt.date.fromisoformat(as_of))
        for period in periods:
            approve(settings, period)
        if len(periods) == len(SETTLED["2024-02-01"]):
            disputed = dispute(settings)
        elif len(periods) > 1:
            shown = [row["outcome"] for row in night.read_mart(root, "dispute")]
            assert shown == disputed
            decide_the_open(settings)
    night.publish(root, as_of)
    yield settings
    shutil.rmtree(root)


@pytest.mark.timeout(900)
def test_the_demo_is_approved_to_the_end_and_carries_true_ups(settled: Settings) -> None:
    rows = night.read_mart(Path(settled.home.root), "settlement")
    states = {row["period_start"][:7]: row["state"] for row in rows}
    assert states == dict.fromkeys(PERIODS, "approved")
    lines = night.read_mart(Path(settled.home.root), "settlement_line")
    assert {line["line_kind"] for line in lines} == {"new", "true_up"}
    assert "decision_made" in {line["cause"] for line in lines}
    deadlines = night.read_mart(Path(settled.home.root), "settlement_deadline")
    assert {row["contract_id"] for row in deadlines} == {CONTRACT}
    assert len(deadlines) == 5 * len(PERIODS)


# Rule M.drivers
@pytest.mark.timeout(900)
def test_the_mart_of_a_municipality_stays_below_two_megabytes(settled: Settings) -> None:
    mart = settled.home.published / "payout_mart.duckdb"
    assert 100_000 < mart.stat().st_size < 2_000_000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("period", PERIODS)
def test_every_approved_settlement_of_the_demo_replays_identically(
    settled: Settings, period: str
) -> None:
    verdict = replay.replay(settled, CONTRACT, period, run_selected)
    assert verdict.is_identical, verdict.text()
