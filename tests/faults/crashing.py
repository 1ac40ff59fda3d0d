"""A process that runs nights on a home and ends them where a plan says so.

Each night is a real process of its own, forked from a parent that has imported the libraries and
opened nothing, so that a test can afford one crash at every step. Prints one JSON line per night.

    python -m tests.faults.crashing HOME AS_OF PLAN...

where each PLAN is ``kill:<step>`` (kill -9 when the step is done), ``ms:<n>`` (kill -9 so many
milliseconds in), ``disk:<bytes>`` (no file may grow beyond), ``full:<text>`` (no byte is written to
a file whose path holds the text; the parent must load tests/support/watched.c), ``memory:<bytes>``
(the process may take so much more), ``engine:<size>`` (each DuckDB may take so much, and spill
nothing), ``spoil`` (a person twice in the raw room, which a gate must find) or ``whole``.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb

from dagster_project import settings
from dagster_project.lib import publishing, warehouse
from dagster_project.orchestration import dbt_runner
from tests.support.night import run_night


def preload() -> None:
    """Import what a night imports, without opening a file."""
    for name in ("dbt.cli.main", "great_expectations", "scipy.stats"):
        importlib.import_module(name)
    dbt_runner.parsed_folder()


def night(home: Path, as_of: str, plan: str, out: int, without: tuple[str, ...] = ()) -> None:
    """Run one night in this process as planned, less some steps; write its report to a pipe."""
    kind, _, value = plan.partition(":")
    if kind == "ms":
        threading.Timer(int(value) / 1000, os.kill, (os.getpid(), signal.SIGKILL)).start()
    if kind == "disk":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(value), resource.RLIM_INFINITY))
    if kind == "full":
        ctypes.CDLL(None).watched_full(value.encode())
    if kind == "memory":
        resource.setrlimit(resource.RLIMIT_AS, (taken() + int(value), resource.RLIM_INFINITY))
    if kind == "engine":
        narrow(value)

    def after(step: str) -> None:
        if kind == "kill" and step == value:
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "spoil" and step == "load_inputs":
            spoil(home)

    done = run_night(home, as_of, after=after, without=without)
    os.write(out, json.dumps(done.as_json()).encode())


def taken() -> int:
    """The bytes of addresses that this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def narrow(size: str) -> None:
    """Let every DuckDB that this process opens from now on have so much memory, and no spill."""
    real: Any = duckdb.connect
    limits = {"memory_limit": size, "max_temp_directory_size": "0B"}

    def connect(*places: Any, config: dict[str, Any] | None = None, **more: Any) -> Any:
        return real(*places, config={**(config or {}), **limits}, **more)

    duckdb.connect = connect


def spoil(home: Path) -> None:
    """Put every person into the raw room twice."""
    connection = warehouse.connect(settings.Home(home).warehouse)
    try:
        connection.execute("insert into raw.person from raw.person")
    finally:
        connection.close()


def forked(home: Path, as_of: str, plan: str, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The night's report, or the signal that ended it."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        code = 0
        try:
            night(home, as_of, plan, sink, without)
        except BaseException:
            code = 70
            raise
        finally:
            os._exit(code)
    os.close(sink)
    with os.fdopen(source, "rb") as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    report = json.loads(said) if said else {}
    killed_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    return {**report, "plan": plan, "killed_by": killed_by, "current": current(home)}


def current(home: Path) -> str | None:
    """The snapshot that a reader sees, its bytes compared with its manifest."""
    found = publishing.current_snapshot(settings.Home(home))
    if found is None:
        return None
    publishing.check_snapshot(found.path)
    return found.snapshot_id


def main() -> None:
    """Run the plans in turn."""
    home, as_of, plans = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    preload()
    for plan in plans:
        print(json.dumps(forked(home, as_of, plan)), flush=True)


if __name__ == "__main__":
    main()
