"""The ways in which a person number is written into a text, and what resembles one.

What belongs here: texts that tests of several parts plant. The person is synthetic (day + 60).
"""

from __future__ import annotations

import unicodedata

DIGITS = "6101901234"

HELD = (
    "6101901234", "610190-1234", "610190 1234", "61 01 90 1234", "61.01.90-1234", "61/01/90 12 34",
    "610190_1234", "610190.1234", "610190/1234", "610190 - 1234",
    "610190--1234", "6 1 0 1 9 0 1 2 3 4",
    "610190x1234", "610190 å 1234", "610190\u00a01234", "610190\u202f1234", "610190\u30001234",
    "610190\t1234", "610190\u200b1234", "61019\u00ad01234", "610190\u20131234", "610190\u20141234",
    "610190\u20111234", "610190\u22121234", "610190\uff0d1234",
    "610190\u20101234", "610190\uff0e1234",
    "６１０１９０-１２３４", "٦١٠١٩٠١٢٣٤", "6101901234x", "ref6101901234",
)  # fmt: skip
"""One person's number, in forms of which each must be found."""

FREE = (
    "610190,1234", "610190:1234", "610190(1234)", "610190 xx 1234", "61019x01234", "16101901234",
    "61019012345", "6113901234", "9201901234", "6001901234", "8902011234", "3102901234",
    "610190123",
    "610190½1234", "faktura 2024-11-26 1234", "EAN 5798000123456", "+45 12 34 56 78",
    "12.804.412,50",
    "fra 1. til 12. oktober 2024", "2024-01-01", "A-20240101-0001", "",
)  # fmt: skip
"""Texts that resemble one and hold none."""


def of(digits: str) -> list[str]:
    """The same forms of another number, each digit in the script of the form."""
    return [_with_digits(form, digits) for form in HELD]


def _with_digits(form: str, digits: str) -> str:
    left = iter(digits)
    return "".join(
        chr(ord(char) - int(old) + int(next(left)))
        if (old := unicodedata.digit(char, None)) is not None
        else char
        for char in form
    )
