"""Trials: a deed is done on a copy of a home, its k-th durable call is harmed, then it is mended.

What belongs here: forking, harming, comparing. What does not: what a deed is (``deeds``). Each
trial is a process of its own, forked from one that has imported the libraries and opened nothing.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import kth_call
from tests.support.kth_call import Plan

State = dict[str, Any]
HARMS = {
    "a write fails": (kth_call.FAIL, kth_call.WRITES),
    "an fsync fails": (kth_call.FAIL, kth_call.SYNCS),
    "a rename fails": (kth_call.FAIL, kth_call.NAMES),
    "killed before a call": (kth_call.KILL, kth_call.ALL),
    "killed in a write": (kth_call.TEAR, kth_call.WRITES),
}
AT_A_MOMENT = "killed at a moment"
"""Wherever it is when a part of its usual time has passed: between two calls as well as in one."""


@dataclass(frozen=True)
class Deed:
    """Something that changes a home.

    Args:
        name: what it is called.
        prepare: makes a home in which it can be done.
        act: does it; an error of the product ends it as a refusal would.
        mend: what a person or the next night does afterwards; doing it again, by default.
        state: what must be the same after mending as after a deed that nothing harmed.
        always: what must hold after the harm, before anything is mended; raises where it does not.
    """

    name: str
    prepare: Callable[[Path], None]
    act: Callable[[Path], None]
    state: Callable[[Path], State]
    always: Callable[[Path], None]
    mend: Callable[[Path], None] | None = None


@dataclass
class Tally:
    """What was tried of a deed, and what went wrong."""

    tried: dict[str, int] = field(default_factory=dict)
    survived: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Trials."""
        return sum(self.tried.values())


def in_child(work: Callable[[], Any], kill_after: float | None = None) -> tuple[int, Any]:
    """Do something in a forked process; how it ended (signal negative) and what it gave.

    Args:
        work: what is done.
        kill_after: seconds after which the process is killed, where it is not done by then.
    """
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        code = 0
        try:
            said = work()
            os.write(sink, json.dumps(said, default=str).encode())
        except BaseException as error:  # told to the parent by its code
            code = 1
            os.write(sink, json.dumps(f"{type(error).__name__}: {error}").encode())
            if os.environ.get("EFFEKT_FAULTS_TRACE"):
                traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(code)
    os.close(sink)
    if kill_after is not None and not select.select([source], [], [], kill_after)[0]:
        os.kill(child, signal.SIGKILL)
    with os.fdopen(source, "rb") as stream:
        raw = stream.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(raw) if raw else None


def _must(work: Callable[[], Any], what: str) -> Any:
    code, said = in_child(work)
    if code:
        raise AssertionError(f"{what}: {code} {said}")
    return said


class Bench:
    """A prepared home of a deed, and how the deed ends when nothing harms it."""

    def __init__(self, deed: Deed, plan: Plan, folder: Path) -> None:
        self.deed, self._plan, self._folder = deed, plan, folder
        self._home = folder / "prepared"
        _must(lambda: deed.prepare(self._home), f"{deed.name} is prepared")
        clean = self._copy()
        told = _must(lambda: self._counted(clean), f"{deed.name} is done")
        self.clean, self.calls, self._seconds = told
        shutil.rmtree(clean)

    def _copy(self) -> Path:
        target = Path(tempfile.mkdtemp(prefix="trial-", dir=self._folder)) / "home"
        shutil.copytree(self._home, target, symlinks=True)
        return target

    def _counted(self, home: Path) -> tuple[State, dict[str, int], float]:
        """The state after the deed, how many calls of each harm's kinds it takes, and seconds."""
        calls, seconds = {}, 0.0
        for name, (_, kinds) in HARMS.items():
            own = home.with_name(f"count-{len(calls)}")
            shutil.copytree(home, own, symlinks=True)
            self._plan.arm(0, kth_call.COUNT, kinds)
            begun = time.monotonic()
            self.deed.act(own)
            seconds = time.monotonic() - begun  # the last is warm, as a forked process is
            calls[name] = self._plan.disarm()
            (self.deed.mend or self.deed.act)(own)
            state = self.deed.state(own)
            shutil.rmtree(own)
        return state, calls, seconds

    def trials(self, moments: int) -> Iterator[tuple[str, int]]:
        """Every harm at every call, and so many moments."""
        for name, count in self.calls.items():
            for k in range(1, count + 1):
                yield name, k
        for k in range(1, moments + 1):
            yield AT_A_MOMENT, k

    def try_one(self, harm: str, k: int, tally: Tally) -> None:
        """One trial."""
        home = self._copy()
        kind, kinds = HARMS.get(harm, (kth_call.COUNT, kth_call.ALL))
        moment = random.Random(f"{self.deed.name} {k}").random() * self._seconds
        is_kill = kind != kth_call.FAIL
        tally.tried[harm] = tally.tried.get(harm, 0) + 1

        def harmed() -> None:
            self._plan.arm(k, kind, kinds)
            try:
                self.deed.act(home)
            finally:
                self._plan.disarm()

        try:
            code, said = in_child(harmed, moment if harm == AT_A_MOMENT else None)
            self._plan.disarm()
            tally.survived += code == 0
            if code not in ({0, -9} if is_kill else {0, 1}):
                raise AssertionError(f"ended {code}: {said}")
            _must(lambda: self.deed.always(home), f"after the harm ({code} {said})")
            _must(lambda: (self.deed.mend or self.deed.act)(home), f"mending ({code} {said})")
            found = _must(lambda: self.deed.state(home), "its state")
            if found != json.loads(json.dumps(self.clean, default=str)):
                raise AssertionError(f"differs after mending: {_difference(found, self.clean)}")
        except AssertionError as wrong:
            tally.wrong.append(f"{self.deed.name}: {harm}, call {k}: {wrong}")
        finally:
            shutil.rmtree(home.parent, ignore_errors=True)


def _difference(found: State, clean: State) -> str:
    parts = [
        f"{key}: {str(found.get(key))[:400]} instead of {str(clean.get(key))[:400]}"
        for key in sorted(found.keys() | clean.keys())
        if found.get(key) != json.loads(json.dumps(clean.get(key), default=str))
    ]
    return "; ".join(parts)[:1500]
