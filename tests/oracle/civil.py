"""Days and months as whole numbers: a day is its ordinal, a month is year × 12 + month − 1."""

from __future__ import annotations

import calendar
import datetime as dt


def day(text: str) -> int:
    """``2024-01-31`` → day number."""
    return dt.date.fromisoformat(text).toordinal()


def day_text(day_no: int) -> str:
    """Day number → ``2024-01-31``."""
    return dt.date.fromordinal(day_no).isoformat()


def month(text: str) -> int:
    """``2024-01`` → month number."""
    year, month_of_year = text.split("-")[:2]
    return int(year) * 12 + int(month_of_year) - 1


def month_of(day_no: int) -> int:
    """The month that a day lies in."""
    date = dt.date.fromordinal(day_no)
    return date.year * 12 + date.month - 1


def first_day(month_no: int) -> int:
    """First day of a month."""
    return dt.date(month_no // 12, month_no % 12 + 1, 1).toordinal()


def last_day(month_no: int) -> int:
    """Last day of a month."""
    return first_day(month_no + 1) - 1


def days_of(month_no: int) -> range:
    """The days of a month."""
    return range(first_day(month_no), first_day(month_no + 1))


def month_text(month_no: int) -> str:
    """A month as it stands in the marts: its first day."""
    return day_text(first_day(month_no))


def iso_week_monday(column: str) -> int:
    """``y_2401`` → the Monday of ISO week 2024-W01."""
    return dt.date.fromisocalendar(2000 + int(column[2:4]), int(column[4:6]), 1).toordinal()


def completed_months(start: int, end: int) -> int:
    """Completed calendar months from one day to a later one (31 Jan → 28 Feb is 0)."""
    first, last = dt.date.fromordinal(start), dt.date.fromordinal(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    return months - 1 if last.day < first.day else months


def years_in(month_no: int) -> int:
    """The calendar year of a month."""
    return month_no // 12


def month_length(month_no: int) -> int:
    """Days in a month."""
    return calendar.monthrange(month_no // 12, month_no % 12 + 1)[1]
