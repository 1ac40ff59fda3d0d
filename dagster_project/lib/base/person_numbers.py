"""Person numbers in texts: in what people type, and in what the pipeline itself publishes.

What belongs here: recognising one. What does not: the grammar of the files' own ``cpr`` columns
(``receiving.judging.grammar``).

The two readings differ on purpose. What people type (names, reasons, references) is kept for ever
and refused before it is stored, so every way to write a number counts. What is published passed
that refusal or comes from a file; the last gate judges it by ``WRITTEN_BY_US`` alone, which leaves
hashes, ids and dates alone and does not depend on the code that let the text in.

Rules: I.person_text, G.candidate.
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

WRITTEN_BY_US = (
    r"(^|[^0-9A-Za-z])(0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
    r"(0[1-9]|1[0-2])[0-9]{2}[- ]?[0-9]{4}($|[^0-9A-Za-z])"
)
"""A number as a file or a model writes it, for DuckDB and Python alike.

Ten digits that begin with a date (day 01-31, or 61-91 of a replacement number), with or without a
hyphen or blank before the last four, and with no letter or digit on either side: so the inside of a
hash and a longer number are none. It uses what RE2 knows: no look-around.
"""


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
