"""What Dagster sees, as a list that a person can read and a change must touch."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan

from dagster_project import settings as places
from dagster_project.definitions import defs
from dagster_project.defs import models, schedules, sensors
from dagster_project.lib import gates
from dagster_project.lib.base.errors import UsageError
from dagster_project.orchestration import rule_pages
from dagster_project.orchestration.night import BY_NAME, STEPS, Step
from dagster_project.orchestration.rooms import OUTSIDE, ROOMS
from dagster_project.settings import Owner

ROOT = Path(__file__).parents[2]
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
    """Every asset with group and dependencies' count, check, job, schedule and sensor; sorted.

    Whether the schedule is on is a matter of the home, which may be the one in ``./data``.
    """
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
        f"schedule {s.name} {s.cron_schedule} {s.execution_timezone}"
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
    assert STEP_OF.keys() == GRAPH.materializable_asset_keys
    assert {dg.AssetKey(one.name) for one in OUTSIDE} == GRAPH.external_asset_keys
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


def group_edges() -> set[tuple[str, str]]:
    """Every arrow between two groups."""
    nodes = [GRAPH.get(key) for key in GRAPH.get_all_asset_keys()]
    return {
        (GRAPH.get(above).group_name, node.group_name)
        for node in nodes
        for above in node.parent_keys
    }


# Rule P.rooms
def test_every_arrow_between_rooms_leads_to_a_later_one() -> None:
    assert {GRAPH.get(key).group_name for key in GRAPH.get_all_asset_keys()} == set(ROOMS)
    back = [edge for edge in group_edges() if ROOMS.index(edge[0]) > ROOMS.index(edge[1])]
    assert back == []


def reached(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which room can be reached from which."""
    found = {edge for edge in edges if edge[0] != edge[1]}
    while further := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= further
    return found


# Rule P.rooms
def test_the_picture_of_the_readme_shows_the_rooms_and_their_arrows() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    picture = text.partition("```mermaid")[2].partition("```")[0]
    drawn = {
        (edge["above"], edge["below"])
        for line in picture.splitlines()
        if (edge := re.match(r"\s*(?P<above>\w+)\S*.* -->(\|.*\|)? (?P<below>\w+)", line))
    }
    assert reached(drawn) == reached(group_edges())
    assert drawn <= group_edges()


@pytest.mark.parametrize("gate", [step for step in STEPS if step.gate], ids=lambda step: step.name)
# Rule P.rooms
def test_a_gate_stands_in_the_room_that_it_judges(gate: Step) -> None:
    judged = {step.room for step in STEPS if step.name in gate.after}
    assert {gate.room} == judged


# Rule P.asset
def test_every_asset_has_an_owner_and_is_described_by_one_sentence_and_links_to_its_rules() -> None:
    teams = {f"team:{owner}" for owner in get_args(Owner)}
    for key in GRAPH.get_all_asset_keys():
        node = GRAPH.get(key)
        assert node.owners, key
        assert set(node.owners) <= teams, key
        found = re.fullmatch(r"(?P<sentence>.+[^.]\.) Rule: (?P<links>.+)", node.description or "")
        assert found, (key, node.description)
        assert not re.search(r"\. [A-Z]|`|\n|\bselect\b.*\bfrom\b", found["sentence"]), key
        for link in found["links"].split(", "):
            named = re.fullmatch(r"\[(?P<id>[\w.]+)\]\(/rules/(?P=id)\)", link)
            assert named, (key, link)
            assert rule_pages.page(named["id"]), (key, link)


# Rule P.asset
def test_every_asset_that_is_built_has_a_code_version_that_its_code_changes() -> None:
    versions = {key: GRAPH.get(key).code_version for key in GRAPH.materializable_asset_keys}
    assert all(versions.values())
    of_models = [versions[key] for key, name in STEP_OF.items() if BY_NAME[name].folder]
    assert len(set(of_models)) == len(of_models)


# Rule P.as_of
def test_night_tick_gives_the_business_date_in_copenhagen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFEKT_HOME", str(tmp_path))
    (tmp_path / "home.yml").write_text("area: Hedensted\n", encoding="utf-8")
    tick = dt.datetime(2025, 3, 30, 4, 30, tzinfo=ZoneInfo("Europe/Copenhagen"))
    monkeypatch.setattr(places, "now", lambda: tick)
    request = schedules.nightly(at(tick))
    assert isinstance(request, dg.RunRequest)
    assert request.run_config["resources"]["night"]["config"]["as_of"] == "2025-03-30"


def at(tick: dt.datetime) -> dg.ScheduleEvaluationContext:
    """A tick of the schedule, as the daemon asks for it."""
    instance = dg.DagsterInstance.local_temp()
    return dg.build_schedule_context(instance, scheduled_execution_time=tick.astimezone(dt.UTC))


# Rule P.schedule
def test_the_schedule_of_a_home_with_a_date_of_its_own_is_off_and_begins_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own,) = REPOSITORY.schedule_defs
    assert own.default_status is schedules.default_status()  # of the home that the process found
    monkeypatch.setenv("EFFEKT_HOME", str(tmp_path))
    assert schedules.default_status() is dg.DefaultScheduleStatus.RUNNING
    (tmp_path / "home.yml").write_text("as_of: 2025-01-10\n", encoding="utf-8")
    assert schedules.default_status() is dg.DefaultScheduleStatus.STOPPED
    tick = dt.datetime(2025, 3, 30, 2, 30, tzinfo=dt.UTC)
    monkeypatch.setattr(places, "now", lambda: tick)
    answer = schedules.nightly(at(tick))
    assert isinstance(answer, dg.SkipReason) and "as_of" in (answer.skip_message or "")


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


# Rule I.no_delivery
def test_sensor_sees_what_a_night_would_take_and_nothing_else(tmp_path: Path) -> None:
    inner = tmp_path / "indbakke"
    inner.mkdir()
    for name in ("a.csv.part", "a.csv.FILEPART", ".a.csv", "~$a.xlsx", "Thumbs.db", "a.csv.sha256"):
        (tmp_path / name).write_text("x", encoding="utf-8")
        (inner / name).write_text("x", encoding="utf-8")
    (tmp_path / ".gemt").mkdir()
    (tmp_path / ".gemt" / "deltagere_2025-01-01.csv").write_text("x", encoding="utf-8")
    assert sensors.landed(tmp_path) == ""
    (inner / "deltagere_2025-01-01.csv").write_text("x", encoding="utf-8")
    assert sensors.landed(tmp_path) != ""


# Rule P.is_home
def test_schedule_and_sensors_make_no_home_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFEKT_HOME", str(tmp_path))
    tick = dg.build_schedule_context(
        scheduled_execution_time=dt.datetime(2025, 3, 3, tzinfo=dt.UTC)
    )
    for start in (
        lambda: schedules.nightly(tick),
        lambda: sensors.landing_files(dg.build_sensor_context()),
        lambda: sensors.ledger_events(dg.build_sensor_context()),
    ):
        with pytest.raises(UsageError, match="NO_HOME"):
            start()
    assert list(tmp_path.iterdir()) == []


def test_job_runs_in_one_process() -> None:
    assert defs.resolve_job_def("nightly").executor_def.name == "in_process"


def told(kind: Any, path: str = "") -> Iterator[str]:
    """Every place of a run's configuration where something can be typed."""
    if (fields := getattr(kind, "fields", None)) is None:
        yield path
    else:
        for name, inner in fields.items():
            yield from told(inner.config_type, f"{path}/{name}")


# Rule F.launchpad
@pytest.mark.parametrize("name", REPOSITORY.job_names)
def test_a_run_can_be_told_nothing_but_its_as_of_date(name: str) -> None:
    kind = REPOSITORY.get_job(name).run_config_schema.run_config_schema_type
    assert set(told(kind)) == {
        "/resources/night/config/as_of", "/resources/place/config/as_of"
    }  # fmt: skip


# Rule F.launchpad
@pytest.mark.parametrize(
    "config",
    [
        {"resources": {"night": {"config": {"as_of": "2025-01-10", "contracts": "x"}}}},
        {"resources": {"night": {"config": {"home": "x"}}}},
        {"resources": {"place": {"config": {"home": "x"}}}},
        {"resources": {"io_manager": {"config": {"base_dir": "x"}}}},
        {"resources": {"night": {"config": {"as_of": {"env": "HOME"}}}}},
        {"ops": {"receive": {"config": {"home": "x"}}}},
        {"execution": {"config": {"retries": {"enabled": {}}}}},
        {"loggers": {"console": {"config": {"log_level": "DEBUG"}}}},
    ],
    ids=str,
)
def test_a_run_that_is_told_anything_else_is_refused(config: dict[str, Any]) -> None:
    for name in REPOSITORY.job_names:
        with pytest.raises(dg.DagsterInvalidConfigError):
            create_execution_plan(REPOSITORY.get_job(name), run_config=config)


# Rule F.launchpad
def test_the_fetch_cannot_be_told_where_to_send_its_token() -> None:
    config = {"ops": {"fetch": {"config": {"base_url": "https://127.0.0.1:9", "area": "x"}}}}
    with pytest.raises(dg.DagsterInvalidConfigError):
        create_execution_plan(REPOSITORY.get_job("fetch_jobindsats"), run_config=config)


# Rule F.launchpad
def test_no_step_of_a_settlement_is_a_job() -> None:
    names = {name for name in REPOSITORY.job_names if not name.startswith("__")}
    assert names == {"nightly", "fetch_jobindsats"}


@pytest.mark.parametrize(
    ("text", "is_date"),
    [("2025-01-10", True), ("610190-1234", False), ("20250110", False), ("2025-W02-5", False)],
)
# Rules F.launchpad, I.person_text
def test_what_is_no_date_is_refused_before_a_run_is_stored(text: str, is_date: bool) -> None:
    for job, resource in (("nightly", "night"), ("fetch_jobindsats", "place")):
        config = {"resources": {resource: {"config": {"as_of": text}}}}
        if is_date:
            assert create_execution_plan(REPOSITORY.get_job(job), run_config=config)
        else:
            with pytest.raises(dg.DagsterConfigMappingFunctionError):
                create_execution_plan(REPOSITORY.get_job(job), run_config=config)


@pytest.mark.slow
def test_the_code_location_is_valid_by_its_module() -> None:
    words = ["-m", "dagster", "definitions", "validate", "-m", "dagster_project.definitions"]
    environment = {key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"}
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


if __name__ == "__main__":
    SNAPSHOT.write_text(describe(), encoding="utf-8")
