"""What Dagster sees, as a list that a person can read and a change must touch."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan

from dagster_project.definitions import defs
from dagster_project.defs import jobs, models, schedules, sensors
from dagster_project.lib import gates
from dagster_project.orchestration.night import STEPS
from dagster_project.settings import Owner

SNAPSHOT = Path(__file__).with_name("snapshot.txt")
REPOSITORY = defs.get_repository_def()
GRAPH = REPOSITORY.asset_graph
ORDER = [step.name for step in STEPS]
STEP_OF = {
    key: step.name
    for step in STEPS
    for key in (
        [spec.key for spec in models.specs_of(step)] if step.folder else [dg.AssetKey(step.name)]
    )
}


def describe() -> str:
    """Every asset with group and dependencies' count, check, job, schedule and sensor; sorted."""
    lines = [
        f"asset {key.to_user_string()} [{GRAPH.get(key).group_name}]"
        for key in GRAPH.get_all_asset_keys()
    ]
    lines += [
        f"check {key.asset_key.to_user_string()}:{key.name}"
        + (" blocking" if GRAPH.get_check_spec(key).blocking else "")
        for key in GRAPH.asset_check_keys
    ]
    lines += [f"job {name}" for name in REPOSITORY.job_names if not name.startswith("__")]
    lines += [
        f"schedule {s.name} {s.cron_schedule} {s.execution_timezone} {s.default_status.value}"
        for s in REPOSITORY.schedule_defs
    ]
    lines += [f"sensor {s.name} {s.default_status.value}" for s in REPOSITORY.sensor_defs]
    return "\n".join(sorted(lines)) + "\n"


def test_definitions_are_those_of_the_snapshot() -> None:
    """Write it anew with: python -m tests.definitions.test_definitions."""
    assert describe() == SNAPSHOT.read_text(encoding="utf-8")


# Rule G.quality
def test_every_declared_check_is_an_asset_check_and_blocks_exactly_if_it_is_critical() -> None:
    declared = {(f"gate_{c.gate}", c.check_id): c.is_critical for c in gates.declared_checks()}
    shown = {
        (key.asset_key.to_user_string(), key.name): GRAPH.get_check_spec(key).blocking
        for key in GRAPH.asset_check_keys
    }
    assert shown == declared


def test_every_asset_is_made_by_a_step_and_each_step_stands_after_earlier_ones() -> None:
    assert STEP_OF.keys() == GRAPH.get_all_asset_keys()
    for place, step in enumerate(STEPS):
        assert set(step.after) <= set(ORDER[:place]), step.name


def test_the_gates_of_the_night_are_those_that_a_manifest_must_name() -> None:
    assert tuple(step.gate for step in STEPS if step.gate) == gates.GATES


@pytest.mark.parametrize("gate", [step.name for step in STEPS if step.gate])
# Rule G.order
def test_everything_after_a_gate_stands_behind_it(gate: str) -> None:
    later = {key for key, name in STEP_OF.items() if ORDER.index(name) > ORDER.index(gate)}
    assert later <= _descendants(dg.AssetKey(gate))


def _descendants(key: dg.AssetKey) -> set[dg.AssetKey]:
    found: set[dg.AssetKey] = set()
    ahead = [key]
    while ahead:
        for child in GRAPH.get(ahead.pop()).child_keys:
            if child not in found:
                found.add(child)
                ahead.append(child)
    return found


def test_every_asset_has_a_room_a_description_and_an_owner() -> None:
    teams = {f"team:{owner}" for owner in get_args(Owner)}
    rooms = {"received", "staging", "rules", "settlement", "published", "gates"}
    for key in GRAPH.get_all_asset_keys():
        node = GRAPH.get(key)
        assert node.group_name in rooms, key
        assert node.description, key
        assert node.owners, key
        assert set(node.owners) <= teams, key


# Rule P.as_of
def test_night_tick_gives_the_business_date_in_copenhagen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFEKT_HOME", str(tmp_path))
    tick = dt.datetime(2025, 3, 30, 4, 30, tzinfo=ZoneInfo("Europe/Copenhagen"))
    context = dg.build_schedule_context(scheduled_execution_time=tick.astimezone(dt.UTC))
    request = schedules.nightly(context)
    assert isinstance(request, dg.RunRequest)
    assert request.run_config["resources"]["night"]["config"]["as_of"] == "2025-03-30"


# Rule P.as_of
def test_a_night_of_the_schedule_has_the_date_of_home_yml_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFEKT_HOME", str(tmp_path))
    (tmp_path / "home.yml").write_text("as_of: 2025-01-10\n", encoding="utf-8")
    keys = set()
    for day in (30, 31):
        tick = dt.datetime(2025, 3, day, 2, 30, tzinfo=dt.UTC)
        request = schedules.nightly(dg.build_schedule_context(scheduled_execution_time=tick))
        assert isinstance(request, dg.RunRequest)
        assert request.run_config["resources"]["night"]["config"]["as_of"] == "2025-01-10"
        keys.add(request.run_key)
    assert keys == {"2025-03-30", "2025-03-31"}  # a key that was used starts no run again


# Rule P.as_of
def test_night_tick_lies_outside_the_hour_that_a_night_may_lack_or_have_twice() -> None:
    minute, hour, *_ = str(schedules.nightly.cron_schedule).split()
    assert (int(hour), int(minute)) >= (3, 0)


def test_sensor_waits_until_files_have_lain_still_for_a_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFEKT_HOME", str(tmp_path))
    landing = tmp_path / "landing"
    landing.mkdir()
    context = dg.build_sensor_context()
    assert isinstance(sensors.landing_files(context), dg.SkipReason)
    (landing / "deltagere_2025-01-01.csv").write_text("x", encoding="utf-8")
    assert isinstance(sensors.landing_files(context), dg.SkipReason)
    assert isinstance(sensors.landing_files(context), dg.RunRequest)
    (landing / "deltagere_2025-01-01.csv").write_text("xy", encoding="utf-8")
    assert isinstance(sensors.landing_files(context), dg.SkipReason)


def test_sensor_does_not_see_files_that_are_still_being_written(tmp_path: Path) -> None:
    (tmp_path / "deltagere_2025-01-01.csv.part").write_text("x", encoding="utf-8")
    (tmp_path / ".deltagere_2025-01-01.csv").write_text("x", encoding="utf-8")
    assert sensors.landed(tmp_path) == ""


def test_job_runs_in_one_process() -> None:
    assert defs.resolve_job_def("nightly").executor_def.name == "in_process"


if __name__ == "__main__":
    SNAPSHOT.write_text(describe(), encoding="utf-8")


# Rule I.person_text
def test_a_person_number_typed_into_the_launchpad_is_refused_before_a_run_is_stored(
    tmp_path: Path,
) -> None:
    job = defs.resolve_job_def("submit_settlement")
    typed = {"contract": "kontrakt", "period": "2024-01", "actor": "Lis"}
    night = {"night": {"config": {"home": str(tmp_path / "home")}}}
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        for text, runs in (("borger 610190-1234", 0), ("borger 610190 1234", 0), ("mangler", 1)):
            config = {"submit": {"config": {**typed, "incomplete": text}}}
            with suppress(dg.DagsterConfigMappingFunctionError):
                job.execute_in_process(
                    run_config={"ops": config, "resources": night},
                    instance=instance,
                    raise_on_error=False,
                )
            assert instance.get_runs_count() == runs
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"610190" in data for data in kept)


def test_every_job_of_a_settlement_refuses_a_person_number_in_every_text() -> None:
    for job in jobs.LIFE:
        (op,) = job.nodes
        fields = op.definition.config_schema.config_type.fields
        good = dict.fromkeys(fields, "x")
        for name in fields:
            typed = {"ops": {op.name: {"config": {**good, name: "610190-1234"}}}}
            with pytest.raises(dg.DagsterConfigMappingFunctionError):
                create_execution_plan(job, run_config=typed)
        assert create_execution_plan(job, run_config={"ops": {op.name: {"config": good}}})
