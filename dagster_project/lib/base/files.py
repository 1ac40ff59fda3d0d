"""Durable files: written aside, fsynced, renamed; modes set explicitly (F.after)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

DIR_PRIVATE = 0o700
DIR_RESTRICTED = 0o750
DIR_PUBLIC = 0o755
FILE_PRIVATE = 0o600
FILE_RESTRICTED = 0o440
FILE_MART = 0o444
FILE_PUBLIC = 0o644
FILE_READ_ONLY = 0o444
_ASIDE = ".tmp"


def fsync_dir(path: Path) -> None:
    """Make renames and creations in a folder survive a power loss."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_file(path: Path) -> None:
    """Make a file's bytes survive a power loss."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_dir(path: Path, mode: int = DIR_PRIVATE) -> Path:
    """Create a folder (and private parents) with exactly this mode, whatever the umask."""
    if not path.is_dir():
        if not path.parent.is_dir():
            make_dir(path.parent, mode)
        path.mkdir(exist_ok=True)
        path.chmod(mode)
    return path


def set_mode(path: Path, mode: int) -> None:
    """Give a folder that is there already its mode, where this user may."""
    if stat.S_IMODE(path.stat().st_mode) != mode:
        with suppress(PermissionError):
            path.chmod(mode)


def write_atomic(path: Path, data: bytes | str, mode: int = FILE_PRIVATE) -> Path:
    """Replace a file's content in one step: temporary name, fsync, rename, fsync of the folder."""
    raw = data.encode("utf-8") if isinstance(data, str) else data
    aside = path.with_name(f".{path.name}.{os.getpid()}{_ASIDE}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        aside.chmod(mode)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    fsync_dir(path.parent)
    return path


def sweep_asides(folders: Iterable[Path]) -> None:
    """Remove what ``write_atomic`` of killed processes left in these folders.

    The name holds its maker's process number. A file with this process's own number is from an
    earlier process of that number, so call this before anything is written.
    """
    for folder in folders:
        for left in folder.glob(f".*{_ASIDE}"):
            maker = left.name.removesuffix(_ASIDE).rpartition(".")[2]
            if not (maker.isascii() and maker.isdecimal()) or left.is_symlink():
                continue
            if left.is_file() and (int(maker) == os.getpid() or not _is_running(int(maker))):
                with suppress(OSError):  # gone meanwhile, or not ours to remove
                    left.unlink()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True  # another user's
    except (ProcessLookupError, OverflowError):
        return False
    return True
