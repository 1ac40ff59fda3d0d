"""Assets run again from the UI: the same result, on the night's own business date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from dagster_project import settings
from dagster_project.lib.base.environment import variables
from dagster_project.orchestration import dagster_home
from dagster_project.orchestration.night import STEPS
from tests.support import examples, night

pytestmark = [pytest.mark.timeout(1200), pytest.mark.slow]
HOME, AS_OF = "spells-one-contract", "2024-05-02"
AGAIN = [
    ["gate_50"],
    ["publish"],
    ["staging/stg_registers", "gate_20"],
    ["intermediate/int_periods__list", "gate_30"],
    # a gate that judges again removes the results of later gates, which must judge again as well
    ["hash_statements", "gate_40", "mart/data_quality"],
    ["build_candidate", "gate_50", "publish", "statements"],
]


def materialize(home: Path, selection: list[str]) -> dg.ExecuteInProcessResult:
    """What the UI does with a selection of assets and no configuration."""
    from dagster_project.definitions import defs

    chosen = settings.resolve(home)
    dagster_home.prepare(chosen.home)
    with (
        variables(dagster_home.environment(chosen)),
        dg.DagsterInstance.from_config(str(chosen.home.dagster)) as instance,
    ):
        return defs.resolve_job_def("nightly").execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey.from_user_string(key) for key in selection],
            raise_on_error=False,
        )


def whole_night(home: Path) -> str | None:
    """What ``effekt run`` does: every step in its order, recorded with its configuration."""
    chosen = settings.resolve(home, None, dt.date.fromisoformat(AS_OF))
    done = dagster_home.run_recorded(chosen)
    assert done.exit_code == 0
    assert list(done.outcomes) == [step.name for step in STEPS]
    with dagster_home.opened(chosen.home) as instance:
        (run,) = instance.get_runs()
    assert run.run_config["resources"]["night"]["config"]["as_of"] == AS_OF
    return done.snapshot_id


def test_assets_run_again_one_by_one_give_the_same_snapshot(tmp_path: Path) -> None:
    home = night.copy_inputs(examples.home_of(HOME), tmp_path / "home")
    first = whole_night(home)
    for selection in AGAIN:
        result = materialize(home, selection)
        assert result.success, selection
        events = result.get_asset_materialization_events()
        done = {event.asset_key.to_user_string() for event in events if event.asset_key}
        assert done == set(selection)
    assert (home / "published" / "current").resolve().name == first
    assert materialize(home, ["gate_30"]).success
    page = home / "reports" / "data-quality.html"
    assert "Ikke nået" in page.read_text(encoding="utf-8")
    assert night.publish(home, AS_OF) == first
    assert "Ikke nået" not in page.read_text(encoding="utf-8")


def test_a_later_step_without_its_inputs_says_what_to_run_first(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    result = materialize(tmp_path, ["staging/stg_registers"])
    assert not result.success
    failed = [event for event in result.all_events if event.is_step_failure]
    shown = failed[0].step_failure_data.user_failure_data
    assert shown is not None
    assert "NIGHT_NOT_BEGUN" in (shown.description or "")
