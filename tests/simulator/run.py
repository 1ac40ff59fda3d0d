"""Lets a county live: draws a night's fate, runs it for real, asks the law.

A night with faults is also run without them on a copy of the home: both must publish the same
snapshot (F.after e). What belongs here: the loop. What does not: what may happen (``plan``).
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulator import plan
from tests.simulator.county import County, found
from tests.simulator.law import HomeLaw

_LEFT_OUT = ("statements", "pages", "publish_postgres")
_LOOKED_AT = 8  # every so many nights, the whole home is looked at
_ROOT = Path(__file__).parents[2]


@dataclass
class Lived:
    """What there was of a seed."""

    seed: int
    towns: int
    nights: int = 0
    faulty: int = 0
    twins: int = 0
    done: Counter[str] = field(default_factory=Counter)

    @property
    def contract_nights(self) -> int:
        """Nights of a contract's life."""
        return self.nights * self.towns


class WrongError(AssertionError):
    """The law does not hold; says which seed and which night to run again."""


class Forker:
    """The process that runs nights as forks of its own."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "tests.simulator.forker"]
        self._child = subprocess.Popen(
            words, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def night(
        self, home: Path, as_of: str, fate: str = "whole", without: tuple[str, ...] = _LEFT_OUT
    ) -> dict[str, Any]:
        """One night as planned."""
        asked = {"home": str(home), "as_of": as_of, "plan": fate, "without": list(without)}
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(asked) + "\n")
        self._child.stdin.flush()
        said: dict[str, Any] = json.loads(self._child.stdout.readline())
        return said

    def end(self) -> None:
        """Ask for nothing more."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait()


@contextmanager
def forker() -> Iterator[Forker]:
    """A forker that is ended."""
    made = Forker()
    try:
        yield made
    finally:
        made.end()


def live(runner: Forker, root: Path, seed: int, towns: int, nights: int, calm: float = 0) -> Lived:
    """Let a county of this seed live for so many nights; ``calm`` as in ``plan.live``.

    Raises:
        WrongError: where the law does not hold.
    """
    rng = random.Random(seed)
    county = found(root, towns, rng)
    law, lived = HomeLaw(county), Lived(seed, towns)
    for number, fate in enumerate(list(plan.fates(rng, nights)), start=1):
        try:
            plan.live(county, fate, rng, is_first=number == 1, calm=calm)
            is_last = number == nights
            _night(runner, county, fate, lived, is_last=is_last)
            law.check(is_whole=is_last or fate.removes or number % _LOOKED_AT == 0)
            for witness in county.witnesses:
                witness.check(documents=is_last)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise WrongError(
                f"seed {seed}, night {number} ({fate.as_of}, {towns} towns of {nights} nights,"
                f" calm {calm}), after {fate.faults} and {fate.told}:"
                f" {type(error).__name__}: {error}"
                f" ({Path(place.filename).name}, line {place.lineno}: {place.line})"
            ) from error
        lived.nights += 1
        lived.done.update(told.partition(": ")[2].split(" ")[0] or told for told in fate.told)
    return lived


def _night(runner: Forker, county: County, fate: plan.Fate, lived: Lived, *, is_last: bool) -> None:
    """The night of a date: first as it fails, then whole, and the same as if nothing had failed."""
    without = ("pages", "publish_postgres") if is_last else _LEFT_OUT
    twin = None
    if fate.faults:
        twin = county.root.with_name("twin")
        shutil.copytree(county.root, twin, symlinks=True)
    for fault in fate.faults:
        said = runner.night(county.root, fate.as_of, fault)
        assert said["killed_by"] in (None, 9), said
        assert said["killed_by"] == 9 or said["exit_code"] in (0, 1, 3), said
        lived.faulty += 1
    said = _whole(runner, county.root, fate, without)
    if twin is not None:
        unharmed = _whole(runner, twin, fate, without)
        assert unharmed["current"] == said["current"], (unharmed["current"], said["current"])
        shutil.rmtree(twin)
        lived.twins += 1


def _whole(runner: Forker, home: Path, fate: plan.Fate, without: tuple[str, ...]) -> dict[str, Any]:
    said = runner.night(home, fate.as_of, "whole", without)
    is_fine = said.get("exit_code") in (0, 3) and not said.get("failed_checks")
    assert is_fine, said
    assert said["current"], said
    return said
