"""Where the one code server of a home listens, and how the daemon finds it."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from dagster_project import settings
from dagster_project.cli.app import app
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.orchestration import code_server, processes, ui
from dagster_project.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as systemd gives one to a unit."""
    with tempfile.TemporaryDirectory(prefix="given-") as folder:
        monkeypatch.setenv(code_server.GIVEN_FOLDER, folder)
        yield Path(folder)


def named(home: Home) -> str:
    content = json.loads(code_server.workspace(home).read_text(encoding="utf-8"))
    return str(content["load_from"][0]["grpc_server"]["socket"])


# Rule F.loopback
def test_the_socket_lies_in_a_folder_of_this_start_that_only_its_user_may_enter(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(code_server.GIVEN_FOLDER, raising=False)
    with code_server.socket_of(home) as place:
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        assert named(home) == str(place)
        with code_server.socket_of(home) as another:
            assert another.parent != place.parent
    assert not place.parent.exists()


# Rule F.one_code_server
def test_a_given_folder_keeps_the_name_of_the_socket_from_start_to_start(
    home: Home, given: Path
) -> None:
    with code_server.socket_of(home) as first:
        assert given in first.parents
        assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
        first.touch()  # as a code server that is killed leaves it
    with code_server.socket_of(home) as again:
        assert again == first
        assert not again.exists()


# Rule F.one_code_server
def test_a_given_folder_of_another_user_is_refused(
    home: Home, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: given.stat().st_uid + 1)
    with pytest.raises(EffektError) as refused, code_server.socket_of(home):
        pass
    assert refused.value.code == "SOCKET_PLACE"


# Rule F.one_code_server
@pytest.mark.parametrize(("length", "is_taken"), [(100, True), (101, False)])
def test_the_path_of_the_socket_is_short(
    home: Home, given: Path, monkeypatch: pytest.MonkeyPatch, length: int, is_taken: bool
) -> None:
    inner = length - len(f"{given}//code/code.sock")
    folder = given / ("x" * inner)
    folder.mkdir()
    monkeypatch.setenv(code_server.GIVEN_FOLDER, f"{folder}:/another")
    if is_taken:
        with code_server.socket_of(home) as place:
            assert len(str(place)) == length
        return
    with pytest.raises(EffektError) as refused, code_server.socket_of(home):
        pass
    assert refused.value.code == "SOCKET_PLACE"


# Rule F.one_code_server
def test_the_daemon_waits_until_a_code_server_listens(home: Home, given: Path) -> None:
    assert not code_server.is_listening(home)
    with code_server.socket_of(home) as place:
        assert not code_server.is_listening(home)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(place))
            server.listen()
            assert code_server.is_listening(home)
        assert not code_server.is_listening(home)


# Rule F.one_code_server
def test_a_daemon_that_is_stopped_before_a_code_server_listens_ends_well(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "stopping_signals", lambda: [signal.SIGTERM])
    monkeypatch.setattr(processes, "start", lambda *_words, **_how: pytest.fail("started"))
    assert ui.serve_daemon(settings.resolve(home.root)) == 0


# Rule F.read_only
def test_read_only_and_the_daemon_alone_exclude_each_other(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "serve_daemon", lambda _settings: pytest.fail("started"))
    with pytest.raises(UsageError):
        app(["ui", "--part", "daemon", "--read-only", "--home", str(home.root)])
