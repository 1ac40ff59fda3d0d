"""csv: from bytes to the landed form.

A byte scan decides which way a file goes. A file whose header is its first line, with one kind of
line end, no empty row, exactly the right number of delimiters, and quotes only around whole fields
has only one reading, and DuckDB reads it directly. Any other file goes through Python's strict csv
reader, which names the broken row and leaves empty ones out, into a normalised file. (DuckDB alone
would drop an extra empty field, an empty line and blanks around quotes without an error.) The scan
saves 0.5 CPU s of a municipality's register (260,000 rows) and a minute of a nation's; the bounds
of docs/benchmarks.md rest on it and on ``week_lines``.

Rules: I.formats, I.empty_rows, I.places.
Decides: I.empty_rows.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from dagster_project.lib.receiving.formats.headings import not_found_in_csv
from dagster_project.lib.receiving.formats.landed import (
    SEPARATOR,
    Landed,
    Layout,
    check_headings,
    count_headings,
    csv_relation,
    normalised,
    wide_relation,
)
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.formats.week_lines import MAX_WEEKS
from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding, rows_finding
from dagster_project.lib.receiving.judging.places import Places

_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# UTF-8 that was read as cp1252 or latin-1 and written as UTF-8 again: Ã¦, Ã¸, Ã¥, Ã†, Ã˜, Ã…, Ã©
_TWICE_ENCODED = re.compile(
    rb"\xc3\x83(?:\xc2[\x80-\xbf]|\xe2\x80[\xa0\xa6]|\xcb\x9c)|\xef\xbf\xbd", re.DOTALL
)
_SEPARATOR = SEPARATOR.encode()
_WIDTH_FAULTS_SHOWN = 1000
# From here on a wide file is read by ``week_lines``; below it numpy costs more than it saves.
STREAMED_BYTES = 1 << 20


@dataclass
class _Scan:
    """What the bytes of a csv file show without being parsed."""

    lines: int = 0
    delimiters: int = 0
    carriage_returns: int = 0
    line_ends: int = 0
    quotes: int = 0
    opening_quotes: int = 0
    closing_quotes: int = 0
    needs_reader: bool = False
    has_separator: bool = False

    def is_plain(self, columns: int) -> bool:
        """Only one reading is possible: each quote opens or closes a whole, plain field."""
        return (
            self.carriage_returns in (0, self.line_ends)
            and not self.needs_reader
            and self.quotes == 2 * self.opening_quotes == 2 * self.closing_quotes
            and self.delimiters == (columns - 1) * self.lines
        )

    def count(self, block: bytes, delimiter: bytes) -> None:
        """Add a block of whole lines."""
        ends, may_have_empty_row = _line_feeds(block, delimiter)
        if may_have_empty_row and not self.needs_reader:
            self.needs_reader = _has_empty_row(block, delimiter)
        self.has_separator = self.has_separator or _SEPARATOR in block
        self.delimiters += _count_byte(block, delimiter)
        if b"\r" in block:
            returns = block.count(b"\r")
            self.carriage_returns += returns
            self.needs_reader = self.needs_reader or block.count(b"\r\n") != returns
        if b'"' in block:
            self._count_quotes(block, delimiter)
        self.line_ends += ends
        self.lines += ends + (0 if block.endswith(b"\n") else 1)

    def _count_quotes(self, block: bytes, delimiter: bytes) -> None:
        self.quotes += block.count(b'"')
        self.opening_quotes += (
            block.count(delimiter + b'"') + block.count(b'\n"') + block.startswith(b'"')
        )
        self.closing_quotes += (
            block.count(b'"' + delimiter)
            + block.count(b'"\n')
            + block.count(b'"\r\n')
            + block.endswith(b'"')
        )


def _count_byte(block: bytes, byte: bytes) -> int:
    """How often a frequent byte occurs; numpy is imported for large files only."""
    if len(block) < _CHUNK:
        return block.count(byte)
    import numpy

    return int(numpy.count_nonzero(numpy.frombuffer(block, numpy.uint8) == byte[0]))


def _line_feeds(block: bytes, delimiter: bytes) -> tuple[int, bool]:
    """How many line feeds there are, and whether a line begins as one with no value does."""
    begin = (b"\n", b"\r", delimiter, b'""')
    is_suspect = block.startswith(begin) or (b'"' in block and b'\n""' in block)
    if len(block) < _CHUNK:
        is_suspect = is_suspect or any(b"\n" + mark in block for mark in begin)
        return block.count(b"\n"), is_suspect
    import numpy

    data = numpy.frombuffer(block, numpy.uint8)
    at = numpy.flatnonzero(data == b"\n"[0])
    after = data[at[at < len(data) - 1] + 1]
    begins = numpy.frombuffer(b"\r\n" + delimiter, numpy.uint8)
    return len(at), is_suspect or bool(numpy.isin(after, begins).any())


def _has_empty_row(block: bytes, delimiter: bytes) -> bool:
    """Whether a line of a block holds nothing but delimiters and quotes."""
    mark = re.escape(delimiter)
    return re.search(rb'(?:\A|\n)(?!\Z)(?:"|' + mark + rb")*\r?(?:\n|\Z)", block) is not None


def _line_fault(
    code: str, scan: _Scan, block: bytes, offset: int, header_row: int, cause: str = "",
    detail: str = "",
) -> FileRefusedError:  # fmt: skip
    """A finding of the line in which a byte of a block stands; of the header, without a row."""
    line = scan.lines + block.count(b"\n", 0, offset) + 1
    record, places = line - header_row, Places("line")
    places.note(record, line)
    found = rows_finding(code, None, [record] if record > 0 else [], detail, places)
    return FileRefusedError(replace(found, cause=cause))


def _check_encoding(scan: _Scan, block: bytes, header_row: int) -> None:
    if (at := block.find(b"\0")) >= 0:
        raise _line_fault("FILE_ENCODING", scan, block, at, header_row)
    if block.isascii():
        return
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        cause = "utf16" if block.startswith(_UTF16) else "eight_bits"
        raise _line_fault("FILE_ENCODING", scan, block, error.start, header_row, cause) from None
    if found := _TWICE_ENCODED.search(block):
        raise _line_fault("FILE_ENCODING", scan, block, found.start(), header_row, "twice")


class _Utf8:
    """Whether a text of another declared encoding is UTF-8 all the same: it would read as others.

    Text beyond ASCII in cp1252 or latin-1 is valid UTF-8 only by a rare accident of two letters.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_valid = True
        self._beyond_ascii = False

    def add(self, block: bytes) -> None:
        """Read one more block of the file."""
        self._beyond_ascii = self._beyond_ascii or not block.isascii()
        self._decode(block)

    def _decode(self, block: bytes, *, is_last: bool = False) -> None:
        if self._is_valid:
            try:
                self._decoder.decode(block, is_last)
            except UnicodeDecodeError:
                self._is_valid = False

    def refuse(self) -> None:
        """At the end of the file.

        Raises:
            FileRefusedError: ``FILE_ENCODING``.
        """
        self._decode(b"", is_last=True)
        if self._is_valid and self._beyond_ascii:
            raise FileRefusedError(Finding("FILE_ENCODING", detail="declared"))


def _check_lines(scan: _Scan, block: bytes, limit: int, header_row: int) -> None:
    for start in range(0, len(block) - limit, limit):
        if (
            block.find(b"\n", start, start + limit) < 0
            and block.find(b"\r", start, start + limit) < 0
        ):
            detail = f"tegn pr. linje: {limit}"
            raise _line_fault("FILE_LIMIT", scan, block, start, header_row, detail=detail)


def _blocks(path: Path, limit: int) -> Iterator[bytes]:
    """The file in blocks that end with a line end (or with the file)."""
    with path.open("rb") as handle:
        while block := handle.read(_CHUNK):
            if not block.endswith(b"\n"):
                block += handle.readline(2 * limit)
            yield block


def _scan(path: Path, source: Source) -> _Scan:
    scan = _Scan()
    delimiter, limits = source.csv.delimiter.encode(), source.limits
    utf8 = None if source.csv.encoding == "utf-8" else _Utf8()
    for number, raw in enumerate(_blocks(path, limits.max_line_bytes)):
        block = raw.removeprefix(_BOM) if number == 0 else raw
        _check_lines(scan, block, limits.max_line_bytes, source.header_row)
        if utf8 is None:
            _check_encoding(scan, block, source.header_row)
        else:
            utf8.add(raw)
        scan.count(block, delimiter)
        if scan.lines - source.header_row > limits.max_rows:
            raise FileRefusedError(Finding("FILE_LIMIT", detail=f"rækker: {limits.max_rows}"))
    if utf8 is not None:
        utf8.refuse()
    return scan


class _Rows:
    """The rows of a file that are not empty, the header first, reader errors as findings.

    The lines above the header row are no csv.

    Args:
        path: the file.
        source: its declaration.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self._path = path
        self._source = source
        self._next_line = self.header_line = source.header_row
        self.empty = 0
        self.places = Places("line")

    def __iter__(self) -> Iterator[list[str]]:
        number = -1  # the header is record 0
        try:
            for line, record in self._records():
                if not any(record):
                    self.empty += 1
                    continue
                number += 1
                if number:
                    self.places.note(number, line)
                else:
                    self.header_line = line
                yield record
        except csv.Error as error:
            raise self._broken(error, number + 1) from None
        except (UnicodeError, LookupError):
            own = self._source.csv.encoding
            detail = "" if own == "utf-8" else f"tegnsæt: {own}"
            raise FileRefusedError(Finding("FILE_ENCODING", detail=detail)) from None

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(self._source.limits.max_line_bytes)
        dialect, above = self._source.csv, self._source.header_row - 1
        encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
        with self._path.open(encoding=encoding, errors="strict", newline="") as handle:
            for _ in range(above):
                handle.readline()
            reader = csv.reader(handle, delimiter=dialect.delimiter, strict=True)
            for record in reader:
                line, self._next_line = self._next_line, above + reader.line_num + 1
                yield line, record

    def _broken(self, error: csv.Error, number: int) -> FileRefusedError:
        code = "FILE_LIMIT" if "field larger" in str(error) else "ROW_WIDTH"
        detail = "celle" if code == "FILE_LIMIT" else "anførselstegn"
        self.places.note(number, self._next_line)
        return FileRefusedError(rows_finding(code, None, [number], detail, self.places))


def _normalise(path: Path, source: Source, columns: int, target: Path) -> Landed:
    """Write the records to a file that needs no quoting; rows of a wrong width become gaps."""
    faults: dict[int, tuple[int, str]] = {}
    rows = _Rows(path, source)
    with normalised(target, columns, source.limits.max_cell_chars) as writer:
        for record in islice(rows, 1, None):
            if len(record) == columns:
                writer.record(record)
                continue
            writer.gap()
            cause = "short" if len(record) < columns else "long"
            faults[writer.row_count] = (-1, f"ROW_WIDTH:{cause}")
            if len(faults) > max(_WIDTH_FAULTS_SHOWN, source.max_rejected_rows):
                raise FileRefusedError(rows_finding("ROW_WIDTH", None, faults, places=rows.places))
    relation = csv_relation(target, columns, SEPARATOR, 4 * source.limits.max_line_bytes)
    return Landed(relation, (), writer.row_count, faults, places=rows.places, empty_rows=rows.empty)


def _is_wide_line(headings: Sequence[str], layout: Layout, scan: _Scan, source: Source) -> bool:
    """The key first, the weeks after it in order of time, no quotes: lines need no splitting."""
    in_order = tuple(position for *_, position in layout.weeks) == tuple(range(1, len(headings)))
    return bool(layout.weeks) and in_order and not scan.quotes and source.csv.delimiter == ";"


def land_csv(
    path: Path,
    source: Source,
    spill: Spill,
    *,
    whole_lines: bool = True,
    may_be_plain: bool = True,
) -> Landed:
    """The landed form of a csv file.

    Args:
        path: the received bytes, as the parser is shown them.
        source: its declaration.
        spill: where a normalised copy stands.
        whole_lines: wide files may be landed line by line (``Landed.has_weeks_text``).
        may_be_plain: DuckDB may read the file itself; else the strict reader, record by record.

    Raises:
        FileRefusedError: ``FILE_EMPTY``, ``FILE_ENCODING``, ``FILE_LIMIT``, ``HEADER_…``,
            ``ROW_WIDTH`` (a quote that is never closed).
    """
    scan = _scan(path, source)
    rows = _Rows(path, source)
    headings = next(iter(rows), None)
    if headings is None:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    if not count_headings(headings, source) and len(headings) <= source.limits.max_columns:
        raise FileRefusedError(not_found_in_csv(path, source, rows.header_line))
    layout = check_headings(headings, source)
    columns = len(headings)
    is_plain = source.header_row == 1 and source.csv.encoding == "utf-8"
    if may_be_plain and is_plain and scan.is_plain(columns):
        places = Places.from_the_first_line()
        if whole_lines and _is_wide_line(headings, layout, scan, source):
            relation = wide_relation(path, source.limits.max_line_bytes)
            is_streamed = (
                path.stat().st_size >= STREAMED_BYTES
                and len(layout.weeks) <= MAX_WEEKS
                and not scan.has_separator
            )
            return Landed(
                relation,
                headings,
                scan.lines - 1,
                has_weeks_text=True,
                lines_file=path if is_streamed else None,
                places=places,
            )
        relation = csv_relation(
            path, columns, source.csv.delimiter, source.limits.max_line_bytes, quotes=True
        )
        return Landed(relation, headings, scan.lines - 1, places=places)
    landed = _normalise(path, source, columns, spill.new_copy())
    landed.headings = headings
    return landed
