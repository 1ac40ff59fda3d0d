"""Dagster's event log of a home: all is stored, few databases stay open, none is left open."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from dagster_project.orchestration import dagster_home, event_log
from dagster_project.orchestration.dbt_runner import open_handles
from dagster_project.settings import Home

RUNS = 6


@dg.asset
def something() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 5})


def open_databases(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.db") if open_handles(path))


def test_runs_are_read_back_and_no_database_stays_open(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    dagster_home.prepare(home)
    folder = home.dagster / "history" / "runs"
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        assert isinstance(instance.event_log_storage, event_log.KeptOpenEventLogStorage)
        runs = [dg.materialize([something], instance=instance).run_id for _ in range(RUNS)]
        assert len(list(folder.glob("*.db"))) == RUNS + 1  # a database a run, and the index
        assert 0 < len(open_databases(folder)) < RUNS
        counted = [len(instance.all_logs(run)) for run in runs]
    assert open_databases(folder) == []
    with dg.DagsterInstance.from_config(str(home.dagster)) as again:
        assert [len(again.all_logs(run)) for run in runs] == counted
        assert min(counted) > 0
        found = again.fetch_materializations(dg.AssetKey("something"), limit=100).records
        assert sorted(record.run_id for record in found) == sorted(runs)
