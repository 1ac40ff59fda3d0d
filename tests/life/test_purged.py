"""A contract's retention ends and its data are purged: what is frozen stays, and nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from dagster_project.lib import inspection, purge
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.person.numbers import Person
from dagster_project.lib.trace import replay, why
from dagster_project.orchestration.dbt_runner import run_selected
from dagster_project.settings import Home, resolve
from tests.life.world import CONTRACT, CPR, NEIGHBOUR, Town, begin
from tests.support.holding import forms, holding

LAST, ENDED = "2024-12-30", "2024-12-31"
"""One year after the last day of the term."""
FROZEN = ("mart.settlement", "mart.settlement_part", "mart.settlement_reading",
          "restricted.settlement_line")  # fmt: skip
COMPUTED = ("restricted.person_month", "mart.settlement_forecast")
SOMEBODY = (CPR["A"], NEIGHBOUR)


@dataclass
class Told:
    """The town on the last day, on the day after, and after the purge."""

    town: Town
    last: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, Any] = field(default_factory=dict)
    purged: dict[str, Any] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)
    is_whole: list[bool] = field(default_factory=list)
    done: purge.Purged | None = None


def shown(town: Town) -> dict[str, Any]:
    """What is published."""
    return {table: town.rows(table) for table in (*FROZEN, *COMPUTED)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    town = begin(tmp_path_factory.mktemp("slettet"))
    town.retention_years = 1
    town.claims = {("A", "2023-02"): True, ("B", "2023-02"): True}
    town.deliver("2023-04-05")
    town.night("2023-04-15")
    town.approve("2023-01")
    made = Told(town)
    town.night(LAST)
    made.last = shown(town)
    town.night(ENDED)
    made.ended = shown(town)
    made.is_whole.append(inspection.inspect_home(home(town)).is_whole)
    made.held = {number: holding(home(town), *forms(number)) for number in SOMEBODY}
    ended = resolve(town.root, None, dt.date.fromisoformat(ENDED))
    made.done = purge.purge(ended, "Kai", "opbevaringen er slut")
    made.is_whole.append(inspection.inspect_home(home(town)).is_whole)
    town.night(ENDED)
    made.is_whole.append(inspection.inspect_home(home(town)).is_whole)
    made.purged = shown(town)
    yield made


def home(town: Town) -> Home:
    """The town's home."""
    return town.settings.home


# Rule F.retention
def test_from_the_day_on_which_it_ends_the_frozen_periods_alone_are_published(told: Told) -> None:
    starts = {row["period_start"] for row in told.last["mart.settlement"]}
    assert len(starts) > 1
    for table in FROZEN:
        rows = [row for row in told.last[table] if row["period_start"] == dt.date(2023, 1, 1)]
        assert rows
        assert told.ended[table] == rows
    for table in COMPUTED:
        assert told.last[table]
        assert told.ended[table] == []


# Rules F.purge, S.frozen
def test_a_purge_moves_nothing_that_is_published(told: Told) -> None:
    assert told.done is not None and told.done.removal is not None
    assert told.purged == told.ended


# Rules F.purge, F.verify
def test_the_home_is_whole_before_a_purge_after_it_and_after_the_next_night(told: Told) -> None:
    assert told.is_whole == [True, True, True]


# Rule F.purge
def test_nobody_is_found_outside_what_is_frozen(told: Told) -> None:
    for number in SOMEBODY:
        assert {path.split("/")[0] for path in told.held[number]} == {"vault"}
        assert holding(home(told.town), *forms(number)) == []
        for key in Person(frozenset({number})).keys(home(told.town)):
            assert holding(home(told.town), key.encode()) == []


# Rule F.purge
def test_older_restricted_rooms_are_gone(told: Told) -> None:
    current = (told.town.root / "published" / "current").resolve()
    for folder in (told.town.root / "published" / "snapshots").iterdir():
        assert (folder / "restricted").is_dir() is (folder == current)


# Rules F.purge, S.replay
def test_a_replay_of_a_purged_period_says_so(told: Told) -> None:
    with pytest.raises(NotAllowedError, match="PERIOD_PURGED") as refused:
        replay.replay(told.town.settings, CONTRACT, "2023-01", run_selected)
    assert refused.value.exit_code == 3


# Rules F.purge, S.why
def test_why_says_that_the_evidence_of_a_purged_period_was_removed(
    told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = why.explain(told.town.settings, CONTRACT, "2023-01")
    assert answer.as_json()["is_evidence_removed"] is True
    assert answer.as_json()["lines"]
    answer.print()
    said = capsys.readouterr().out
    assert "Beviset er slettet" in said
    assert "ikke gemt" not in said


# Rule F.purge
def test_the_same_night_again_removes_nothing_and_statistics_stay(told: Told) -> None:
    assert purge.finish(home(told.town)) == 0
    (row,) = told.town.asked(
        "select count(*), min(source)"
        " from raw.loaded_delivery join raw.delivery using (delivery_no)"
    )
    assert row == (1, "jobindsats")
