"""Small numbers: the macros of the payout mart against the sentences of the rules."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import hidden
from tests.sql.settlement.rendered import render

Row = tuple[Any, ...]


def published(engine: duckdb.DuckDBPyConnection, macro: str, rows: str) -> list[Row]:
    """What a macro makes of rows, in order."""
    text = f"select * from ({{{{ {macro} }}}}) order by all"
    return engine.execute(f"with told as ({rows}) {render(text)}").fetchall()


# Rule M.suppression
@pytest.mark.parametrize(
    ("persons", "is_hidden"), [(0, False), (1, True), (4, True), (5, False), (None, False)]
)
def test_a_row_of_one_to_four_persons_is_hidden_whole_and_nothing_beside_it(
    engine: duckdb.DuckDBPyConnection, persons: int | None, is_hidden: bool
) -> None:
    # the second row shows that none is hidden with the first
    rows = f"""
        select 'A' as area, 'g' as benefit_group, month, {persons or "null"}::bigint as persons,
            9 as persons_published, 1.5 as fte_published, false as is_published_suppressed,
            9 as persons_register, 2.5 as fte_register, '' as statistics_sha256
        from (values (1)) as t (month)
        union all
        select 'A', 'g', 2, 5, 9, 1.5, false, 9, 2.5, ''
    """
    first, second = published(engine, "publish_statistics('fte_month', 'told')", rows)
    assert first[3:8] == ((None, None, False, None, True) if is_hidden else second[3:8])
    assert second[7] is False


TOGETHER = """
    select 'a' as contract_id, 1 as month, 'g' as benefit_group, 30 as persons,
        {0} as with_placement, {1} as with_hours, {2} as with_either, 0.5 as achieved_share,
        0.7 as target_share, 3 as missing_to_target
"""


# Rule M.suppression
@pytest.mark.parametrize(
    ("counts", "is_hidden"),
    [
        ((10, 10, 10), False),
        ((0, 10, 10), False),
        ((10, 5, 15), False),
        ((5, 10, 15), False),
        ((4, 10, 14), True),  # a small count
        ((1, 10, 10), True),
        ((11, 10, 16), True),  # a difference of 1
        ((10, 6, 15), True),  # a difference of 4
        ((10, 14, 14), True),
        ((10, 15, 15), False),  # a difference of 5
        ((15, 0, 15), False),
        ((15, 20, 21), True),  # the difference of the second and third only
    ],
)
def test_counts_that_can_be_subtracted_are_hidden_together(
    engine: duckdb.DuckDBPyConnection, counts: tuple[int, int, int], is_hidden: bool
) -> None:
    (row,) = published(engine, "publish_statistics('focus_goal', 'told')", TOGETHER.format(*counts))
    shown: tuple[Any, ...] = (
        (None, None, None, None) if is_hidden else (*counts, pytest.approx(0.5))
    )
    assert row[3] == 30
    assert tuple(row[4:7]) == shown[:3]
    assert (row[7] is None, row[9] is None) == (is_hidden, is_hidden)
    assert row[10] is False


# Rule M.adds_up
@pytest.mark.parametrize(
    ("total", "counts", "left"),
    [
        (10, [10], {"s0"}),
        (12, [9, 3], set()),  # 12 - 9 is the hidden status
        (14, [5, 6, 3], {"s1"}),  # the next fewest is hidden with it
        (14, [5, 5, 4], {"s1"}),  # ties by name
        (14, [6, 4, 4], {"s0"}),  # 8 stand behind the hidden rows
        (15, [5, 5, 5], {"s0", "s1", "s2"}),
        (9, [9, 4], {"s0"}),  # people with two statuses: nothing is left over
        (10, [5, 4, 1], {"s0"}),
        (9, [5, 3, 1], set()),
        (3, [3], set()),
        (4, [2, 2], set()),
    ],
)
def test_statuses_less_the_shown_ones_leave_nobody_or_five(
    engine: duckdb.DuckDBPyConnection, total: int, counts: list[int], left: set[str]
) -> None:
    rows = f"""
        select 'a' as contract_id, year, 's' || place as step, persons, null as goal,
            case when year = 1 then {total} end as persons_of_course
        from (values (1, {counts}), (2, [6, 3])) as t (year, counts),
            unnest(counts) with ordinality as one (persons, number),
            (select number - 1) as p (place)
    """
    found = published(engine, "publish_statistics('screening_funnel', 'told')", rows)
    assert {row[2] for row in found if row[1] == 1 and row[3] is not None} == left
    assert [row[3] for row in found if row[1] == 2] == [6, None]
    of_year = [{"step": f"s{place}", "persons": persons} for place, persons in enumerate(counts)]
    beside = hidden.remainder(of_year, "persons", "step", total)
    small = {row["step"] for row in of_year if hidden.is_small(row["persons"])}
    assert {row["step"] for row in of_year} - beside - small == left


Members = dict[str, list[int]]
"""Members of one family, each with the persons of its facts; 0 is nobody."""


def family_rows(members: Members) -> str:
    facts = [
        f"select 'a' as contract_id, 1 as month, 'g' as benefit_group, '{name}' as reason,"
        f" nullif({person}, 0) as person_no, 1 as cases_ended"
        for name, people in members.items()
        for person in people
    ]
    return " union all ".join(facts)


def shown_members(engine: duckdb.DuckDBPyConnection, members: Members) -> dict[str, int | None]:
    rows = published(engine, "publish_family('cases_ended_month', 'told')", family_rows(members))
    assert all(row[5] is (row[3] == "hidden") for row in rows)
    assert len({row[3] for row in rows}) == len(rows)
    return {row[3]: row[4] for row in rows}


def people(count: int, first: int = 1) -> list[int]:
    return list(range(first, first + count))


# Rule M.family
@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ({"a": people(5)}, {"a": 5}),
        ({"a": people(4)}, {"hidden": None}),  # all have joined
        ({"a": people(4), "b": people(3, 5)}, {"hidden": None}),  # seven behind it
        ({"a": people(4), "b": people(9, 10)}, {"hidden": None}),  # b joins: all have
        ({"a": people(4), "b": people(9, 10), "c": people(6, 30)}, {"b": 9, "hidden": None}),
        (
            {"a": people(4), "c": people(6, 10), "b": people(6, 30)},
            {"c": 6, "hidden": None},
        ),  # ties
        ({"a": people(4), "b": people(1, 4), "c": people(5, 9)}, {"hidden": None}),  # the same four
        ({"a": people(4), "b": people(1, 9), "c": people(5, 10)}, {"c": 5, "hidden": None}),  # five
        (
            {"a": [1, 1, 1, 1, 1, 1], "b": people(5, 9), "c": people(6, 20)},
            {"c": 6, "hidden": None},
        ),
        ({"a": [0, 0], "b": people(4)}, {"a": 2, "hidden": None}),  # nobody does not join
        ({"a": [0], "b": [0, 0, 0]}, {"a": 1, "b": 3}),  # a family of nobody
        ({"a": [0, *people(4)], "b": people(5, 9)}, {"hidden": None}),
    ],
)
def test_the_hidden_rows_of_a_family_are_one_with_nobody_or_five_behind_it_or_all(
    engine: duckdb.DuckDBPyConnection, members: Members, shown: dict[str, int | None]
) -> None:
    assert shown_members(engine, members) == shown


# Rule M.family
@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    members=st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.integers(0, 14), min_size=1, max_size=9), min_size=1
    )
)
def test_the_macro_says_of_any_family_what_the_oracle_says(
    engine: duckdb.DuckDBPyConnection, members: Members
) -> None:
    facts: list[hidden.Fact] = [
        (("a", 1, "g", name), str(person) if person else None, (1,))
        for name, persons in members.items()
        for person in persons
    ]
    told = hidden.family(
        facts, ("contract_id", "month", "benefit_group", "reason"), "reason", {"cases_ended": int}
    )
    expected = {row["reason"]: row["cases_ended"] for row in told}
    assert shown_members(engine, members) == expected


Matches = dict[str, Members]
"""The reasons of each match of a period, each with the persons of its months."""


def shown_reasons(engine: duckdb.DuckDBPyConnection, matches: Matches) -> dict[str, set[str]]:
    """The reasons that each match of a period shows; no other period is touched by them."""
    facts = [
        f"select 'a' as contract_id, date '{period}' as period_start, '{match}' as match,"
        f" '{reason}' as reason, nullif({person}, 0) as person_no, 1 as month_count,"
        " 10.00::decimal(18, 2) as amount_dkk"
        for period, told in (("2024-01-01", matches), ("2024-04-01", {"none": WHOLE}))
        for match, members in told.items()
        for reason, people in members.items()
        for person in people
    ]
    rows = published(engine, "publish_family('claim_match', 'told')", " union all ".join(facts))
    assert {row[3] for row in rows if str(row[1]) == "2024-04-01"} == WHOLE.keys()
    return {
        match: {row[3] for row in rows if str(row[1]) == "2024-01-01" and row[2] == match}
        for match in matches
    }


WHOLE = {"on_support": people(6), "exited": people(9, 20)}


# Rule M.family
@pytest.mark.parametrize(
    ("matches", "shown"),
    [
        # nothing is small: both show the reason that the bill sums
        (
            {"none": WHOLE, "claimed_denied": {"on_support": people(5)}},
            {"none": {"on_support", "exited"}, "claimed_denied": {"on_support"}},
        ),
        # the sum less the shown one would be the four
        (
            {
                "none": {**WHOLE, "over_quota": people(12, 50)},
                "claimed_denied": {"on_support": people(4), "exited": people(3, 9)},
            },
            {"none": {"over_quota", "hidden"}, "claimed_denied": {"hidden"}},
        ),
        # beside a hidden reason it is not alone, and nobody joins
        (
            {
                "none": {**WHOLE, "case_too_short": people(2, 60)},
                "claimed_denied": {"on_support": people(4)},
            },
            {"none": {"exited", "hidden"}, "claimed_denied": {"hidden"}},
        ),
        # it joined a small one in one match
        (
            {
                "none": {"not_observed": people(9), "exited": people(10, 20)},
                "claimed_pending": {
                    "case_start_unknown": people(2, 40), "not_observed": people(7, 50),
                },
            },
            {"none": {"hidden"}, "claimed_pending": {"hidden"}},
        ),
        # a reason that the bill does not sum is hidden in its own match only
        (
            {"none": WHOLE, "claimed_denied": {"exited": people(4), "over_quota": people(5, 9)}},
            {"none": {"on_support", "exited"}, "claimed_denied": {"hidden"}},
        ),
        # nobody else can join
        (
            {"none": {"on_support": people(6)}, "claimed_denied": {"on_support": people(4)}},
            {"none": {"hidden"}, "claimed_denied": {"hidden"}},
        ),
    ],
)  # fmt: skip
def test_a_reason_that_the_bill_sums_is_hidden_in_all_matches_or_in_none(
    engine: duckdb.DuckDBPyConnection, matches: Matches, shown: dict[str, set[str]]
) -> None:
    assert shown_reasons(engine, matches) == shown


# Rule M.family
@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    matches=st.dictionaries(
        st.sampled_from(["none", "claimed_denied", "claimed_pending"]),
        st.dictionaries(
            st.sampled_from(["on_support", "not_observed", "exited", "over_quota"]),
            st.lists(st.integers(0, 14), min_size=1, max_size=9),
            min_size=1,
        ),
        min_size=1,
    )
)
def test_the_macro_says_of_any_matches_what_the_oracle_says(
    engine: duckdb.DuckDBPyConnection, matches: Matches
) -> None:
    facts: list[hidden.Fact] = [
        (("a", "2024-01-01", match, reason), str(person) if person else None, (1,))
        for match, members in matches.items()
        for reason, persons in members.items()
        for person in persons
    ]
    told = hidden.family(
        facts, ("contract_id", "period_start", "match", "reason"), "reason", {"month_count": int},
        ("match", {"on_support", "not_observed"}),
    )  # fmt: skip
    expected = {
        match: {row["reason"] for row in told if row["match"] == match} for match in matches
    }
    assert shown_reasons(engine, matches) == expected
