"""The access log: who looked at single persons' data, when, and at what."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
from pathlib import Path

import pytest

from dagster_project.lib import inspection
from dagster_project.lib.base import lock, users
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import access
from dagster_project.lib.status import look
from dagster_project.settings import Home, Settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).ensure()


def _lines(home: Home) -> list[dict[str, object]]:
    return [json.loads(line) for line in access.record_file(home).read_text().splitlines()]


# Rule F.access_log
def test_a_look_is_noted_with_time_user_and_ids(home: Home) -> None:
    access.note(home, "why", contract="alfa", period="2023-01", course=None)
    (line,) = _lines(home)
    assert (line["command"], line["ids"]) == ("why", {"contract": "alfa", "period": "2023-01"})
    assert str(line["at"]).endswith("+00:00")
    assert line["os_user"] == users.acting().name
    assert access.record_file(home).stat().st_mode & 0o777 == 0o600


# Rule F.access_log
def test_the_line_names_the_caller_at_the_desk(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "_AT_THE_DESK", [users.User(0, is_vouched=True)])
    access.note(home, "why")
    assert [(line["os_user"], line["is_vouched"]) for line in _lines(home)] == [("root", True)]


# Rule F.access_log
def test_no_person_number_is_noted(home: Home) -> None:
    access.note(home, "why", course="710190-1234")
    assert "1234" not in access.record_file(home).read_text()


# Rule F.access_log
def test_a_look_is_noted_while_a_night_holds_the_home(home: Home) -> None:
    with lock.hold(home.lock_file):
        access.note(home, "why")
    assert access.count(home)["looks"] == 1


# Rule F.access_log
def test_looks_are_counted_by_command(home: Home) -> None:
    for command in ("why", "annex", "why"):
        access.note(home, command)
    found = access.count(home)
    assert (found["looks"], found["by_command"]) == (3, {"annex": 1, "why": 2})
    assert found["last_at"] == _lines(home)[-1]["at"]


# Rule F.access_log
def test_a_torn_last_line_is_set_aside_and_the_chain_goes_on(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    access.note(home, "why")
    with access.record_file(home).open("a") as stream:
        stream.write('{"at":"2026')
    access.note(home, "annex")
    assert [link["command"] for link in access.read(home)] == ["why", "annex"]
    assert "access.jsonl: den sidste linje" in capsys.readouterr().err
    assert list(home.ledger.glob("access.torn-*"))


# Rule F.access_log
@pytest.mark.parametrize("number", [0, 1])
def test_a_changed_line_is_told(home: Home, number: int) -> None:
    access.note(home, "why")
    access.note(home, "why")
    lines = access.record_file(home).read_text().splitlines()
    lines[number] = lines[number].replace('"why"', '"who"')
    access.record_file(home).write_text("\n".join(lines) + "\n")
    with pytest.raises(EffektError, match=f"linje {number + 1}") as told:
        access.read(home)
    assert told.value.code == "ACCESS_LOG_BROKEN"


# Rules F.access_log, F.verify
def test_verify_tells_a_changed_line_and_status_too(home: Home) -> None:
    access.note(home, "why")
    settings = Settings(home, home.root / "contracts", dt.date(2024, 1, 1), "Prøveby")
    assert look(settings, dt.datetime.now(dt.UTC)).as_json()["access"]["looks"] == 1
    path = access.record_file(home)
    path.write_text(path.read_text().replace('"why"', '"who"'))
    assert "ACCESS_LOG_BROKEN" in inspection.inspect_home(home).text()
    found = look(settings, dt.datetime.now(dt.UTC))
    assert found.access is None
    assert any("ACCESS_LOG_BROKEN" in fault for fault in found.faults)


# Rule F.access_log
def test_behind_a_broken_last_line_no_look_is_given(home: Home) -> None:
    access.note(home, "why")
    path = access.record_file(home)
    path.write_text(path.read_text().replace('"why"', '"who"'))
    with pytest.raises(EffektError) as told:
        access.note(home, "why")
    assert told.value.code == "ACCESS_LOG_BROKEN"


# Rule F.access_log
def test_a_look_that_cannot_be_noted_is_refused(home: Home) -> None:
    access.record_file(home).mkdir()
    with pytest.raises(EffektError) as told:
        access.note(home, "why")
    assert (told.value.code, told.value.exit_code) == ("ACCESS_LOG", 1)


def _look(root: Path, looks: int) -> None:
    for _ in range(looks):
        access.note(Home(root), "why")


# Rule F.access_log
def test_two_who_look_at_once_leave_one_whole_chain(home: Home) -> None:
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=_look, args=(home.root, 20)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert len(access.read(home)) == 40
