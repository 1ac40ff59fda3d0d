"""A part of ``make faults``: a small county for a few nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.run import forker, live

pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow]


ACTS = {"dispute", "reject", "withdraw", "forget", "purge"}
"""What the seed's people do, beside what they always do."""


# Rules F.after, F.killed, F.forget, F.purge, F.retention, I.withdrawal, S.true_up, S.decided
def test_towns_live_through_nights_and_faults_by_the_law(tmp_path: Path) -> None:
    with forker() as runner:
        lived = live(runner, tmp_path / "county", seed=4140, towns=6, nights=4)
    assert lived.contract_nights == 24
    assert lived.faulty
    assert lived.done.keys() >= ACTS
