"""Days as ordinals, months as numbers: quick to compare, exact, and with their text at hand."""

from __future__ import annotations

import datetime as dt

FIRST = dt.date(2014, 1, 1).toordinal()
LAST = dt.date(2027, 12, 31).toordinal()
_TEXTS = [dt.date.fromordinal(day).isoformat() for day in range(FIRST, LAST + 1)]


def day(text: str) -> int:
    """The ordinal of ``YYYY-MM-DD``."""
    return dt.date.fromisoformat(text).toordinal()


def text_of(number: int) -> str:
    """``YYYY-MM-DD`` of an ordinal."""
    return _TEXTS[number - FIRST]


def month(text: str) -> int:
    """The number of ``YYYY-MM``: months since year 0."""
    return int(text[:4]) * 12 + int(text[5:7]) - 1


def month_text(number: int) -> str:
    """``YYYY-MM`` of a month number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def first_day(number: int) -> int:
    """The ordinal of a month's first day."""
    return _MONTH_STARTS[number - _FIRST_MONTH]


def last_day(number: int) -> int:
    """The ordinal of a month's last day."""
    return _MONTH_STARTS[number - _FIRST_MONTH + 1] - 1


def month_of(number: int) -> int:
    """The month number of a day."""
    return _MONTH_OF_DAY[number - FIRST]


_FIRST_MONTH = 2014 * 12
_MONTH_STARTS = [
    dt.date(number // 12, number % 12 + 1, 1).toordinal()
    for number in range(_FIRST_MONTH, 2028 * 12 + 1)
]
_MONTH_OF_DAY = [
    dt.date.fromordinal(day).year * 12 + dt.date.fromordinal(day).month - 1
    for day in range(FIRST, LAST + 1)
]
