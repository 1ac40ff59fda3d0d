"""The answers of the library of public holidays, held as they were when it was chosen."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest

from dagster_project.lib.reference.public_holidays import around, list_public_holidays

HELD = {
    2020: "01-01 04-09 04-10 04-12 04-13 05-08"
          " 05-21 05-31 06-01 12-25 12-26",
    2021: "01-01 04-01 04-02 04-04 04-05 04-30"
          " 05-13 05-23 05-24 12-25 12-26",
    2022: "01-01 04-14 04-15 04-17 04-18 05-13"
          " 05-26 06-05 06-06 12-25 12-26",
    2023: "01-01 04-06 04-07 04-09 04-10 05-05"
          " 05-18 05-28 05-29 12-25 12-26",
    2024: "01-01 03-28 03-29 03-31 04-01 05-09"
          " 05-19 05-20 12-25 12-26",
    2025: "01-01 04-17 04-18 04-20 04-21 05-29"
          " 06-08 06-09 12-25 12-26",
    2026: "01-01 04-02 04-03 04-05 04-06 05-14"
          " 05-24 05-25 12-25 12-26",
    2027: "01-01 03-25 03-26 03-28 03-29 05-06"
          " 05-16 05-17 12-25 12-26",
    2028: "01-01 04-13 04-14 04-16 04-17 05-25"
          " 06-04 06-05 12-25 12-26",
    2029: "01-01 03-29 03-30 04-01 04-02 05-10"
          " 05-20 05-21 12-25 12-26",
    2030: "01-01 04-18 04-19 04-21 04-22 05-30"
          " 06-09 06-10 12-25 12-26",
    2031: "01-01 04-10 04-11 04-13 04-14 05-22"
          " 06-01 06-02 12-25 12-26",
    2032: "01-01 03-25 03-26 03-28 03-29 05-06"
          " 05-16 05-17 12-25 12-26",
    2033: "01-01 04-14 04-15 04-17 04-18 05-26"
          " 06-05 06-06 12-25 12-26",
    2034: "01-01 04-06 04-07 04-09 04-10 05-18"
          " 05-28 05-29 12-25 12-26",
    2035: "01-01 03-22 03-23 03-25 03-26 05-03"
          " 05-13 05-14 12-25 12-26",
}  # fmt: skip
LAST_STORE_BEDEDAG = 2023


def _easter(year: int) -> dt.date:
    """Easter Sunday by the calendar's own arithmetic (Meeus, Jones, Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


# Rule S.holidays
@pytest.mark.parametrize("year", HELD)
def test_the_public_holidays_of_a_year_are_those_that_are_held(year: int) -> None:
    found = [f"{day:%m-%d}" for day in list_public_holidays(year, year)]
    assert found == HELD[year].split()


# Rule S.holidays
@pytest.mark.parametrize("year", HELD)
def test_the_public_holidays_are_those_of_the_law(year: int) -> None:
    after_easter = [-3, -2, 0, 1, 39, 49, 50] + ([26] if year <= LAST_STORE_BEDEDAG else [])
    movable = [_easter(year) + dt.timedelta(days=days) for days in after_easter]
    fixed = [dt.date(year, 1, 1), dt.date(year, 12, 25), dt.date(year, 12, 26)]
    assert list_public_holidays(year, year) == sorted({*movable, *fixed})


# Rule S.holidays
@pytest.mark.parametrize("day", [(5, 1), (6, 5), (12, 24), (12, 31)])
def test_a_day_that_many_have_off_is_an_ordinary_day(day: tuple[int, int]) -> None:
    assert dt.date(2025, *day) not in list_public_holidays(2025, 2025)


def test_the_years_reach_as_far_as_a_deadline_can() -> None:
    days = around([dt.date(2023, 1, 1), dt.date(2024, 12, 31)])
    assert (days[0].year, days[-1].year) == (2023, 2035)
    assert around([]) == []


def test_the_library_is_loaded_by_nobody_who_computes_no_deadline() -> None:
    code = (
        "import sys, dagster_project.cli.app, dagster_project.lib.receiving.loading.raw_inputs;"
        "sys.exit('holidays' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
