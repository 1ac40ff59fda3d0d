"""The meta-gate: what was not evaluated, raised, or had too few rows never counts as a pass."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.lib.gates import facts, judge, runner
from dagster_project.lib.gates.suites import Check, Suite
from dagster_project.settings import Home, Settings

SECRET = "6101900001"


@pytest.fixture
def context(tmp_path: Path) -> facts.Context:
    home = Home(tmp_path)
    settings = Settings(home, tmp_path, dt.date(2024, 5, 2), None)
    return facts.Context(duckdb.connect(), home, settings)


def _check(name: str = "holds", **other: Any) -> Check:
    body: dict[str, Any] = {
        "id": name,
        "title": "En kontrol til prøve",
        "expectation": "expect_column_max_to_be_between",
        "arguments": {"max_value": 0},
        "severity": "warning",
        "owner": "controller",
        "remedy": "Ret det, og kør igen.",
    }
    return Check.model_validate(body | other)


def _suite(query: str, *checks: Check, min_rows: int | str = 1, shape: str = "counts") -> Suite:
    return Suite.model_validate(
        {
            "gate": 30,
            "subject": "trial",
            "title": "prøven",
            "shape": shape,
            "facts": query,
            "min_rows": min_rows,
            "checks": {check.id: check.model_dump() for check in checks or (_check(),)},
        }
    )


def _run(context: facts.Context, suite: Suite) -> dict[str, runner.CheckResult]:
    return {result.check_id: result for result in runner.run_suite(context, suite)[0]}


def test_a_sound_subject_passes_with_what_it_counted(context: facts.Context) -> None:
    results = _run(context, _suite("select n = 7 as holds from range(5) as one(n)"))
    assert results["complete_trial"].is_success
    assert (results["holds"].evaluated, results["holds"].unexpected) == (5, 0)


def test_a_row_that_the_rule_does_not_concern_is_not_counted(context: facts.Context) -> None:
    suite = _suite("select case when n > 2 then n = 3 end as holds from range(5) as one(n)")
    result = _run(context, suite)["holds"]
    assert (result.evaluated, result.unexpected, result.is_success) == (2, 1, False)


@pytest.mark.parametrize(("least", "is_success"), [(5, True), (6, False)])
# Rule G.meta
def test_fewer_rows_than_declared_fail_even_if_none_is_wrong(
    context: facts.Context, least: int, is_success: bool
) -> None:
    query = "select false as holds from range(5) as one(n)"
    assert _run(context, _suite(query, min_rows=least))["complete_trial"].is_success is is_success


def test_the_least_rows_may_be_derived_from_what_must_be_there(context: facts.Context) -> None:
    query = "select false as holds from range(0) as one(n)"
    none = _run(context, _suite(query, min_rows="select count(*) from range(0) as one(n)"))
    some = _run(context, _suite(query, min_rows="select count(*) from range(1) as one(n)"))
    assert none["complete_trial"].is_success
    assert not some["complete_trial"].is_success


@pytest.mark.parametrize("shape", ["counts", "rows"])
# Rules G.meta, G.silent
def test_a_query_that_raises_fails_every_check_and_tells_no_value(
    context: facts.Context, shape: str, caplog: pytest.LogCaptureFixture
) -> None:
    suite = _suite(f"select cast('{SECRET}x' as bigint) > 0 as holds", shape=shape)
    with caplog.at_level(logging.DEBUG):
        results = _run(context, suite)
    assert not any(result.is_success for result in results.values())
    assert results["complete_trial"].severity == "critical"
    assert "trial" in caplog.text
    assert SECRET not in caplog.text


def test_an_expectation_on_a_missing_column_is_no_pass(context: facts.Context) -> None:
    suite = _suite("select 1 as other", shape="rows")
    results = _run(context, suite)
    assert not results["holds"].is_success
    assert (results["complete_trial"].evaluated, results["complete_trial"].unexpected) == (1, 1)


def test_an_unknown_expectation_is_no_pass(context: facts.Context) -> None:
    suite = _suite("select 0 as holds", _check(expectation="expect_magic"), shape="rows")
    assert not any(result.is_success for result in _run(context, suite).values())


# Rule G.meta
def test_a_result_that_is_missing_is_no_pass(
    context: facts.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "judge", lambda frame, checks: {})
    results = _run(context, _suite("select false as holds"))
    assert not results["holds"].is_success
    assert not results["complete_trial"].is_success


def test_rows_are_judged_one_by_one_and_only_keys_are_kept(context: facts.Context) -> None:
    check = _check(
        expectation="expect_column_values_to_be_between",
        arguments={"min_value": 0, "max_value": 1},
    )
    suite = _suite(
        "select 'k' || n as key_text, n as holds from range(4) as one(n)", check, shape="rows"
    )
    results, keys = runner.run_suite(context, suite)
    failed = next(result for result in results if result.check_id == "holds")
    assert (failed.evaluated, failed.unexpected, failed.is_success) == (4, 2, False)
    assert keys == [("holds", (None, "k2")), ("holds", (None, "k3"))]


# Rule G.silent
def test_no_value_stands_in_what_great_expectations_gives_back() -> None:
    import pandas as pd

    check = _check("value", expectation="expect_column_values_to_be_in_set",
                   arguments={"value_set": ["a"]})  # fmt: skip
    frame = pd.DataFrame({"value": [SECRET]})
    assert SECRET not in str(judge.judge(frame, (check,)))
    assert judge.failing_keys(frame, check) == []
