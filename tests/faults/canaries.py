"""A thousand canary person numbers, files that carry them everywhere, and a scan for any trace.

The scan looks for every form that a number could leave a program in: plain, with its hyphen, in
every way that people write it (``support.number_forms``), without the first digit, as a double, in
UTF-16, in base64 and as hexadecimal or raw md5, sha1 or sha256. Compressed content is opened first:
DuckDB and Parquet tables are read out, zip members and what a PDF has attached unpacked.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import numpy

from dagster_project.lib.statement import paper
from tests.faults import corpus
from tests.support import number_forms

COUNT = 1000
CONTRACT = "kontrakt-900-00"
_WINDOW = 8
_SIEVE_BITS = 22
_SPREAD = numpy.uint64(0x9E3779B97F4A7C15)
_NUMBER = re.compile(r"(?<![\d-])\d{6}-?\d{4}(?![\d-])")
_PRIVATE = ("landing",)
# what a source accepts beside csv
FORMATS = {
    "ydelsesforloeb": "parquet", "dream": "parquet", "ydelsesrefusion": "parquet",
    "eindkomst": "parquet", "deltagere": "xlsx", "personstatus": "xlsx", "aktiviteter": "xlsx",
}  # fmt: skip


def number(place: int) -> str:
    """One canary: a replacement number (day + 60), so that no real person can have it.

    None of ``ALL`` ends in 0000: a PDF's table of places holds ``0000610143 00000`` by itself.
    """
    serial = (place * 7919 + 1) % 10000
    return f"{61 + place % 28}{1 + place % 12:02d}{43 + place % 50:02d}{serial:04d}"


ALL = tuple(number(place) for place in range(COUNT))


class Stamp:
    """Exchanges the person numbers of a text for canaries, each number for its own."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._next = 0

    def fresh(self) -> None:
        """From here on, other canaries."""
        self._given = {}

    def __call__(self, text: str) -> str:
        """The text with canaries, hyphens where they were."""
        return _NUMBER.sub(self._canary, text)

    def _canary(self, found: re.Match[str]) -> str:
        plain = found[0].replace("-", "")
        if plain not in self._given:
            self._given[plain] = ALL[self._next % COUNT]
            self._next += 1
        canary = self._given[plain]
        return f"{canary[:6]}-{canary[6:]}" if "-" in found[0] else canary

    @property
    def used(self) -> int:
        """How many canaries have been given."""
        return min(self._next, COUNT)


def table(source: str, stamp: Stamp, copies: int, mark: str) -> tuple[list[str], list[list[str]]]:
    """A valid table of a source, its persons exchanged, its rows repeated for other persons."""
    headings, rows = corpus.TABLES[source]
    made = []
    for copy in range(copies):
        stamp.fresh()
        for row in rows:
            cells = [stamp(cell).replace(corpus.CONTRACT, CONTRACT) for cell in row]
            made.append([re.sub(r"^([AF])-", rf"\1-{mark}{copy}-", cell) for cell in cells])
    return headings, made


def spoilt(rows: list[list[str]]) -> list[list[str]]:
    """Rows whose persons are right and whose other values are not, and the reverse."""
    made = []
    for place, row in enumerate(rows):
        at = next(i for i, cell in enumerate(row) if _NUMBER.fullmatch(cell))
        cells = list(row)
        if place % 3 == 0:
            cells[at] = row[at].replace("-", "")[1:]
        elif place % 3 == 1:
            cells[at] = f"{row[at]}.0"
        else:
            cells[(at + 1) % len(cells)] = row[at]
        made.append(cells)
    return made


def bytes_of(file_format: str, headings: list[str], rows: list[list[str]]) -> bytes:
    """A file of any format with text cells."""
    if file_format == "csv":
        return corpus.csv_bytes(headings, rows)
    if file_format == "xlsx":
        return corpus.xlsx_bytes(headings, rows)
    columns = [[value or None for value in column] for column in zip(*rows, strict=True)]
    return corpus.parquet_bytes(headings, columns)


def crashing(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Files that break a reader in the middle of a person."""
    yield "csv", data + b'"6101901234;open quote\n' + data
    yield "csv", data + b"\xff\xfe\n"
    yield "csv", data.replace(b"\n", b"\n;;;;;;;;\n", 3)
    yield "xlsx", b"PK\x03\x04" + data
    yield "parquet", b"PAR1" + data + b"PAR1"


# the scan


def _forms(canary: str) -> Iterator[bytes]:
    hyphened = f"{canary[:6]}-{canary[6:]}"
    for text in number_forms.of(canary):
        yield text.encode()
    for text in (canary, hyphened):
        yield text.encode()
        for algorithm in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            digest = algorithm(text.encode())
            yield digest.digest()
            yield digest.hexdigest().encode()
            yield digest.hexdigest().upper().encode()
    yield canary[1:].encode()
    yield struct.pack("<d", float(canary))
    yield repr(float(canary) / 1e9).encode()
    plain = canary.encode()
    yield base64.b64encode(plain[:9])
    yield base64.b64encode(plain[1:10])
    yield base64.b64encode(plain[2:8])


def _places(windows: numpy.ndarray) -> numpy.ndarray:
    """Where windows stand in the sieve (Fibonacci hashing: the high bits of a product)."""
    return (windows * _SPREAD) >> numpy.uint64(64 - _SIEVE_BITS)


class Scan:
    """Finds any form of any canary in bytes, in one pass per offset of eight."""

    def __init__(self, numbers: Iterable[str] = ALL) -> None:
        self._forms: dict[int, list[bytes]] = {}
        for canary in numbers:
            for form in _forms(canary):
                head = int.from_bytes(form[:_WINDOW], "little")
                self._forms.setdefault(head, []).append(form)
        heads = numpy.array(list(self._forms), dtype=numpy.uint64)
        self._sieve = numpy.zeros(1 << _SIEVE_BITS, dtype=bool)
        self._sieve[_places(heads)] = True

    def finds(self, data: bytes) -> bool:
        """Whether any form of any canary stands in the bytes."""
        narrow = data.replace(b"\0", b"")  # UTF-16 of any form, whatever its byte order
        return any(
            self._matches(text, offset) for text in (data, narrow) for offset in range(_WINDOW)
        )

    def _matches(self, data: bytes, offset: int) -> bool:
        count = (len(data) - offset) // _WINDOW
        if count <= 0:
            return False
        windows = numpy.frombuffer(data, "<u8", count, offset)
        near = numpy.flatnonzero(self._sieve[_places(windows)])
        for place, window in zip(near.tolist(), windows[near].tolist(), strict=True):
            start = offset + place * _WINDOW
            for form in self._forms.get(window, ()):
                if data[start : start + len(form)] == form:
                    return True
        return False

    def trace(self, root: Path) -> list[str]:
        """Files below a folder that hold a canary, the rooms for received bytes left out."""
        found = []
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root)
            if path.is_symlink() or not path.is_file() or inside.parts[0] in _PRIVATE:
                continue
            contents = (path.name.encode(), path.read_bytes(), *_unpacked(path))
            if any(self.finds(content) for content in contents):
                found.append(str(inside))
        return found


def _unpacked(path: Path) -> Iterator[bytes]:
    if path.suffix == ".parquet":
        with duckdb.connect() as connection:
            yield _text_of(f"read_parquet('{path}')", connection)
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() where not temporary"
            ).fetchall()
            for schema, name in tables:
                yield _text_of(f'{schema}."{name}"', connection)
    elif path.suffix == ".pdf":
        yield from (text.encode() for text in paper.documents_of(path.read_bytes()))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as package:
            yield from (package.read(name) for name in package.namelist())


def _text_of(relation: str, connection: duckdb.DuckDBPyConnection) -> bytes:
    """Every value of a table as text."""
    rows = connection.execute(
        f"select string_agg(t::varchar, chr(10)) from {relation} as t"
    ).fetchall()
    return (rows[0][0] or "").encode()
