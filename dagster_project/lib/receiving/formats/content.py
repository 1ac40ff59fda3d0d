"""One file's content, whatever its format: landed, parsed, its window resolved.

What belongs here: the steps between staged bytes and typed rows. What does not: identity, register.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from dagster_project.lib.base.errors import place_of
from dagster_project.lib.receiving.formats.disguise import explained
from dagster_project.lib.receiving.formats.landed import Landed, check_headings
from dagster_project.lib.receiving.formats.marks import SKIPPED
from dagster_project.lib.receiving.formats.parse import (
    Parsed,
    parse,
    skip_condition,
    unmapped_condition,
)
from dagster_project.lib.receiving.formats.sealed import land_sealed
from dagster_project.lib.receiving.formats.weeks import week_window
from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.receiving.judging.names import NameParts, check_window

_BUCKET_ROWS = 2_000_000
_BROKEN_BY_A_VALUE = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
    duckdb.DataError,
)  # fmt: skip


@dataclass(frozen=True)
class Content:
    """A parsed file.

    Args:
        parts: its name, with the window resolved.
        parsed: its typed table and findings.
        duplicate_rows: rows of a window source that repeat another in every column.
        covered_days: Σ over the counted rows of the days they cover in the window.
        sheet_number: of the workbook's sheet that was read; 0 in other formats.
        forgotten: rows of a sealed copy whose person is forgotten; they are in no other count.
    """

    parts: NameParts
    parsed: Parsed
    duplicate_rows: int = 0
    covered_days: int = 0
    sheet_number: int = 0
    forgotten: frozenset[int] = frozenset()

    @property
    def is_refused(self) -> bool:
        """More rejected rows than the source allows."""
        return self.parsed.rejected_rows > self.parts.source.max_rejected_rows


def land(
    path: Path,
    file_format: str,
    source: Source,
    spill: Path,
    *,
    whole_lines: bool = True,
    may_be_plain: bool = True,
) -> Landed:
    """The landed form of a file of any format; for the switches see ``land_csv``.

    Raises:
        FileRefusedError: the file as a whole cannot be read.
    """
    if path.stat().st_size == 0:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    if path.stat().st_size > source.limits.max_bytes:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"byte: {source.limits.max_bytes}"))
    read: Callable[[Path, Source, Path], Landed]
    if file_format == "csv":
        from dagster_project.lib.receiving.formats.csv_format import land_csv

        read = partial(land_csv, whole_lines=whole_lines, may_be_plain=may_be_plain)
    elif file_format == "parquet":
        from dagster_project.lib.receiving.formats.parquet_format import land_parquet as read
    elif file_format == "xlsx":
        from dagster_project.lib.receiving.formats.xlsx_format import land_xlsx as read
    else:
        from dagster_project.lib.receiving.formats.json_format import land_json as read
    try:
        return read(path, source, spill)
    except FileRefusedError as refused:
        raise explained(refused, path, file_format) from None


def _value(parser: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(parser.execute(sql).fetchall()[0][0] or 0)


def _derived_from_rows(
    parser: duckdb.DuckDBPyConnection, parts: NameParts, parsed: Parsed
) -> NameParts:
    window = parts.source.window
    first = window.row_days.first if window else ""
    # a row that is skipped is a row of the file: its week is covered, and nobody has it
    monday = f"cast(date_trunc('week', {first}) as date)"
    first_week, last_week = parser.execute(
        f"select min({monday}), max({monday}) from {parsed.table}"
        f" where faults is null or faults = '{SKIPPED}'"
    ).fetchall()[0]
    if first_week is None:
        return parts
    try:
        return parts.covering(first_week, last_week + dt.timedelta(days=6))
    except OverflowError:  # a Sunday after the last day that a date can say
        raise FileRefusedError(Finding("WINDOW_INVALID", detail="order")) from None


def _resolve_headings(landed: Landed, parts: NameParts) -> NameParts:
    """The window of a wide weekly file: its columns, which the name's dates must equal."""
    window = parts.source.window
    if window is None or window.derived_from != "headings":
        return parts
    first, last = week_window(check_headings(landed.headings, parts.source))
    if parts.covers_from is not None and (parts.covers_from, parts.covers_to) != (first, last):
        raise FileRefusedError(Finding("WINDOW_INVALID", detail="weeks"))
    return parts.covering(first, last)


def read_content(
    parser: duckdb.DuckDBPyConnection,
    path: Path,
    parts: NameParts,
    context: Context,
    spill: Path,
    table: str,
    *,
    is_sealed: bool = False,
) -> Content:
    """Parse a file into a typed table of the parser.

    Args:
        parser: of ``engine.open_parser``.
        path: the bytes under a name of our own, in the parser's folder.
        parts: what the file's name says.
        context: what values are judged against.
        spill: private folder for normalised copies.
        table: name for the typed table.
        is_sealed: the bytes are a sealed copy, whatever format the delivery had.

    Raises:
        FileRefusedError: the file as a whole cannot be accepted.
    """
    check_window(parts)
    source = parts.source
    landed = land_sealed(path) if is_sealed else land(path, parts.format, source, spill)
    parts = _resolve_headings(landed, parts)
    check_window(parts)
    try:
        parsed = parse(parser, landed, source, context, table)
    except FileRefusedError:
        if parts.format != "csv" or is_sealed:
            raise
        # rows too wide and rows too narrow can make up for each other: the reader names them
        landed = land(path, parts.format, source, spill, may_be_plain=False)
        parsed = parse(parser, landed, source, context, table)
    if source.window and source.window.derived_from == "rows" and parts.covers_from is None:
        parts = _derived_from_rows(parser, parts, parsed)
        if not parsed.rejected_rows:
            check_window(parts)
    if context.is_new and parsed.rejected_rows <= source.max_rejected_rows:
        _check_says_something(parser, parts, parsed)
    if parsed.rejected_rows > source.max_rejected_rows or source.window is None:
        forgotten = frozenset(landed.forgotten)
        return Content(parts, parsed, sheet_number=landed.sheet_number, forgotten=forgotten)
    if parsed.has_repeated_keys:
        duplicates = _mark_repeats(parser, source, parsed)
    else:
        duplicates = 0 if source.key else _mark_duplicates(parser, source, parsed)
    return Content(
        parts, parsed, duplicates, _covered_days(parser, parts, parsed),
        forgotten=frozenset(landed.forgotten),
    )  # fmt: skip


@contextmanager
def refused_alone() -> Iterator[None]:
    """Around ``read_content`` of a new file: an unexpected fault refuses this file alone.

    The other files of the night are judged as usual.

    Raises:
        FileRefusedError: ``FILE_FORMAT`` with the place, for anything that a value can break. A
            full disk or memory, or a broken engine, is no fault of the file.
    """
    try:
        yield
    except _BROKEN_BY_A_VALUE as error:
        detail = f"uventet fejl: {type(error).__name__}, {place_of(error)}"
        raise FileRefusedError(Finding("FILE_FORMAT", detail=detail)) from None


def _mark_duplicates(parser: duckdb.DuckDBPyConnection, source: Source, parsed: Parsed) -> int:
    """Mark rows that repeat an earlier one in every column (``faults`` = ``duplicate``).

    The rows are compared in buckets of persons, so that memory stays small for a whole nation.
    """
    names = ", ".join(column.name for column in source.columns)
    person = next((c.name for c in source.columns if c.type == "cpr"), names)
    buckets = parsed.row_count // _BUCKET_ROWS + 1
    good = f"faults is null and not ({skip_condition(source)})"
    found = 0
    for bucket in range(buckets):
        part = f"and hash({person}) % {buckets} = {bucket}" if buckets > 1 else ""
        suspects = f"""
            select fingerprint from (select hash({names}) as fingerprint from {parsed.table}
                                     where {good} {part})
            group by fingerprint having count(*) > 1"""
        if not _value(parser, f"select count(*) from ({suspects})"):
            continue
        repeated = f"""
            select rowid from {parsed.table} where {good} {part} and hash({names}) in ({suspects})
            qualify row_number() over (partition by {names} order by rowid) > 1"""
        found += _value(
            parser,
            f"update {parsed.table} set faults = 'duplicate' where rowid in ({repeated})",
        )
    return found


def _mark_repeats(parser: duckdb.DuckDBPyConnection, source: Source, parsed: Parsed) -> int:
    """Mark all but the first of the rows of one key, which ``parse`` found equal."""
    return _value(
        parser,
        f"update {parsed.table} set faults = 'duplicate' where rowid in ("
        f" select rowid from {parsed.table} where faults is null"
        f" qualify row_number() over (partition by {', '.join(source.key)} order by rowid) > 1)",
    )


def _check_says_something(
    parser: duckdb.DuckDBPyConnection, parts: NameParts, parsed: Parsed
) -> None:
    """A new file has a row that is read, and one with a day in its window (docs/adr/0032).

    Raises:
        FileRefusedError: ``FILE_EMPTY``.
    """
    source, rows = parts.source, f"from {parsed.table} where faults is null"
    if not parsed.row_count:
        return
    unmapped = unmapped_condition(source) or "false"
    if parsed.skipped_rows and not _value(parser, f"select count(*) {rows} and not ({unmapped})"):
        raise FileRefusedError(Finding("FILE_EMPTY", cause="skipped"))
    window, first, last = source.window, parts.covers_from, parts.covers_to
    if window is None or first is None or last is None or window.row_days.span == "runs":
        return
    begins, ends = window.row_days.first, f"greatest({_row_end(parts)}, {window.row_days.first})"
    if not _value(
        parser, f"select count(*) {rows} and {begins} <= {_date(last)} and {ends} >= {_date(first)}"
    ):
        raise FileRefusedError(Finding("FILE_EMPTY", cause="outside"))


def _row_end(parts: NameParts) -> str:
    """SQL: the last day of a row; one that is still running ends with the window."""
    window, last = parts.source.window, parts.covers_to
    if window is None or last is None:
        return "null"
    return {
        "period": f"coalesce({window.row_days.last}, {_date(last)})",
        "week": f"{window.row_days.first} + 6",
        "month": f"last_day({window.row_days.first})",
        "runs": "null",
    }[window.row_days.span]


def _covered_days(parser: duckdb.DuckDBPyConnection, parts: NameParts, parsed: Parsed) -> int:
    """Σ over counted rows of the days they cover in the window (G.volume)."""
    window, first, last = parts.source.window, parts.covers_from, parts.covers_to
    if window is None or first is None or last is None:
        return 0
    good = f"faults is null and not ({skip_condition(parts.source)})"
    if window.row_days.span == "runs":
        return _value(
            parser,
            f"select 7 * sum(filled) from {parsed.table} where {good}",
        )
    begins, ends = window.row_days.first, _row_end(parts)
    return _value(
        parser,
        f"select sum(greatest(0, least({ends}, {_date(last)}) - greatest({begins}, {_date(first)})"
        f" + 1)) from {parsed.table} where {good}",
    )


def _date(day: dt.date) -> str:
    return f"date '{day.isoformat()}'"
