"""One run at a time into a home: a lock of the system that no killed process leaves behind.

What belongs here: taking and naming the lock. What does not: waiting, queues, steps.

Rules: F.lock.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.lib.base.errors import EffektError

BUSY = "HOME_BUSY"


def _holder(handle: int) -> str:
    """The holder of the lock as its file names it (the file may not be written yet)."""
    try:
        known = json.loads(os.pread(handle, 4096, 0).decode("utf-8"))
        return f"proces {int(known['pid'])}, begyndt {str(known['started'])[:32]}"
    except (ValueError, KeyError, TypeError):
        return "en proces, der ikke har skrevet sit navn endnu"


def _name_holder(handle: int) -> None:
    started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps({"pid": os.getpid(), "started": started}).encode("utf-8"), 0)


def _acquire(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _name_holder(handle)
    except BlockingIOError:
        who = _holder(handle)
        os.close(handle)
        raise EffektError(
            BUSY,
            f"en anden kørsel er i gang i mappen ({who})",
            remedy="vent, til den er slut, og kør igen",
        ) from None
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextmanager
def hold(lock_file: Path) -> Iterator[None]:
    """Hold the home's lock; a second holder is refused at once, in the same process too.

    Args:
        lock_file: the home's lock file; its folder must exist.

    Raises:
        EffektError: ``HOME_BUSY`` (exit code 1), naming the process that holds the lock.
    """
    handle = _acquire(lock_file)
    try:
        yield
    finally:
        os.ftruncate(handle, 0)
        os.close(handle)
