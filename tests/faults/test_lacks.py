"""A machine that lacks disk or memory, and a landing folder with what is no file."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import receiving, vault
from dagster_project.settings import Home
from tests.faults import corpus
from tests.faults.conftest import EARLIER, HOME, LATER, copy_home, run_plans
from tests.support import examples, night, watched

LONG = bool(os.environ.get("EFFEKT_FAULTS"))
"""Whether what takes minutes is tried too."""
ROOMS = {"/published/": "candidate", "work/warehouse.duckdb": "warehouse"}
MORE_ROOMS = {
    "/reports/statements/": "statements", "/published/.pages-": "pages", "work/tmp": "spill",
    "/ledger/": "ledger",
}  # fmt: skip
Lacking = dict[str, Any]
MEMORY = ["engine:3MB", "memory:20000000"]


@pytest.fixture(scope="module")
def lacking(early: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Lacking:
    """Nights in one home, each of which lacks something, and one that lacks nothing."""
    if watched.COMPILER is None:
        pytest.skip("no C compiler to fill a disk with")
    folder = tmp_path_factory.mktemp("lacking")
    watch = watched.make(folder)
    home = copy_home(early[0], folder / "home")
    rooms = [*ROOMS, *(MORE_ROOMS if LONG else ())]
    plans = [*MEMORY, *(f"full:{room}" for room in rooms), "whole"]
    told = run_plans(home, LATER, *plans, variables=watch.variables)
    full = {what for word, what in watch.lines() if word == "full"}
    return {said["plan"]: said for said in told} | {"full": full}


@pytest.mark.slow
@pytest.mark.xdist_group("killed")
# Rule F.after
def test_a_disk_that_is_full_for_one_room_fails_safely(
    lacking: Lacking, early: tuple[Path, str], whole: tuple[Path, str]
) -> None:
    """A night fails with the old snapshot, or behind the swap with the new one."""
    for room in ROOMS:
        said = lacking[f"full:{room}"]
        assert any(room in path for path in lacking["full"]), f"nothing was written to {room}"
        assert (said["killed_by"], said["exit_code"]) == (None, 1), said
        assert said["current"] == early[1], said
    for room in MORE_ROOMS if LONG else ():
        said = lacking[f"full:{room}"]
        assert said["killed_by"] is None, said
        assert said["current"] in (early[1], whole[1]), said
    assert (lacking["whole"]["exit_code"], lacking["whole"]["current"]) == (0, whole[1])


@pytest.mark.slow
@pytest.mark.xdist_group("killed")
# Rule F.after
def test_a_night_without_memory_fails_safely(
    lacking: Lacking, early: tuple[Path, str], whole: tuple[Path, str]
) -> None:
    for plan in MEMORY:
        said = lacking[plan]
        # without a report the process itself ended: nothing was left to write one with
        assert said.get("exit_code", 1) == 1, said
        assert said["current"] == early[1], said
    assert (lacking["whole"]["exit_code"], lacking["whole"]["current"]) == (0, whole[1])


@pytest.mark.slow
@pytest.mark.xdist_group("killed")
@pytest.mark.skipif(watched.COMPILER is None, reason="no C compiler to fill a disk with")
# Rules F.after, I.kept
def test_a_disk_that_is_full_for_the_vault_loses_no_byte(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    watch = watched.make(tmp_path)
    home = night.copy_inputs(examples.home_of(HOME), tmp_path / "home")
    landed = {path.read_bytes() for path in (home / "landing").rglob("*") if path.is_file()}
    (failed,) = run_plans(home, EARLIER, "full:/vault/", variables=watch.variables)
    assert any(word == "full" and "/vault/" in what for word, what in watch.lines())
    assert (failed["killed_by"], failed["exit_code"], failed["current"]) == (None, 1, None)
    waiting = {path.read_bytes() for path in (home / "landing").rglob("*") if path.is_file()}
    for data in landed - waiting:
        name = hashlib.sha256(data).hexdigest()
        assert vault.Received(Home(home), vault.VAULT, name).read() == data
    if LONG:
        whole = request.getfixturevalue("early")[1]
        assert run_plans(home, EARLIER, "whole")[0]["current"] == whole


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


# Rule F.hostile
def test_a_socket_and_a_device_are_refused_unread(
    empty: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(empty.landing)  # the whole path is too long for the name of a socket
    with socket.socket(socket.AF_UNIX) as open_socket:
        open_socket.bind("deltagere_2024-02-01.csv")
        expected = 1
        if os.geteuid() == 0:
            os.mknod("dream_2024-02-01.csv", 0o600 | 0o020000, os.makedev(1, 5))  # endless zeros
            expected = 2
        report = receiving.receive(empty, frozenset({corpus.CONTRACT}))
    assert [note.code for note in report.refused] == ["FILE_LIMIT"] * expected
    assert list(empty.landing.iterdir()) == []


# Rules F.hostile, F.encrypted
def test_a_file_beyond_its_limit_is_encrypted_piece_by_piece(empty: Home) -> None:
    """It is never parsed, and takes no more memory than a small one: 50 GB would not either."""
    size = 400 * 10**6
    with (empty.landing / "deltagere_2024-02-01.csv").open("wb") as stream:
        stream.truncate(size)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest, from now on
    before = memory("VmRSS")
    report = receiving.receive(empty, frozenset({corpus.CONTRACT}))
    assert [note.code for note in report.refused] == ["FILE_LIMIT"]
    assert memory("VmHWM") - before < size / 4
    assert max(path.stat().st_size for path in empty.quarantine.iterdir()) > size
    assert list(empty.landing.iterdir()) == []


def memory(name: str) -> int:
    """A figure of this process's memory, in bytes."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in told.splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024
