"""The run at work, ``reports/.run.json``: what tells who was at work when a process is killed.

What belongs here: writing it, removing it, and finding the one that a dead process left. What does
not: telling (``alerts``). The file stands only while its process holds the home: where it stands in
a home that nobody holds, the process was killed or its machine is gone.

Rules: P.alert, F.killed.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from typing import Any

from dagster_project.lib.nights.record import now_text, write_for_owner
from dagster_project.settings import Home

_FILE = ".run.json"


def note(home: Home, run_id: str, as_of_date: str, area: str | None, step: str | None) -> None:
    """Write down which run is at work and at which step; without room for it, it goes on."""
    told = {
        "run_id": run_id, "as_of_date": as_of_date, "area": area, "step": step, "at": now_text(),
    }  # fmt: skip
    with suppress(OSError):
        write_for_owner(home.reports / _FILE, json.dumps(told, sort_keys=True) + "\n")


def end(home: Home) -> None:
    """The run at work has ended and said what it had to."""
    with suppress(OSError):
        (home.reports / _FILE).unlink(missing_ok=True)


def noted(home: Home) -> dict[str, Any] | None:
    """The run that is written down, be its process alive or not; none where there is none."""
    try:
        told = json.loads((home.reports / _FILE).read_text(encoding="utf-8"))
        return {key: told[key] for key in ("run_id", "as_of_date", "area", "step")}
    except (OSError, ValueError, TypeError, KeyError):
        return None


def left(home: Home) -> dict[str, Any] | None:
    """The run that a dead process left; none where none is noted or its process holds the home.

    The lock is asked only where a run is noted, and only for as long as the answer takes.
    """
    if noted(home) is None:
        return None
    try:
        handle = os.open(home.lock_file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return noted(home)
    except OSError:
        return None  # closed to this user
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return noted(home)
    except OSError:
        return None  # held: its run is at work
    finally:
        os.close(handle)
