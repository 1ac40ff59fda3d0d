"""The processes that a command starts beside its own: started, watched and ended together.

What belongs here: starting and ending a process of ours. What does not: which ones there are
(``ui``, ``code_server``, ``fleet``).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from dagster_project.settings import PROJECT_ROOT

LOOK_SECONDS = 0.2
_STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1

Child = subprocess.Popen[bytes]


def stopping_signals() -> list[int]:
    """Let the signals that ask for an end be gathered in the list that this gives."""
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _frame: stopped.append(caught))
    return stopped


def start(
    words: list[str],
    *,
    folder: Path | None = None,
    out: IO[bytes] | None = None,
    err: IO[bytes] | None = None,
) -> Child:
    """A child of our own interpreter, in a process group of its own, that dies with this process.

    Args:
        words: what the interpreter is started with.
        folder: where it runs; else where this process does.
        out: where its output goes; else where this process's goes.
        err: the same of what it tells on stderr.
    """
    above = filter(None, [os.environ.get("PYTHONPATH")])
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), *above])},
        cwd=folder,
        stdout=out,
        stderr=err,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def are_alive(children: list[Child]) -> bool:
    """Whether none of them has ended."""
    return all(child.poll() is None for child in children)


def stop(children: list[Child]) -> None:
    """End every child's whole process group: asked first, then killed."""
    for child in children:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, deadline - time.monotonic()))
        _signal_group(child, signal.SIGKILL)
        child.wait()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _signal_group(child: Child, number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return
