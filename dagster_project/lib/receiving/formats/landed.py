"""The landed form of a file: every value as text, in a relation that the parser reads.

What belongs here: the common shape that all formats give, and the normalised file that formats
without a DuckDB reader are written to. What does not: the formats themselves, any grammar.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.lib.receiving.judging.declarations import Column, Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.places import Places
from dagster_project.lib.warehouse.literals import literal

SEPARATOR = "\x1f"
_UNSAFE = re.compile("[\x00\n\r\x1f]")
_REPLACEMENT = "\ufffd"
UNREADABLE = _REPLACEMENT  # what a cell of a wrong type lands as: a text that no grammar takes
_WEEK = re.compile(r"\d{4}", re.ASCII)


@dataclass
class Landed:
    """A file ready to be parsed.

    Args:
        relation: SQL of a table function that gives the columns ``h0``, ``h1`` … in file order.
        headings: headings in file order.
        row_count: records that the relation must give; None where the scan cannot count them.
        has_weeks_text: the relation gives ``weeks_text`` itself (the cells of the week columns,
            each followed by ``;``) and no columns for the weeks.
        lines_file: the file itself, where it is large and ``week_lines`` may read it instead.
        faults: per row number the column index in the declaration (-1: the row) and the code of
            faults that only the format could see.
        cells: per (row number, column index in the declaration) the code of a cell of a wrong type;
            it landed as ``UNREADABLE``.
        sheet_number: of the workbook's sheet that is read, from 1; 0 in other formats.
        places: the file's own number of each record.
        empty_rows: rows whose cells are all empty; they are no records.
        row_count_with_empty: rows of a file whose ``relation`` leaves the empty ones out.
        forgotten: rows that a sealed copy marks: persons stood there who are forgotten (F.forget).
    """

    relation: str
    headings: Sequence[str]
    row_count: int | None
    faults: dict[int, tuple[int, str]] = field(default_factory=dict)
    has_weeks_text: bool = False
    lines_file: Path | None = None
    sheet_number: int = 0
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    places: Places = field(default_factory=Places)
    empty_rows: int = 0
    row_count_with_empty: int | None = None
    forgotten: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Layout:
    """Where the declared columns stand in the file.

    Args:
        positions: file position of each declared column, None for one that is left out.
        weeks: (ISO year, week, file position), in order of time.
        constants: of each declared column, the text that every row has for one that is left out.
    """

    positions: tuple[int | None, ...]
    weeks: tuple[tuple[int, int, int], ...] = ()
    constants: tuple[str, ...] = ()

    def texts(self) -> list[str]:
        """SQL of the landed text of each declared column, never null."""
        constants = self.constants or ("",) * len(self.positions)
        return [
            literal(constant) if position is None else landed_text(position)
            for position, constant in zip(self.positions, constants, strict=True)
        ]

    def column_at(self, source: Source) -> dict[int, Column]:
        """The declared column at each file position that is read."""
        places = zip(self.positions, source.columns, strict=True)
        return {position: column for position, column in places if position is not None}


def csv_relation(
    path: Path, columns: int, delimiter: str, max_line_bytes: int, *, quotes: bool = False
) -> str:
    """``read_csv`` of a clean file, everything declared, nothing sniffed."""
    names = ", ".join(f"'h{position}': 'varchar'" for position in range(columns))
    quote = "'\"'" if quotes else "''"
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, header = true, "
        f"delim = {literal(delimiter)}, quote = {quote}, escape = {quote}, comment = '', "
        f"columns = {{{names}}}, strict_mode = true, null_padding = false, "
        f"max_line_size = {max(max_line_bytes * 2, 4096)}, nullstr = '')"
    )


def wide_relation(path: Path, max_line_bytes: int) -> str:
    """A clean wide file with the key first and the weeks in order: each line stays one text."""
    lines = csv_relation(path, 1, SEPARATOR, max_line_bytes)
    key, weeks_text = split_line("h0")
    return f"(select {key} as h0, {weeks_text} as weeks_text from {lines})"


def split_line(line: str) -> tuple[str, str]:
    """SQL: the key and the weeks of a line, each week followed by ``;``."""
    return (
        f"left({line}, instr({line}, ';') - 1)",
        f"substr({line}, instr({line}, ';') + 1) || ';'",
    )


@contextmanager
def normalised(
    path: Path, columns: int, longest: int, most_chars: int | None = None
) -> Iterator[_Writer]:
    """Write records to a file that needs no quoting (separator U+001F).

    Of a text with more than the ``longest`` number of characters one more is kept: enough to be
    refused. (A workbook names one long text from a million cells.)

    Raises:
        FileRefusedError: ``FILE_LIMIT``, the records have more than ``most_chars`` characters.
    """
    with path.open("w", encoding="utf-8", newline="") as handle:
        handle.write(SEPARATOR.join("h" * columns) + "\n")
        yield _Writer(handle, columns, longest, most_chars)


class _Writer:
    """Appends records; what would break the form becomes a mark that every grammar refuses."""

    def __init__(self, handle: object, columns: int, longest: int, most_chars: int | None) -> None:
        self._kept = longest + 1
        self._most_chars = most_chars
        self._chars = 0
        self._write = handle.write  # type: ignore[attr-defined]
        self._empty = SEPARATOR * (columns - 1) + "\n"
        self.row_count = 0

    def record(self, texts: Sequence[str]) -> None:
        """One record of the right width."""
        self.row_count += 1
        texts = [text[: self._kept] for text in texts]
        joined = SEPARATOR.join(texts)
        if joined.count(SEPARATOR) != len(texts) - 1 or _UNSAFE.sub("", joined) != joined.replace(
            SEPARATOR, ""
        ):
            joined = SEPARATOR.join(_UNSAFE.sub(_REPLACEMENT, text) for text in texts)
        self._chars += len(joined)
        if self._most_chars is not None and self._chars > self._most_chars:
            raise FileRefusedError(Finding("FILE_LIMIT", detail=f"tegn i alt: {self._most_chars}"))
        self._write(joined + "\n")

    def gap(self) -> None:
        """A record that cannot be read: keeps the numbering."""
        self.row_count += 1
        self._write(self._empty)


def count_headings(headings: Iterable[str], source: Source) -> int:
    """How many of these texts are headings of the source."""
    texts = list(headings)
    known = {heading for column in source.columns for heading in column.headings}
    return len(known.intersection(texts)) + len(_weeks(texts, source))


def check_headings(headings: Sequence[str], source: Source) -> Layout:
    """Match the file's headings with the declaration.

    Raises:
        FileRefusedError: ``HEADER_NOT_FOUND``, ``HEADER_MISSING``, ``HEADER_DUPLICATE`` and
            ``HEADER_UNKNOWN`` (unknown headings are named by their position, never by their text),
            ``FILE_LIMIT``.
    """
    if len(headings) > source.limits.max_columns:
        raise FileRefusedError(
            Finding("FILE_LIMIT", detail=f"kolonner: {source.limits.max_columns}")
        )
    if not count_headings(headings, source):
        raise FileRefusedError(Finding("HEADER_NOT_FOUND"))
    own = {heading: column.heading for column in source.columns for heading in column.headings}
    named = [own.get(heading, heading) for heading in headings]
    place = {heading: position for position, heading in reversed(list(enumerate(named)))}
    weeks = _weeks(headings, source)
    week_places = {position for *_, position in weeks}
    findings = _missing(place, weeks, source)
    doubled = [
        position
        for position, heading in enumerate(named)
        if place[heading] != position and (heading in own or place[heading] in week_places)
    ]
    if doubled:
        names = ", ".join(dict.fromkeys(named[position] for position in doubled))
        findings.append(Finding("HEADER_DUPLICATE", names))
    findings += [
        Finding("HEADER_DUPLICATE", column.heading, detail="constant")
        for column in source.columns
        if column.constant is not None and column.heading in place
    ]
    unknown = [
        str(position + 1)
        for position, heading in enumerate(named)
        if heading not in own
        and heading not in source.ignore_columns
        and place[heading] not in week_places
    ]
    if unknown:
        findings.append(Finding("HEADER_UNKNOWN", detail=f"kolonne nr. {', '.join(unknown[:20])}"))
    if findings:
        raise FileRefusedError(*findings)
    return Layout(
        tuple(place.get(column.heading) for column in source.columns),
        weeks,
        tuple(column.constant or "" for column in source.columns),
    )


def _missing(
    place: Mapping[str, int], weeks: Sequence[tuple[int, int, int]], source: Source
) -> list[Finding]:
    findings = [
        Finding("HEADER_MISSING", column.heading)
        for column in source.columns
        if column.must_be_present and column.heading not in place
    ]
    if source.weeks and not weeks:
        findings.append(Finding("HEADER_MISSING", f"{source.weeks.prefix}ÅÅUU"))
    return findings


def heading_at(source: Source, index: int) -> str | None:
    """The declared heading at an index, None for the row as a whole (-1)."""
    return source.columns[index].heading if index >= 0 else None


def landed_text(position: int) -> str:
    """SQL: the landed text at a file position, never null."""
    return f"coalesce(h{position}, '')"


def _weeks(headings: Sequence[str], source: Source) -> tuple[tuple[int, int, int], ...]:
    """(ISO year, week, position) of the week columns in order of time; only weeks that exist."""
    if source.weeks is None:
        return ()
    found: dict[tuple[int, int], int] = {}
    for position, heading in enumerate(headings):
        text = heading.removeprefix(source.weeks.prefix)
        if text == heading or not _WEEK.fullmatch(text):
            continue
        year, week = 2000 + int(text[:2]), int(text[2:])
        if 1 <= week <= weeks_in(year):
            found.setdefault((year, week), position)
    return tuple((year, week, position) for (year, week), position in sorted(found.items()))


def weeks_in(year: int) -> int:
    """Number of ISO weeks of a year (28 December always lies in the last one)."""
    return dt.date(year, 12, 28).isocalendar().week
