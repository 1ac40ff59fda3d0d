"""A real daemon tells what runs of the UI cannot tell: one alert each, the command started once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dagster_project.lib.nights import alerts, in_hand
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
        in_hand.note(home, "killed", "2026-03-28", None, "rules")  # as kill -9 leaves it
        begun = time.monotonic()
        while len(ear()) < 2 and time.monotonic() - begun < TOLD_WITHIN:
            time.sleep(1)
        assert [run["runId"] for run in ui.runs()] == [started]
    told = {alert["run_id"]: alert["error"] for alert in ear()}
    assert told == {started: "SECRETS_OPEN", "killed": "RUN_KILLED"}
    assert len(ear()) == 2
    standing = alerts.standing(home)
    assert standing is not None
    assert {standing["run_id"], standing["earlier"][0]["run_id"]} == set(told)
