"""Days as ordinals and months as numbers: quick to compare, and exact."""

from __future__ import annotations

import datetime as dt


def day(text: str) -> int:
    """The ordinal of ``YYYY-MM-DD``."""
    return dt.date.fromisoformat(text).toordinal()


def text_of(number: int) -> str:
    """``YYYY-MM-DD`` of an ordinal."""
    return dt.date.fromordinal(number).isoformat()


def month(text: str) -> int:
    """The number of ``YYYY-MM``: months since year 0."""
    return int(text[:4]) * 12 + int(text[5:7]) - 1


def month_text(number: int) -> str:
    """``YYYY-MM`` of a month number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def first_day(number: int) -> int:
    """The ordinal of a month's first day."""
    return dt.date(number // 12, number % 12 + 1, 1).toordinal()


def last_day(number: int) -> int:
    """The ordinal of a month's last day."""
    return first_day(number + 1) - 1


def month_of(number: int) -> int:
    """The month number of a day."""
    on = dt.date.fromordinal(number)
    return on.year * 12 + on.month - 1
