"""The way of a landed file to its place: encrypted into ``vault/.incoming``, then settled.

What belongs here: copying, and moving a copy to its place. What does not: what becomes of a file
(``receiving.take_in``) and when it leaves ``landing/`` (``receiving.intake.journal``).

Rules: F.encrypted, F.killed.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.vault import cipher, keys
from dagster_project.lib.vault.store import VAULT, Place, Received
from dagster_project.settings import Home

_INCOMING = ".incoming"
_CHUNK = 1 << 20
_HELD = threading.BoundedSemaphore(64)  # plain copies at a time, each an open file
_NUMBERS = itertools.count()


@dataclass
class Copied:
    """A landed file's bytes, copied aside under their sha256.

    Args:
        home: the home.
        sha256: of the bytes.
        written: done once the encrypted copy is on the disk; None where nothing is waited for.
        plain: handle of a copy without a name, where one is held.
    """

    home: Home
    sha256: str
    written: Future[None] | None = None
    plain: int | None = None

    def wait_until_written(self) -> None:
        """Return when the copy survives a power loss.

        Raises:
            OSError: the disk is full or broken.
        """
        if self.written is not None:
            self.written.result()

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """A path under which the bytes can be read until the context is left.

        Raises:
            OSError: the disk is full or broken.
        """
        if self.plain is not None:
            yield cipher.path_of(self.plain)
            return
        self.wait_until_written()
        with cipher.opened(self.home, incoming_folder(self.home) / self.sha256) as handle:
            yield cipher.path_of(handle)

    def close(self) -> None:
        """Let go of the plain copy; from now on it is decrypted where it is read."""
        if self.plain is not None:
            if self.written is not None:
                self.written.exception()  # it is read from while it is encrypted
            os.close(self.plain)
            self.plain = None
            _HELD.release()


def incoming_folder(home: Home) -> Path:
    """The private folder for files whose fate is not decided."""
    return home.vault / _INCOMING


def copy_in(home: Home, handle: int) -> Copied:
    """Copy and hash an open file; it is encrypted to the disk while the caller goes on.

    Raises:
        OSError: the disk is full or broken.
        EffektError: the key is missing.
    """
    key = keys.read_key(home)
    plain = cipher.unnamed(home.vault, os.fstat(handle).st_size)
    aside = ThreadPoolExecutor(1)  # hashes a piece while it is written, at last encrypts
    try:
        digest = _copy(handle, plain, aside)
        copied = Copied(home, digest, plain=plain)
        copied.written = aside.submit(_seal, key, plain, incoming_folder(home) / digest)
    except BaseException:
        os.close(plain)
        raise
    finally:
        aside.shutdown(wait=False)
    if not _HELD.acquire(blocking=False):
        copied.wait_until_written()
        os.close(plain)
        copied.plain = None
    return copied


def keep_in(home: Home, data: bytes) -> Copied:
    """Keep bytes aside, durably."""
    digest = hashlib.sha256(data).hexdigest()
    files.write_atomic(incoming_folder(home) / digest, cipher.seal(keys.read_key(home), data))
    return Copied(home, digest)


def write_note(home: Home, name: str, text: str) -> Path:
    """Keep a text of our own beside the copies, durably and encrypted: it may name files."""
    sealed = cipher.seal(keys.read_key(home), text.encode("utf-8"))
    return files.write_atomic(incoming_folder(home) / name, sealed)


def read_note(home: Home, name: str) -> str:
    """The text of ``write_note``.

    Raises:
        OSError: it is not there, or not what was written.
        EffektError: the key is missing.
    """
    return cipher.unseal(home, (incoming_folder(home) / name).read_bytes()).decode("utf-8")


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


def take_in(home: Home, handle: int, sha256: str, place: Place) -> None:
    """Encrypt an open file that is too large to be copied to its place.

    Raises:
        OSError: the disk is full or broken.
    """
    target = Received(home, place, sha256)
    if not target.is_there:
        part = new_part(home)
        cipher.seal_file(keys.read_key(home), cipher.path_of(handle), part)
        _move(part, target.stored)


def new_part(home: Home) -> Path:
    """A name in the private folder for an encrypted file while it is written."""
    return incoming_folder(home) / f".{os.getpid()}-{next(_NUMBERS)}.part"


def _copy(handle: int, plain: int, aside: ThreadPoolExecutor) -> str:
    digest, copied = hashlib.sha256(), 0
    with open(plain, "wb", buffering=0, closefd=False) as stream:
        while chunk := os.read(handle, _CHUNK):
            hashing = aside.submit(digest.update, chunk)
            left = memoryview(chunk)
            while left:
                left = left[stream.write(left) :]
            # the landed file is not read again: its pages make room for those of the copy
            os.posix_fadvise(handle, copied, len(chunk), os.POSIX_FADV_DONTNEED)
            copied += len(chunk)
            hashing.result()
    return digest.hexdigest()


def _seal(key: keys.VaultKey, plain: int, target: Path) -> None:
    part = target.with_name(f".{os.getpid()}-{next(_NUMBERS)}.part")
    cipher.seal_file(key, cipher.path_of(plain), part)
    part.replace(target)


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
