"""Folders that hold something for as long as a process lives, and not after it was killed.

What belongs here: making such a folder, and finding and removing one that a killed process left.
What does not: what stands in it. A folder is alive while its maker holds the system's lock on it,
which no killed process leaves behind.

Rules: F.killed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ALIVE = ".alive"


def _locked(folder: Path) -> int | None:
    """A handle that holds the folder's lock; None where its maker lives, it is gone or not ours.

    The lock is on a file, for a folder cannot be locked on every file system.
    """
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link
            return None
        raise
    handle = None
    try:
        if os.fstat(place).st_uid != os.geteuid():
            return None
        handle = os.open(
            _ALIVE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=place
        )
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:  # else a sweep removed it meanwhile
            taken, handle = handle, None
            return taken
    except (BlockingIOError, FileNotFoundError):
        return None  # its maker lives, or a sweep was quicker
    finally:
        os.close(place)
        if handle is not None:
            os.close(handle)
    return None


def sweep(parent: Path, prefix: str) -> None:
    """Remove the folders of killed processes; those of live ones are left alone."""
    for folder in parent.glob(f"{prefix}*"):
        if (handle := _locked(folder)) is not None:
            try:
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


@contextmanager
def folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new private folder, removed at the end, or by the next ``sweep`` after a kill."""
    sweep(parent, prefix)
    handle = None
    while handle is None:  # a sweep may take it for a dead one before it is locked
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        handle = _locked(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(handle)
