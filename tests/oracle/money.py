"""Whole øre and exact fractions; rounded once, half away from zero (R0.exact)."""

from __future__ import annotations

from fractions import Fraction
from functools import cache


def half_away(value: Fraction) -> int:
    """Round to a whole number, half away from zero."""
    magnitude = abs(value)
    whole = (2 * magnitude.numerator + magnitude.denominator) // (2 * magnitude.denominator)
    return whole if value >= 0 else -whole


@cache
def oere(text: str) -> int:
    """Kroner as text (``13048`` or ``12661.38``) → øre."""
    return half_away(Fraction(text) * 100)


def decimal_text(value: Fraction | int, places: int) -> str:
    """An exact number as text with a fixed number of decimals, rounded half away from zero."""
    scaled = half_away(Fraction(value) * 10**places)
    digits = str(abs(scaled)).rjust(places + 1, "0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def dkk(amount_oere: int) -> str:
    """Øre → kroner as text with two decimals."""
    return decimal_text(Fraction(amount_oere, 100), 2)
