"""A part of ``make faults``: a small county for a few nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.run import forker, live

pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow]


# Rules F.after, F.killed, S.true_up
def test_towns_live_through_nights_and_faults_by_the_law(tmp_path: Path) -> None:
    with forker() as runner:
        lived = live(runner, tmp_path / "county", seed=3, towns=4, nights=3)
    assert lived.contract_nights == 12
    assert lived.faulty
