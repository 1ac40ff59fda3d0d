"""The alert: told once for each run, with one start of the command; a publication takes it away."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.base import lock
from dagster_project.lib.nights import alerts, causes, in_hand, record
from dagster_project.settings import Home
from tests.support import heard


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


def tell(home: Home, run_id: str, exit_code: int = 1, **more: Any) -> bool:
    content = alerts.content(
        home, run_id=run_id, as_of_date="2027-03-28", area="Hedensted", exit_code=exit_code,
        step=None, causes=[],
    )  # fmt: skip
    return alerts.raise_once(home, [run_id], content, "FEJL", **more)


def standing(home: Home) -> dict[str, Any]:
    found = alerts.standing(home)
    assert found is not None
    return found


# Rule P.alert
def test_a_run_is_told_once_whoever_tells_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = heard.listen(home.root, monkeypatch)
    assert tell(home, "a")
    assert not tell(home, "a")
    assert [told["run_id"] for told in ear()] == ["a"]
    assert tell(home, "b")
    assert [told["run_id"] for told in ear()] == ["a", "b"]


# Rule P.alert
def test_the_command_reads_the_alert_and_no_shell_reads_the_command(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = home.root / "trap"
    ear = heard.listen(home.root, monkeypatch, f"; touch {trap}")
    tell(home, "a", 4)
    assert ear() == [standing(home)]
    assert not trap.exists()
    assert (home.reports / "alert.json").stat().st_mode & 0o777 == 0o600


SLEEPS = f"{sys.executable} -S -c 'import time; time.sleep(60)'"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("", ""), (f"{sys.executable} -c raise(1)", ""),
        ("/nonexistent/alarm", "kunne ikke startes"), ("/", "kunne ikke startes"),
        (f"{sys.executable} -c 'raise(1)", "kunne ikke startes"),
        (SLEEPS, "var ikke færdig efter 0.2 sekunder"),
    ],
    ids=["none", "fails", "missing", "a folder", "an open quotation mark", "hangs"],
)  # fmt: skip
# Rule P.alert
def test_a_command_that_fails_does_not_keep_the_alert_from_being_written(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    command: str, told: str,
) -> None:  # fmt: skip
    if command == SLEEPS:
        monkeypatch.setattr(alerts, "_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setenv(alerts.ALERT_VARIABLE, command)
    assert tell(home, "a")
    assert standing(home)["run_id"] == "a"
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == bool(told) and all(told in line for line in lines)


def test_the_command_is_started_where_the_alert_cannot_be_written(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = heard.listen(home.root, monkeypatch)
    (home.reports / "alert.json").mkdir()
    for run_id in ("a", "a", "b"):
        with pytest.raises(OSError, match="alert"):
            tell(home, run_id)
    assert [told["run_id"] for told in ear()] == ["a", "b"]
    (home.reports / "alert.json").rmdir()
    assert tell(home, "a")  # it is written as soon as it can be
    assert (standing(home)["run_id"], len(ear())) == ("a", 2)


def test_the_command_is_started_where_nothing_can_be_written(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = heard.listen(home.root, monkeypatch)
    (home.reports / "alert.json").mkdir()
    (home.dagster / "told.json").mkdir()
    with pytest.raises(OSError, match="alert"):
        tell(home, "a")
    assert len(ear()) == 1


# Rule P.alert
def test_an_alert_hides_none_that_stands_and_a_publication_takes_all_away(home: Home) -> None:
    for run_id in ("a", "b", "c"):
        tell(home, run_id)
    assert [told["run_id"] for told in standing(home)["earlier"]] == ["b", "a"]
    tell(home, "d", 3, takes_over=True)
    assert (standing(home)["run_id"], standing(home)["earlier"]) == ("d", [])
    alerts.take_away(home)
    assert alerts.standing(home) is None
    assert not tell(home, "d")  # and it is not told again


# Rule P.alert
def test_a_run_whose_process_is_gone_is_told_once_and_one_at_work_is_not(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = heard.listen(home.root, monkeypatch)
    in_hand.note(home, "a", "2027-03-28", "Hedensted", "rules")
    with lock.hold(home.lock_file):
        assert not alerts.tell_left(home)
    assert alerts.tell_left(home)
    assert not alerts.tell_left(home)
    (told,) = ear()
    assert (told["run_id"], told["step"], told["exit_code"]) == ("a", "rules", 1)
    assert (told["as_of_date"], told["area"]) == ("2027-03-28", "Hedensted")
    assert [cause["code"] for cause in told["causes"]] == ["RUN_KILLED"]


def test_a_run_that_was_killed_while_its_command_was_at_work_is_not_told_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = heard.listen(home.root, monkeypatch)
    in_hand.note(home, "a", "2027-03-28", None, "rules")
    tell(home, "a", 4)
    assert not alerts.tell_left(home)
    assert (len(ear()), standing(home)["exit_code"]) == (1, 4)
    assert in_hand.noted(home) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"told": 3}', '{"nights": [{}]}', '{"x": []}'])
def test_a_record_that_cannot_be_read_is_begun_anew(home: Home, text: str) -> None:
    (home.reports / ".nights.json").write_text(text, encoding="utf-8")
    assert record.read(home) == record.Record()
    assert tell(home, "a")
    assert record.read(home).told == ["a"]


def test_the_record_does_not_grow_for_ever(home: Home) -> None:
    with record.changing(home) as known:
        known.told = [str(number) for number in range(1000)]
    assert record.read(home).told == [str(number) for number in range(600, 1000)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser writes for somebody else")
def test_what_the_superuser_tells_in_a_home_of_another_can_be_read_by_its_owner(home: Home) -> None:
    os.chown(home.reports, 61_901, 61_901)
    tell(home, "a")
    assert {path.stat().st_uid for path in home.reports.iterdir()} == {61_901}


# Rule P.alert
def test_every_cause_names_code_owner_remedy_and_report() -> None:
    found = [
        *causes.of_checks(["30.x", "50.no_person_number"]),
        *causes.of_refusal(["FILE_NAME", "CPR_LENGTH"], "quarantine/ab.txt"),
        *causes.of_refusal(["FILE_CLOSED"], ""),
    ]
    assert all(all(cause.as_json().values()) for cause in found)
    assert [cause.owner for cause in found[-3:]] == [
        "afsenderen af filen", "afsenderen af filen", "dataingeniør"
    ]  # fmt: skip
    assert {cause.report for cause in found} == {
        "published/site/datakvalitet.html", "quarantine/ab.txt", "reports/alert.txt"
    }  # fmt: skip
    assert json.dumps([cause.as_json() for cause in found])
