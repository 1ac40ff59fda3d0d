"""Wide weekly files: the runs of one code are found inside the row, never by unpivoting weeks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dagster_project.lib.receiving.declarations import Source
from dagster_project.lib.receiving.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.grammar import Context, code_fault
from dagster_project.lib.receiving.landed import Layout


@dataclass(frozen=True)
class WeekColumns:
    """SQL fragments that ``parse`` puts into its pass.

    Args:
        texts: the week texts, in order of time, as one list column ``weeks``.
        runs: list of (first week, last week, code text), 1 = first week, as column ``runs``.
        fault: fault text of unknown codes, or null.
    """

    texts: str
    runs: str
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
    gaps = [later - earlier for earlier, later in zip(mondays, mondays[1:], strict=False)]
    if any(gap != dt.timedelta(days=7) for gap in gaps):
        raise FileRefusedError(Finding("WINDOW_INVALID", detail="weeks"))
    return mondays[0], mondays[-1] + dt.timedelta(days=6)


def week_columns(layout: Layout, source: Source, context: Context) -> WeekColumns | None:
    """The fragments of a source with week columns; None for any other source."""
    if source.weeks is None:
        return None
    count = len(layout.weeks)
    listed = ", ".join(f"coalesce(h{position}, '')" for *_, position in layout.weeks)
    headings = ", ".join(f"'{year % 100:02d}{week:02d}'" for year, week, _ in layout.weeks)
    starts = f"list_filter(range(1, {count + 1}), lambda i: i = 1 or weeks[i] <> weeks[i - 1])"
    runs = (
        f", list_filter(list_transform(list_zip({starts}, {starts}[2:]),"
        f" lambda r: {{'first': r[1], 'last': coalesce(r[2] - 1, {count}), 'code': weeks[r[1]]}}),"
        " lambda r: r.code <> '') as runs"
    )
    unknown = f"(case {code_fault('r.code', context)} end) is not null"
    fault = (
        "array_to_string(list_transform("
        f"list_filter(runs, lambda r: {unknown}),"
        f" lambda r: 'w' || ([{headings}])[r.first] || ':CODE_UNKNOWN'), ',')"
    )
    return WeekColumns(f", [{listed}] as weeks", runs, f"nullif({fault}, '')")
