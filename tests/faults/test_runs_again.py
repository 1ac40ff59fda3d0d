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
    ["build_candidate", "gate_50", "publish", "statements", "pages"],
]


def materialize(
    home: Path, selection: list[str], as_of: str | None = None
) -> dg.ExecuteInProcessResult:
    """What the UI does with a selection of assets and no configuration, or with a date."""
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
            run_config={"resources": {"night": {"config": {"as_of": as_of}}}},
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


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str | None]:
    """A home after one whole night, and its snapshot."""
    home = night.copy_inputs(examples.home_of(HOME), tmp_path_factory.mktemp("again") / "home")
    return home, whole_night(home)


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """What the failed step of a run says."""
    assert not result.success
    failed = [event for event in result.all_events if event.is_step_failure]
    shown = failed[0].step_failure_data.user_failure_data
    assert shown is not None
    return shown.description or ""


def test_assets_run_again_one_by_one_give_the_same_snapshot(
    settled: tuple[Path, str | None],
) -> None:
    home, first = settled
    for selection in AGAIN:
        result = materialize(home, selection)
        assert result.success, selection
        events = result.get_asset_materialization_events()
        done = {event.asset_key.to_user_string() for event in events if event.asset_key}
        assert done == set(selection)
    assert (home / "published" / "current").resolve().name == first
    assert materialize(home, ["gate_30"]).success
    page = home / "published" / "site" / "datakvalitet.html"
    assert "ikke nået" in page.read_text(encoding="utf-8")
    assert night.publish(home, AS_OF) == first
    assert "ikke nået" not in page.read_text(encoding="utf-8")


def test_a_later_step_without_its_inputs_says_what_to_run_first(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    assert "NIGHT_NOT_BEGUN" in failure_of(materialize(tmp_path, ["staging/stg_registers"]))


# Rule P.rerun
def test_a_run_goes_on_from_the_middle_only_on_the_date_and_knowledge_of_its_inputs(
    settled: tuple[Path, str | None],
) -> None:
    home, first = settled
    assert materialize(home, ["gate_50"], AS_OF).success
    told = failure_of(materialize(home, ["gate_50"], "2024-05-03"))
    assert told.startswith("INPUTS_CHANGED: ") and "load_inputs+" in told
    (contract,) = (home / "contracts").glob("*.yml")
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("title: ", "title: Rettet ", 1), encoding="utf-8")
    for asset in ("gate_10", "intermediate/int_periods__list", "publish"):
        assert "INPUTS_CHANGED" in failure_of(materialize(home, [asset])), asset
    assert (home / "published" / "current").resolve().name == first
    assert materialize(home, ["statements"]).success
    contract.write_text(text, encoding="utf-8")
    assert materialize(home, ["gate_50"]).success
