"""A fleet of homes with two jobs, against one night and the gain of two busy loops just then.

Two processes on two cores are never twice as fast: the cores share caches, memory and often
themselves. What two loops that share nothing gain is what the machine has to give in that minute.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.year import effekt

HOMES = 4
_BUSY = "n = 0\nfor i in range(60_000_000): n += i"


def busy_gain() -> float:
    """How much more two busy loops do at once than one."""
    taken = []
    for number in (1, 2):
        begun = time.monotonic()
        loops = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(number)]
        for loop in loops:
            loop.wait()
        taken.append(time.monotonic() - begun)
    return 2 * taken[0] / taken[1]


def measure(root: Path, homes: int = HOMES) -> dict[str, float]:
    """Seconds of one night and of the fleet, and the gain of busy loops around them."""
    folder = root / "fleet"
    effekt("demo", "--home", str(root / "one"))
    for number in range(homes):
        shutil.copytree(root / "one", folder / f"home-{number}")
    ones = [root / f"one-{number}" for number in range(2)]
    for one in ones:
        shutil.copytree(root / "one", one)
    gains, singles = [busy_gain()], [effekt("run", "--home", str(ones[0]))]
    gains.append(busy_gain())
    fleet = effekt("fleet", "run", str(folder), "--jobs", "2")
    gains.append(busy_gain())
    singles.append(effekt("run", "--home", str(ones[1])))
    gain = statistics.median(gains)
    one = statistics.mean(singles)
    return {
        "homes": homes, "one": one, "fleet": fleet, "gain": gain,
        "bound": homes * one / (0.8 * gain),
    }  # fmt: skip
