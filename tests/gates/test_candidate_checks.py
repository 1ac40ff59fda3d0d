"""Gate 50: the finished files, opened as a reader would; each check shown failing."""

from __future__ import annotations

import re

import duckdb
import pytest

from dagster_project.lib.gates import facts, run_gate, runner
from dagster_project.lib.gates.suites import Suite
from dagster_project.lib.publishing import Candidate, publish
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.settings import Home
from tests.gates.candidate_defects import CANDIDATE_DEFECTS
from tests.gates.conftest import settings_of
from tests.support import number_forms


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


# Rules G.candidate, I.person_text
def test_a_person_number_is_found_in_every_form_and_in_a_files_name(
    candidate: Candidate, own_night: Home
) -> None:
    with duckdb.connect(str(candidate.path / manifests.DUCKDB_FILES["restricted"])) as files:
        for form in (*number_forms.HELD, *number_forms.FREE):
            files.execute(
                "insert into restricted.participant"
                " select * replace ($1 as course_id) from restricted.participant"
                " order by course_id limit 1",
                [form],
            )
        files.execute(
            "insert into restricted.case_line_evidence select * replace"
            " ('deltagere_2024-02-01_610190 1234.csv' as file_name, 10000 as evidence_no)"
            " from restricted.case_line_evidence limit 1"
        )
    with runner.open_facts(50, own_night, candidate) as connection:
        facts.published_texts(
            facts.Context(connection, own_night, settings_of(own_night), candidate)
        )
        found = connection.execute(
            "select column_name, person_numbers from temp.published_text where person_numbers > 0"
        ).fetchall()
    assert dict(found) == {"course_id": len(number_forms.HELD), "file_name": 1}


# Rules G.candidate, I.person_text
def test_a_person_number_is_found_in_the_manifest_as_well(
    candidate: Candidate, own_night: Home, suites: dict[str, Suite]
) -> None:
    suite = suites["no_person_number"]
    candidate.manifest["contracts"].append({"contract_id": "610190-1234", "terms_sha256": "f" * 64})
    path = candidate.path / manifests.MANIFEST
    path.write_text(manifests.to_text(candidate.manifest), encoding="utf-8")
    found = next(r for r in _run(candidate, own_night, suite) if r.check_id == "no_person_number")
    assert not found.is_success


@pytest.mark.parametrize(
    ("text", "is_computed"),
    [
        ("0" * 22 + "6101900001", True),  # a key of 32 hexadecimal digits
        ("abc6101900001def", True),  # an id of 16
        ("2024-05-31-12345678abcd", True),  # a snapshot's name
        ("2024-05-31-12345678abcde", False),
        ("6101900001", False),
        ("g" + "0" * 21 + "6101900001", False),
    ],
)
def test_only_whole_texts_that_the_product_computes_are_left_out(
    text: str, is_computed: bool
) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            "select regexp_full_match($1, $2)", [text, facts.COMPUTED_TEXT]
        ).fetchone()
    assert found == (is_computed,)
    assert bool(re.fullmatch(facts.COMPUTED_TEXT, text)) == is_computed
