"""Small numbers: the macros of the payout mart against the sentences of M.suppression."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql.settlement.rendered import render

FLAGGED = """
select place, persons, {{ suppress_flag('persons', ['a', 'b'], 'place') }} as is_suppressed
from (select 1 as a, 2 as b, unnest(?) as place, unnest(?::bigint[]) as persons)
order by place
"""


def flags(engine: duckdb.DuckDBPyConnection, counts: list[int | None]) -> list[bool]:
    places = list(range(len(counts)))
    rows = engine.execute(render(FLAGGED), [places, counts]).fetchall()
    return [bool(row[2]) for row in rows]


def expected(counts: list[int | None]) -> list[bool]:
    """The rule in words: small rows; beside exactly one of them the next fewest, ties by key."""
    shown = [count or 0 for count in counts]
    suppressed = [1 <= count <= 4 for count in shown]
    if sum(suppressed) == 1:
        others = [(count, place) for place, count in enumerate(shown) if count > 4]
        if others:
            suppressed[min(others)[1]] = True
    return suppressed


@pytest.mark.parametrize(
    ("counts", "suppressed"),
    [
        ([0], [False]),
        ([1], [True]),
        ([4], [True]),
        ([5], [False]),
        ([None], [False]),
        ([4, 5], [True, True]),
        ([4, 0], [True, False]),
        ([4, 9, 6, 6], [True, False, True, False]),
        ([4, 3, 5], [True, True, False]),
        ([5, 6], [False, False]),
    ],
)
# Rule M.suppression
def test_a_row_is_suppressed_for_itself_or_for_the_only_small_row_beside_it(
    engine: duckdb.DuckDBPyConnection, counts: list[int | None], suppressed: list[bool]
) -> None:
    assert flags(engine, counts) == suppressed


@settings(max_examples=150, deadline=None, derandomize=True)
@given(counts=st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1, max_size=7))
# Rule M.suppression
def test_the_macro_says_what_the_sentence_says_for_any_counts(
    engine: duckdb.DuckDBPyConnection, counts: list[int | None]
) -> None:
    assert flags(engine, counts) == expected(counts)


def test_rows_of_another_group_neither_hide_nor_are_hidden(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    text = """
    select a, persons, {{ suppress_flag('persons', ['a'], 'place') }} as is_suppressed
    from (values (1, 1, 3), (1, 2, 8), (2, 1, 7), (2, 2, 9)) as t (a, place, persons)
    order by a, persons
    """
    rows = engine.execute(render(text)).fetchall()
    assert rows == [(1, 3, True), (1, 8, True), (2, 7, False), (2, 9, False)]


@pytest.mark.parametrize(
    ("is_suppressed", "count", "shown"),
    [(False, 0, 10), (False, 1, None), (False, 4, None), (False, 5, 10), (True, 5, None)],
)
# Rule M.suppression
def test_a_measure_is_hidden_with_its_row_or_with_the_small_count_it_rests_on(
    engine: duckdb.DuckDBPyConnection, is_suppressed: bool, count: int, shown: int | None
) -> None:
    text = """
    select {{ suppress_measure('measure', ['persons']) }}
    from (select ?::boolean as is_suppressed, ?::bigint as persons, 10 as measure)
    """
    assert engine.execute(render(text), [is_suppressed, count]).fetchone() == (shown,)
