"""Each way a run can end or not begin: one alert, one start of the command, whoever started it.

| how | by command | by schedule, sensor, UI |
|---|---|---|
| refused 3, held 4, failed 1 | here | here |
| cannot begin: secrets, busy, settings, a folder of another | here | here, and ``tests/browser`` |
| a date that no run may have | typed: exit 2, no alert; of ``home.yml``: here | here |
| stopped by a person | here | here: ended in Dagster without a word |
| killed, its machine gone | here, whoever sees it | here, also where Dagster ends it too |
| never begun | – | here: ended in Dagster without a word |
| never was | ``effekt status --fail-if-older`` | here |
| left out after a sleep | – | here, and with a real daemon in ``tests/browser`` |
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
import typer

from dagster_project import settings as places
from dagster_project.cli.app import app
from dagster_project.defs import resources, schedules, sensors
from dagster_project.lib.base import lock
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.nights import alerts, due, in_hand, record
from dagster_project.lib.nights.due import DUE_AT
from dagster_project.orchestration import dagster_home, waiting, watch
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.outcome import Held, Refused, StepOutcome
from dagster_project.orchestration.run_launcher import PROCESS_TAG
from dagster_project.settings import TIME_ZONE, Home, Settings
from tests.support import heard

ROOT = Path(__file__).parents[2]
Ear = Callable[[], list[dict[str, Any]]]
SOON = "nightly: {busy_retries: 2, busy_wait_seconds: 0}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of today's nights that waits for nobody."""
    made = Home(tmp_path / "home").ensure()
    made.home_file.write_text(f"format: {places.HOME_FORMAT}\narea: Hedensted\n{SOON}", "utf-8")
    monkeypatch.setenv("EFFEKT_HOME", str(made.root))
    return made


@pytest.fixture
def ear(home: Home, monkeypatch: pytest.MonkeyPatch) -> Ear:
    return heard.listen(home.root, monkeypatch)


# who starts a run ---------------------------------------------------------------------------------


def by_command(_home: Home, as_of: str | None = None) -> None:
    """Somebody types ``effekt run``; Dagster's part is left out."""
    words = ["run", *(["--as-of", as_of] if as_of else [])]
    with suppress(EffektError, SystemExit):
        typer.main.get_command(app)(words, standalone_mode=False)


@dg.asset(config_schema={}, output_required=False)
def one_step(night: resources.HeldNight) -> Iterator[dg.MaterializeResult]:
    """What an asset of the night does with its step."""
    resources.in_dagsters_words(lambda: night.perform("check_records"), "check_records")
    yield dg.MaterializeResult()


def by_dagster(_home: Home, as_of: str | None = None) -> str:
    """Schedule, sensor or UI start a run, with the resource that holds the home; its id."""
    config = {"resources": {"night": {"config": {"as_of": as_of}}}}
    made = dg.materialize(
        [one_step], resources={"night": resources.held}, run_config=config, raise_on_error=False
    )
    return made.run_id


STARTERS = pytest.mark.parametrize("start", [by_command, by_dagster])


@contextmanager
def open_secrets(home: Home) -> Iterator[None]:
    home.secrets.chmod(0o755)
    yield


@contextmanager
def busy(home: Home) -> Iterator[None]:
    with lock.hold(home.lock_file):
        yield


@contextmanager
def wrong_settings(home: Home) -> Iterator[None]:
    home.home_file.write_text(f"{SOON}region: midt\n", encoding="utf-8")
    yield


@contextmanager
def folder_of_another(home: Home) -> Iterator[None]:
    os.chown(home.vault, 61_901, 61_901)
    yield


@STARTERS
@pytest.mark.parametrize(
    ("hinder", "code"),
    [
        (open_secrets, "SECRETS_OPEN"), (busy, "HOME_BUSY"), (wrong_settings, "HOME_FILE"),
        (folder_of_another, "FOLDER_FOREIGN"),
    ],
)  # fmt: skip
# Rule P.alert
def test_a_run_that_cannot_begin_is_told_once(
    home: Home, ear: Ear, start: Callable[[Home], Any],
    hinder: Callable[[Home], AbstractContextManager[None]], code: str,
) -> None:  # fmt: skip
    if hinder is folder_of_another and os.geteuid() != 0:
        pytest.skip("only the superuser gives a folder to another")
    with hinder(home):
        run_id = start(home)
    (told,) = ear()
    assert told == alerts.standing(home)
    assert (told["error"], told["exit_code"], told["step"]) == (code, 1, None)
    assert told["run_id"] == run_id if run_id else told["run_id"]
    assert told["home"] == str(home.root)
    (cause,) = told["causes"]
    assert cause["code"] == code and all(cause.values())
    assert code in (home.root / cause["report"]).read_text(encoding="utf-8")


def tomorrow() -> str:
    return (places.today() + dt.timedelta(days=1)).isoformat()


# Rule P.alert
def test_a_wrong_date_is_told_where_nobody_typed_it(home: Home, ear: Ear) -> None:
    by_command(home, tomorrow())
    assert ear() == [] and alerts.standing(home) is None
    by_dagster(home, tomorrow())
    (told,) = ear()
    assert (told["error"], told["exit_code"], told["as_of_date"]) == ("USAGE", 1, tomorrow())
    assert record.read(home).tried is None  # no night was: what is missed from now on is told


# Rules P.alert, P.run_date
def test_a_wrong_date_of_home_yml_is_a_wrong_setting_whoever_starts_the_run(
    home: Home, ear: Ear
) -> None:
    text = home.home_file.read_text(encoding="utf-8")
    home.home_file.write_text(f"{text}as_of: {tomorrow()}\n", encoding="utf-8")
    by_command(home)
    (told,) = ear()
    assert told == alerts.standing(home)
    assert (told["error"], told["exit_code"], told["as_of_date"]) == ("USAGE", 2, tomorrow())
    assert record.read(home).tried is None


# Rule F.busy
def test_a_run_that_nobody_typed_tries_again_and_a_command_does_not(
    home: Home, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    holding = lock.hold(home.lock_file)

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            holding.__exit__(None, None, None)

    monkeypatch.setattr(waiting, "time", SimpleNamespace(sleep=wait))
    holding.__enter__()
    by_command(home)
    assert (waited, len(ear())) == ([], 1)
    by_dagster(home)
    assert (waited, len(ear())) == ([0, 0], 1)


# how a night ends ---------------------------------------------------------------------------------


def does(monkeypatch: pytest.MonkeyPatch, step: str, do: Callable[[Settings], StepOutcome]) -> None:
    """A step of the night does something else."""
    monkeypatch.setitem(nightly.BY_NAME, step, nightly.Step(step, "landing", do))


def only(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A command's night ends with this step, and Dagster's part of it is left out."""

    def execute(night: nightly.Night) -> list[str]:
        with suppress(EffektError):
            night.perform(step)
        return []

    monkeypatch.setattr(dagster_home, "_execute", execute)


def fails(_settings: Settings) -> StepOutcome:
    raise EffektError("DISK_FULL", "no room", remedy="make room")


REFUSED = Refused("krav_fra_kai.csv", ("FILE_NAME", "FILE_EMPTY"), "quarantine/ab.txt")


@STARTERS
@pytest.mark.parametrize(
    ("do", "code", "causes"),
    [
        (fails, 1, ["DISK_FULL"]),
        (lambda _: StepOutcome(failed_checks=("30.x",)), 4, ["30.x"]),
        (lambda _: StepOutcome(refused=(REFUSED,)), 3, ["FILE_NAME", "FILE_EMPTY"]),
    ],
    ids=["failed", "held", "refused"],
)
# Rule P.alert
def test_a_night_that_ends_otherwise_than_0_is_told_once_and_without_a_name(
    home: Home, ear: Ear, monkeypatch: pytest.MonkeyPatch, start: Callable[[Home, str], Any],
    do: Callable[[Settings], StepOutcome], code: int, causes: list[str],
) -> None:  # fmt: skip
    does(monkeypatch, "check_records", do)
    only(monkeypatch, "check_records")
    run_id = start(home, "2026-03-28")
    (told,) = ear()
    assert (told["exit_code"], told["step"]) == (code, "check_records")
    assert told["run_id"] == (run_id or told["run_id"])
    assert [cause["code"] for cause in told["causes"]] == causes
    assert all(all(cause.values()) for cause in told["causes"])
    assert (told["area"], told["as_of_date"][:4]) == ("Hedensted", "2026")
    assert "kai" not in json.dumps(told)
    assert in_hand.noted(home) is None


def settings_of(home: Home) -> Settings:
    return Settings(home, home.root / "contracts", dt.date(2025, 1, 10), None)


def test_an_alert_of_refused_and_held_deliveries_names_them_by_id_only(
    home: Home, ear: Ear
) -> None:
    with nightly.night(settings_of(home)) as night:
        night.outcomes["receive"] = StepOutcome(
            refused=(Refused("krav_fra_kai.csv", ("FILE_NAME",), "quarantine/ab.txt"),),
            held=(Held("eindkomst_fra_kai.csv", "cd", "row_count"),),
        )
    (told,) = ear()
    assert told["refused"] == [{"codes": ["FILE_NAME"], "report": "quarantine/ab.txt"}]
    assert told["held"] == ["cd"]
    assert night.as_json()["refused"][0]["file_name"] == "krav_fra_kai.csv"


# Rule P.alert
def test_a_run_that_somebody_stops_is_told_once(
    home: Home, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_settings: Settings) -> StepOutcome:
        raise KeyboardInterrupt

    does(monkeypatch, "check_records", stopped)
    with pytest.raises(KeyboardInterrupt), nightly.night(settings_of(home)) as night:
        night.perform("check_records")
    (told,) = ear()
    assert (told["error"], told["exit_code"], told["step"]) == ("RUN_CANCELED", 1, "check_records")


@pytest.mark.parametrize(
    ("outcome", "stays"),
    [
        (None, True),
        (StepOutcome(), True),
        (StepOutcome(snapshot_id="2025-01-10-x"), False),
        (StepOutcome(is_unchanged=True, snapshot_id="2025-01-10-x"), False),
    ],
    ids=["no step", "received only", "published", "nothing new"],
)
# Rule P.alert
def test_only_a_run_that_published_or_found_nothing_new_takes_an_alert_away(
    home: Home, outcome: StepOutcome | None, stays: bool
) -> None:
    with busy(home):
        by_command(home)
    assert alerts.standing(home) is not None
    with nightly.night(settings_of(home)) as night:
        if outcome is not None:
            night.outcomes["receive"] = outcome
    assert (alerts.standing(home) is not None) is stays
    assert (home.reports / "alert.txt").exists() is stays


# runs that cannot tell it themselves --------------------------------------------------------------


@pytest.fixture
def killed(home: Home) -> str:
    """The id of a run that was killed while it was at work."""
    program = (
        "import sys, time; from pathlib import Path; import datetime as dt\n"
        "from dagster_project.orchestration import night as n\n"
        "from dagster_project.settings import Home, Settings\n"
        "home = Home(Path(sys.argv[1]))\n"
        "with n.night(Settings(home, home.root, dt.date(2025, 1, 10), 'Hedensted')) as night:\n"
        "    night.note_at_work('rules'); print(night.run_id, flush=True); time.sleep(120)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(home.root)], cwd=ROOT, stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.stdout is not None
    run_id = child.stdout.readline().strip()
    assert not alerts.tell_left(home)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return run_id


def see_by_command(home: Home) -> None:
    typer.main.get_command(app)(["status", "--home", str(home.root)], standalone_mode=False)


def see_by_daemon(home: Home) -> None:
    with dagster_home.opened(home) as instance:
        sensors.alarms(dg.build_sensor_context(instance))


def see_by_next_night(home: Home) -> None:
    with nightly.night(settings_of(home)):
        pass


@pytest.mark.parametrize("see", [see_by_command, see_by_daemon, see_by_next_night])
# Rules P.alert, F.killed
def test_a_killed_run_is_told_by_the_next_process_that_sees_it_and_once(
    home: Home, ear: Ear, killed: str, see: Callable[[Home], None]
) -> None:
    see(home)
    see_by_daemon(home)
    (told,) = ear()
    assert (told["run_id"], told["error"], told["exit_code"]) == (killed, "RUN_KILLED", 1)
    assert (told["as_of_date"], told["area"], told["step"]) == ("2025-01-10", "Hedensted", "rules")


class KilledError(BaseException):
    """Ends a process as a signal does: nothing that a failure tells is told."""


@pytest.mark.parametrize(
    ("failure", "told"), [(KilledError(), ["RUN_KILLED"]), (EffektError("UPGRADE", "-"), [])]
)
# Rules P.alert, F.killed
def test_a_run_that_is_killed_before_its_first_step_is_told_by_the_next_process_too(
    home: Home, ear: Ear, monkeypatch: pytest.MonkeyPatch, failure: BaseException, told: list[str]
) -> None:
    def bring_up(_: Home) -> None:
        raise failure

    monkeypatch.setattr("dagster_project.lib.upgrade.bring_up_held", bring_up)
    with pytest.raises(type(failure)), nightly.night(settings_of(home)):
        pass
    see_by_command(home)  # what is no kill is told by whoever began the run
    assert [alert["error"] for alert in ear()] == told


@pytest.mark.parametrize("words", [["status"], ["verify"], ["backup", "copy"], ["what-if", "x"]])
# Rules P.alert, F.killed
def test_a_killed_run_is_told_by_whatever_command_of_the_home_comes_next(
    home: Home, ear: Ear, words: list[str]
) -> None:
    in_hand.note(home, "a", "2025-01-10", "Hedensted", "rules")
    with suppress(EffektError, SystemExit, typer.Exit):
        typer.main.get_command(app)([*words, "--home", str(home.root)], standalone_mode=False)
    assert [told["error"] for told in ear()] == ["RUN_KILLED"]


# Rules P.alert, F.killed
def test_a_killed_run_that_dagster_ends_as_well_is_told_once(
    home: Home, ear: Ear, killed: str
) -> None:
    config = {"resources": {"night": {"config": {"as_of": "2025-01-10"}}}}
    with dagster_home.opened(home) as instance:
        context = dg.build_sensor_context(instance)
        sensors.alarms(context)  # what lies in the home is seen first
        run = instance.add_run(dg.DagsterRun("nightly", run_id=killed, run_config=config))
        instance.report_run_failed(run)  # a minute later by the daemon, which finds no process
        sensors.alarms(context)
        sensors.alarms(dg.build_sensor_context(instance))  # a daemon that was just started
    assert [(told["run_id"], told["error"]) for told in ear()] == [(killed, "RUN_KILLED")]


# Rules P.alert, F.killed
def test_a_killed_run_that_dagster_ends_before_anybody_looks_is_told_once(
    home: Home, ear: Ear, killed: str
) -> None:
    tags = {PROCESS_TAG: "999999999:1"}  # no process has that number
    with dagster_home.opened(home) as instance:
        run = instance.add_run(dg.DagsterRun("nightly", run_id=killed, tags=tags))
        instance.report_run_failed(run)
        watch.tell_ended(home, instance, dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
        see_by_daemon(home)
    see_by_command(home)
    assert [(told["run_id"], told["error"]) for told in ear()] == [(killed, "RUN_KILLED")]


@pytest.mark.parametrize(
    ("job", "end", "code"),
    [
        ("nightly", "report_run_failed", "RUN_FAILED"),
        ("__ASSET_JOB", "report_run_canceled", "RUN_CANCELED"),
        ("fetch_jobindsats", "report_run_failed", None),
    ],
    ids=["failed", "canceled", "no night"],
)
# Rule P.alert
def test_a_run_that_ended_in_dagster_without_a_word_is_told_once(
    home: Home, ear: Ear, job: str, end: str, code: str | None
) -> None:
    config = {"resources": {"night": {"config": {"as_of": "2026-03-28"}}}}
    with dagster_home.opened(home) as instance:
        context = dg.build_sensor_context(instance)
        sensors.alarms(context)
        run = instance.add_run(dg.DagsterRun(job_name=job, run_config=config))
        getattr(instance, end)(run)
        sensors.alarms(context)
        sensors.alarms(context)
    assert [told["error"] for told in ear()] == ([code] if code else [])
    if code:
        assert ear()[0]["as_of_date"] == "2026-03-28"
        assert ear()[0]["run_id"] == run.run_id


# nights that never were ---------------------------------------------------------------------------


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE)


@contextmanager
def schedule_on(home: Home, since: str) -> Iterator[dg.DagsterInstance]:
    """The home's Dagster, whose daemon has seen the schedule since a time."""
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.remote_origin import (
        RegisteredCodeLocationOrigin,
        RemoteInstigatorOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.scheduler.instigation import (
        InstigatorState,
        InstigatorStatus,
        ScheduleInstigatorData,
    )

    origin = RemoteInstigatorOrigin(
        RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "__repository__"), "nightly"
    )
    state = InstigatorState(
        origin, InstigatorType.SCHEDULE, InstigatorStatus.DECLARED_IN_CODE,
        ScheduleInstigatorData(due.CRON, at(since).timestamp()),
    )  # fmt: skip
    with dagster_home.opened(home) as instance:
        instance.add_instigator_state(state)
        yield instance


def note_night(home: Home, as_of: str, at_time: str, snapshot_id: str | None = "x") -> None:
    with record.changing(home) as known:
        known.nights.append(
            {"as_of_date": as_of, "at": at(at_time).isoformat(), "run_id": as_of,
             "exit_code": 0, "snapshot_id": snapshot_id}
        )  # fmt: skip


# Rule P.missed
def test_a_missed_night_is_told_once_a_date(
    home: Home, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_night(home, "2027-03-26", "2027-03-26 04:31")
    with schedule_on(home, "2027-03-01 12:00") as instance:
        context = dg.build_sensor_context(instance)
        for now in (
            "2027-03-27 06:30", "2027-03-27 06:32", "2027-03-27 06:33", "2027-03-27 23:00",
            "2027-03-28 04:31", "2027-03-28 04:32", "2027-03-28 12:00",
        ):  # fmt: skip
            monkeypatch.setattr(places, "now", lambda now=now: at(now))
            sensors.alarms(context)
    assert [told["skipped_dates"] for told in ear()] == [
        ["2027-03-27"], ["2027-03-27", "2027-03-28"]
    ]  # fmt: skip
    assert {(told["error"], told["exit_code"], told["run_id"]) for told in ear()} == {
        ("NIGHT_MISSED", 1, None)
    }


# Rules P.alert, P.missed
def test_what_the_daemon_tells_in_a_home_whose_reports_are_closed_it_tells_once(
    home: Home, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.reports / ".nights.json").mkdir()  # for the superuser, too
    monkeypatch.setattr(places, "now", lambda: at("2027-03-27 12:00"))
    with schedule_on(home, "2027-03-01 12:00") as instance:
        run = instance.add_run(dg.DagsterRun(job_name="nightly"))
        instance.report_run_failed(run)
        since = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
        for _ in range(3):
            watch.tell_ended(home, instance, since)
            with suppress(OSError):
                watch.tell_missed(home, [dt.date(2027, 3, 27)])
    assert [told["error"] for told in ear()] == ["RUN_FAILED", "NIGHT_MISSED"]


# Rule P.missed
def test_no_night_is_missed_while_a_run_is_at_work_or_waits(home: Home) -> None:
    note_night(home, "2027-03-26", "2027-03-26 04:31")
    now = at("2027-03-27 12:00")
    with schedule_on(home, "2027-03-01 12:00") as instance:
        assert watch.missed_now(home, instance, now) == (dt.date(2027, 3, 27),)
        run = instance.add_run(dg.DagsterRun(job_name="nightly"))
        assert watch.missed_now(home, instance, now) == ()
        instance.report_run_failed(run)
        assert watch.missed_now(home, instance, now) == (dt.date(2027, 3, 27),)
        in_hand.note(home, "a", "2027-03-27", None, None)
        assert watch.missed_now(home, instance, now) == ()


def ask(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, day: str, now: str = ""
) -> str | None:
    """Business date of the night that the schedule begins at a tick; none where it skips."""
    monkeypatch.setattr(places, "now", lambda: at(now or f"{day} {DUE_AT:%H:%M}"))
    tick = at(f"{day} {DUE_AT:%H:%M}").astimezone(dt.UTC)
    answer = schedules.nightly(dg.build_schedule_context(instance, tick))
    if isinstance(answer, dg.SkipReason):
        return None
    return str(answer.run_config["resources"]["night"]["config"]["as_of"])


# Rules P.schedule, P.missed
def test_the_newest_missed_night_is_caught_up_and_the_skipped_ones_are_told_and_recorded_once(
    home: Home, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    with schedule_on(home, "2027-03-26 12:00") as instance:
        assert ask(instance, monkeypatch, "2027-03-27") == "2027-03-27"
        assert ask(instance, monkeypatch, "2027-03-28") == "2027-03-28"
        assert ear() == []
        assert ask(instance, monkeypatch, "2027-03-31", "2027-03-31 10:00") == "2027-03-31"
        assert ask(instance, monkeypatch, "2027-03-31", "2027-03-31 10:00") == "2027-03-31"
    (told,) = ear()
    assert told["skipped_dates"] == record.read(home).skipped == ["2027-03-29", "2027-03-30"]
    assert told["error"] == "NIGHT_MISSED"


# Rule P.schedule
def test_nothing_begins_because_somebody_opens_the_ui_for_the_first_time(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with schedule_on(home, "2027-03-26 12:00") as instance:
        assert ask(instance, monkeypatch, "2027-03-27", "2027-03-27 09:00") is None
        assert ask(instance, monkeypatch, "2027-03-28") == "2027-03-28"


@pytest.mark.parametrize("home_file", ["region: midt\n", "format: 99\n"])
def test_a_night_of_the_schedule_begins_and_tells_that_home_yml_is_wrong(
    home: Home, monkeypatch: pytest.MonkeyPatch, home_file: str
) -> None:
    home.home_file.write_text(home_file, encoding="utf-8")
    with dagster_home.opened(home) as instance:
        assert ask(instance, monkeypatch, "2027-03-28") == "2027-03-28"
