"""Values of typed formats as texts of their source's grammar: exact, whatever a file's texts are.

What belongs here: a day, a month and a number that a workbook or a parquet file holds as such. What
does not: reading one, or judging a text.

Rules: I.formats, I.overlay.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from dagster_project.lib.receiving.judging.declarations import Source


def day_text(day: dt.date, source: Source) -> str:
    """A day as the source's files write it."""
    return source.day_pattern.text_of(day) if source.day_pattern else day.isoformat()


def month_text(day: dt.date, source: Source) -> str:
    """A day's month as the source's files write it."""
    return source.month_pattern.text_of(day) if source.month_pattern else day.isoformat()[:7]


def number_text(number: Decimal, source: Source) -> str:
    """A number as the source's files write it, without zeros that say nothing."""
    plain = format(number, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain.replace(".", source.csv.decimal)
