"""Which night is due: at a tick of the schedule, and when the mart has grown old."""

from __future__ import annotations

import datetime as dt

import pytest

from dagster_project.lib.nights import due
from dagster_project.lib.nights.due import Known
from dagster_project.settings import TIME_ZONE


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE)


def days(*texts: str) -> tuple[dt.date, ...]:
    return tuple(map(day, texts))


ON = time("2027-01-01 12:00")
NIGHT_BEFORE = Known(
    published=day("2027-03-27"), tried=day("2027-03-27"), ticked=day("2027-03-27"),
    good_at=time("2027-03-27 04:31"), on_since=ON,
)  # fmt: skip


@pytest.mark.parametrize("date", ["2027-03-27", "2027-03-28", "2027-03-29", "2027-10-31"])
# Rule P.schedule
def test_each_date_is_due_once_also_where_the_clock_is_changed(date: str) -> None:
    midnight = time(f"{date} 00:00").timestamp()
    asked = [dt.datetime.fromtimestamp(midnight + 60 * n, dt.UTC) for n in range(23 * 60)]
    begins = [now for now in asked if due.newest_due(now) == day(date)]
    assert begins[0].astimezone(TIME_ZONE) == time(f"{date} 04:30")
    assert due.newest_due(begins[0] - dt.timedelta(minutes=1)) == day(date) - dt.timedelta(days=1)
    assert begins == asked[asked.index(begins[0]) :]


@pytest.mark.parametrize("date", ["2027-03-28", "2027-10-31"])
def test_a_night_begins_at_its_tick_on_the_dates_of_the_changed_clock(date: str) -> None:
    before = day(date) - dt.timedelta(days=1)
    known = Known(published=before, tried=before, ticked=before, on_since=ON)
    assert due.at_tick(time(f"{date} 04:30"), time(f"{date} 04:30"), known) == due.Verdict()


# Rule P.schedule
def test_a_home_with_a_date_of_its_own_has_no_night() -> None:
    tick = time("2027-03-28 04:30")
    assert due.at_tick(tick, tick, Known(is_fixed=True)).skip
    assert due.at_tick(tick, tick, Known()).skip is None


# Rule P.schedule
def test_nothing_is_caught_up_in_a_home_that_never_had_a_night() -> None:
    tick = time("2027-03-28 04:30")
    assert due.at_tick(tick, tick + dt.timedelta(minutes=10), Known()).skip is None
    assert due.at_tick(tick, tick + dt.timedelta(minutes=11), Known()).skip
    tried = Known(tried=day("2027-03-27"))
    assert due.at_tick(tick, tick + dt.timedelta(minutes=11), tried).skip is None


# Rule P.schedule
def test_the_newest_missed_night_is_caught_up_and_those_before_it_are_named() -> None:
    verdict = due.at_tick(time("2027-03-31 04:30"), time("2027-03-31 10:00"), NIGHT_BEFORE)
    assert verdict == due.Verdict(skipped=days("2027-03-28", "2027-03-29", "2027-03-30"))
    older = due.at_tick(time("2027-03-30 04:30"), time("2027-03-31 10:00"), NIGHT_BEFORE)
    assert older.skip and older.skipped == ()


@pytest.mark.parametrize(("published", "begins"), [("2027-03-30", True), ("2027-03-31", False)])
def test_a_missed_night_is_not_caught_up_where_its_date_is_published(
    published: str, begins: bool
) -> None:
    known = Known(published=day(published), ticked=day("2027-03-27"), on_since=ON)
    verdict = due.at_tick(time("2027-03-31 04:30"), time("2027-03-31 10:00"), known)
    assert (verdict.skip is None) is begins


@pytest.mark.parametrize(("published", "begins"), [("2027-03-31", True), ("2027-04-01", False)])
def test_a_night_begins_on_time_unless_a_later_date_is_published(
    published: str, begins: bool
) -> None:
    tick = time("2027-03-31 04:30")
    verdict = due.at_tick(tick, tick, Known(published=day(published), on_since=ON))
    assert (verdict.skip is None) is begins


def test_dates_on_which_the_schedule_was_off_were_not_skipped() -> None:
    known = Known(tried=day("2027-03-20"), on_since=time("2027-03-29 05:00"))
    verdict = due.at_tick(time("2027-03-31 04:30"), time("2027-03-31 04:30"), known)
    assert verdict.skipped == days("2027-03-30")


@pytest.mark.parametrize(
    ("now", "missed"),
    [
        ("2027-03-28 06:31", ()),  # 25 hours: the clock was put forward
        ("2027-03-28 07:31", ()),
        ("2027-03-28 07:32", ("2027-03-28",)),
        ("2027-03-29 12:00", ("2027-03-28", "2027-03-29")),
    ],
)
# Rule P.missed
def test_a_night_is_missed_once_the_mart_is_older_than_it_may_be(
    now: str, missed: tuple[str, ...]
) -> None:
    assert due.missed(time(now), NIGHT_BEFORE, 26) == days(*missed)


@pytest.mark.parametrize(
    "known",
    [
        Known(is_fixed=True, on_since=ON),
        Known(published=day("2027-03-20"), good_at=time("2027-03-20 04:31")),  # schedule off
        Known(tried=day("2027-03-29"), good_at=time("2027-03-20 04:31"), on_since=ON),
        Known(on_since=time("2027-03-29 05:00")),  # switched on after the last night was due
    ],
    ids=["fixed date", "schedule off", "it ran and was held", "just switched on"],
)
def test_no_night_is_missed_where_none_was_due_or_the_last_one_ran(known: Known) -> None:
    assert due.missed(time("2027-03-29 12:00"), known, 1) == ()


def test_a_first_night_that_never_was_is_missed_too() -> None:
    known = Known(on_since=time("2027-03-28 04:00"))
    assert due.missed(time("2027-03-29 05:59"), known, 26) == ()
    assert due.missed(time("2027-03-29 06:01"), known, 26) == days("2027-03-29")
