"""Each benefit spell is marked at load where it is alone in the months that it touches."""

from __future__ import annotations

import datetime as dt
import itertools

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.loading import load

_FIRST = dt.date(2023, 1, 1)
_days = st.integers(0, 150).map(lambda number: _FIRST + dt.timedelta(days=number))
_rows = st.lists(
    st.tuples(st.integers(1, 2), _days, st.integers(0, 70) | st.none()), min_size=1, max_size=8
)


def _months(first: dt.date, length: int | None) -> set[tuple[int, int]]:
    """Years and months of every day of a row; a row that still runs has a year of them."""
    days = 365 if length is None else length + 1
    return {((d := first + dt.timedelta(days=n)).year, d.month) for n in range(days)}


@given(_rows)
@settings(max_examples=300, deadline=None)
def test_a_row_is_alone_when_no_other_of_its_person_has_a_day_in_its_months(
    rows: list[tuple[int, dt.date, int | None]],
) -> None:
    told, window = load.mark_alone(load_sources()["ydelsesforloeb"])
    with duckdb.connect() as connection:
        connection.execute(
            "create table spells (row_number int, person_no int, from_date date, to_date date)"
        )
        connection.executemany(
            "insert into spells values (?, ?, ?, ?)",
            [
                [n, person, first, None if length is None else first + dt.timedelta(days=length)]
                for n, (person, first, length) in enumerate(rows)
            ],
        )
        found = dict(
            connection.execute(f"select row_number, {told} from spells{window}").fetchall()
        )
    beside = {
        n
        for (n, one), (m, other) in itertools.product(enumerate(rows), repeat=2)
        if n != m and one[0] == other[0] and _months(*one[1:]) & _months(*other[1:])
    }
    assert found == {n: n not in beside for n in range(len(rows))}


def test_only_the_benefit_spells_ask_for_it() -> None:
    asking = {
        name for name, source in load_sources().items() if load.mark_alone(source) != ("", "")
    }
    assert asking == {"ydelsesforloeb"}
