"""Each declared check is shown failing: its defect is planted in a sound night."""

from __future__ import annotations

import pytest

from dagster_project.lib.gates import declared_checks, facts, runner
from dagster_project.lib.gates.suites import META_PREFIX, Suite
from tests.gates.candidate_defects import CANDIDATE_DEFECTS
from tests.gates.defects import DEFECTS
from tests.gates.ledger_defects import LEDGER_DEFECTS


# Rule G.suites
def test_every_declared_check_has_a_planted_defect() -> None:
    declared = {c.check_id for c in declared_checks() if not c.check_id.startswith(META_PREFIX)}
    assert declared == DEFECTS.keys() | CANDIDATE_DEFECTS.keys() | LEDGER_DEFECTS.keys()


def _result(context: facts.Context, suite: Suite, check_id: str) -> runner.CheckResult:
    results, _ = runner.run_suite(context, suite)
    return next(result for result in results if result.check_id == check_id)


@pytest.mark.parametrize("check_id", DEFECTS)
# Rules G.suites, G.received, G.staged, G.rules, G.settlement
def test_a_planted_defect_fails_its_check(
    check_id: str, planted: facts.Context, suites: dict[str, Suite]
) -> None:
    defect, suite = DEFECTS[check_id], suites[check_id]
    if defect.before:
        planted.connection.execute(defect.before)
    sound = _result(planted, suite, check_id)
    assert sound.is_success
    assert sound.unexpected == 0
    planted.connection.execute(defect.plant)
    results, keys = runner.run_suite(planted, suite)
    failed = next(result for result in results if result.check_id == check_id)
    assert not failed.is_success
    assert 0 < failed.unexpected <= failed.evaluated
    assert any(key[0] == check_id and key[1][1] for key in keys)
