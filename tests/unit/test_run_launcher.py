"""A run whose process is gone has failed; one whose process lives, or is unknown, goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from dagster_project.orchestration import dagster_home
from dagster_project.orchestration.run_launcher import (
    PROCESS_TAG,
    WatchfulRunLauncher,
    is_dead,
    this_process,
)
from dagster_project.settings import Home

_LIVE = """
import sys
from dagster_project.orchestration import run_launcher
print(run_launcher.this_process(), flush=True)
sys.stdin.read()
"""


def health(tags: dict[str, str]) -> WorkerStatus:
    run = dg.DagsterRun(job_name="nightly", tags=tags)
    return WatchfulRunLauncher().check_run_worker_health(run).status


def test_a_live_process_and_one_that_is_not_named_yet_are_running() -> None:
    assert health({PROCESS_TAG: this_process()}) is WorkerStatus.RUNNING
    assert health({}) is WorkerStatus.RUNNING


def test_a_killed_process_has_failed_even_before_anybody_has_waited_for_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _LIVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    named = child.stdout.readline().strip()
    assert health({PROCESS_TAG: named}) is WorkerStatus.RUNNING
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert health({PROCESS_TAG: named}) is WorkerStatus.FAILED
    child.communicate()
    assert health({PROCESS_TAG: named}) is WorkerStatus.FAILED


@pytest.mark.parametrize("described", ["1:1", "999999999:1", "nonsense", ":"])
def test_another_process_of_the_same_number_is_not_the_run(described: str) -> None:
    assert is_dead(described)


def test_the_monitoring_of_a_home_ends_a_dead_run_and_leaves_a_live_one(home: Home) -> None:
    import logging

    with dagster_home.opened(home) as instance:
        assert isinstance(instance.run_launcher, WatchfulRunLauncher)
        for described, wanted in (
            ("1:1", dg.DagsterRunStatus.FAILURE),
            (this_process(), dg.DagsterRunStatus.STARTED),
        ):
            run = instance.create_run_for_job(
                _empty, status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: described}
            )
            record = instance.get_run_record_by_id(run.run_id)
            assert record is not None
            monitor_started_run(instance, None, record, logging.getLogger())  # type: ignore[arg-type]
            found = instance.get_run_by_id(run.run_id)
            assert found is not None
            assert found.status is wanted


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home") / "home").ensure()


@dg.job
def _empty() -> None:
    pass
