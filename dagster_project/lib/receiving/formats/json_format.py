"""json: an answer of the statistics service, as it came (``answers``).

What belongs here: from bytes to the landed form. What does not: the shapes of an answer.

Rules: I.formats, I.jobindsats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dagster_project.lib.receiving.formats.answers import (
    Layout,
    NoAnswerError,
    Number,
    Table,
    is_total,
    layout_of,
    tables_of,
    text_of,
)
from dagster_project.lib.receiving.formats.landed import (
    SEPARATOR,
    Landed,
    check_headings,
    csv_relation,
    normalised,
)
from dagster_project.lib.receiving.formats.marks import DIMENSION
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.judging.declarations import Column, Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding, rows_finding

_MAX_BYTES = 50_000_000
_HALF = re.compile("[\ud800-\udfff]")
_MARKS = (b",", b":", b"[", b"{")  # each may begin a value, and a value costs memory


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NoAnswerError
    return found


def _refuse_constant(_text: str) -> Any:
    raise NoAnswerError


def load_exact(data: bytes) -> Any:
    """A JSON document whose numbers are ``Number``.

    Raises:
        UnicodeDecodeError: it is not written in UTF-8.
        ValueError, RecursionError: it is no JSON, names a key twice, or a number is none.
    """
    return json.loads(
        data.decode("utf-8-sig"),
        object_pairs_hook=_no_doubles,
        parse_int=Number,
        parse_float=Number,
        parse_constant=_refuse_constant,
    )


def _tables(path: Path, source: Source) -> list[Table]:
    """The tables of the answer that have rows."""
    data = path.read_bytes()
    if sum(data.count(mark) for mark in _MARKS) > source.limits.max_cell_elements:
        limit = f"celler og tekster: {source.limits.max_cell_elements}"
        raise FileRefusedError(Finding("FILE_LIMIT", detail=limit))
    try:
        tables = tables_of(load_exact(data))
    except UnicodeDecodeError:
        raise FileRefusedError(Finding("FILE_ENCODING")) from None
    except NoAnswerError:
        raise FileRefusedError(Finding("FILE_FORMAT", detail="svar")) from None
    except (ValueError, RecursionError):
        raise FileRefusedError(Finding("FILE_FORMAT")) from None
    filled = [table for table in tables if table.rows]
    if not filled:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    if max(len(table.columns) for table in filled) > source.limits.max_columns:
        raise FileRefusedError(
            Finding("FILE_LIMIT", detail=f"kolonner: {source.limits.max_columns}")
        )
    return filled


def _landed_columns(layouts: Sequence[Layout], source: Source) -> list[Column]:
    """The declared columns that the tables have; one that is missing in some is missing."""
    doubled = {column.name: column for layout in layouts for column in layout.doubled}
    if doubled:
        raise FileRefusedError(
            *(Finding("HEADER_DUPLICATE", column.heading) for column in doubled.values())
        )
    lacked = [
        sum(layout.places[index] is None for layout in layouts)
        for index in range(len(source.columns))
    ]
    partly = [
        column
        for column, count in zip(source.columns, lacked, strict=True)
        if column.must_be_present and 0 < count < len(layouts)
    ]
    if partly:
        raise FileRefusedError(*(Finding("HEADER_MISSING", column.heading) for column in partly))
    return [
        column for column, count in zip(source.columns, lacked, strict=True) if count < len(layouts)
    ]


def _is_broken(value: Any) -> bool:
    """Half of a character: an escape can say it, no text can hold it."""
    return isinstance(value, str) and _HALF.search(value) is not None


def land_json(path: Path, source: Source, spill: Spill) -> Landed:
    """The landed form of an answer of the statistics service.

    A dimension must be its total in every row (``VALUE_NOT_ALLOWED`` otherwise). A column that no
    table has is left to the check of headings.

    Args:
        path: the received bytes, as the parser is shown them.
        source: its declaration.
        spill: where the normalised copy stands.

    Raises:
        FileRefusedError: ``FILE_FORMAT``, ``FILE_LIMIT``, ``FILE_ENCODING``, ``FILE_EMPTY``,
            ``HEADER_…``.
    """
    if path.stat().st_size > min(_MAX_BYTES, source.limits.max_bytes):
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"byte: {_MAX_BYTES}"))
    tables = _tables(path, source)
    layouts = [layout_of(table, source) for table in tables]
    columns = _landed_columns(layouts, source)
    headings = [column.heading for column in columns]
    check_headings(headings, source)
    target = spill.new_copy()
    faults: dict[int, tuple[int, str]] = {}
    empty_rows = 0
    with normalised(target, len(headings), source.limits.max_cell_chars) as writer:
        for table, layout in zip(tables, layouts, strict=True):
            for row in table.rows:
                if _is_empty(row):
                    empty_rows += 1
                    continue
                _land_row(row, table, layout, columns, source, writer, faults)
    if len(faults) > max(1000, source.max_rejected_rows):
        raise FileRefusedError(*_by_code(faults))
    relation = csv_relation(target, len(headings), SEPARATOR, source.limits.max_line_bytes)
    return Landed(relation, headings, writer.row_count, faults, empty_rows=empty_rows)


def _is_empty(row: Any) -> bool:
    return isinstance(row, list) and all(value is None or value == "" for value in row)


def _by_code(faults: dict[int, tuple[int, str]]) -> list[Finding]:
    rows: dict[str, list[int]] = {}
    for row, (_, code) in faults.items():
        rows.setdefault(code, []).append(row)
    return [
        rows_finding(code, None, numbers, DIMENSION if code == "VALUE_NOT_ALLOWED" else "")
        for code, numbers in sorted(rows.items())
    ]


def _land_row(
    row: Any,
    table: Table,
    layout: Layout,
    columns: Sequence[Column],
    source: Source,
    writer: Any,
    faults: dict[int, tuple[int, str]],
) -> None:
    number = writer.row_count + 1
    if isinstance(row, list) and any(map(_is_broken, row)):
        raise FileRefusedError(rows_finding("FILE_ENCODING", None, [number]))
    if not isinstance(row, list) or len(row) != len(table.columns):
        faults[number] = (-1, "ROW_WIDTH")
        writer.gap()
        return
    texts = []
    for index, (column, place) in enumerate(zip(source.columns, layout.places, strict=True)):
        text = "" if place is None else text_of(row[place], column, source)
        if text is None:
            faults[number] = (index, "CELL_TYPE")
        if column in columns:
            texts.append(text or "")
    if not all(is_total(row[place]) for place in layout.dimensions):
        faults.setdefault(number, (-1, "VALUE_NOT_ALLOWED"))
    writer.record(texts)
