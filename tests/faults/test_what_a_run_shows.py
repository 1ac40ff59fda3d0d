"""What others on the machine can see of a night at work: no key, no open folder, no core dump."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from dagster_project.lib import warehouse
from dagster_project.lib.keys.pseudonym import hmac_pads
from tests.support.examples import ALL, home_of
from tests.support.night import copy_inputs, run_night

NAME, AS_OF = ALL[0]
KEY = "c0ffee" * 10 + "beef"


def forms(key: str) -> list[bytes]:
    """The ways in which a key may be seen."""
    raw = key.encode()
    pads = hmac_pads(raw)
    return [raw, *pads, *(pad.hex().encode() for pad in pads), raw.hex().encode()]


@dataclass
class Watch:
    """What was seen of the processes at work."""

    processes: set[int] = field(default_factory=set)
    looks: int = 0
    shown: set[str] = field(default_factory=set)
    core_limits: set[str] = field(default_factory=set)
    open_folders: set[str] = field(default_factory=set)

    def look(self, key: str) -> None:
        """Look once at this process and all below it, as the system shows them."""
        here = psutil.Process()
        for process in [here, *here.children(recursive=True)]:
            with suppress(psutil.Error, OSError):
                self._look_at(Path(f"/proc/{process.pid}"), key)
                self.processes.add(process.pid)
        if any(form in repr(dict(os.environ)).encode() for form in forms(key)):
            self.shown.add("environ")
        self.looks += 1

    def _look_at(self, place: Path, key: str) -> None:
        for name in ("cmdline", "environ", "comm"):
            raw = (place / name).read_bytes()
            if any(form in raw for form in forms(key)):
                self.shown.add(name)
        limits = (place / "limits").read_text()
        line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        self.core_limits.add(line.split()[4])


@contextmanager
def watching(key: str) -> Iterator[Watch]:
    """Look all the while."""
    watch, done = Watch(), threading.Event()

    def go_on() -> None:
        while not done.is_set():
            watch.look(key)
            time.sleep(0.2)

    watcher = threading.Thread(target=go_on)
    watcher.start()
    try:
        yield watch
    finally:
        done.set()
        watcher.join()


@dataclass
class Night:
    """A night and all that was seen of it."""

    home: Path
    watch: Watch
    settings: list[str]
    folders: set[tuple[str, int]]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """One night of a small municipality whose key is known, watched."""
    home = copy_inputs(home_of(NAME), tmp_path_factory.mktemp("set") / "hjem")
    (home / "secrets").mkdir(mode=0o700)
    (home / "secrets" / "pseudonym.key").write_text(KEY)
    (home / "secrets" / "pseudonym.key").chmod(0o600)
    told: list[str] = []
    folders: set[tuple[str, int]] = set()
    patch = pytest.MonkeyPatch()
    plain = warehouse.connect
    before = os.umask(0o022)

    def connect(*args: Any, **options: Any) -> Any:
        connection = plain(*args, **options)
        for asked in ("duckdb_settings()", "duckdb_databases()", "duckdb_secrets()"):
            told.extend(map(repr, connection.execute(f"from {asked}").fetchall()))
        return connection

    def after(_step: str) -> None:
        for path in (home / "work").rglob("*"):
            if path.is_dir():
                folders.add((str(path), stat.S_IMODE(path.stat().st_mode)))

    for module in list(sys.modules.values()):
        if getattr(module, "connect", None) is plain:
            patch.setattr(module, "connect", connect)
    try:
        with watching(KEY) as watch:
            done = run_night(home, AS_OF, after=after)
        assert done.as_json()["snapshot_id"], done.as_json()
        yield Night(home, watch, told, folders)
    finally:
        os.umask(before)
        patch.undo()


# Rule F.key
def test_the_key_stands_in_no_argument_environment_or_setting_of_a_night(night: Night) -> None:
    assert night.watch.looks > 5
    assert night.watch.shown == set()
    assert night.settings
    assert [line for line in night.settings if KEY in line] == []


# Rule F.key
def test_the_key_stands_in_no_file_but_its_own(night: Night) -> None:
    files = [path for path in night.home.rglob("*") if path.is_file() and not path.is_symlink()]
    holding = {path.name for path in files if any(f in path.read_bytes() for f in forms(KEY))}
    assert holding == {"pseudonym.key"}


# Rule F.key
@pytest.mark.parametrize(("place", "name"), [("argument", "cmdline"), ("environment", "environ")])
def test_a_key_that_a_process_was_given_would_be_seen(place: str, name: str) -> None:
    words = [sys.executable, "-c", "import time; time.sleep(30)"]
    given = {**os.environ, "NOEGLE": KEY} if place == "environment" else dict(os.environ)
    child = subprocess.Popen([*words, KEY] if place == "argument" else words, env=given)
    try:
        watch = Watch()
        for _ in range(50):
            watch.look(KEY)
            if watch.shown:
                break
            time.sleep(0.1)
        assert watch.shown == {name}
    finally:
        child.kill()
        child.wait()


# Rule F.private
def test_no_process_of_a_night_may_dump_its_memory(night: Night) -> None:
    assert "0" in night.watch.core_limits
    night.watch.core_limits.clear()
    night.watch.look(KEY)  # this process has been hardened by now, and so is whatever it starts
    assert night.watch.core_limits == {"0"}


# Rule F.private
def test_every_folder_that_a_night_works_in_is_its_users_alone(night: Night) -> None:
    assert night.folders
    assert {mode for _, mode in night.folders} == {0o700}
    assert stat.S_IMODE((night.home / "work").stat().st_mode) == 0o700
    spill = {line for line in night.settings if line.startswith("('temp_directory'")}
    assert spill
    assert [line for line in spill if str(night.home / "work") not in line] == []
