"""A person number is one however it is written."""

from __future__ import annotations

import re

import duckdb
import pytest

from dagster_project.lib.base.person_numbers import WRITTEN_BY_US, holds_person_number


@pytest.mark.parametrize(
    "text",
    [
        "6101901234", "610190-1234", "610190 1234", "610190–1234", "61 01 90 1234",
        "borger 610190 - 1234 mangler", "61.01.90-1234", "６１０１９０１２３４", "0101901234",
        "610190_1234", "610190,1234", "610190(1234)", "61 01 90 12 34", "610190.1234",
    ],
)  # fmt: skip
# Rule I.person_text
def test_ten_digits_that_begin_with_a_date_are_a_person_number(text: str) -> None:
    assert holds_person_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "6113901234", "610190123", "61019012345", "EAN 5798000123456",
        "faktura 2024-11-26 1234", "610190 og 1234", "3202901234",
        "periode 01.10-12.10.2024", "møde 06-07.08.2024", "kl. 10-12.10.2024", "010124-310124",
    ],
)  # fmt: skip
def test_other_digits_are_none(text: str) -> None:
    assert not holds_person_number(text)


@pytest.mark.parametrize(
    ("text", "is_typed", "is_published"),
    [
        ("6101901234", True, True),
        ("610190-1234", True, True),
        ("610190 1234", True, True),
        ("borger 010190-1234.", True, True),
        ("ref:6101901234/2", True, True),
        ("3102901234", False, True),  # a 31 February is no date, but no scan of columns knows that
        ("610190–1234", True, False),  # a dash that people type and no file holds
        ("61.01.90-1234", True, False),
        ("61 01 90 12 34", True, False),
        ("６１０１９０１２３４", True, False),
        ("a6101901234b", True, False),  # the inside of a hash or an id
        ("6113901234", False, False),
        ("9201901234", False, False),
        ("61019012345", False, False),
        ("2024-01-01", False, False),
        ("12.804.412,50", False, False),
    ],
)
# Rules I.person_text, G.candidate
def test_typed_and_published_texts_are_read_as_far_as_each_needs(
    text: str, is_typed: bool, is_published: bool
) -> None:
    assert holds_person_number(text) == is_typed
    assert bool(re.search(WRITTEN_BY_US, text)) == is_published
    with duckdb.connect() as connection:
        found = connection.execute("select regexp_matches(?, ?)", [text, WRITTEN_BY_US]).fetchone()
    assert found == (is_published,)
