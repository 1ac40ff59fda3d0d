"""Wide weekly files: the runs of one code are found inside the row, never by unpivoting weeks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import pairwise

import duckdb

from dagster_project.lib.receiving.formats.landed import Landed, Layout, split_line
from dagster_project.lib.receiving.formats.week_lines import (
    MAX_WEEKS,
    WEEK_BITS,
    RunForm,
    week_lines,
)
from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context

UNKNOWN_WEEK = "wÅÅUU:CODE_UNKNOWN"
_NAMED_ROWS = 1000
_STREAM = "week_lines"


@dataclass(frozen=True)
class WeekColumns:
    """SQL fragments that ``parse`` puts into its pass.

    Args:
        text: the cells of a row in order of time, each followed by ``;``, as column ``weeks_text``.
        steps: name of a step of the pass and the columns that it adds; the last one has ``runs``.
        filled: number of weeks with a code (of a row without a fault).
        fault: fault text of unknown codes or of a wrong number of cells, or null (``name_weeks``
            says where).
    """

    text: str
    steps: tuple[tuple[str, str], ...]
    filled: str
    fault: str


def week_window(layout: Layout) -> tuple[dt.date, dt.date]:
    """Monday of the first to Sunday of the last week column.

    Raises:
        FileRefusedError: ``WINDOW_INVALID``: a week between them has no column.
    """
    mondays = [dt.date.fromisocalendar(year, week, 1) for year, week, _ in layout.weeks]
    gaps = [later - earlier for earlier, later in pairwise(mondays)]
    if any(gap != dt.timedelta(days=7) for gap in gaps):
        raise FileRefusedError(Finding("WINDOW_INVALID", detail="weeks"))
    return mondays[0], mondays[-1] + dt.timedelta(days=6)


def _codes(context: Context) -> list[str]:
    """Codes that a cell may hold; all three-digit ones when an accepted file is loaded again."""
    if not context.is_new:
        return [f"{code:03d}" for code in range(1000)]
    return [
        f"{code:03d}"
        for first, last in context.benefits.code_ranges
        for code in range(first, last + 1)
    ]


def _packing(weeks: int) -> tuple[int, str]:
    """Bits of a number of weeks inside a run, and the type of a run, as ``week_lines`` has them.

    Only a file of more than ``MAX_WEEKS`` weeks, which ``week_lines`` never reads, needs more.
    """
    return (WEEK_BITS, "uinteger") if weeks <= MAX_WEEKS else (2 * WEEK_BITS, "ubigint")


def week_columns(
    landed: Landed, layout: Layout, source: Source, context: Context
) -> WeekColumns | None:
    """The fragments of a source with week columns; None for any other source.

    One regular expression finds the maximal runs of one code (``890;890;890;`` is one token), so
    that no cell becomes a value of its own; what it does not cover is no known code.
    """
    if source.weeks is None:
        return None
    count, codes = len(layout.weeks), _codes(context)
    bits, kind = _packing(count)
    listed = ", ".join(f"h{position}, ';'" for *_, position in layout.weeks)
    text = "weeks_text" if landed.has_weeks_text else f"concat({listed})"
    pattern = "|".join([f"(?:{code};)+" for code in codes] + [";+"])
    spans = (
        "list_transform(tokens, lambda t:"
        " case when t[1] = ';' then strlen(t) else strlen(t) // 4 end)"
    )
    runs = (
        "list_transform(list_filter(range(1, len(tokens) + 1), lambda i: tokens[i][1] <> ';'),"
        f" lambda i: try_cast((cast(left(tokens[i], 3) as bigint) << {2 * bits})"
        f" + (cast(list_sum(spans[1:i]) as bigint) << {bits}) + spans[i] as {kind}))"
    )
    whole = (
        "coalesce(list_sum(list_transform(tokens, lambda t: strlen(t))) = strlen(weeks_text)"
        f" and list_sum(spans) = {count}, false)"
    )
    filled, unless_proven = f"(strlen(weeks_text) - {count}) // 3", ""
    if landed.lines_file:
        runs, filled = f"coalesce(proven_runs, {runs})", f"coalesce(proven_filled, {filled})"
        text = f"proven_runs, proven_filled, {text}"
        unless_proven = "when proven_runs is not null then null"
    return WeekColumns(
        text=f", {text} as weeks_text",
        steps=(
            ("tokenised", f"regexp_extract_all(weeks_text, '{pattern}') as tokens"),
            ("measured", f"{spans} as spans"),
            ("counted", f"{runs} as runs"),
        ),
        filled=f"cast({filled} as smallint) as filled",
        fault=f"case {unless_proven} when {whole} then null else '{UNKNOWN_WEEK}' end",
    )


def week_relation(
    connection: duckdb.DuckDBPyConnection, landed: Landed, layout: Layout, context: Context
) -> str:
    """The relation that ``parse`` reads; of a large wide csv the runs come with it.

    Rows whose weeks ``week_lines`` could not prove come as lines, which the fragments of
    ``week_columns`` judge as they do those of a small file.
    """
    if landed.lines_file is None:
        return landed.relation
    form = RunForm(len(layout.weeks), _codes(context))
    connection.register(_STREAM, week_lines(landed.lines_file, form))
    key, weeks_text = split_line("line")
    return (
        f"(select coalesce(h0, {key}) as h0, {weeks_text} as weeks_text,"
        f" runs as proven_runs, filled as proven_filled from {_STREAM})"
    )


def release_weeks(connection: duckdb.DuckDBPyConnection, landed: Landed) -> None:
    """Let go of the file behind ``week_relation``."""
    if landed.lines_file is not None:
        connection.unregister(_STREAM)


def run_rows(rows: str, weeks: int) -> str:
    """SQL: the runs with a code as rows (row_number, person_no, code, first_week, last_week).

    Args:
        rows: relation of typed rows without a fault, with ``row_number``, ``person_no``, ``runs``.
        weeks: number of week columns.
    """
    bits, _ = _packing(weeks)
    mask = (1 << bits) - 1
    return f"""(
        select row_number, person_no, run >> {2 * bits} as code,
            cast((run >> {bits}) & {mask} as integer) - cast(run & {mask} as integer) as first_week,
            cast((run >> {bits}) & {mask} as integer) - 1 as last_week
        from (select row_number, person_no, unnest(runs) as run from {rows})
    )"""


def name_weeks(
    connection: duckdb.DuckDBPyConnection,
    landed: Landed,
    layout: Layout,
    source: Source,
    context: Context,
    table: str,
) -> None:
    """Say in which week columns the unknown codes of the first bad rows stand.

    Only these rows are read again, because naming columns for every row costs more than all else.
    """
    columns = week_columns(replace(landed, lines_file=None), layout, source, context)
    rows = [
        row
        for (row,) in connection.execute(
            f"select rowid + 1 from {table} where contains(faults, '{UNKNOWN_WEEK}')"
            f" order by rowid limit {_NAMED_ROWS}"
        ).fetchall()
    ]
    if columns is None or not rows:
        return
    texts = connection.execute(
        f"select row_number, weeks_text from (select row_number() over () as row_number"
        f"{columns.text} from {landed.relation})"
        " where row_number in (select unnest($rows::bigint[])) order by row_number",
        {"rows": rows},
    ).fetchall()
    known = set(_codes(context))
    connection.execute(
        f"update {table} set faults = replace(faults, '{UNKNOWN_WEEK}', named.fault)"
        " from (select unnest($rows::bigint[]) as row_number, unnest($faults::varchar[]) as fault)"
        f" as named where {table}.rowid + 1 = named.row_number",
        {
            "rows": [row for row, _ in texts],
            "faults": [
                _row_fault(text, layout, known, is_line=landed.has_weeks_text) for _, text in texts
            ],
        },
    )


def _row_fault(text: str, layout: Layout, known: set[str], *, is_line: bool) -> str:
    """The faults of a row's weeks; only a row read as one line can be of another width.

    (Anywhere else the width is known, and one of the cells holds the mark between the weeks.)
    """
    cells = text.split(";")[:-1]
    if len(cells) != len(layout.weeks):
        return "-1:ROW_WIDTH" if is_line else UNKNOWN_WEEK
    return ",".join(
        f"w{year % 100:02d}{week:02d}:CODE_UNKNOWN"
        for cell, (year, week, _) in zip(cells, layout.weeks, strict=True)
        if cell and cell not in known
    )
