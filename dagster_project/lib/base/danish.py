"""Danish numbers and dates: what the municipality, the provider and the council read.

What belongs here: how a number, an amount, a share, a day and a month are written. What does not:
the word for a code (``reference.words``), which figures are shown (``view``).
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

MINUS = "\u2212"
SPACE = "\u00a0"
HIDDEN = "skjult (1–4 personer)"
NONE = "–"
_MONTHS = (
    "januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september",
    "oktober", "november", "december",
)  # fmt: skip


def number(amount: Decimal | int, decimals: int = 2) -> str:
    """``1.234.567,50``, a true minus in front of what is negative."""
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(amount).quantize(step, rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,.{decimals}f}".translate(str.maketrans(",.", ".,"))
    return f"{MINUS}{text}" if rounded < 0 else text


def kroner(amount: Decimal | None) -> str:
    """``1.234,50 kr.``."""
    return NONE if amount is None else f"{number(amount)}{SPACE}kr."


def percent(share: Decimal, decimals: int = 1) -> str:
    """A share of 1 as ``14,5 %``."""
    return f"{number(share * 100, decimals)}{SPACE}%"


def date(day: dt.date) -> str:
    """``3. maj 2024``."""
    return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"


def moment(at: dt.datetime) -> str:
    """``3. maj 2024 kl. 4.31``, in the time zone that it is told in."""
    return f"{date(at.date())} kl. {at.hour}.{at:%M}"


def month(first: dt.date) -> str:
    """``maj 2024``."""
    return f"{_MONTHS[first.month - 1]} {first.year}"


def period(label: str, start: dt.date) -> str:
    """A period's name: ``2023-K1``; its first month in words where it has no name of its own."""
    is_named = label not in (start.isoformat(), f"{start:%Y-%m}")
    return label if is_named else month(start)


def short_month(first: dt.date) -> str:
    """``maj 24``."""
    return f"{_MONTHS[first.month - 1][:3]} {first:%y}"
