"""What the page on growth says of the idle processes is what they do."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml

from dagster_project.defs import sensors
from dagster_project.orchestration import code_server, dagster_home
from dagster_project.settings import PROJECT_ROOT, Home, Settings

PAGE = (PROJECT_ROOT / "docs" / "how-to" / "growth.md").read_text(encoding="utf-8")


def seconds(what: str) -> float:
    """How often something is done, as the page says."""
    found = re.search(rf"^\| [^|]*{what}[^|]*\| (\d+) \|", PAGE, re.MULTILINE)
    assert found is not None, what
    return float(found[1])


@pytest.mark.parametrize("name", ["ledger_events", "alarms", "landing_files"])
def test_the_page_on_growth_says_how_often_each_sensor_looks(name: str) -> None:
    assert seconds(f"`{name}`") == getattr(sensors, name).minimum_interval_seconds


def test_the_page_on_growth_says_how_often_dagster_looks(tmp_path: Path) -> None:
    home = Home(tmp_path)
    dagster_home.prepare(home)
    written = yaml.safe_load((home.dagster / "dagster.yaml").read_text(encoding="utf-8"))
    assert seconds("run monitoring") == written["run_monitoring"]["poll_interval_seconds"]
    assert written["run_monitoring"]["max_runtime_seconds"] == 4 * 60 * 60
    assert written["retention"]["sensor"]["purge_after_days"]["skipped"] == 1
    told = dagster_home.environment(Settings(home, home.root, dt.date(2027, 3, 28), None))
    assert seconds("freshness") == float(told["FRESHNESS_DAEMON_INTERVAL_SECONDS"])
    assert seconds("code server") == code_server.WATCH_SECONDS
