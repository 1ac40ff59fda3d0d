"""json: the statistics API's answer, ``[{"Variables": [{"Name", "Label"}], "Data": [[…]]}]``.

Rules: I.formats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.lib.receiving.formats.landed import (
    SEPARATOR,
    Landed,
    check_headings,
    csv_relation,
    normalised,
)
from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding, rows_finding

_MAX_BYTES = 50_000_000
_TOTAL = re.compile(r"(?:^|\s)i alt$", re.IGNORECASE)
_HALF = re.compile("[\ud800-\udfff]")
_MARKS = (b",", b":", b"[", b"{")  # each may begin a value, and a value costs memory
_EXPONENT = re.compile(r"[eE]")


@dataclass(frozen=True, slots=True)
class _Number:
    """A JSON number as it stands in the file."""

    text: str


class _NotOurJsonError(ValueError):
    pass


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotOurJsonError
    return found


def _refuse_constant(_text: str) -> Any:
    raise _NotOurJsonError


def _tables(path: Path, source: Source) -> list[tuple[list[tuple[str, str]], list[Any]]]:
    """(Name, Label) of each dimension and the rows, of each table of the answer."""
    try:
        data = path.read_bytes()
        if sum(data.count(mark) for mark in _MARKS) > source.limits.max_cell_elements:
            limit = f"celler og tekster: {source.limits.max_cell_elements}"
            raise FileRefusedError(Finding("FILE_LIMIT", detail=limit))
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileRefusedError(Finding("FILE_ENCODING")) from None
    try:
        loaded = json.loads(
            text,
            object_pairs_hook=_no_doubles,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse_constant,
        )
        return [
            ([(str(v["Name"]), str(v["Label"])) for v in table["Variables"]], list(table["Data"]))
            for table in loaded
        ]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise FileRefusedError(Finding("FILE_FORMAT")) from None


def _headings(
    variables: Sequence[tuple[str, str]], source: Source
) -> tuple[list[int | None], list[int]]:
    """Positions of the declared columns (None: left out), and of the other dimensions."""
    place: list[int | None] = []
    missing, doubled = [], []
    for column in source.columns:
        hits = [at for at, names in enumerate(variables) if column.heading in names]
        if not hits and not column.must_be_present:
            place.append(None)
        elif not hits:
            missing.append(Finding("HEADER_MISSING", column.heading))
        elif len(hits) > 1:
            doubled.append(Finding("HEADER_DUPLICATE", column.heading))
        else:
            place.append(hits[0])
    if missing or doubled:
        raise FileRefusedError(*missing, *doubled)
    return place, [at for at in range(len(variables)) if at not in place]


def _text(value: Any, source: Source) -> str | None:
    """The landed text of a value; None for anything that is no text and no plain number."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "".join(c for c in value if c not in source.json_ignored)
    if isinstance(value, _Number) and not _EXPONENT.search(value.text):
        return value.text.replace(".", source.csv.decimal)
    return None


def is_total(value: Any) -> bool:
    """Whether a member of a dimension is its total ("Køn i alt")."""
    return isinstance(value, str) and _TOTAL.search(value) is not None


def _is_broken(value: Any) -> bool:
    """Half of a character: an escape can say it, no text can hold it."""
    return isinstance(value, str) and _HALF.search(value) is not None


def land_json(path: Path, source: Source, spill: Path) -> Landed:
    """The landed form of an answer of the statistics API.

    A dimension that the source does not declare must be its total in every row
    (``VALUE_NOT_ALLOWED`` otherwise).

    Args:
        path: the received bytes under a name of our own.
        source: its declaration.
        spill: private folder for the normalised copy.

    Raises:
        FileRefusedError: ``FILE_FORMAT``, ``FILE_LIMIT``, ``FILE_ENCODING``, ``FILE_EMPTY``,
            ``HEADER_…``, ``ROW_WIDTH``.
    """
    if path.stat().st_size > min(_MAX_BYTES, source.limits.max_bytes):
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"byte: {_MAX_BYTES}"))
    tables = _tables(path, source)
    if not any(rows for _, rows in tables):
        raise FileRefusedError(Finding("FILE_EMPTY"))
    headings = [column.heading for column in source.columns]
    check_headings(headings, source)
    target = spill / f"{path.name}.landed"
    faults: dict[int, tuple[int, str]] = {}
    with normalised(target, len(headings), source.limits.max_cell_chars) as writer:
        for variables, rows in tables:
            if len(variables) > source.limits.max_columns:
                raise FileRefusedError(
                    Finding("FILE_LIMIT", detail=f"kolonner: {source.limits.max_columns}")
                )
            place, others = _headings(variables, source)
            for row in rows:
                _land_row(row, len(variables), place, others, source, writer, faults)
    if len(faults) > max(1000, source.max_rejected_rows):
        raise FileRefusedError(rows_finding("FILE_FORMAT", None, faults))
    relation = csv_relation(target, len(headings), SEPARATOR, source.limits.max_line_bytes)
    return Landed(relation, headings, writer.row_count, faults)


def _land_row(
    row: Any,
    width: int,
    place: Sequence[int | None],
    others: Sequence[int],
    source: Source,
    writer: Any,
    faults: dict[int, tuple[int, str]],
) -> None:
    number = writer.row_count + 1
    if isinstance(row, list) and any(map(_is_broken, row)):
        raise FileRefusedError(rows_finding("FILE_ENCODING", None, [number]))
    if not isinstance(row, list) or len(row) != width:
        faults[number] = (-1, "ROW_WIDTH")
        writer.gap()
        return
    texts = ["" if at is None else _text(row[at], source) for at in place]
    for index, text in enumerate(texts):
        if text is None:
            faults[number] = (index, "CELL_TYPE")
    if not all(is_total(row[at]) for at in others):
        faults.setdefault(number, (-1, "VALUE_NOT_ALLOWED"))
    writer.record([text or "" for text in texts])
