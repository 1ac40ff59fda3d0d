"""The faults of rows as marks in the typed table: written there, and read back as findings.

A mark is ``index:CODE`` or ``index:CODE:cause``, of the column at that index of the declaration, of
a week (``w2301``), or of the row as a whole (-1); the marks of a row are joined by commas.
What belongs here: their form. What does not: what is a fault (``judging.grammar``, ``parse``).

Rules: I.refusal, I.silent.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from dagster_project.lib.receiving.formats.landed import Landed, heading_at
from dagster_project.lib.receiving.judging.causes import expected
from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.judging.findings import Finding, merged
from dagster_project.lib.receiving.judging.places import Places

SKIPPED = "skipped"  # in the place of marks: a row that is not judged
FORGOTTEN = "forgotten"  # in the place of marks: a row whose person is forgotten (F.forget)
_MAX_FAULT_ROWS = 100_000
_WEEK_PLACE = 100_000
DIMENSION = "dimension"
"""The detail of a row whose figures are divided by more than its source declares."""


def mark(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[int], index: int, code: str
) -> None:
    """Mark rows as a whole, in place of what was found in them.

    Args:
        connection: a parser of ``engine.open_parser``.
        table: the typed table.
        rows: row numbers.
        index: of the column in the declaration, -1 for the row.
        code: with its cause.
    """
    connection.execute(
        f"update {table} set faults = $fault where rowid + 1 in (select unnest($rows::bigint[]))"
        f" and faults is distinct from '{SKIPPED}'",
        {"fault": f"{index}:{code}", "rows": list(rows)},
    )


def mark_forgotten(connection: duckdb.DuckDBPyConnection, table: str, landed: Landed) -> int:
    """Mark the rows that a sealed copy leaves empty; how many they are."""
    if landed.forgotten:
        connection.execute(
            f"update {table} set faults = '{FORGOTTEN}'"
            " where rowid + 1 in (select unnest($rows::bigint[]))",
            {"rows": sorted(landed.forgotten)},
        )
    return len(landed.forgotten)


def mark_format_faults(connection: duckdb.DuckDBPyConnection, table: str, landed: Landed) -> None:
    """Mark what only the format could see: cells of a wrong type, rows that are no records."""
    _mark_cells(connection, table, landed)
    kinds: dict[tuple[int, str], list[int]] = {}
    for row, kind in landed.faults.items():
        kinds.setdefault(kind, []).append(row)
    for (index, code), rows in sorted(kinds.items()):
        mark(connection, table, rows, index, code)


def _mark_cells(connection: duckdb.DuckDBPyConnection, table: str, landed: Landed) -> None:
    """Mark cells of a wrong type, in place of what the grammar says of the text they landed as."""
    kinds: dict[tuple[int, str], list[int]] = {}
    for (row, index), code in landed.cells.items():
        kinds.setdefault((index, code), []).append(row)
    for (index, code), rows in sorted(kinds.items()):
        connection.execute(
            f"""
            update {table} set faults = concat_ws(',', $fault, nullif(array_to_string(list_filter(
                string_split(faults, ','), lambda mark: not starts_with(mark, $own)), ','), ''))
            where rowid + 1 in (select unnest($rows::bigint[]))
                and faults is distinct from '{SKIPPED}'
            """,
            {"fault": f"{index}:{code}", "own": f"{index}:", "rows": rows},
        )


def findings_of(
    connection: duckdb.DuckDBPyConnection, table: str, source: Source, places: Places
) -> tuple[tuple[Finding, ...], int]:
    """The findings of the marks, one per (column, code), and how many rows are rejected."""
    is_rejected = f"faults is not null and faults not in ('{SKIPPED}', '{FORGOTTEN}')"
    (rejected,) = connection.execute(
        f"select count(*) from {table} where {is_rejected}"
    ).fetchall()[0]
    if not rejected:
        return (), 0
    kinds = connection.execute(f"""
        select fault, count(*), (array_agg(row_number order by row_number))[1:200]
        from (select rowid + 1 as row_number, unnest(string_split(faults, ',')) as fault
              from (select rowid, faults from {table} where {is_rejected}
                    order by rowid limit {_MAX_FAULT_ROWS}))
        group by fault
    """).fetchall()
    found = [
        (tuple(rows), _place(place), code, cause, total)
        for said, total, rows in kinds
        for place, code, cause in [[*said.split(":"), ""][:3]]
    ]
    found.sort(key=lambda one: (one[0][0], *one[1:]))  # from the top, then as columns are declared
    return merged(
        Finding(
            code, _fault_heading(source, place), rows, total, _wanted(source, place[0], code),
            places.of(rows), places.kind, cause, _expected(source, place[0]),
        )
        for rows, place, code, cause, total in found
    ), rejected  # fmt: skip


def _place(text: str) -> tuple[int, str]:
    """Column index and week of a fault mark; week columns stand after all others."""
    return (_WEEK_PLACE, text[1:]) if text.startswith("w") else (int(text), "")


def _wanted(source: Source, index: int, code: str) -> str:
    """What was expected: the column's type, or what an overlay says of it."""
    if index < 0 and code == "VALUE_NOT_ALLOWED":
        return DIMENSION
    kind = source.columns[index].type if 0 <= index < _WEEK_PLACE else ""
    pattern = source.date_format if kind == "date" else source.month_format
    if code == "DATE_FORMAT" and pattern:
        return f"mønster: {pattern.replace('YYYY', 'ÅÅÅÅ')}"
    if code == "NUMBER_FORMAT" and source.csv.decimal == ".":
        return "punktum: decimaltegnet er et punktum"
    return kind


def _expected(source: Source, index: int) -> str:
    return expected(source.columns[index], source) if 0 <= index < _WEEK_PLACE else ""


def _fault_heading(source: Source, place: tuple[int, str]) -> str | None:
    index, week = place
    if index == _WEEK_PLACE:
        return (source.weeks.prefix if source.weeks else "") + week
    return heading_at(source, index)
