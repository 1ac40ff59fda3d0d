"""A part of ``make faults``: some of the calls of each deed, every harm among them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.kth import beginnings, deeds, records
from tests.support import kth_call

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.slow,
    pytest.mark.skipif(kth_call.COMPILER is None, reason="the calls need a C compiler"),
]
QUICK = [
    deed.name for deed in (*deeds.FIRST, *records.ALL, *beginnings.ALL) if deed.name != "publish"
]
"""The candidate of ``publish`` takes two nights; ``test_runs_killed`` kills around it."""


# Rules F.after, F.killed, F.forget, F.purge, F.backup, F.restore, F.vault_key, P.init, P.format
def test_nothing_is_lost_or_left_behind_whichever_durable_call_is_harmed() -> None:
    names = [word for name in QUICK for word in ("--deed", name)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.kth", *names, "--every", "17", "--moments", "17"],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False, timeout=1700,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-1000:]
    tried = dict(re.findall(r"(?m)^(\w+): (\d+) trials", done.stdout))
    assert tried.keys() == set(QUICK)
    assert min(map(int, tried.values())) > 1
