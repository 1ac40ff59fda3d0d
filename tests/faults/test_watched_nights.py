"""A whole night asks no other machine for anything, is durable step by step, and has no locale.

The command itself runs, with Dagster's record: what reports home would be that, dbt or Great
Expectations. One night is watched for all of it, on a machine whose clock is a year behind and put
back by an hour meanwhile, in another time zone and a locale of plain ASCII.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.conftest import HOME, LATER, run_plans
from tests.support import examples, night, shifted_clock, watched
from tests.support.watched import Watch, not_durable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("killed"),
    pytest.mark.skipif(watched.COMPILER is None, reason="no C compiler to watch a process with"),
]
KEPT = ("vault", "quarantine", "ledger", "published", "reports", "secrets")
MADE_ANEW = ("published/site", "published/restricted-site")
"""What a power loss must leave whole, and the pages, which the next night makes anew from it."""
OPT_OUTS = ("DAGSTER_DISABLE_TELEMETRY", "DO_NOT_TRACK", "DBT_SEND_ANONYMOUS_USAGE_STATS")
ELSEWHERE = {
    "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "America/St_Johns",
}  # fmt: skip
BEFORE_THE_HOUR_COMES_TWICE = dt.datetime(2025, 10, 26, 0, 59, 40, tzinfo=dt.UTC)


class Watched(NamedTuple):
    """A night that was watched."""

    home: Path
    watch: Watch
    ended: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """``effekt run`` in a new home, watched."""
    folder = tmp_path_factory.mktemp("watched")
    home = night.copy_inputs(examples.home_of(HOME), folder / "home")
    watch, clock = watched.make(folder), shifted_clock.make(folder)
    clock.set(BEFORE_THE_HOUR_COMES_TWICE)
    both = f"{watch.library}:{clock.library}"
    variables = {**clock.variables, **watch.variables, "LD_PRELOAD": both, **ELSEWHERE}
    return Watched(home, watch, effekt(home, variables))


def effekt(home: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """``effekt run`` on the second date, without anybody's word against telemetry."""
    own = {name: value for name, value in os.environ.items() if name not in OPT_OUTS}
    return subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", "run", "--as-of", LATER, "--json",
         "--home", str(home)],
        env={**own, **variables}, cwd=Path(__file__).parents[2], capture_output=True, text=True,
        check=False, timeout=1800,
    )  # fmt: skip


# Rule F.after
def test_clock_zone_and_locale_of_the_machine_change_no_figure(
    seen: Watched, whole: tuple[Path, str]
) -> None:
    assert seen.ended.returncode == 0, seen.ended.stderr[-2000:]
    assert json.loads(seen.ended.stdout)["snapshot_id"] == whole[1]


# Rule F.quiet
def test_a_whole_night_asks_no_other_machine_for_anything(seen: Watched) -> None:
    assert seen.ended.returncode == 0, seen.ended.stderr[-2000:]
    assert len(seen.watch.lines()) > 20, "nothing was watched"
    assert seen.watch.calls() == []


# Rule F.after
def test_nothing_is_renamed_that_a_power_loss_could_still_empty(seen: Watched) -> None:
    lines = seen.watch.lines()
    moved = [what for word, what in lines if word == "move"]
    for room in ("vault", "published", "reports"):
        assert any(f"\t{seen.home}/{room}/" in what for what in moved), room
    wrong = [said for room in KEPT for said in not_durable(lines, seen.home / room)]
    places = [f"{seen.home}/{place}" for place in MADE_ANEW]
    assert [said for said in wrong if not said.endswith(tuple(places))] == []


# Rule F.after
def test_a_locked_record_of_dagster_loses_nothing(seen: Watched, whole: tuple[Path, str]) -> None:
    databases = [path for path in seen.home.glob("dagster/**/*.db") if path.is_file()]
    assert databases
    with ExitStack() as held:
        for path in databases:
            connection = held.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            connection.execute("begin exclusive")
        locked = effekt(seen.home, {})
    assert locked.returncode in (0, 1), locked.stderr[-2000:]
    (after,) = run_plans(seen.home, LATER, "whole")
    assert (after["exit_code"], after["current"]) == (0, whole[1])
    if locked.returncode:
        said = json.loads(locked.stdout)
        assert said["error"]
        assert (seen.home / "reports").is_dir()


def run_watched(watch: Watch, code: str) -> None:
    """Run a piece of Python, watched."""
    words = [sys.executable, "-c", code]
    subprocess.run(words, env={**os.environ, **watch.variables}, check=True, timeout=60)


def test_an_attempt_to_reach_another_machine_is_seen(tmp_path: Path) -> None:
    watch = watched.make(tmp_path)
    run_watched(
        watch,
        "import contextlib, socket, urllib.request\n"
        "with contextlib.suppress(OSError): urllib.request.urlopen('http://example.invalid')\n"
        "with contextlib.suppress(OSError): socket.socket().connect(('192.0.2.1', 80))\n"
        "with contextlib.suppress(OSError):\n"
        "    socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))\n"
        "socket.socketpair()\n",
    )
    assert watch.calls() == ["ask example.invalid", "call family 2", "call family 2"]


@pytest.mark.parametrize("lacks", ["", "the file", "the folder"])
def test_a_rename_without_its_syncs_is_seen(tmp_path: Path, lacks: str) -> None:
    watch, place = watched.make(tmp_path), tmp_path / "kept"
    place.mkdir()
    without = {
        "": "",
        "the file": "files.os.fsync = lambda handle: None if not os.path.isdir(f'/proc/self/fd/"
        "{handle}') else real(handle)\n",
        "the folder": "files.fsync_dir = lambda path: None\n",
    }
    run_watched(
        watch,
        "import os, pathlib\n"
        "from dagster_project.lib.base import files\n"
        "real = os.fsync\n"
        f"{without[lacks]}"
        f"files.write_atomic(pathlib.Path({str(place / 'a')!r}), b'x')\n",
    )
    wrong = list(not_durable(watch.lines(), place))
    assert [said.partition(":")[0] for said in wrong] == {
        "": [],
        "the file": ["not synced before it was renamed"],
        "the folder": ["folder not synced afterwards"],
    }[lacks]
