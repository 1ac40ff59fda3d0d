"""Person numbers in what people type: names, reasons and references that are kept for ever.

What belongs here: recognising one however it is written. What does not: the grammar of the files'
own ``cpr`` columns (``receiving.grammar``).

Rules: I.person_text.
"""

from __future__ import annotations

import datetime as dt
import re

_MARK = r"[\s.,:_/\-\u2010-\u2015\u2212]?"
_LAST_FOUR = r"\d\d\s?\d\d(?!\d)"
_FORMS = (
    # DDMMYY-SSSS, with whatever stands between the two but a word
    re.compile(rf"(?<!\d)(\d\d)(\d\d)(\d\d)[^\w]{{0,3}}_?{_LAST_FOUR}"),
    # DD MM YY SSSS in groups; a point or stroke before the last four makes a year of them
    re.compile(
        rf"(?<!\d)(\d\d){_MARK}(\d\d){_MARK}(\d\d)[\s,:_(\-\u2010-\u2015\u2212]{{0,3}}{_LAST_FOUR}"
    ),
)


def holds_person_number(text: str) -> bool:
    """Whether a text holds ten digits, in groups or not, whose first six are a date.

    The day may be that of a replacement number (60 more); the check digit is no rule.
    """
    return any(
        _is_day(*map(int, found.groups())) for form in _FORMS for found in form.finditer(text)
    )


def _is_day(day: int, month: int, year: int) -> bool:
    try:
        dt.date(2000 + year, month, day - 60 if day > 60 else day)
    except ValueError:
        return False
    return True
