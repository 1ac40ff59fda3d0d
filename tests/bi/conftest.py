"""The demo after one night whose PostgreSQL server was gone: the mart that BI reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagster_project.demo import write_demo
from dagster_project.lib.base import files
from dagster_project.orchestration import alarm
from dagster_project.settings import Home
from tests.support import night

AS_OF = "2025-01-10"
SECRET = "hemmeligt-ord"


@dataclass(frozen=True)
class Demo:
    """The demo's home, and how its only night ended."""

    home: Home
    report: dict[str, Any]
    lines: list[str]
    alert: str

    @property
    def mart(self) -> Path:
        """The published file."""
        return self.home.published / "payout_mart.duckdb"


def name_server(home: Home, dsn: str) -> None:
    """Name a server in ``home.yml``, its connection string in a file of its own."""
    files.write_atomic(home.secrets / "postgres.dsn", dsn + "\n")
    asked = "publish: {postgres: {dsn_file: secrets/postgres.dsn}}\n"
    text = home.home_file.read_text(encoding="utf-8").replace(asked, "")
    files.write_atomic(home.home_file, text + asked)


def _build(place: Path) -> dict[str, Any]:
    home = Home(place / "home").ensure()
    write_demo(home, "Hedensted")
    name_server(home, f"host={place} user=nobody password={SECRET} dbname=nothing")
    ended = night.run_night(home.root, AS_OF)
    return {
        "report": ended.as_json(),
        "lines": alarm.problem_lines(ended),
        "alert": (home.reports / "alert.json").read_text(encoding="utf-8"),
    }


@pytest.fixture(scope="session")
def demo(shared_folder: Path) -> Demo:
    """A home that nobody changes."""
    place, told = night.built_once(shared_folder, "bi-demo", _build)
    return Demo(Home(place / "home"), told["report"], told["lines"], told["alert"])
