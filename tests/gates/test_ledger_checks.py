"""The ledger's checks at gate 40, each shown failing."""

from __future__ import annotations

import pytest

from dagster_project.lib.gates import facts, runner
from dagster_project.lib.gates.suites import Suite
from dagster_project.lib.ledger import chain
from tests.gates.ledger_defects import LEDGER_DEFECTS


@pytest.mark.parametrize("check_id", LEDGER_DEFECTS)
def test_a_planted_defect_of_the_ledger_fails_its_check(
    check_id: str, planted: facts.Context, suites: dict[str, Suite]
) -> None:
    suite = suites[check_id]
    results, _ = runner.run_suite(planted, suite)
    assert all(result.is_success for result in results)
    try:
        LEDGER_DEFECTS[check_id](planted)
        results, _ = runner.run_suite(planted, suite)
    finally:
        chain.ledger_file(planted.home).unlink(missing_ok=True)
    assert not next(result for result in results if result.check_id == check_id).is_success
