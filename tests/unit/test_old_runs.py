"""Dagster's record is kept as long as the home says, and what cannot be removed fails no night."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg
import pytest

from dagster_project import settings as places
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import dagster_home, old_runs
from dagster_project.orchestration import night as nightly
from dagster_project.settings import Home
from tests.support.dagster_record import make_older

KEPT_DAYS = 30
SETTLEMENT = dg.AssetKey(["settlement", "some-contract", "2023-01"])
TABLES = {
    "runs.db": ("runs", "run_tags"),
    "runs/index.db": ("event_logs", "asset_event_tags", "asset_check_executions"),
    "runs/.db": ("event_logs",),
}


@dg.asset(check_specs=[dg.AssetCheckSpec("is_whole", asset="something")])
def something():
    return dg.MaterializeResult(
        metadata={"text": "x" * 100_000},
        check_results=[dg.AssetCheckResult(passed=True, check_name="is_whole")],
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


@contextmanager
def record(home: Home) -> Iterator[dg.DagsterInstance]:
    with dagster_home.opened(home) as instance:
        yield instance


def run_once(home: Home) -> str:
    """A run that leaves what a night leaves: files, tags, materialisation, check, observation."""
    with record(home) as instance:
        done = dg.materialize([something], instance=instance, tags={"a": "tag"})
        instance.report_runless_asset_event(dg.AssetObservation(SETTLEMENT))
    return done.run_id


def rows(home: Home) -> dict[str, int]:
    """Rows of each table of the record that a run adds to."""
    counted = {}
    for name, tables in TABLES.items():
        with closing(sqlite3.connect(home.dagster / "history" / name)) as connection:
            for table in tables:
                (number,) = connection.execute(f"select count(*) from {table}").fetchone()
                counted[f"{name} {table}"] = number
    return counted


def size(home: Home) -> int:
    return sum(path.stat().st_size for path in home.dagster.rglob("*") if path.is_file())


def begun(home: Home, run: str) -> dt.datetime:
    """When Dagster says that a run was made."""
    with closing(sqlite3.connect(home.dagster / "history" / "runs.db")) as connection:
        query = "select create_timestamp from runs where run_id = ?"
        (text,) = connection.execute(query, (run,)).fetchone()
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# Rule F.growth
def test_a_run_is_kept_for_the_days_of_home_yml_and_goes_the_moment_after(home: Home) -> None:
    run = run_once(home)
    last = begun(home, run) + dt.timedelta(days=KEPT_DAYS)
    assert old_runs.remove(home, last) == ()
    with record(home) as instance:
        assert instance.get_run_by_id(run) is not None
    assert old_runs.remove(home, last + dt.timedelta(microseconds=1)) == ()
    with record(home) as instance:
        assert instance.get_run_by_id(run) is None


# Rule F.growth
def test_the_run_that_removes_stays_though_the_clock_has_jumped_since_it_began(home: Home) -> None:
    gone, at_work = run_once(home), run_once(home)
    later = begun(home, at_work) + dt.timedelta(days=7 * KEPT_DAYS)
    assert old_runs.remove(home, later, at_work) == ()
    with record(home) as instance:
        assert [run.run_id for run in instance.get_runs()] == [at_work]
        assert instance.get_run_by_id(gone) is None
        assert instance.all_logs(at_work)


# Rule F.growth
def test_home_yml_says_how_many_days(home: Home) -> None:
    home.home_file.write_text("keep_runs_days: 2\n")
    run_once(home)
    make_older(home.dagster, 3)
    kept = run_once(home)
    old_runs.remove(home, dt.datetime.now(dt.UTC))
    with record(home) as instance:
        assert [run.run_id for run in instance.get_runs()] == [kept]


# Rule F.growth
@pytest.mark.parametrize("text", ["0", "-1", "1.5", "'30'", "true", "40000"])
def test_days_that_are_no_whole_number_from_one_are_refused(home: Home, text: str) -> None:
    home.home_file.write_text(f"keep_runs_days: {text}\n")
    with pytest.raises(EffektError) as refused:
        home.read_home_file()
    assert refused.value.code == "HOME_FILE"


# Rule F.growth
def test_nothing_of_an_old_run_is_left_and_all_of_a_young_one(home: Home) -> None:
    old = run_once(home)
    before = rows(home)
    make_older(home.dagster, KEPT_DAYS + 1)
    young = run_once(home)
    (home.dagster / "storage" / old / "compute_logs").mkdir(parents=True)
    (home.dagster / "storage" / young / "compute_logs").mkdir(parents=True)
    full = size(home)
    assert old_runs.remove(home, dt.datetime.now(dt.UTC)) == ()
    assert rows(home) == before
    left = [str(path) for path in home.dagster.rglob("*")]
    assert not any(old in path for path in left)
    assert sum(young in path for path in left) >= 3
    assert size(home) < full * 0.7
    with record(home) as instance:
        assert len(instance.all_logs(young)) > 0
        found = instance.fetch_materializations(something.key, limit=10).records
        assert [item.run_id for item in found] == [young]
        assert len(instance.fetch_observations(SETTLEMENT, limit=10).records) == 1


# Rule F.growth
def test_what_dagsters_own_deletion_removes_is_removed_too(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other").ensure()
    run = run_once(other)
    with record(other) as instance:
        instance.delete_run(run)
    run_once(home)
    make_older(home.dagster, KEPT_DAYS + 1)
    old_runs.remove(home, dt.datetime.now(dt.UTC))
    dagsters, ours = rows(other), rows(home)
    assert all(ours[table] <= number for table, number in dagsters.items())


# Rule F.growth
def test_what_a_killed_removal_left_goes_with_the_next_night(home: Home) -> None:
    run = run_once(home)
    with closing(sqlite3.connect(home.dagster / "history" / "runs.db")) as connection, connection:
        connection.execute("delete from runs")
    assert old_runs.remove(home, dt.datetime.now(dt.UTC)) == ()
    assert not list(home.dagster.rglob(f"{run}*"))
    assert rows(home)["runs/index.db asset_check_executions"] == 0


# Rule F.growth
def test_a_part_that_is_busy_is_told_and_the_others_are_removed(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = run_once(home)
    make_older(home.dagster, KEPT_DAYS + 1)
    monkeypatch.setattr(old_runs, "_BUSY_SECONDS", 0.01)
    index = home.dagster / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(index, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with nightly.night(places.resolve(home.root)):
            pass
    assert "oversigten over hændelser" in capsys.readouterr().err
    assert not list(home.dagster.rglob(f"{old}*"))
    with nightly.night(places.resolve(home.root)):
        pass
    assert capsys.readouterr().err == ""
    assert rows(home)["runs/index.db asset_check_executions"] == 0


# Rule F.growth
def test_a_home_without_a_record_has_nothing_to_remove(home: Home) -> None:
    assert old_runs.remove(home, dt.datetime.now(dt.UTC)) == ()
    assert list(home.dagster.iterdir()) == []


# Rule F.growth
def test_the_record_is_no_larger_after_many_nights_than_after_those_it_keeps(home: Home) -> None:
    home.home_file.write_text("keep_runs_days: 1\n")
    sizes = []
    for _ in range(6):
        run_once(home)
        old_runs.remove(home, dt.datetime.now(dt.UTC))
        make_older(home.dagster, 1)
        sizes.append(size(home))
    assert max(sizes[3:]) <= max(sizes[:3]) * 1.05
