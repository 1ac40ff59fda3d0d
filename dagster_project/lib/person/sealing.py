"""Sealed copies in the vault: the deliveries that held a forgotten person, without that person.

What belongs here: writing them before the decision is recorded, and knowing after a kill which were
written. What does not: their form (``receiving.formats.sealed``), the decision (``forgetting``).

A copy is durable in the vault before the line that names it. Until the line stands, the names of
the copies stand in ``vault/.forget.json``, so that those of a killed command are taken away.

Rules: F.forget, F.killed.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from dagster_project.lib import removals, vault
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.person.rows import Files, FoundIn, Sought
from dagster_project.lib.receiving.formats.sealed import write_sealed
from dagster_project.settings import Home

_PENDING = ".forget.json"
_CHUNK = 1 << 20


def pending_file(home: Home) -> Path:
    """Where the names of copies stand that no line names yet."""
    return home.vault / _PENDING


@dataclass(frozen=True)
class Pending:
    """What a command was at when it was killed, or is at.

    Args:
        sequence: the number that its line has in the record of removals, once it stands.
        copies: sha256 of the copies that it has written.
    """

    sequence: int
    copies: tuple[str, ...] = ()

    def note(self, home: Home) -> Pending:
        """Write it down, durably."""
        content = {"sequence": self.sequence, "copies": list(self.copies)}
        files.write_atomic(pending_file(home), json.dumps(content) + "\n")
        return self


def pending(home: Home) -> Pending | None:
    """What a command was at; null where none is at work or was killed."""
    try:
        told = json.loads(pending_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Pending(int(told["sequence"]), tuple(told["copies"]))


def seal(files_: Files, sought: Sought) -> list[removals.File]:
    """Write a sealed copy of every delivery that holds rows of the person.

    Returns:
        the vault's files that the copies replace.

    Raises:
        EffektError: ``FORGET_READINGS``: one file is two deliveries that are read differently.
        OSError: the disk is full or broken; nothing is decided.
    """
    made: dict[str, removals.File] = {}
    at = Pending(len(removals.read(files_.home)) + 1).note(files_.home)
    for found in sought.found:
        sha256 = found.record.sha256
        with _nameless(files_.home) as handle:
            _write(files_, found, handle)
            copy = _sha256(handle)
            if sha256 in made and made[sha256].copy_sha256 != copy:
                raise _two_readings(found)
            if sha256 in made:
                continue
            at = replace(at, copies=(*at.copies, copy)).note(files_.home)
            _store(files_.home, handle)
        made[sha256] = removals.File(removals.VAULT, sha256, found.record.size, copy)
    return list(made.values())


def _nameless(home: Home) -> IO[bytes]:
    """A file in the vault's folder that has no name and is gone when it is closed."""
    return tempfile.TemporaryFile(dir=home.vault)


def _write(files_: Files, found: FoundIn, handle: IO[bytes]) -> None:
    with files_.opened(found.record) as opened:
        if opened is not None:
            numbers = {row.number for row in found.rows}
            write_sealed(files_.parser, opened.landed, numbers, handle)
    handle.flush()


def _pieces(handle: IO[bytes]) -> Iterator[bytes]:
    handle.seek(0)
    while piece := handle.read(_CHUNK):
        yield piece


def _sha256(handle: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(handle):
        digest.update(piece)
    return digest.hexdigest()


def _store(home: Home, handle: IO[bytes]) -> None:
    handle.seek(0)
    files.make_dir(vault.incoming_folder(home))
    copied = vault.copy_in(home, handle.fileno())
    if copied.written is not None:
        copied.written.result()
    vault.settle(home, copied.sha256, vault.VAULT)
    files.fsync_dir(home.vault)


def _two_readings(found: FoundIn) -> EffektError:
    return EffektError(
        "FORGET_READINGS",
        f"{found.record.file_name} er modtaget to gange og læses på to måder (sources/)",
        remedy="træk den ene levering tilbage, og giv driften besked; intet er glemt",
    )
