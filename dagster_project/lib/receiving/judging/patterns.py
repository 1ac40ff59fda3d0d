"""Fixed patterns of dates and months: ``DD-MM-YYYY``, ``YYYYMM``.

What belongs here: what a pattern may say, the text of a day in it, and the SQL that reads one text.
What does not: which column has a pattern (``declarations``).

A pattern is exact: each text that fits it says one day. So a year has four digits, each part stands
once, and a part without leading zeros (``D``, ``M``) has a mark on both sides.

Rules: I.overlay.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from dagster_project.lib.warehouse.literals import literal

_TOKENS = {
    "YYYY": "([0-9]{4})",
    "MM": "(0[1-9]|1[0-2])",
    "DD": "(0[1-9]|[12][0-9]|3[01])",
    "M": "([1-9]|1[0-2])",
    "D": "([1-9]|[12][0-9]|3[01])",
}
_PART = re.compile("YYYY|MM?|DD?|[-./_, ]", re.ASCII)
_MARKS = "-./_, "
PARTS = {"day": "YMD", "month": "YM"}


class PatternError(ValueError):
    """The text is no pattern that is exact; the message says why, in Danish."""


@dataclass(frozen=True)
class Pattern:
    """A pattern in its parts, tokens and marks in the order of the text."""

    parts: tuple[str, ...]

    def text_of(self, day: dt.date) -> str:
        """A day (or its month) as the pattern writes it."""
        written = {
            "YYYY": f"{day.year:04d}", "MM": f"{day.month:02d}", "DD": f"{day.day:02d}",
            "M": str(day.month), "D": str(day.day),
        }  # fmt: skip
        return "".join(written.get(part, part) for part in self.parts)

    def iso_sql(self, text: str) -> str:
        """SQL: ``YYYY-MM-DD`` or ``YYYY-MM`` of a text of the pattern, an empty text of another."""
        form = "".join(_TOKENS.get(part, re.escape(part)) for part in self.parts)
        tokens = [part for part in self.parts if part in _TOKENS]
        places = {token[0]: place for place, token in enumerate(tokens, start=1)}
        found = [
            f"lpad(regexp_extract({text}, {literal(f'^{form}$')}, {places[name]}), {width}, '0')"
            for name, width in (("Y", 4), ("M", 2), ("D", 2))
            if name in places
        ]
        iso = " || '-' || ".join(found)
        return f"case when regexp_full_match({text}, {literal(form)}) then {iso} else '' end"


def read_pattern(text: str, kind: Literal["day", "month"]) -> Pattern:
    """The pattern that a declaration names.

    Raises:
        PatternError: it does not say each day (or month) exactly.
    """
    parts = tuple(_PART.findall(text))
    if "".join(parts) != text or not text:
        raise PatternError("kun YYYY, MM, DD, M, D og tegnene - . / _ , og mellemrum")
    tokens = [part for part in parts if part in _TOKENS]
    if sorted(token[0] for token in tokens) != sorted(PARTS[kind]):
        wanted = "YYYY, MM og DD" if kind == "day" else "YYYY og MM"
        raise PatternError(f"mønstret skal have {wanted}, hver én gang og ikke andet")
    if parts[0] in _MARKS or parts[-1] in _MARKS:
        raise PatternError("mønstret må ikke begynde eller slutte med et skilletegn")
    for place, part in enumerate(parts):
        around = parts[max(0, place - 1) : place] + parts[place + 1 : place + 2]
        if part in ("D", "M") and any(other in _TOKENS for other in around):
            raise PatternError(f"{part} uden nul foran skal have et skilletegn på begge sider")
    return Pattern(parts)
