"""Settlement periods: aligned to the anchor, named after the calendar, closed by a last one."""

from __future__ import annotations

import datetime as dt

import pytest

from dagster_project.lib.contracts.periods import lay_out


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("first", "last", "length", "anchor", "wanted"),
    [
        ("2022-11-01", "2023-03-31", 3, 1, ["2022-10-01 2022-12-31 2022-K4",
                                            "2023-01-01 2023-03-31 2023-K1"]),
        ("2022-11-30", "2023-01-01", 3, 2, ["2022-11-01 2023-01-31 2022-11-01"]),
        ("2023-01-31", "2023-02-01", 1, 7, ["2023-01-01 2023-01-31 2023-01",
                                            "2023-02-01 2023-02-28 2023-02"]),
        ("2023-06-30", "2023-07-01", 6, 1, ["2023-01-01 2023-06-30 2023-H1",
                                            "2023-07-01 2023-12-31 2023-H2"]),
        ("2023-01-01", "2023-01-01", 6, 11, ["2022-11-01 2023-04-30 2022-11-01"]),
        ("2023-12-31", "2023-12-31", 12, 1, ["2023-01-01 2023-12-31 2023"]),
        ("2023-01-31", "2023-02-01", 12, 2, ["2022-02-01 2023-01-31 2022-02-01",
                                             "2023-02-01 2024-01-31 2023-02-01"]),
    ],
)  # fmt: skip
def test_periods_are_aligned_to_the_anchor_and_named_after_the_calendar(
    first: str, last: str, length: int, anchor: int, wanted: list[str]
) -> None:
    """A quarter that is none of the calendar is named by its first day."""
    periods = lay_out(day(first), day(last), length, anchor, None)
    assert [f"{p.period_start} {p.period_end} {p.period_label}" for p in periods] == wanted
    assert not any(period.is_final for period in periods)


@pytest.mark.parametrize(
    ("last", "count"), [("2023-03-31", 1), ("2023-04-01", 2), ("2023-06-30", 2), ("2023-07-01", 3)]
)
def test_periods_reach_to_the_one_that_contains_the_last_day(last: str, count: int) -> None:
    assert len(lay_out(day("2023-01-01"), day(last), 3, 1, None)) == count


@pytest.mark.parametrize(
    ("final_on", "closing"),
    [("2023-04-01", True), ("2023-03-31", False), ("2023-02-01", False), ("2025-12-31", True)],
)
def test_final_on_on_the_day_after_the_last_period_gives_its_closing_period(
    final_on: str, closing: bool
) -> None:
    """On the last day of the last period, or inside the term, it gives none."""
    ordinary, *rest = lay_out(day("2023-01-01"), day("2023-03-31"), 3, 1, day(final_on))
    assert ordinary.period_label == "2023-K1" and not ordinary.is_final
    assert [(p.period_start, p.period_end, p.period_label, p.is_final) for p in rest] == (
        [(day("2023-04-01"), day(final_on), "slutafregning", True)] if closing else []
    )
