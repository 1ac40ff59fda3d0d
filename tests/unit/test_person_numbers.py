"""A person number is one however it is written, and Python and DuckDB find the same ones."""

from __future__ import annotations

import datetime as dt
import unicodedata

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagster_project.lib.base import person_numbers
from dagster_project.lib.base.person_numbers import holds_person_number
from tests.support import number_forms


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    person_numbers.register_sql(connection)
    return connection


def found_by(engine: duckdb.DuckDBPyConnection, text: str, *, is_name: bool = False) -> bool:
    query = f"select {person_numbers.sql('t', is_name=is_name)} from (select $1::varchar as t)"
    return bool((engine.execute(query, [text]).fetchone() or (None,))[0])


@pytest.mark.parametrize("text", number_forms.HELD)
@pytest.mark.parametrize("around", ["{}", "Kære {}.", "({})", "forløb_{}_2"])
# Rules I.person_text, G.candidate
def test_ten_digits_that_begin_with_a_date_are_a_person_number_in_every_form(
    engine: duckdb.DuckDBPyConnection, text: str, around: str
) -> None:
    told = around.format(text)
    assert holds_person_number(told)
    assert found_by(engine, told)


@pytest.mark.parametrize("text", number_forms.FREE)
# Rule I.person_text
def test_what_resembles_a_number_is_none(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    assert not holds_person_number(text)
    assert not found_by(engine, text)


@pytest.mark.parametrize(
    ("first_six", "is_day"),
    [
        ("010190", True), ("310190", True), ("320190", False), ("600190", False), ("610190", True),
        ("910190", True), ("920190", False), ("000190", False), ("300290", False), ("290200", True),
        ("290204", True), ("290205", False), ("890204", True), ("890205", False), ("310490", False),
        ("910490", False), ("300490", True), ("610090", False), ("611290", True), ("611390", False),
    ],
)  # fmt: skip
# Rules I.person_text, I.cpr
def test_the_first_six_digits_are_a_day_of_any_century(first_six: str, is_day: bool) -> None:
    assert holds_person_number(f"{first_six} 1234") == is_day


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("ydelsesforloeb_2022-10-10_2020-01-01_2022-09-30.csv", False),
        ("deltagere_2024-02-01_610190-1234.csv", True),
        ("2024-02-01_2024-02-28", False),
        ("2024-02-01_61-01-90 1234", True),
    ],
)
# Rule I.name
def test_the_days_of_a_name_are_no_part_of_a_number(
    engine: duckdb.DuckDBPyConnection, name: str, holds: bool
) -> None:
    assert holds_person_number(person_numbers.without_days(name)) == holds
    assert found_by(engine, name, is_name=True) == holds


# the property: Python, DuckDB and a slow reading of the sentence agree on any text ----------------


def _is_between(char: str) -> bool:
    is_blank = char.isspace() or unicodedata.category(char) in ("Zs", "Zl", "Zp", "Cc", "Cf")
    return is_blank or unicodedata.category(char) == "Pd" or char in "./_\u2212"


def _read_slowly(text: str) -> bool:
    """The sentence of the rule, character by character, over the digits of any script."""
    digits = [unicodedata.digit(char, None) for char in text]
    starts = [at for at, digit in enumerate(digits) if digit is not None]
    return any(_begins_number(text, digits, at) for at in starts)


def _begins_number(text: str, digits: list[int | None], at: int) -> bool:
    if at and digits[at - 1] is not None:
        return False
    read: list[int] = []
    letters = 0
    while at < len(text) and len(read) < 10:
        digit = digits[at]
        if digit is not None:
            read.append(digit)
        elif len(read) == 6 and text[at].isalpha() and not letters:
            letters = 1
        elif not _is_between(text[at]):
            return False
        at += 1
    if len(read) < 10 or (at < len(text) and digits[at] is not None):
        return False
    day, month, year = (10 * read[n] + read[n + 1] for n in (0, 2, 4))
    try:
        dt.date(2000 + year, month, day - 60 if day > 60 else day)
    except ValueError:
        return False
    return True


_BETWEEN = st.text(
    st.sampled_from(
        " -./_\u00a0\u2009\u202f\u3000\t\u200b\u2060\ufeff\u00ad"
        "\u2010\u2011\u2013\u2014\u2212\u2e3a\ufe58"
    ),
    max_size=3,
)  # fmt: skip
_LETTER = st.sampled_from(["", "", "x", "Å", "я", "xy", ",", ":"])
_ZEROS = st.sampled_from([0x30, 0x30, 0x30, 0xFF10, 0x660, 0x966])


@st.composite
def _written_numbers(draw: st.DrawFn) -> str:
    """Ten digits or so, often a day first, in some script, with something between some of them."""
    day, month = draw(st.integers(0, 99)), draw(st.integers(0, 13))
    figures = f"{day:02d}{month:02d}{draw(st.integers(0, 99)):02d}{draw(st.integers(0, 9999)):04d}"
    figures = (
        draw(st.sampled_from(["", "", "", "7"])) + figures + draw(st.sampled_from(["", "", "5"]))
    )
    zero, text = draw(_ZEROS), ""
    for place, figure in enumerate(figures, 1):
        text += chr(zero + int(figure))
        if draw(st.integers(0, 3)) == 0:
            text += draw(_BETWEEN)
        if place == 6:
            text += draw(_LETTER)
    return (
        draw(st.sampled_from(["", "ref ", "nr.", "9"]))
        + text
        + draw(st.sampled_from(["", " x", "z"]))
    )


@given(text=_written_numbers() | st.text(st.sampled_from("0123469 -./_xå,"), max_size=40))
@example("610190\u00a0x\u00a01234")
@example("01.01.2023 - 31.12.2024")
@settings(max_examples=600, deadline=None)
# Rules I.person_text, G.candidate
def test_python_and_duckdb_read_any_text_as_the_rule_says(
    engine: duckdb.DuckDBPyConnection, text: str
) -> None:
    expected = _read_slowly(text)
    assert holds_person_number(text) == expected
    assert found_by(engine, text) == expected
