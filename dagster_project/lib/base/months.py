"""Months as their first days: parsing, counting on, first and last day.

What belongs here: arithmetic of the civil calendar. What does not: periods of a contract
(``contracts.periods``) and messages about a month that somebody wrote.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

_MONTH = re.compile(r"(?!0000)[0-9]{4}-(0[1-9]|1[0-2])")


def parse_month(text: str) -> dt.date:
    """First day of a month written ``YYYY-MM``.

    Raises:
        ValueError: it is no month.
    """
    if not _MONTH.fullmatch(text):
        raise ValueError("must be a month YYYY-MM")
    return dt.date(int(text[:4]), int(text[5:]), 1)


def first_day(day: dt.date) -> dt.date:
    """First day of the month of a date."""
    return day.replace(day=1)


def last_day(day: dt.date) -> dt.date:
    """Last day of the month of a date."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_after(day: dt.date, count: int = 1) -> dt.date:
    """First day of the month ``count`` months after the month of a date."""
    index = day.year * 12 + day.month - 1 + count
    return dt.date(index // 12, index % 12 + 1, 1)


def months_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """First days of the months of two dates and of those between; none where the last is before."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [month_after(first, number) for number in range(count)]
