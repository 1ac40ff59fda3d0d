"""Months of the civil calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from dagster_project.lib.base import months


def test_a_month_is_written_with_four_and_two_digits() -> None:
    assert months.parse_month("2024-02") == dt.date(2024, 2, 1)
    for text in ("2024-2", "2024-13", "2024-00", "0000-01", "2024-02-01", "٢٠٢٤-02", ""):
        with pytest.raises(ValueError, match="YYYY-MM"):
            months.parse_month(text)


def test_first_and_last_day_are_those_of_the_month_of_a_date() -> None:
    assert months.first_day(dt.date(2024, 2, 29)) == dt.date(2024, 2, 1)
    assert months.last_day(dt.date(2024, 2, 1)) == dt.date(2024, 2, 29)
    assert months.last_day(dt.date(2023, 2, 28)) == dt.date(2023, 2, 28)
    assert months.last_day(dt.date.max) == dt.date.max


def test_counting_on_crosses_the_turn_of_the_year_both_ways() -> None:
    assert months.month_after(dt.date(2023, 12, 31)) == dt.date(2024, 1, 1)
    assert months.month_after(dt.date(2024, 1, 31), -1) == dt.date(2023, 12, 1)
    assert months.month_after(dt.date(2024, 1, 31), 0) == dt.date(2024, 1, 1)


def test_months_between_hold_both_ends() -> None:
    assert months.months_between(dt.date(2023, 12, 31), dt.date(2024, 1, 1)) == [
        dt.date(2023, 12, 1), dt.date(2024, 1, 1),
    ]  # fmt: skip
    assert months.months_between(dt.date(9999, 12, 1), dt.date.max) == [dt.date(9999, 12, 1)]
    assert not months.months_between(dt.date(2024, 2, 1), dt.date(2024, 1, 31))
