"""Person numbers in what people type: names, reasons and references that are kept for ever.

What belongs here: recognising one however it is written. What does not: the grammar of the files'
own ``cpr`` columns (``receiving.grammar``).
"""

from __future__ import annotations

import datetime as dt
import re

_MARKS = r"[\s.\-/\u2010-\u2015\u2212]?"
# DDMMYY-SSSS, with or without marks between its parts
_WRITTEN = re.compile(
    rf"(?<!\d)(\d\d){_MARKS}(\d\d){_MARKS}(\d\d){_MARKS}{_MARKS}{_MARKS}\d{{4}}(?!\d)"
)


def holds_person_number(text: str) -> bool:
    """Whether a text holds ten digits, in groups or not, whose first six are a date.

    The day may be that of a replacement number (60 more); the check digit is no rule.
    """
    return any(_is_day(*map(int, found.groups())) for found in _WRITTEN.finditer(text))


def _is_day(day: int, month: int, year: int) -> bool:
    try:
        dt.date(2000 + year, month, day - 60 if day > 60 else day)
    except ValueError:
        return False
    return True
