"""Suites are data, read strictly: what is not understood is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.gates import GATES, declared_checks
from dagster_project.lib.gates.suites import all_suites, read_suite, read_suites
from dagster_project.settings import EXPECTATIONS_DIR

SOUND = """
gate: 30
subject: trial
title: prøven
shape: counts
facts: select false as broken
min_rows: 1
shared:
  owner: controller
  remedy: Ret det, og kør igen.
checks:
  broken: En kontrol til prøve
  bent:
    title: En anden kontrol til prøve
    arguments: {max_value: 0}
    severity: critical
    remedy: Ret det andet, og kør igen.
"""


def _write(tmp_path: Path, text: str, name: str = "30_trial.yml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_suite_is_read(tmp_path: Path) -> None:
    assert [check.id for check in read_suite(_write(tmp_path, SOUND)).checks] == ["broken", "bent"]


def test_a_check_says_only_what_differs_from_its_suite_its_shape_and_all(tmp_path: Path) -> None:
    broken, bent = read_suite(_write(tmp_path, SOUND)).checks
    for check in (broken, bent):
        assert check.expectation == "expect_column_max_to_be_between"
        assert check.arguments == {"max_value": 0}
        assert (check.severity, check.owner) == ("critical", "controller")
    assert broken.remedy == "Ret det, og kør igen."
    assert bent.remedy == "Ret det andet, og kør igen."


def test_a_suite_that_shares_nothing_has_what_all_checks_share(tmp_path: Path) -> None:
    text = SOUND[: SOUND.index("shared:")] + "checks: {broken: En kontrol til prøve}\n"
    (check,) = read_suite(_write(tmp_path, text)).checks
    assert check.owner == "dataingeniør"
    assert check.remedy.startswith("Slet mappen work/ og kør igen")


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("max_value: 0}", "max_value: 0, mostly: 0.9}", "mostly er ikke tilladt"),
        ("max_value: 0}", "max_value: 5}", "grænse skal have dato og begrundelse"),
        ("severity: critical", "severity: blocking", "severity"),
        ("shape: counts", "shape: pictures", "shape"),
        ("owner: controller", "owner: ja", "owner"),
        ("owner: controller", "note: x", "note"),
        ("broken: En kontrol til prøve", "broken:", "title"),
        ("broken: En kontrol til prøve", "- broken", "kan ikke læses"),
        ("  bent:", "  broken:", "står to gange"),
        ("gate: 30", "gate: 35", "gate"),
        ("min_rows: 1", "", "min_rows"),
        ("title: prøven", "title: prøven\nnote: x", "note"),
        ("gate: 30", "gate: 30\ngate: 30", "står to gange"),
        ("checks:", "checks: [", "kan ikke læses"),
    ],
)
# Rule G.suites
def test_an_unsound_suite_is_refused(tmp_path: Path, was: str, becomes: str, says: str) -> None:
    with pytest.raises(EffektError, match=says):
        read_suite(_write(tmp_path, SOUND.replace(was, becomes, 1)))


def test_a_suite_without_checks_is_refused(tmp_path: Path) -> None:
    text = SOUND[: SOUND.index("checks:")] + "checks: {}\n"
    with pytest.raises(EffektError, match="checks"):
        read_suite(_write(tmp_path, text))


def test_a_list_of_checks_is_refused(tmp_path: Path) -> None:
    text = SOUND[: SOUND.index("checks:")] + "checks: [{id: broken, title: En kontrol}]\n"
    with pytest.raises(EffektError, match="checks er"):
        read_suite(_write(tmp_path, text))


def test_mostly_is_allowed_in_a_warning(tmp_path: Path) -> None:
    text = SOUND.replace("max_value: 0}", "max_value: 0, mostly: 0.9}").replace(
        "severity: critical", "severity: warning"
    )
    assert read_suite(_write(tmp_path, text)).checks[1].arguments["mostly"] == 0.9


def test_the_file_says_the_gate_and_subject(tmp_path: Path) -> None:
    with pytest.raises(EffektError, match="filens navn"):
        read_suite(_write(tmp_path, SOUND, "20_trial.yml"))


def test_a_gate_without_a_suite_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, SOUND)
    with pytest.raises(EffektError, match="gate 10 har ingen kontroller"):
        read_suites(tmp_path)


def test_every_gate_declares_its_checks_and_one_that_guards_each_subject() -> None:
    found = declared_checks()
    assert {check.gate for check in found} == set(GATES)
    for suite in all_suites():
        assert f"complete_{suite.subject}" in {c.check_id for c in found if c.gate == suite.gate}


def test_a_shipped_check_judges_the_column_of_its_facts_that_bears_its_id() -> None:
    # Rule G.cost
    for suite in all_suites():
        for check in suite.checks:
            assert re.search(rf"\b{check.id}\b", suite.facts), f"{suite.subject}: {check.id}"


def test_shipped_suites_keep_lines_that_a_person_can_read() -> None:
    for path in EXPECTATIONS_DIR.glob("*.yml"):
        assert isinstance(yaml.safe_load(path.read_text("utf-8")), dict), path.name
        for line in path.read_text("utf-8").splitlines():
            if not line.strip().startswith(("title:", "remedy:")):
                assert len(line) <= 100, f"{path.name}: {line}"
