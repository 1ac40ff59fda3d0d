"""csv: from bytes to the landed form.

A byte scan decides which way a file goes. A file without quotes, with one kind of line end, no empty
line and exactly the right number of delimiters has only one reading, and DuckDB reads it directly. Any
other file goes through Python's strict csv reader, which names the broken row, into a normalised file.
(DuckDB alone would drop an extra empty field, an empty line and blanks around quotes without a word.)
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib.receiving.declarations import Source
from dagster_project.lib.receiving.findings import FileRefusedError, Finding, rows_finding
from dagster_project.lib.receiving.landed import (
    SEPARATOR,
    Landed,
    check_headings,
    csv_relation,
    normalised,
)

_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"
# UTF-8 that was read as cp1252 or latin-1 and written as UTF-8 again: Ã¦, Ã¸, Ã¥, Ã†, Ã˜, Ã…, Ã©
_TWICE_ENCODED = re.compile(
    rb"\xc3\x83(?:\xc2[\x80-\xbf]|\xe2\x80[\xa0\xa6]|\xcb\x9c)|\xef\xbf\xbd", re.DOTALL
)
_WIDTH_FAULTS_SHOWN = 1000


@dataclass
class _Scan:
    """What the bytes of a csv file show without being parsed."""

    lines: int = 0
    delimiters: int = 0
    carriage_returns: int = 0
    line_ends: int = 0
    needs_reader: bool = False
    has_blank_line: bool = False

    def is_plain(self, columns: int) -> bool:
        """Only one reading is possible."""
        uniform = self.carriage_returns in (0, self.line_ends)
        return (
            uniform
            and not self.needs_reader
            and not self.has_blank_line
            and self.delimiters == (columns - 1) * self.lines
        )


def _encoding_fault(scan: _Scan, block: bytes, offset: int) -> FileRefusedError:
    row = scan.lines + block.count(b"\n", 0, offset)
    return FileRefusedError(rows_finding("FILE_ENCODING", None, [row] if row else []))


def _check_encoding(scan: _Scan, block: bytes) -> None:
    if (at := block.find(b"\0")) >= 0:
        raise _encoding_fault(scan, block, at)
    if block.isascii():
        return
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _encoding_fault(scan, block, error.start) from None
    if found := _TWICE_ENCODED.search(block):
        raise _encoding_fault(scan, block, found.start())


def _check_lines(scan: _Scan, block: bytes, limit: int) -> None:
    for start in range(0, len(block) - limit, limit):
        if (
            block.find(b"\n", start, start + limit) < 0
            and block.find(b"\r", start, start + limit) < 0
        ):
            row = scan.lines + block.count(b"\n", 0, start)
            raise FileRefusedError(
                rows_finding("FILE_LIMIT", None, [row] if row else [], f"tegn pr. linje: {limit}")
            )


def _blocks(path: Path, limit: int) -> Iterator[bytes]:
    """The file in blocks that end with a line end (or with the file)."""
    with path.open("rb") as handle:
        while block := handle.read(_CHUNK):
            if not block.endswith(b"\n"):
                block += handle.readline(2 * limit)
            yield block


def _scan(path: Path, source: Source) -> _Scan:
    scan = _Scan()
    delimiter, limit = source.csv.delimiter.encode(), source.limits.max_line_bytes
    ended = True
    for number, raw in enumerate(_blocks(path, limit)):
        block = raw.removeprefix(_BOM) if number == 0 else raw
        _check_lines(scan, block, limit)
        if source.csv.encoding == "utf-8":
            _check_encoding(scan, block)
        scan.needs_reader = scan.needs_reader or b'"' in block
        scan.has_blank_line = (
            scan.has_blank_line
            or block.startswith((b"\n", b"\r"))
            or b"\n\n" in block
            or b"\n\r" in block
        )
        scan.delimiters += block.count(delimiter)
        if b"\r" in block:
            scan.carriage_returns += block.count(b"\r")
            scan.needs_reader = scan.needs_reader or block.count(b"\r\n") != block.count(b"\r")
        ends = block.count(b"\n")
        scan.line_ends += ends
        ended = block.endswith(b"\n")
        scan.lines += ends + (0 if ended else 1)
        if scan.lines - 1 > source.limits.max_rows:
            raise FileRefusedError(
                Finding("FILE_LIMIT", detail=f"rækker: {source.limits.max_rows}")
            )
    if not ended and scan.carriage_returns:
        scan.needs_reader = scan.needs_reader or scan.carriage_returns != scan.line_ends
    return scan


def _records(path: Path, source: Source) -> Iterator[list[str]]:
    csv.field_size_limit(source.limits.max_line_bytes)
    encoding = "utf-8-sig" if source.csv.encoding == "utf-8" else source.csv.encoding
    with path.open(encoding=encoding, errors="strict", newline="") as handle:
        yield from csv.reader(handle, delimiter=source.csv.delimiter, strict=True)


def _guarded(path: Path, source: Source) -> Iterator[tuple[int, list[str]]]:
    """Records with their number (0 = header), reader errors as findings."""
    number = -1
    try:
        for number, record in enumerate(_records(path, source)):
            yield number, record
    except csv.Error as error:
        code = "FILE_LIMIT" if "field larger" in str(error) else "ROW_WIDTH"
        detail = "celle" if code == "FILE_LIMIT" else "anførselstegn"
        raise FileRefusedError(rows_finding(code, None, [number + 1], detail)) from None
    except (UnicodeDecodeError, LookupError):
        raise FileRefusedError(Finding("FILE_ENCODING")) from None


def _normalise(path: Path, source: Source, columns: int, target: Path) -> Landed:
    """Write the records to a file that needs no quoting; rows of a wrong width become gaps."""
    faults: dict[int, tuple[int, str]] = {}
    limit = source.limits.max_cell_chars
    blank: list[int] = []
    with normalised(target, columns) as writer:
        for number, record in _guarded(path, source):
            if number == 0:
                continue
            if not record:  # an empty line: allowed after the last record only
                blank.append(number)
                continue
            for row in blank:
                faults[row] = (-1, "ROW_WIDTH")
                writer.gap()
            blank.clear()
            if len(record) != columns:
                faults[number] = (-1, "ROW_WIDTH")
                writer.gap()
            else:
                writer.record(record)
                if max(map(len, record)) > limit:
                    raise FileRefusedError(
                        rows_finding("FILE_LIMIT", None, [number], f"tegn pr. celle: {limit}")
                    )
            if len(faults) > max(_WIDTH_FAULTS_SHOWN, source.max_rejected_rows):
                raise FileRefusedError(rows_finding("ROW_WIDTH", None, faults))
    relation = csv_relation(target, columns, SEPARATOR, 4 * source.limits.max_line_bytes)
    return Landed(relation, (), writer.row_count, faults)


def land_csv(path: Path, source: Source, spill: Path) -> Landed:
    """The landed form of a csv file.

    Args:
        path: the received bytes under a name of our own.
        source: its declaration.
        spill: private folder for a normalised copy.

    Raises:
        FileRefusedError: ``FILE_EMPTY``, ``FILE_ENCODING``, ``FILE_LIMIT``, ``HEADER_…``,
            ``ROW_WIDTH`` (a quote that is never closed).
    """
    scan = _scan(path, source)
    headings = next((record for _, record in _guarded(path, source)), [])
    if not headings and not any(record for _, record in _guarded(path, source)):
        raise FileRefusedError(Finding("FILE_EMPTY"))
    check_headings(headings, source)
    columns = len(headings)
    if scan.is_plain(columns) and source.csv.encoding == "utf-8":
        relation = csv_relation(path, columns, source.csv.delimiter, source.limits.max_line_bytes)
        return Landed(relation, headings, scan.lines - 1)
    landed = _normalise(path, source, columns, spill / f"{path.name}.landed")
    landed.headings = headings
    return landed
