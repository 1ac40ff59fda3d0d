"""A real daemon tells what runs of the UI cannot tell: one alert each, the command started once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.base import lock
from dagster_project.lib.nights import alerts, in_hand
from dagster_project.orchestration import dagster_home
from dagster_project.orchestration.run_launcher import PROCESS_TAG
from dagster_project.settings import Home
from tests.browser.test_ui import LAUNCH, MODULE, loaded, served
from tests.support import heard

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow, pytest.mark.xdist_group("browser")]
TOLD_WITHIN = 120
NIGHTLY = {
    "selector": {
        "repositoryName": "__repository__", "repositoryLocationName": MODULE,
        "pipelineName": "nightly", "assetSelection": [{"path": ["check_records"]}],
    },
    "runConfigData": {},
}  # fmt: skip


# Rules P.alert, P.schedule
def test_runs_that_cannot_tell_it_are_told_within_two_minutes_and_no_night_begins_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home").ensure()
    (home.secrets / "notes").write_text("x", encoding="utf-8")
    (home.secrets / "notes").chmod(0o600)
    ear = heard.listen(tmp_path, monkeypatch)
    with served(home.root) as ui:
        loaded(ui)
        (home.secrets / "notes").chmod(0o644)
        started = ui.ask(LAUNCH, asked=NIGHTLY)["launchPipelineExecution"]["run"]["runId"]
        wait_until(lambda: len(ear()) == 1)
        (home.secrets / "notes").chmod(0o600)
        with lock.hold(home.lock_file):
            waiting = ui.ask(LAUNCH, asked=NIGHTLY)["launchPipelineExecution"]["run"]["runId"]
            wait_until(lambda: process_of(home, waiting))
            process = process_of(home, waiting)
            assert process is not None
            os.kill(process, signal.SIGKILL)
        in_hand.note(home, "killed", "2026-03-28", None, "rules")  # as kill -9 leaves it
        wait_until(lambda: len(ear()) == 3)
        assert {run["runId"] for run in ui.runs()} == {started, waiting}
    told = {alert["run_id"]: alert["error"] for alert in ear()}
    assert told == {started: "SECRETS_OPEN", waiting: "RUN_KILLED", "killed": "RUN_KILLED"}
    assert len(ear()) == 3
    standing = alerts.standing(home)
    assert standing is not None
    assert {standing["run_id"], *(one["run_id"] for one in standing["earlier"])} == set(told)


def wait_until(is_so: Callable[[], Any]) -> None:
    """Until it is so, or the time is over in which a daemon must have told it."""
    begun = time.monotonic()
    while not is_so() and time.monotonic() - begun < TOLD_WITHIN:
        time.sleep(0.5)


def process_of(home: Home, run_id: str) -> int | None:
    """The process of a run, once it has said in Dagster's record which one it is."""
    with dagster_home.opened(home) as instance:
        run = instance.get_run_by_id(run_id)
    told = run.tags.get(PROCESS_TAG, "") if run else ""
    return int(told.partition(":")[0]) if told else None
