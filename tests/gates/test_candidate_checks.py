"""Gate 50: the finished files, opened as a reader would; each check shown failing."""

from __future__ import annotations

import duckdb
import pytest

from dagster_project.lib.base.person_numbers import WRITTEN_BY_US
from dagster_project.lib.gates import facts, run_gate, runner
from dagster_project.lib.gates.suites import Suite
from dagster_project.lib.publishing import Candidate, publish
from dagster_project.settings import Home
from tests.gates.candidate_defects import CANDIDATE_DEFECTS
from tests.gates.conftest import settings_of


def _run(candidate: Candidate, home: Home, suite: Suite) -> list[runner.CheckResult]:
    with runner.open_facts(50, home, candidate) as connection:
        context = facts.Context(connection, home, settings_of(home), candidate)
        return runner.run_suite(context, suite)[0]


@pytest.mark.parametrize("check_id", CANDIDATE_DEFECTS)
# Rule G.candidate
def test_a_planted_defect_of_the_files_fails_its_check(
    check_id: str, candidate: Candidate, own_night: Home, suites: dict[str, Suite]
) -> None:
    assert all(result.is_success for result in _run(candidate, own_night, suites[check_id]))
    CANDIDATE_DEFECTS[check_id](candidate)
    results = _run(candidate, own_night, suites[check_id])
    assert not next(result for result in results if result.check_id == check_id).is_success


# Rule G.order
def test_a_failed_audit_leaves_the_last_good_snapshot(
    candidate: Candidate, own_night: Home
) -> None:
    before = (own_night.published / "current").resolve()
    CANDIDATE_DEFECTS["no_small_count"](candidate)
    report = run_gate(50, own_night, settings_of(own_night))
    assert "50.no_small_count" in [str(result) for result in report.failed_critical]
    with pytest.raises(Exception, match="gate 50"):
        publish(own_night)
    assert (own_night.published / "current").resolve() == before


# Rule G.quality
def test_the_audits_results_are_published_with_the_others(
    candidate: Candidate, own_night: Home
) -> None:
    report = run_gate(50, own_night, settings_of(own_night))
    assert report.is_passed
    publish(own_night)
    with duckdb.connect(str(own_night.published / "payout_mart.duckdb"), read_only=True) as reader:
        gates = reader.execute("select distinct gate from mart.data_quality order by gate")
        assert [row[0] for row in gates.fetchall()] == [10, 20, 30, 40, 50]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("6101900001", True),
        ("610190-0001", True),
        ("forløb 610190-0001.", True),
        ("ref:6101900001/2", True),
        ("9113900001", False),  # no thirteenth month
        ("9201900001", False),  # no ninety-second day
        ("61019000012", False),  # eleven digits
        ("a6101900001b", False),  # inside another word
        ("12.804.412,50", False),
        ("5588175.00", False),
        ("2024-01-01", False),
        ("0" * 22 + "6101900001", False),  # a key of 32 hexadecimal digits
    ],
)
def test_only_what_could_be_a_person_number_is_one(text: str, is_one: bool) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            "select regexp_matches($text, $number) and not regexp_full_match($text, $hex)",
            {"text": text, "number": WRITTEN_BY_US, "hex": facts.HEX_TEXT},
        ).fetchone()
    assert found == (is_one,)
