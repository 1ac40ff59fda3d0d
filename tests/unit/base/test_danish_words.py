"""What is written in Danish by rule: names of periods, faults of data models and of the system."""

from __future__ import annotations

import datetime as dt
import errno
import typing

import pytest
from pydantic_core import core_schema

from dagster_project.lib.base import danish, model_words
from dagster_project.lib.base.errors import said_by_system
from tests.support.danish_texts import english_in


@pytest.mark.parametrize(
    ("label", "start", "told"),
    [
        ("2023-K1", dt.date(2023, 1, 1), "2023-K1"),
        ("2023", dt.date(2023, 1, 1), "2023"),
        ("slutafregning", dt.date(2025, 1, 1), "slutafregning"),
        ("2022-12-01", dt.date(2022, 12, 1), "december 2022"),
        ("2023-01", dt.date(2023, 1, 1), "januar 2023"),
    ],
)
# Rule P.danish
def test_a_period_is_told_by_its_name_or_else_by_its_month_in_words(
    label: str, start: dt.date, told: str
) -> None:
    assert danish.period(label, start) == told


@pytest.mark.parametrize("kind", typing.get_args(core_schema.ErrorType))
# Rule P.danish
def test_every_fault_that_a_data_model_can_find_is_told_in_danish(kind: str) -> None:
    names = ("min_length", "max_length", "gt", "ge", "lt", "le", "expected", "error")
    told = model_words.why({"type": kind, "ctx": dict.fromkeys(names, 7)})
    assert told
    assert not english_in(told)


def test_the_choices_of_a_model_are_named() -> None:
    item = {"type": "literal_error", "ctx": {"expected": "'a', 'b' or 'c'"}}
    assert model_words.why(item) == "skal være en af: 'a', 'b' eller 'c'"


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOENT, "findes ikke"), (errno.EACCES, "adgang nægtet"), (errno.EXDEV, "EXDEV")],
)
# Rule P.danish
def test_what_the_system_refuses_is_told_in_danish_or_by_its_code(number: int, told: str) -> None:
    assert said_by_system(OSError(number, "No such file or directory")) == told
