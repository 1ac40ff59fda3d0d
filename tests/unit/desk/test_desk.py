"""The desk: what may be asked there, by whom, and that nothing a caller does ends it."""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import os
import pwd
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import typer

from dagster_project.cli.app import app
from dagster_project.cli.shared import AtTheDesk
from dagster_project.lib.base import users
from dagster_project.lib.base.errors import EffektError, NotAllowedError
from dagster_project.lib.desk import caller, messages, place, server
from dagster_project.lib.desk.messages import Answer, Order
from dagster_project.settings import Home, Settings

IS_ROOT = os.geteuid() == 0
PR_SET_DUMPABLE = 4
NOBODY = pwd.getpwnam("nobody").pw_uid
Start = Callable[[], int]


def do(order: Order) -> Callable[[], None]:
    """What the desk of these tests knows: to say who acts, to wait, to fail, to talk much."""

    def said() -> None:
        if order.command == "who":
            print(users.acting().name, users.acting().is_vouched, order.arguments)
            print("beside", file=sys.stderr)
            raise SystemExit(3)
        if order.command == "sleep":
            time.sleep(60)
        if order.command == "talk":
            print("x" * messages.MAX_ANSWER)
        if order.command == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        raise RuntimeError

    if order.command == "unknown":
        raise ValueError
    return said


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / ("et langt navn " * 12)).ensure()


@pytest.fixture
def start(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts the desk in a process of its own, with short times."""
    monkeypatch.setattr(server, "ORDER_SECONDS", 0.3)
    monkeypatch.setattr(server, "WORK_SECONDS", 1)
    started: list[int] = []

    def begin() -> int:
        process = os.fork()
        if process == 0:
            code = 1
            try:
                server.serve(home, do)
                code = 0
            finally:
                os._exit(code)
        started.append(process)
        for _ in range(100):
            try:
                caller.ask(home, Order("unknown", {}))
                break
            except EffektError:
                time.sleep(0.05)
        return process

    yield begin
    for process in started:
        try:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        except (ProcessLookupError, ChildProcessError):
            continue


def raw(home: Home, data: bytes) -> bytes:
    """What the desk answers to bytes."""
    with socket.socket(socket.AF_UNIX) as link:
        with place.short_path(home) as path:
            link.connect(path)
        link.sendall(data)
        link.settimeout(10)
        try:
            return link.recv(1 << 16)
        except ConnectionError:
            return b""


def framed(document: object) -> bytes:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return len(text).to_bytes(4, "big") + text


# Rule F.desk
def test_output_and_exit_code_come_back(home: Home, start: Start) -> None:
    start()
    answer = caller.ask(home, Order("who", {"actor": "Kai"}))
    me = pwd.getpwuid(os.getuid()).pw_name
    assert answer == Answer(3, f"{me} False {{'actor': 'Kai'}}\n", "beside\n")
    assert stat_of(home) == 0o660


def stat_of(home: Home) -> int:
    return (home.root / place.NAME).stat().st_mode & 0o777


# Rule F.desk
@pytest.mark.skipif(not IS_ROOT, reason="only root can be another user")
def test_the_kernel_says_who_calls(home: Home, start: Start, tmp_path: Path) -> None:
    start()
    shared = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):
        if shared in folder.parents:
            folder.chmod(0o755)
    os.chown(home.root / place.NAME, -1, NOBODY)
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            # a program that is started anew may look at itself in /proc; this copy may not yet
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
            os.environ["LOGNAME"] = "root"
            os.write(writer, caller.ask(home, Order("who", {})).out.encode())
        finally:  # this process is a copy of the tests' own: it must not go on as one
            os._exit(0)
    os.close(writer)
    os.waitpid(process, 0)
    assert os.read(reader, 100) == b"nobody True {}\n"


NO_ORDERS = [
    b"", b"{", b"[]", b"\xff", b"[" * 60_000,
    {"command": "who"},
    {"command": "who", "arguments": {}, "uid": 0},
    {"command": ["who"], "arguments": {}},
    {"command": "who", "arguments": {"actor": 5}},
    {"command": "who", "arguments": {"actor": {"a": "b"}}},
    {"command": "who", "arguments": {"actor": "x" * 2001}},
    b'{"command": "who", "arguments": {"actor": "\\ud800"}}',
    {"command": "unknown", "arguments": {}},
]  # fmt: skip


# Rule F.desk
def test_what_is_no_order_is_refused(home: Home, start: Start) -> None:
    start()
    for document in NO_ORDERS:
        answer = messages.answer_of(raw(home, framed(document))[4:])
        assert answer.exit_code == 2, document


# Rule F.desk
def test_a_caller_who_hangs_is_passed_over(home: Home, start: Start) -> None:
    start()
    assert raw(home, b"") == b""
    assert raw(home, b"\x00\x00\x00\x10{") == b""
    assert messages.answer_of(raw(home, b"\xff\xff\xff\xff")[4:]).exit_code == 2
    with socket.socket(socket.AF_UNIX) as link, place.short_path(home) as path:
        link.connect(path)  # and goes
    assert caller.ask(home, Order("who", {})).exit_code == 3


# Rule F.desk
@pytest.mark.parametrize("command", ["sleep", "talk", "die", "fail"])
def test_an_order_that_does_not_end_well_ends_nothing_else(
    home: Home, start: Start, command: str
) -> None:
    start()
    assert caller.ask(home, Order(command, {})).exit_code == 1
    assert caller.ask(home, Order("who", {})).exit_code == 3


# Rule F.desk
def test_one_desk_serves_a_home_and_a_killed_one_is_replaced(home: Home, start: Start) -> None:
    first = start()
    with pytest.raises(EffektError, match="DESK_RUNNING"):
        server.serve(home, do)
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    with pytest.raises(NotAllowedError, match="HOME_NOT_YOURS"):
        caller.ask(home, Order("who", {}))
    second = start()
    assert caller.ask(home, Order("who", {})).exit_code == 3
    os.kill(second, signal.SIGTERM)
    assert os.waitpid(second, 0)[1] == 0
    assert not (home.root / place.NAME).exists()


def test_a_file_in_the_socket_s_place_is_left_alone(home: Home) -> None:
    (home.root / place.NAME).write_text("x")
    with pytest.raises(EffektError, match="DESK_PLACE"):
        server.serve(home, do)


def person_commands() -> dict[str, AtTheDesk]:
    root = typer.main.get_command(app)
    return {name: c for name, c in root.commands.items() if isinstance(c, AtTheDesk)}  # type: ignore[attr-defined]


DAY = dt.datetime(2023, 7, 1)  # noqa: DTZ001 - a day, as typer reads it
TYPED = {str: "K, «ø» --as=x", bool: True, dt.datetime: DAY}


# Rule F.desk
@pytest.mark.parametrize("name", sorted(person_commands()))
@pytest.mark.parametrize("is_whole", [True, False])
def test_every_command_comes_to_the_desk_as_it_was_typed(
    home: Home, tmp_path: Path, name: str, is_whole: bool
) -> None:
    command = person_commands()[name]
    settings = Settings(home, tmp_path / "contracts", None, None)  # type: ignore[arg-type]
    paths = {p.name for p in command.params if "Path" in str(p.type_descriptor.annotation)}  # type: ignore[attr-defined]
    given = {
        str(p.name): TYPED[p.type_descriptor.annotation]  # type: ignore[attr-defined]
        for p in command.params
        if p.name not in paths and (is_whole or p.required)
    }
    order = messages.order_of(json.dumps(command.order(given).__dict__).encode())
    words = command.words(order, settings)
    context = command.make_context(name, words[1:])
    left_out = (None, False, ())
    told = {n: v for n, v in context.params.items() if n not in paths and v not in left_out}
    assert (words[0], told) == (name, given)
    assert {n for n in paths if context.params[n] not in left_out} == {"home", "contracts"}


# Rule F.desk
def test_a_verification_is_sent_and_files_are_not(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Order] = []

    def ask(_home: Home, order: Order) -> Answer:
        sent.append(order)
        return Answer(0, "", "")

    monkeypatch.setattr(users, "is_stranger_to", lambda _root: True)
    monkeypatch.setattr(caller, "ask", ask)
    at_home = ["--home", str(home.root)]
    settlement = ["C", "2023-07", "--as", "Kai"]
    for words in ([], settlement, ["--against", "a.json", "b.json", "c.json", "d.json"]):
        with suppress(SystemExit, NotAllowedError):
            app(["verify", *words, *at_home])
    told = {"contract": "C", "period": "2023-07", "actor": "Kai", "as_json": False}
    assert sent == [Order("verify", {"as_json": False}), Order("verify", told)]


# Rule F.desk
def test_an_order_says_no_path_no_option_and_no_other_home(home: Home, tmp_path: Path) -> None:
    root = typer.main.get_command(app)
    known = person_commands()
    by_name = {name for name, c in root.commands.items() if "actor" in {p.name for p in c.params}}  # type: ignore[attr-defined]
    assert {"submit", "verify", "approve", "pay", "return", "release", "accept"} <= by_name
    # the number of the person to be forgotten must not cross the socket (ADR 0045)
    assert by_name - {"forget"} <= set(known), "every command that takes --as is done at the desk"
    assert not {"run", "demo", "ui", "desk", "check", "template"} & set(known)
    settings = Settings(home, tmp_path / "contracts", None, None)  # type: ignore[arg-type]
    told = {"contract": "--home=/x", "period": "-h", "actor": "--as=x", "as_json": True}
    assert known["submit"].words(Order("submit", told), settings) == [
        "submit", "--as=--as=x", "--json", f"--home={home.root}",
        f"--contracts={tmp_path / 'contracts'}", "--", "--home=/x", "-h",
    ]  # fmt: skip
    for name, wrong in [("home", "/x"), ("contracts", "/x"), ("as_json", "yes"), ("actor", True)]:
        with pytest.raises(ValueError, match="argument"):
            known["submit"].words(Order("submit", {name: wrong}), settings)
    with pytest.raises(ValueError, match="argument"):
        known["statement"].words(Order("statement", {"document": "/etc/passwd"}), settings)
