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

# A run of the grammar is one integer: its code + 1 (0 = empty weeks) times this, plus its weeks;
# one that ``week_lines`` proved is of the form told there.
_RUN_BITS = 14
_RUN_WEEKS = (1 << _RUN_BITS) - 1
UNKNOWN_WEEK = "wÅÅUU:CODE_UNKNOWN"
_NAMED_ROWS = 1000
_STREAM = "week_lines"


@dataclass(frozen=True)
class WeekColumns:
    """SQL fragments that ``parse`` puts into its pass.

    Args:
        text: the cells of a row in order of time, each followed by ``;``, as column ``weeks_text``.
        tokens: the runs of equal cells as texts, as column ``tokens``.
        runs: the runs as integers, as column ``runs``.
        proven: whether ``week_lines`` proved them, as column ``is_proven``.
        filled: number of weeks with a code (of a row without a fault).
        fault: fault text of unknown codes or of a wrong number of cells, or null (``name_weeks``
        says where).
    """

    text: str
    tokens: str
    runs: str
    proven: str
    filled: str
    fault: str


def monday(year: int, week: int) -> dt.date:
    """First day of an ISO week."""
    return dt.date.fromisocalendar(year, week, 1)


def week_window(layout: Layout) -> tuple[dt.date, dt.date]:
    """Monday of the first to Sunday of the last week column.

    Raises:
        FileRefusedError: ``WINDOW_INVALID``: a week between them has no column.
    """
    mondays = [monday(year, week) for year, week, _ in layout.weeks]
    gaps = [later - earlier for earlier, later in pairwise(mondays)]
    if any(gap != dt.timedelta(days=7) for gap in gaps):
        raise FileRefusedError(Finding("WINDOW_INVALID", detail="weeks"))
    return mondays[0], mondays[-1] + dt.timedelta(days=6)


def _codes(context: Context) -> list[str]:
    """Codes that a cell may hold; all three-digit ones when an accepted file is loaded again."""
    if not context.check_codes:
        return [f"{code:03d}" for code in range(1000)]
    return [
        f"{code:03d}"
        for first, last in context.reference.code_ranges
        for code in range(first, last + 1)
    ]


def week_columns(
    landed: Landed, layout: Layout, source: Source, context: Context
) -> WeekColumns | None:
    """The fragments of a source with week columns; None for any other source.

    One regular expression finds the maximal runs of one code (``890;890;890;`` is one token), so
    that
    no cell becomes a value of its own; what it does not cover is no known code.
    """
    if source.weeks is None:
        return None
    count, codes = len(layout.weeks), _codes(context)
    listed = ", ".join(f"h{position}, ';'" for *_, position in layout.weeks)
    text = "weeks_text" if landed.has_weeks_text else f"concat({listed})"
    pattern = "|".join([f"(?:{code};)+" for code in codes] + [";+"])
    weeks = f"list_sum(list_transform(runs, lambda r: r & {_RUN_WEEKS}))"
    chars = (
        "list_sum(list_transform(runs, lambda r:"
        f" (r & {_RUN_WEEKS}) * case when r > {_RUN_WEEKS} then 4 else 1 end))"
    )
    whole = f"coalesce({chars} = strlen(weeks_text) and {weeks} = {count}, false)"
    runs = (
        "list_transform(tokens, lambda t: cast(case when t[1] = ';' then strlen(t) else"
        f" ((cast(left(t, 3) as integer) + 1) << {_RUN_BITS}) + strlen(t) // 4 end as uinteger))"
    )
    filled = f"(strlen(weeks_text) - {count}) // 3"
    is_proven, unless_proven = "false", ""
    if landed.lines_file:
        is_proven = "proven_runs is not null"
        runs, filled = f"coalesce(proven_runs, {runs})", f"coalesce(proven_filled, {filled})"
        text = f"proven_runs, proven_filled, {text}"
        unless_proven = f"when {is_proven} then null"
    return WeekColumns(
        text=f", {text} as weeks_text",
        tokens=f", regexp_extract_all(weeks_text, '{pattern}') as tokens",
        runs=f", {runs} as runs",
        proven=f", {is_proven} as is_proven",
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


def run_rows(rows: str, weeks: int, *, proven: bool = True, others: bool = True) -> str:
    """SQL: the runs with a code as rows (row_number, person_no, code, first_week, last_week).

    Proven rows say where each of their runs ends. Of the others every row's runs, with those of
    empty weeks, add up to ``weeks``, so that a running sum over all of them says it, in a single
    stream without a sort.

    Args:
        rows: relation of typed rows without a fault, with ``row_number``, ``person_no``, ``runs``,
            ``is_proven``.
        weeks: number of week columns.
        proven: whether there are rows that ``week_lines`` proved.
        others: whether there are any others.
    """
    told = f"""
        select row_number, person_no, run >> {2 * WEEK_BITS} as code,
            (run >> {WEEK_BITS}) & {MAX_WEEKS} as ends, run & {MAX_WEEKS} as weeks
        from (select row_number, person_no, unnest(runs) as run from {rows} where is_proven)"""
    summed = f"""
        select row_number, person_no, (run >> {_RUN_BITS}) - 1 as code,
            (ends - 1) % {weeks} + 1 as ends, run & {_RUN_WEEKS} as weeks
        from (
            select row_number, person_no, run,
                cast(sum(run & {_RUN_WEEKS}) over (rows unbounded preceding) as bigint) as ends
            from (
                select row_number, person_no, unnest(runs) as run from {rows} where not is_proven
            )
        )
        where run > {_RUN_WEEKS}"""
    chosen = [sql for sql, is_there in ((told, proven), (summed, others)) if is_there] or [summed]
    return f"""(
        select row_number, person_no, code,
            cast(ends as integer) - cast(weeks as integer) as first_week,
            cast(ends as integer) - 1 as last_week
        from ({" union all ".join(chosen)})
    )"""


def same_runs() -> str:
    """SQL: the runs with a code of a typed row as one list, whoever found them; for few rows."""
    until = f"list_sum(list_transform(runs[1:i], lambda r: r & {_RUN_WEEKS}))"
    summed = (
        f"list_transform(range(1, len(runs) + 1), lambda i: [(runs[i] >> {_RUN_BITS})::bigint - 1,"
        f" {until}::bigint, (runs[i] & {_RUN_WEEKS})::bigint])"
    )
    proven = (
        f"list_transform(runs, lambda r: [(r >> {2 * WEEK_BITS})::bigint,"
        f" ((r >> {WEEK_BITS}) & {MAX_WEEKS})::bigint, (r & {MAX_WEEKS})::bigint])"
    )
    return (
        f"case when is_proven then {proven} else list_filter({summed}, lambda x: x[1] >= 0) end"
        " as told_runs"
    )


def name_weeks(
    connection: duckdb.DuckDBPyConnection,
    landed: Landed,
    layout: Layout,
    source: Source,
    context: Context,
    table: str,
) -> None:
    """Say in which week columns the unknown codes of the first bad rows stand.

    Only these rows are read again: to name columns for every row would cost more than all the rest.
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
