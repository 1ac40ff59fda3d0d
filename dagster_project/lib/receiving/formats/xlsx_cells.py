"""What a cell of a workbook says: a text of its source's grammar, or what a program made of it.

What belongs here: the types of cells. What does not: finding the cells (``xlsx_format``), the
grammar of texts, the remedies of the causes (``seeds/words.csv``).

Rules: I.formats.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from dagster_project.lib.receiving.formats.exact import day_text, month_text, number_text
from dagster_project.lib.receiving.formats.landed import UNREADABLE
from dagster_project.lib.receiving.judging.declarations import Column, Source

Cell = dict[str, Any]  # row, column, value, data_type: as openpyxl's parser gives it

NUMBER = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0+)?Z?)?", re.ASCII)
_FIRST_SERIAL_DAY = dt.date(1900, 3, 1)
_SERIALS = (10_000, 80_000)  # serial numbers of the days of 1927 to 2119; a month 202304 is above
_COMPACT_DAYS = (19_000_101, 21_991_231)


def cell_text(cell: Cell, column: Column, source: Source) -> tuple[str, str | None]:
    """(landed text, code with cause) of one cell."""
    value, kind = cell["value"], cell["data_type"]
    if kind in ("f", "e"):
        return UNREADABLE, "CELL_TYPE:formula" if kind == "f" else "CELL_TYPE:error"
    if value is None or value == "":
        return "", None
    if kind in ("s", "inlineStr") and isinstance(value, str):
        return value, None
    if kind == "d":
        return _day_text(value, column, source)
    if kind == "n" and column.type == "number" and type(value) in (int, float):
        return number_text(Decimal(repr(value)), source), None
    return UNREADABLE, f"CELL_TYPE:{_cause(value, kind, column)}"


def _day_text(value: Any, column: Column, source: Source) -> tuple[str, str | None]:
    """A date cell: a date, a month where it is the first of one, else a fault."""
    day = _whole_day(value)
    if column.type == "date":
        if day is None:
            return UNREADABLE, f"{_no_day_code(value)}:{_no_day(value)}"
        return day_text(day, source), None
    if column.type == "month":
        if day is not None and day.day == 1:
            return month_text(day, source), None
        return UNREADABLE, f"CELL_TYPE:{'month_day' if day else 'month_clock'}"
    return UNREADABLE, f"CELL_TYPE:{'date_number' if column.type == 'number' else 'date_text'}"


def _whole_day(value: Any) -> dt.date | None:
    """The day that a date cell says exactly, None where it says more, less or none."""
    if isinstance(value, str):  # a cell that says its day in ISO form, or part of a day
        found = _ISO_DAY.fullmatch(value)
        try:
            return dt.date.fromisoformat(found[1]) if found else None
        except ValueError:
            return None
    if isinstance(value, dt.datetime) and value.time() == dt.time(0):
        return value.date() if value.date() >= _FIRST_SERIAL_DAY else None
    return None


def _no_day_code(value: Any) -> str:
    return "DATE_FORMAT" if isinstance(value, (str, dt.datetime)) else "CELL_TYPE"


def _no_day(value: Any) -> str:
    """Why a date cell says no day: the text of one that is part of a day is its serial number."""
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return "clock" if float(value) >= 1 else "only_clock"
    if isinstance(value, str):
        return "clock" if "T" in value else "calendar"
    return "old" if isinstance(value, dt.datetime) else "only_clock"


def _cause(value: Any, kind: str, column: Column) -> str:
    """What a program made of a value that is neither a text nor what the column holds."""
    if kind == "b" or isinstance(value, bool):
        return "boolean"
    if type(value) not in (int, float):
        return "other"
    if column.type == "cpr":
        return "number_cpr"
    if column.type == "date":
        return "compact_day" if _is_compact_day(value) else "serial_day"
    if column.type == "month":
        return "serial_month" if _SERIALS[0] <= value <= _SERIALS[1] else "compact_month"
    return "number_text"


def _is_compact_day(value: float) -> bool:
    """20230116: a day written as one number, and no day's serial number."""
    return _SERIALS[1] < value <= _COMPACT_DAYS[1] and value >= _COMPACT_DAYS[0]
