"""The archive: files one after another (tar), as one age-encrypted stream.

What belongs here: writing and reading that stream, and what is wrong with one that cannot be read.
What does not: which files stand in it. Nothing decrypted has a name: files are encrypted while they
are read, and decrypted into a pipe.

Rules: F.backup, F.restore.
"""

from __future__ import annotations

import os
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.lib.vault.cipher import Kept

CHUNK = 1 << 20
_IDENTITY = "AGE-SECRET-KEY-"


@dataclass(frozen=True)
class Entry:
    """A file for the archive, or of it.

    Args:
        name: its path in the home, with ``/``.
        size: bytes that follow.
        chunks: those bytes, read once.
    """

    name: str
    size: int
    chunks: Iterator[bytes]


class _Tar:
    """Files as the bytes of a tar, to be read like a file."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._bytes = _tar_bytes(entries)
        self._ready = b""
        self.failure: BaseException | None = None

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        try:
            while not self._ready and (more := next(self._bytes, None)) is not None:
                self._ready = more
        except BaseException as error:
            self.failure = error
            raise
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken


def _tar_bytes(entries: Iterator[Entry]) -> Iterator[bytes]:
    for entry in entries:
        header = tarfile.TarInfo(entry.name)
        header.size, header.mode = entry.size, files.FILE_PRIVATE
        yield header.tobuf(tarfile.PAX_FORMAT)
        yield from entry.chunks
        yield b"\0" * (-entry.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def write(stream: IO[bytes], entries: Iterator[Entry], recipients: Sequence[Any]) -> None:
    """Write the files as an archive that the recipients can open.

    Raises:
        OSError: the disk is full or broken, or a file could not be read.
    """
    import pyrage

    tar, out = _Tar(entries), Kept(stream)
    try:
        pyrage.encrypt_io(tar, out, list(recipients))
    except pyrage.EncryptError:
        raise tar.failure or out.failure or broken("kan ikke krypteres") from None
    out.end()


@contextmanager
def reading(path: Path, identities: Sequence[Any]) -> Iterator[Iterator[Entry]]:
    """The files of an archive, in their order; each is read before the next is asked for.

    Raises:
        EffektError: ``BACKUP_KEY``: none of the identities opens it; ``BACKUP_BROKEN``: it is
            damaged, cut off or no archive.
    """
    out, into = os.pipe()
    decrypting = _Decrypting(path, identities, into)
    decrypting.start()
    try:
        with os.fdopen(out, "rb") as stream:
            try:
                with tarfile.open(mode="r|", fileobj=stream) as tar:
                    yield _entries(tar)
                while stream.read(CHUNK):  # the last piece says that nothing was cut off
                    pass
            except tarfile.TarError:
                decrypting.join()
                raise decrypting.failure or broken("er ikke hel") from None
        decrypting.join()
        if decrypting.failure is not None:
            raise decrypting.failure
    finally:
        decrypting.join()


class _Decrypting(threading.Thread):
    """Decrypts an archive into a pipe, and keeps what went wrong."""

    def __init__(self, path: Path, identities: Sequence[Any], into: int) -> None:
        super().__init__(daemon=True)
        self._path, self._identities, self._into = path, list(identities), into
        self.failure: EffektError | OSError | None = None

    def run(self) -> None:
        """Decrypt to the end, or until nobody reads any more."""
        import pyrage

        with suppress(BrokenPipeError), os.fdopen(self._into, "wb") as pipe:
            out = Kept(pipe)
            try:
                with self._path.open("rb") as stream:
                    pyrage.decrypt_io(stream, out, self._identities)
            except pyrage.DecryptError as error:
                is_other = "matching keys" in str(error)
                self.failure = _other_key() if is_other else broken("er ikke hel")
            except OSError as error:
                if out.failure is None:
                    self.failure = broken("er ikke hel") if error.errno is None else error


def _entries(tar: tarfile.TarFile) -> Iterator[Entry]:
    for member in tar:
        content = tar.extractfile(member) if member.isreg() else None
        if content is None:
            raise broken("rummer andet end filer")
        yield Entry(member.name, member.size, _chunks(content))


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    while chunk := content.read(CHUNK):
        yield chunk


def broken(what: str) -> EffektError:
    """What is wrong with an archive, in Danish, as the end of a sentence about it."""
    return EffektError(
        "BACKUP_BROKEN",
        f"sikkerhedskopien {what}",
        remedy="brug en anden kopi af den, eller den forrige sikkerhedskopi",
    )


def _other_key() -> EffektError:
    return EffektError(
        "BACKUP_KEY",
        "sikkerhedskopien er ikke krypteret til den nøgle, der er angivet",
        remedy="find den private nøgle, hvis offentlige del stod i backup.recipients i home.yml,"
        " da kopien blev lavet",
    )


def recipients_of(texts: Sequence[str]) -> list[Any]:
    """The public keys that ``backup.recipients`` names.

    Raises:
        UsageError: ``BACKUP_RECIPIENTS``: none is named, or one is no public key of age (exit 2).
    """
    import pyrage

    try:
        found = [pyrage.x25519.Recipient.from_str(text) for text in texts]
    except pyrage.RecipientError:
        wrong = "backup.recipients i home.yml rummer noget, der ikke er en offentlig age-nøgle"
    else:
        if found:
            return found
        wrong = "home.yml siger ikke, hvem der skal kunne åbne sikkerhedskopien"
    raise UsageError(
        wrong,
        remedy="lav et nøglepar på en anden maskine (age-keygen -o backup.key), og skriv den"
        " offentlige del i home.yml: backup: {recipients: [age1…]}",
        code="BACKUP_RECIPIENTS",
    )


def identities_of(path: Path) -> list[Any]:
    """The private keys of a file as ``age-keygen`` writes it.

    Raises:
        UsageError: ``BACKUP_IDENTITY``: it cannot be read or holds none (exit 2).
    """
    import pyrage

    try:
        lines = path.read_text(encoding="ascii").split()
        found = [
            pyrage.x25519.Identity.from_str(word) for word in lines if word.startswith(_IDENTITY)
        ]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError):
        found = []
    if found:
        return found
    raise UsageError(
        "filen med den private nøgle kan ikke læses eller rummer ingen",
        remedy="angiv den fil, som age-keygen skrev, med --identity",
        code="BACKUP_IDENTITY",
    )
