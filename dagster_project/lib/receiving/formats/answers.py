"""Answers of the statistics service, of both its versions: their columns, and what each is.

What belongs here: the shapes, and which column is a declared one, a measure that nobody reads or a
dimension. What does not: bytes, JSON, judging a value.

Version 2 answers ``[{"Variables": [{"Name": …, "Label": …}], "Data": [[…]]}]``, version 3
``{"columns": ["…"], "rows": [[…]]}``. A list of answers, and an answer without the list around it
(a program that saves one anew leaves the list out), say the same.

Rules: I.formats, I.jobindsats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.lib.receiving.judging.declarations import Column, Source

_TOTAL = re.compile(r"(?:^|\s)i alt$", re.IGNORECASE)
_EXPONENT = re.compile(r"[eE]")
_FIGURE = re.compile(r"-?(\d{1,3}([. ]\d{3})+|\d+)(,\d+)?( ?%)?", re.ASCII)
_SPACED = re.compile(r"-?\d{1,3}( \d{3})+(,\d+)?", re.ASCII)
_NAMES = ("Name", "Label", "name", "label")
_DIMENSION = "_"  # begins the name of a dimension in version 2


class NoAnswerError(ValueError):
    """A document that is no answer of the service."""


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as it stands in the file: its digits are never those of a float."""

    text: str

    def written(self, decimal: str) -> str | None:
        """With a decimal mark, without zeros that say nothing; None where it has an exponent."""
        if _EXPONENT.search(self.text):
            return None
        whole, _, decimals = self.text.partition(".")
        decimals = decimals.rstrip("0")
        return f"{whole}{decimal}{decimals}" if decimals else whole


@dataclass(frozen=True)
class Table:
    """One table of an answer: every name that each column goes by, and the rows."""

    columns: Sequence[tuple[str, ...]]
    rows: Sequence[Any]


def tables_of(document: Any) -> list[Table]:
    """The tables of an answer.

    Raises:
        NoAnswerError: it has neither version's shape.
    """
    answers = document if isinstance(document, list) else [document]
    return [_table(answer) for answer in answers]


def _table(answer: Any) -> Table:
    if isinstance(answer, dict):
        for columns, rows in (("Variables", "Data"), ("columns", "rows")):
            named, data = answer.get(columns), answer.get(rows)
            if isinstance(named, list) and isinstance(data, list):
                return Table([_names(column) for column in named], data)
    raise NoAnswerError


def _names(column: Any) -> tuple[str, ...]:
    found = [column] if isinstance(column, str) else []
    if isinstance(column, dict):
        found = [column[key] for key in _NAMES if isinstance(column.get(key), str)]
    if not found:
        raise NoAnswerError
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Layout:
    """What the columns of a table are.

    Args:
        places: per declared column its place, None where the table lacks it.
        doubled: declared columns that stand twice, or share a place with another.
        dimensions: places of the columns that divide the figures by something else.
    """

    places: tuple[int | None, ...]
    doubled: tuple[Column, ...]
    dimensions: tuple[int, ...]


def layout_of(table: Table, source: Source) -> Layout:
    """Find the declared columns of a table, and the dimensions among the others.

    What is neither is a measure that nobody reads (persons in per cent of the labour force), or a
    column that an overlay ignores.
    """
    forms = [{_plain(name) for name in names} for names in table.columns]
    places: list[int | None] = []
    doubled = []
    for column in source.columns:
        known = {_plain(name) for name in (*column.headings, *column.json_names)}
        hits = [place for place, names in enumerate(forms) if names & known]
        if len(hits) > 1 or set(hits) & set(places):
            doubled.append(column)
        places.append(hits[0] if hits else None)
    ignored = {_plain(name) for name in source.ignore_columns}
    others = [
        place for place, names in enumerate(forms) if place not in places and not names & ignored
    ]
    return Layout(
        tuple(places),
        tuple(doubled),
        tuple(place for place in others if not _is_measure(table, place, source)),
    )


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _is_measure(table: Table, place: int, source: Source) -> bool:
    """Figures, and not the members of a dimension.

    A text of digits may be either: then the column's name decides (``json_measures``).
    """
    names = table.columns[place]
    if any(name.startswith(_DIMENSION) for name in names):
        return False
    marks = {mark for column in source.columns for mark in column.null_tokens}
    values = [row[place] for row in table.rows if isinstance(row, list) and len(row) > place]
    told = [value for value in values if value is not None and value not in marks]
    if all(isinstance(value, Number) for value in told):
        return True
    words = {word for name in names for word in re.findall(r"\w+", name.casefold())}
    return bool(words & set(source.json_measures)) and all(
        isinstance(value, Number)
        or (isinstance(value, str) and _FIGURE.fullmatch(_without(value, source.json_ignored)))
        for value in told
    )


def text_of(value: Any, column: Column, source: Source) -> str | None:
    """The landed text of a value; None for anything that is no text and no plain number."""
    if value is None:
        return ""
    if isinstance(value, Number):
        return value.written(source.csv.decimal) if column.type == "number" else value.text
    if not isinstance(value, str):
        return None
    text = _without(value, source.json_ignored)
    if column.type == "number" and _SPACED.fullmatch(text):
        return text.replace(" ", "")
    return text


def _without(text: str, ignored: str) -> str:
    return "".join(character for character in text if character not in ignored)


def is_total(value: Any) -> bool:
    """Whether a member of a dimension is its total ("Køn i alt")."""
    return isinstance(value, str) and _TOTAL.search(value) is not None
