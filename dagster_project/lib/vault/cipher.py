"""Encrypting and decrypting one file; what is decrypted has no name.

What belongs here: age, and files without a name. What does not: which key (``keys``), where files
lie (``store``). A file without a name is gone with the last process that holds it, however that
process ends.

Rules: F.encrypted.
Decides: F.encrypted.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pyrage

from dagster_project.lib.base import files
from dagster_project.lib.vault.keys import VaultKey, read_key
from dagster_project.settings import Home

HEADER = b"age-encryption.org/v1\n"
_SMALL = 1 << 20  # is decrypted in memory
_PIECE = 1 << 20  # is written at once
_BY_SYSTEM = re.compile(r"\(os error (\d+)\)")


class DamagedError(OSError):
    """An encrypted file is not what was written, or was encrypted with a key that is not here."""


class Kept:
    """A stream that age writes to, and the first failure of it.

    The library gives no account of the last piece: a disk that is full by then would leave a file
    that is cut off, and nobody told.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write bytes."""
        return int(self._tried(lambda: self._stream.write(data)))

    def flush(self) -> None:
        """Hand on what is written."""
        self._tried(self._stream.flush)

    def end(self) -> None:
        """Hand on the last of it.

        Raises:
            OSError: a write failed, whoever was told.
        """
        if self.failure is None:
            self.flush()
        if self.failure is not None:
            raise self.failure

    def _tried(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except OSError as error:
            self.failure = self.failure or error
            raise


def path_of(handle: int) -> Path:
    """The path under which this process, and a child that inherits it, opens a file anew."""
    return Path(f"/proc/self/fd/{handle}")


def unnamed(folder: Path, size: int | None = None) -> int:
    """A new file without a name, to be written and read; a small one stands in memory.

    Where the file system knows no such files, its name is removed before a byte is written.
    """
    if size is not None and size <= _SMALL:
        return os.memfd_create("received")
    with suppress(OSError):
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, files.FILE_PRIVATE)
    handle, name = tempfile.mkstemp(prefix=".unnamed-", dir=folder)
    Path(name).unlink()
    return handle


def is_encrypted(path: Path) -> bool:
    """Whether a file begins as an encrypted one does."""
    with path.open("rb") as stream:
        return stream.read(len(HEADER)) == HEADER


def seal(key: VaultKey, data: bytes) -> bytes:
    """Bytes that fit into memory, encrypted."""
    sealed: bytes = pyrage.encrypt(data, [key.identities[0].to_public()])
    return sealed


def seal_file(key: VaultKey, source: Path, target: Path) -> None:
    """Encrypt a file into a new one, durably.

    Raises:
        OSError: the disk is full or broken; no new file is left.
    """
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        try:
            with source.open("rb") as plain, _written(handle) as kept:
                pyrage.encrypt_io(plain, kept, [key.identities[0].to_public()])
        except (pyrage.EncryptError, OSError) as error:
            raise _by_system(error) or error from None
        os.fsync(handle)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def unseal(home: Home, data: bytes) -> bytes:
    """Encrypted bytes as they were; those from before files were encrypted as they are.

    Raises:
        DamagedError: they are not what was written.
    """
    if not data.startswith(HEADER):
        return data
    try:
        plain: bytes = pyrage.decrypt(data, list(read_key(home).identities))
    except pyrage.DecryptError as error:
        raise DamagedError(str(error)) from None
    return plain


@contextmanager
def opened(home: Home, path: Path, identities: VaultKey | None = None) -> Iterator[int]:
    """A handle on a file's bytes as they were received, readable until the context is left.

    A file from before files were encrypted is read as it lies there.

    Raises:
        DamagedError: it is not what was written.
        EffektError: the key is missing.
        OSError: it is not there or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.pread(handle, len(HEADER), 0) == HEADER:
            handle, sealed = _decrypted(home, handle, identities), handle
            os.close(sealed)
        yield handle
    finally:
        os.close(handle)


def _decrypted(home: Home, handle: int, identities: VaultKey | None) -> int:
    size = os.fstat(handle).st_size
    opening = list((identities or read_key(home)).identities)
    plain = unnamed(home.vault, size)
    try:
        if size <= _SMALL:
            with open(plain, "wb", closefd=False) as stream:
                stream.write(pyrage.decrypt(os.pread(handle, size, 0), opening))
        else:
            with path_of(handle).open("rb") as sealed, _written(plain) as kept:
                pyrage.decrypt_io(sealed, kept, opening)
    except (pyrage.DecryptError, OSError) as error:
        os.close(plain)
        raise _by_system(error) or DamagedError(str(error)) from None
    except BaseException:
        os.close(plain)
        raise
    return plain


@contextmanager
def _written(handle: int) -> Iterator[Kept]:
    """What age writes to a handle; it ends well only where all of it is written."""
    with open(handle, "wb", buffering=_PIECE, closefd=False) as stream:
        kept = Kept(stream)
        yield kept
        kept.end()


def _by_system(error: Exception) -> OSError | None:
    """What the system refused, where that is the reason; the library tells it in words alone."""
    number = getattr(error, "errno", None)
    said = _BY_SYSTEM.search(str(error))
    if number is None and said:
        number = int(said[1])
    return None if number is None else OSError(number, os.strerror(number))
