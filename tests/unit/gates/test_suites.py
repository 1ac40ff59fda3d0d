"""Suites are data, read strictly: what is not understood is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.gates import declared_checks
from dagster_project.lib.gates.suites import GATES, all_suites, read_suite, read_suites
from dagster_project.settings import EXPECTATIONS_DIR

SOUND = """
gate: 30
subject: trial
title: prøven
shape: counts
facts: select false as broken
min_rows: 1
checks:
  - id: broken
    title: En kontrol til prøve
    expectation: expect_column_max_to_be_between
    arguments: {column: broken, max_value: 0}
    severity: critical
    owner: controller
    remedy: Ret det, og kør igen.
"""


def _write(tmp_path: Path, text: str, name: str = "30_trial.yml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_suite_is_read(tmp_path: Path) -> None:
    assert read_suite(_write(tmp_path, SOUND)).checks[0].id == "broken"


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("max_value: 0}", "max_value: 0, mostly: 0.9}", "mostly is not allowed"),
        ("max_value: 0}", "max_value: 5}", "threshold needs its date and reason"),
        ("severity: critical", "severity: blocking", "severity"),
        ("shape: counts", "shape: pictures", "shape"),
        ("owner: controller", "", "owner"),
        ("gate: 30", "gate: 35", "gate"),
        ("min_rows: 1", "", "min_rows"),
        ("title: prøven", "title: prøven\nnote: x", "note"),
        ("gate: 30", "gate: 30\ngate: 30", "repeated"),
        ("checks:", "checks: [", "not readable"),
    ],
)
def test_an_unsound_suite_is_refused(tmp_path: Path, was: str, becomes: str, says: str) -> None:
    with pytest.raises(EffektError, match=says):
        read_suite(_write(tmp_path, SOUND.replace(was, becomes, 1)))


def test_a_suite_without_checks_is_refused(tmp_path: Path) -> None:
    text = SOUND[: SOUND.index("checks:")] + "checks: []\n"
    with pytest.raises(EffektError, match="checks"):
        read_suite(_write(tmp_path, text))


def test_mostly_is_allowed_in_a_warning(tmp_path: Path) -> None:
    text = SOUND.replace("max_value: 0}", "max_value: 0, mostly: 0.9}").replace(
        "severity: critical", "severity: warning"
    )
    assert read_suite(_write(tmp_path, text)).checks[0].arguments["mostly"] == 0.9


def test_the_file_says_the_gate_and_subject(tmp_path: Path) -> None:
    with pytest.raises(EffektError, match="file name"):
        read_suite(_write(tmp_path, SOUND, "20_trial.yml"))


def test_a_gate_without_a_suite_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, SOUND)
    with pytest.raises(EffektError, match="gate 10 has no suite"):
        read_suites(tmp_path)


def test_every_gate_declares_its_checks_and_one_that_guards_each_subject() -> None:
    found = declared_checks()
    assert {check.gate for check in found} == set(GATES)
    for suite in all_suites():
        assert f"complete_{suite.subject}" in {c.check_id for c in found if c.gate == suite.gate}


def test_a_shipped_check_of_counts_judges_a_column_of_its_facts() -> None:
    for suite in all_suites():
        for check in suite.checks:
            column = check.arguments.get("column")
            if column is not None:
                assert re.search(rf"\b{column}\b", suite.facts), f"{suite.subject}: {check.id}"


def test_shipped_suites_keep_lines_that_a_person_can_read() -> None:
    for path in EXPECTATIONS_DIR.glob("*.yml"):
        assert isinstance(yaml.safe_load(path.read_text("utf-8")), dict), path.name
        for line in path.read_text("utf-8").splitlines():
            if not line.strip().startswith(("title:", "remedy:")):
                assert len(line) <= 100, f"{path.name}: {line}"
