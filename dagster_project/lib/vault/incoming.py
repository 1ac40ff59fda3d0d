"""The way of a landed file to its place: copied into ``vault/.incoming``, then settled.

What belongs here: copying, and moving a copy to its place. What does not: what becomes of a file
(``receiving.take_in``) and when it leaves ``landing/`` (``receiving.intake.journal``).
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dagster_project.lib.base import files
from dagster_project.lib.vault.store import VAULT, Place, Received
from dagster_project.settings import Home

_INCOMING = ".incoming"
_PART = "next.part"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Copied:
    """A landed file's bytes, copied aside.

    Args:
        sha256: of the bytes.
        path: where they can be read.
        written: done once the copy is on the disk; None where nothing is to be waited for.
    """

    sha256: str
    path: Path
    written: Future[None] | None = field(default=None, compare=False)


def incoming_folder(home: Home) -> Path:
    """The private folder for files whose fate is not decided."""
    return home.vault / _INCOMING


def copy_in(home: Home, handle: int) -> Copied:
    """Copy and hash an open file; its bytes go to the disk while the caller goes on.

    Raises:
        OSError: the disk is full or broken.
    """
    aside = incoming_folder(home) / _PART
    digest, written = _copy(handle, aside)
    return Copied(digest, aside.replace(aside.with_name(digest)), written)


def keep_in(home: Home, data: bytes) -> Copied:
    """Keep bytes aside, durably."""
    digest = hashlib.sha256(data).hexdigest()
    return Copied(digest, files.write_atomic(incoming_folder(home) / digest, data))


def settle(home: Home, sha256: str, place: Place) -> None:
    """Move a copy to its place (a second time: nothing is left to move).

    The same bytes may lie under two names, one accepted and one refused: the vault gets them first,
    and quarantine a copy.
    """
    aside = incoming_folder(home) / sha256
    target, accepted = Received(home, place, sha256), Received(home, VAULT, sha256)
    if aside.is_file():
        _move(aside, target.stored)
    elif accepted.is_there and not target.is_there:
        _copy_durably(accepted.stored, target.stored)


def take_in(home: Home, folder: int, name: str, sha256: str, place: Place) -> None:
    """Move a file that is too large to be copied from an open folder to its place."""
    _move(Path(f"/proc/self/fd/{folder}") / name, Received(home, place, sha256).stored)


def _copy(handle: int, target: Path) -> tuple[str, Future[None]]:
    digest, copied = hashlib.sha256(), 0
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    stream = os.fdopen(out, "wb")
    aside = ThreadPoolExecutor(1)  # hashes a piece while it is written, at last syncs and closes
    try:
        while chunk := os.read(handle, _CHUNK):
            hashing = aside.submit(digest.update, chunk)
            stream.write(chunk)
            # the landed file is not read again: its pages make room for those of the copy
            os.posix_fadvise(handle, copied, len(chunk), os.POSIX_FADV_DONTNEED)
            copied += len(chunk)
            hashing.result()
        stream.flush()
    except BaseException:
        with suppress(OSError):  # a full disk fails again while the rest of the buffer is written
            stream.close()
        raise
    else:
        return digest.hexdigest(), aside.submit(_sync, stream)
    finally:
        aside.shutdown(wait=False)


def _sync(stream: BinaryIO) -> None:
    with stream:
        os.fsync(stream.fileno())


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_durably(source, target)
        source.unlink()
    target.chmod(files.FILE_PRIVATE)


def _copy_durably(source: Path, target: Path) -> None:
    aside = target.with_name(f".{target.name}.tmp")
    shutil.copyfile(source, aside)
    files.fsync_file(aside)
    aside.chmod(files.FILE_PRIVATE)
    aside.replace(target)
