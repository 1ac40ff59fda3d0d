"""The texts of a dialect that a declaration or an overlay may name: encoding, delimiter, patterns.

What belongs here: which of them there are. What does not: which a source has (``declarations``).

Rules: I.declared, I.overlay.
"""

from __future__ import annotations

import codecs
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from dagster_project.lib.receiving.judging.patterns import read_pattern

_ASCII = bytes(range(32, 127))
_WIDE = frozenset({"utf-8", "utf-16", "utf-16-le", "utf-16-be"})


def _known_encoding(name: str) -> str:
    """The usual name of a text encoding that agrees with ASCII, or of UTF-16."""
    try:
        found = codecs.lookup(name).name
        found = "utf-8" if found == "utf-8-sig" else found
        is_known = found in _WIDE or _ASCII.decode(found) == _ASCII.decode()
    except (LookupError, ValueError, UnicodeError, AssertionError):
        is_known = False
    if not is_known:
        raise ValueError("ukendt tegnsæt")
    return found


def _tab(value: object) -> object:
    return "\t" if value in ("\\t", "tab") else value


def _known_delimiter(mark: str) -> str:
    if len(mark) != 1 or not mark.isascii() or mark.isalnum() or mark in '" ' or mark < "\t":
        raise ValueError('et skilletegn er ét tegn, der hverken er bogstav, ciffer eller „"“')
    if mark < " " and mark != "\t":
        raise ValueError("et skilletegn er et synligt tegn eller tabulator")
    return mark


def _day_pattern(text: str) -> str:
    read_pattern(text, "day")
    return text


def _month_pattern(text: str) -> str:
    read_pattern(text, "month")
    return text


Encoding = Annotated[str, AfterValidator(_known_encoding)]
Delimiter = Annotated[str, BeforeValidator(_tab), AfterValidator(_known_delimiter)]
DayPattern = Annotated[str, AfterValidator(_day_pattern)]
MonthPattern = Annotated[str, AfterValidator(_month_pattern)]
