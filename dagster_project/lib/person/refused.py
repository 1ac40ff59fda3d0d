"""Refused files that hold a person's number: they are in quarantine as they came, unread.

What belongs here: looking through such a file, whatever it is. What does not: removing one.

A refused file may be anything. Its bytes are searched as text in the encodings that senders use;
what is packed (a workbook) is unpacked within bounds; what its source's own reader can land is
searched cell by cell. A file that is packed and that no reader opens cannot be looked into: it is
counted, and it goes when the days of quarantine have passed.

Rules: F.person, F.forget.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.lib import vault
from dagster_project.lib.person.numbers import Person
from dagster_project.lib.purge.needs import checksum_files
from dagster_project.lib.receiving.formats.content import land
from dagster_project.lib.receiving.formats.landed import landed_text
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.intake.walk import names_sha256
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError
from dagster_project.lib.removals import File
from dagster_project.settings import Home

_CHUNK = 8_000_000
_OVERLAP = 200
_MOST_UNPACKED = 300_000_000
_PACKED = (b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class InQuarantine:
    """What was found in quarantine.

    Args:
        holding: refused files that hold a number of the person, one for each sha256.
        unread: refused files that nobody can look into.
        checksums: checksum files, in the vault too, that hold a number, or that lie beside a
            refused file that does.
    """

    holding: tuple[Record, ...]
    unread: int
    checksums: tuple[File, ...] = ()


def seek_refused(
    home: Home, register: Register, parser: duckdb.DuckDBPyConnection, spill: Spill, person: Person
) -> InQuarantine:
    """The refused files that hold a number of the person; ``parser`` knows the person's SQL."""
    holding: dict[str, Record] = {}
    unread: set[str] = set()
    for record in register.ever_refused():
        received = vault.Received(home, vault.QUARANTINE, record.sha256)
        if record.sha256 in holding or not received.is_there:
            continue
        with received.opened() as path:
            found = _holds(path, person) or _lands_with(path, record, parser, spill, person)
        if found:
            holding[record.sha256] = record
            unread.discard(record.sha256)
        elif found is None:
            unread.add(record.sha256)
    checksums = tuple(_checksums(home, register, person, holding))
    return InQuarantine(tuple(holding.values()), len(unread), checksums)


def _checksums(
    home: Home, register: Register, person: Person, holding: Iterable[str]
) -> Iterator[File]:
    """A checksum file says the name that its file had, and whatever its writer put there."""
    for place in (vault.VAULT, vault.QUARANTINE):
        gone = set(holding) if place == vault.QUARANTINE else set()
        for received, text in checksum_files(home, place, register):
            if person.is_in(text) or any(names_sha256(text, sha256) for sha256 in gone):
                yield File(place, received.sha256, len(received.read()))


def _holds(path: Path, person: Person) -> bool:
    """Whether the bytes, or what is packed in them, hold the person as text."""
    if any(_is_in(piece, person) for piece in _pieces(path)):
        return True
    try:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as package:
            left = _MOST_UNPACKED
            for member in package.infolist():
                left -= member.file_size
                if left < 0:
                    return False
                if _is_in(package.read(member), person):
                    return True
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError):
        return False
    return False


def _pieces(path: Path) -> Iterator[bytes]:
    """A file in pieces, each beginning with the end of the one before."""
    with path.open("rb") as handle:
        kept = b""
        while piece := handle.read(_CHUNK):
            yield kept + piece
            kept = piece[-_OVERLAP:]


def _is_in(data: bytes, person: Person) -> bool:
    texts = [data.decode("utf-8", "replace")]
    if not data.isascii():
        texts.append(data.decode("latin-1"))
    if b"\0" in data:  # UTF-16 of either byte order
        texts.append(data.replace(b"\0", b"").decode("latin-1"))
    return any(person.is_in(text) or person.is_short_in(text) for text in texts)


def _lands_with(
    path: Path, record: Record, parser: duckdb.DuckDBPyConnection, spill: Spill, person: Person
) -> bool | None:
    """Whether a cell of the file holds the person; null where nobody can look into it."""
    source = load_sources().get(record.source or "")
    if source is not None:
        try:
            with spill.shown(path) as shown:
                landed = land(shown, record.format or "csv", source, spill, whole_lines=False)
                hits = " or ".join(
                    person.sql(landed_text(place), is_number=True)
                    for place in range(len(landed.headings))
                )
                rows = parser.execute(
                    f"select count(*) from {landed.relation} where {hits or 'false'}"
                ).fetchall()
        except (FileRefusedError, duckdb.Error, OSError):
            pass
        else:
            return bool(rows[0][0])
    with path.open("rb") as handle:
        begins = handle.read(8)
    is_packed = begins.startswith(_PACKED) and not zipfile.is_zipfile(path)
    return None if is_packed else False
