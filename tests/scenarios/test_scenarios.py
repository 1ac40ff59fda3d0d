"""Every scenario holds in the oracle and in the published mart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.oracle import rows
from tests.scenarios import build
from tests.support import night

SEEDS = Path(__file__).parents[2] / "seeds"
SCENARIOS = build.scenarios()
ORACLE_KNOWS_NOT = {"state", "statement_sha256", "reduction_fte", "baseline_mean_fte",
                    "evaluation_mean_fte"}  # fmt: skip
pytestmark = pytest.mark.xdist_group("scenarios")
Tables = dict[str, list[dict[str, Any]]]


def violations(scenario: dict[str, Any], found: Tables, skip: set[str]) -> list[str]:
    """What the scenario's expected rows hold and the found rows do not.

    A wanted row names a key and values; it holds if a row of the contract with that key has them.
    """
    said = []
    for table, wanted_rows in scenario["expect"].items():
        if table == "absent":
            continue
        own = rows_of(scenario, found, table)
        for wanted in wanted_rows:
            values = {key: value for key, value in wanted.items() if key not in skip}
            if not any(values.items() <= row.items() for row in own):
                said.append(f"{table}: {wanted} is not among {nearest(wanted, own)}")
    for table, unwanted_rows in scenario["expect"].get("absent", {}).items():
        own = rows_of(scenario, found, table)
        said += [
            f"{table}: {unwanted} should not be there"
            for unwanted in unwanted_rows
            if any(unwanted.items() <= row.items() for row in own)
        ]
    return said


def rows_of(scenario: dict[str, Any], found: Tables, table: str) -> list[dict[str, Any]]:
    """The rows of the scenario's contract."""
    return [row for row in found[table] if row["contract_id"] == scenario["contract_id"]]


def nearest(wanted: dict[str, Any], own: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that agree with the wanted one in its first two columns, cut to its columns."""
    first = list(wanted.items())[:2]
    same = [row for row in own if all(row.get(key) == value for key, value in first)] or own[:3]
    return [{key: row.get(key) for key in wanted} for row in same]


@pytest.fixture(scope="session")
def scenario_home(shared_folder: Path) -> Path:
    """One home with every scenario, after one night."""

    return night.built_once(shared_folder, "scenarios", build.publish)[0]


@pytest.fixture(scope="session")
def published(scenario_home: Path) -> Tables:
    """The tables that scenarios name."""
    tables = {t for s in SCENARIOS for t in (*s["expect"], *s["expect"].get("absent", {}))}
    return night.read_marts(scenario_home, sorted(tables - {"absent"}))


@pytest.fixture(scope="session")
def oracle_answer(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The oracle's rows for the same home."""
    home = build.home().write(tmp_path_factory.mktemp("scenarios-oracle"))
    return rows.answer(home, SEEDS, build.AS_OF, deliveries=build.deliveries(home))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["law"])
def test_oracle_holds(scenario: dict[str, Any], oracle_answer: Tables) -> None:
    assert violations(scenario, oracle_answer, ORACLE_KNOWS_NOT) == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["law"])
def test_published_mart_holds(scenario: dict[str, Any], published: Tables) -> None:
    assert violations(scenario, published, set()) == []


def test_a_wrong_expectation_is_reported(oracle_answer: Tables) -> None:
    wrong = {
        **SCENARIOS[0],
        "expect": {"person_month": [{"course_id": "P1", "month": "1999-01-01"}]},
    }
    assert len(violations(wrong, oracle_answer, set())) == 1


def test_every_law_is_said_once() -> None:
    laws = [scenario["law"] for scenario in SCENARIOS]
    assert len(laws) == len(set(laws))
