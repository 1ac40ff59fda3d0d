"""The nights of many homes, some at a time, each in a process of its own.

What belongs here: starting, waiting, and the exit code over all. What does not: a night itself, the
search for homes (``lib.fleet``). A home's process is `effekt run` on it, with its lock and its
alert; nothing is shared but the code, so whatever ends one stops no other.

Rules: P.fleet, P.exit_codes.
Decides: P.fleet.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any

from dagster_project.lib.base.errors import EXIT_FAILED, EXIT_HELD, EXIT_OK, EXIT_REFUSED
from dagster_project.lib.fleet import Member
from dagster_project.lib.nights import alerts
from dagster_project.orchestration import processes

_WORST_FIRST = (EXIT_FAILED, EXIT_HELD, EXIT_REFUSED, EXIT_OK)


@dataclass(frozen=True)
class Ran:
    """How the night of one home ended.

    Args:
        member: the home.
        exit_code: of its process, 1 where it was killed.
        report: what `effekt run --json` wrote; empty where it came to write nothing.
        lines: what it told on stderr.
        seconds: how long it took.
    """

    member: Member
    exit_code: int
    report: dict[str, Any]
    lines: tuple[str, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The night for ``--json``."""
        own = {"home": self.member.name, "seconds": round(self.seconds, 1)}
        return {**self.report, **own, "exit_code": self.exit_code}


@dataclass
class _Going:
    """A night at work."""

    member: Member
    child: processes.Child
    out: IO[bytes]
    err: IO[bytes]
    begun: float

    def ended(self) -> Ran | None:
        """How it ended; None while it goes on."""
        code = self.child.poll()
        if code is None:
            return None
        texts = []
        for stream in (self.out, self.err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
            stream.close()
        taken = time.monotonic() - self.begun
        lines = tuple(line for line in texts[1].splitlines() if line.strip())
        ended = code if code >= 0 else EXIT_FAILED
        return Ran(self.member, ended, _report(texts[0]), lines, taken)


def _report(text: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text)
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def run(
    members: Sequence[Member], jobs: int, options: Sequence[str], tell: Callable[[Ran], None]
) -> list[Ran]:
    """The night of every home, at most ``jobs`` at a time.

    Args:
        members: the homes, in the order in which their nights begin.
        jobs: how many nights go on at once.
        options: what each `effekt run` is told beside its home.
        tell: called with each night when it has ended.

    Returns:
        All nights, in the order of the homes; after a signal those that had ended.
    """
    stopped = processes.stopping_signals()
    waiting, going, ended = list(members), list[_Going](), list[Ran]()
    try:
        while (waiting or going) and not stopped:
            while waiting and len(going) < jobs:
                going.append(_begin(waiting.pop(0), options))
            time.sleep(processes.LOOK_SECONDS)
            for item in tuple(going):
                if (ran := item.ended()) is not None:
                    going.remove(item)
                    ended.append(ran)
                    alerts.tell_left(item.member.home)  # a killed night is told by who sees it
                    tell(ran)
    finally:
        processes.stop([item.child for item in going])
        for item in going:
            alerts.tell_left(item.member.home)
    return sorted(ended, key=lambda ran: members.index(ran.member))


def _begin(member: Member, options: Sequence[str]) -> _Going:
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - see ``ended``
    child = processes.start(_words(member, options), out=out, err=err)
    return _Going(member, child, out, err, time.monotonic())


def _words(member: Member, options: Sequence[str]) -> list[str]:
    """What the interpreter is started with to run the night of a home."""
    return ["-m", "dagster_project.cli", "run", "--json", f"--home={member.home.root}", *options]


def exit_code(codes: Iterable[int]) -> int:
    """The worst: 1 before 4 before 3 before 0; wrong usage of one home counts as failed."""
    known = {code if code in _WORST_FIRST else EXIT_FAILED for code in codes}
    return next((code for code in _WORST_FIRST if code in known), EXIT_OK)
