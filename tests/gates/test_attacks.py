"""Gate 50 as an attacker: each way to get a hidden cell back is found, and what is sound is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from dagster_project.lib.gates.suites import Suite, all_suites
from dagster_project.lib.publishing.tables import declared_tables

COUNT, COMPUTED, ELSEWHERE = (
    "no_count_of_a_row_is_got_back",
    "no_computed_figure_gives_a_count_back",
    "no_other_table_gives_a_cell_back",
)
REASON = "no_reason_gives_a_count_away"  # fmt: skip
Rows = dict[str, list[dict[str, Any]]]
KEY = {"contract_id": "a", "part_id": "p", "month": "2024-01-01", "period_start": "2024-01-01",
       "benefit_group": "g", "is_suppressed": False}  # fmt: skip


@pytest.fixture(scope="module")
def mart() -> Iterator[duckdb.DuckDBPyConnection]:
    """A mart without a row, as gate 50 sees it."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as payout_mart; attach ':memory:' as case_mart")
        for (room, name), table in declared_tables().items():
            database = "payout_mart" if room == "mart" else "case_mart"
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table.columns)
            connection.execute(f"create schema if not exists {database}.{room}")
            connection.execute(f'create table {database}.{room}."{name}" ({columns})')
        yield connection


@pytest.fixture(scope="module")
def suite() -> Suite:
    (found,) = (one for one in all_suites() if one.subject == "subtraction")
    return found


def found(mart: duckdb.DuckDBPyConnection, suite: Suite, rows: Rows) -> set[str]:
    """The checks that find something in a mart of these rows."""
    mart.execute("begin")
    try:
        for table, own in rows.items():
            columns = {column for column, _ in declared_tables()["mart", table].columns}
            for row in own:
                told = {k: v for k, v in (KEY | row).items() if k in columns}
                names = ", ".join(f'"{name}"' for name in told)
                marks = ", ".join("?" for _ in told)
                mart.execute(
                    f"insert into payout_mart.mart.{table} ({names}) values ({marks})",
                    list(told.values()),
                )
        checks = [check.id for check in suite.checks]
        sums = ", ".join(f"coalesce(bool_or({check}), false)" for check in checks)
        answer = mart.execute(f"select {sums}, count(*) from ({suite.facts})").fetchone() or ()
        floor = mart.execute(str(suite.min_rows)).fetchone() or (0,)
        assert answer[-1] >= floor[0]
        return {check for check, is_found in zip(checks, answer, strict=False) if is_found}
    finally:
        mart.execute("rollback")


def goal(**shown: Any) -> Rows:
    return {"focus_goal": [{"persons": 20, **shown}]}


def relapses(**shown: Any) -> Rows:
    told = {"entries": 30, "observed": 20, "retained": 15, "relapsed": 5, "any_return": 10, **shown}
    return {"relapse_summary": [told]}


HIDDEN: dict[str, Any] = dict.fromkeys(("observed", "retained", "relapsed", "any_return"))
MATCH = {"match": "claimed_pending", "amount_dkk": 0}


def follow_up(home: dict[str, Any], **shown: Any) -> Rows:
    return {
        "contract": [{"area": "A"}],
        "follow_up_month": [{"persons": 20, **shown}],
        "fte_month": [{"area": "A", "is_published_suppressed": False, **home}],
    }


def ended(whole: int | None, *reasons: tuple[str, int | None]) -> Rows:
    return {
        "follow_up_month": [{"persons": 20, "cases_ended": whole}],
        "cases_ended_month": [{"reason": name, "cases_ended": count} for name, count in reasons],
    }


def funnel(**steps: int | None) -> Rows:
    return {
        "screening_funnel": [
            {"year": 2024, "step": step, "persons": count} for step, count in steps.items()
        ]
    }


def match(whole: int, *reasons: tuple[str, int | None], pending: int | None = None) -> Rows:
    return {
        "claim_match_period": [{**MATCH, "month_count": whole}],
        "claim_match": [{**MATCH, "reason": n, "month_count": count} for n, count in reasons],
        "settlement_blocker": [{"kind": "claims_pending", "item_count": pending}]
        if pending
        else [],
    }


def causes(state: str, today: list[str], due: list[str]) -> Rows:
    corrected = {"corrected_period_start": "2023-01-01"}
    return {
        "settlement": [{"state": state}],
        "restatement": [{**corrected, "cause": cause} for cause in today],
        "settlement_true_up": [{**corrected, "cause": cause} for cause in due],
    }


def reasons(**shown: Any) -> Rows:
    """A month of which the register's count is missing, and one that is whole."""
    told = {"persons_published": 20, "fte_published": 9, "null_reason": "hidden"}
    other = {"benefit_group": "h", "month": shown.pop("other_month", "2024-01-01")}
    return {
        "fte_month": [{**told, **shown}, {**told, **other, "fte_register": 5, "null_reason": ""}]
    }


def curve(
    *rows: tuple[int, int | None, int | None, float | None], entries: int | None = 30
) -> Rows:
    names = ("months_since_entry", "at_risk", "returned", "still_out_share")
    return {
        **relapses(entries=entries),
        "relapse_curve": [dict(zip(names, row, strict=True)) for row in rows],
    }


@pytest.mark.parametrize(
    ("rows", "checks"),
    [
        (goal(with_placement=10, with_hours=5, with_either=15), set()),
        (goal(with_placement=10, with_hours=5, with_either=14), {COUNT}),
        (goal(with_placement=5, with_hours=11, with_either=15), {COUNT}),
        (goal(with_placement=10, with_hours=11, with_either=21), {COUNT}),
        (goal(with_placement=0, with_hours=4, with_either=9), {COUNT}),
        ({"focus_goal": [{"persons": 4}]}, {COUNT}),
        (goal(achieved_share=0.5), {COMPUTED}),
        (goal(missing_to_target=3), {COMPUTED}),
        (goal(with_placement=10, with_hours=0, with_either=10, achieved_share=0.2), {COMPUTED}),
        (follow_up({}, company_directed_share=0.25), set()),
        (follow_up({}, company_directed_share=0.20), {COMPUTED}),
        (follow_up({}, persons=None, fte_register=3), {COMPUTED}),
        (follow_up({}, persons=4), {COUNT}),
        (follow_up({"fte_published": 9}, fte_published=9), set()),
        (follow_up({"fte_published": None}, fte_published=3), {ELSEWHERE}),
        (follow_up({"is_published_suppressed": True}, fte_published=3), set()),
        (relapses(), set()),
        (relapses(**HIDDEN), set()),
        (relapses(observed=19, retained=15, any_return=9), {COUNT}),
        (relapses(observed=20, retained=10, relapsed=10, any_return=14), {COUNT}),
        (relapses(relapsed=None, any_return=None), {COMPUTED}),
        (relapses(observed=None, any_return=None), {COMPUTED}),
        (relapses(**HIDDEN, relapse_rate=0.2), {COMPUTED}),
        (relapses(**HIDDEN, expected_relapses=2), {COMPUTED}),
        (relapses(**HIDDEN, avoided_relapses=2), {COMPUTED}),
        (relapses(**HIDDEN, target_relapses=2), {COMPUTED}),
        (relapses(**HIDDEN, saving_dkk=0), {COMPUTED}),
        (relapses(**HIDDEN, net_saving_dkk=0), {COMPUTED}),
        (curve((0, 30, 5, 0.833333), (7, 20, 6, 0.6)), set()),
        (curve((0, 30, None, None), (7, 20, 6, 0.6)), set()),
        (curve((0, 30, 4, 0.866667)), {COUNT, COMPUTED}),
        (curve((0, 30, None, 0.866667)), {COMPUTED}),
        (curve((0, 30, 5, 0.8), (7, 4, 5, 0.6)), {COUNT}),
        (curve((0, 30, 5, 0.8), (7, 20, 4, 0.6)), {COUNT}),
        (curve((0, 30, 0, 1.0), entries=None), {ELSEWHERE}),
        ({"effect": [{"treated_n": 5, "control_n": 6, "difference_weeks": 1}]}, set()),
        ({"effect": [{"treated_n": 4, "control_n": 6}]}, {COUNT}),
        ({"effect": [{"control_n": 6, "treated_mean_weeks": 1}]}, {COMPUTED}),
        ({"effect": [{"treated_n": 6, "control_mean_weeks": 1}]}, {COMPUTED}),
        ({"effect": [{"treated_n": 6, "difference_weeks": 1}]}, {COMPUTED}),
        ({"effect": [{"control_n": 6, "ci_low_weeks": 1}]}, {COMPUTED}),
        (match(10, ("not_observed", 5), ("hidden", None)), set()),
        (match(10, ("not_observed", 6), ("hidden", None)), {ELSEWHERE}),
        (match(4, ("hidden", None)), set()),
        (match(20, ("not_observed", 6), ("hidden", None), pending=10), {ELSEWHERE}),
        (funnel(special_course=14, status_a=9, status_b=5), set()),
        (funnel(special_course=14, status_a=None, status_b=9), set()),
        (funnel(special_course=13, status_a=None, status_b=9), {COMPUTED}),
        (funnel(special_course=4), {COUNT}),
        (ended(10, ("job", 5), ("hidden", None)), set()),
        (ended(9, ("job", 5), ("hidden", None)), {ELSEWHERE}),
        (ended(4, ("hidden", None)), {COUNT}),
        (ended(None, ("hidden", None)), set()),
        (ended(None, ("job", 5), ("hidden", None)), {ELSEWHERE}),
        (ended(20, ("job", 4), ("su", 16)), {COUNT}),
        (causes("draft", ["exit_added", "hidden"], ["exit_added", "hidden"]), set()),
        (causes("draft", ["exit_added", "hidden"], ["hidden"]), {ELSEWHERE}),
        (causes("paid", ["exit_added"], ["hidden"]), set()),
        (reasons(), set()),
        (reasons(other_month="2024-02-01"), {REASON}),
        (reasons(other_month="2024-02-01", is_suppressed=True), set()),
        (reasons(other_month="2024-02-01", fte_published=None), set()),
        (reasons(other_month="2024-02-01", persons_published=None), set()),
        (reasons(other_month="2024-02-01", null_reason="not_observed"), set()),
    ],
)  # fmt: skip
# Rule G.attack
def test_each_way_back_is_found_and_what_is_sound_is_not(
    mart: duckdb.DuckDBPyConnection, suite: Suite, rows: Rows, checks: set[str]
) -> None:
    assert found(mart, suite, rows) == checks
