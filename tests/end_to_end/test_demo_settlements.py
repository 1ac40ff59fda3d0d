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
