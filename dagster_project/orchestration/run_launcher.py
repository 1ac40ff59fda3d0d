"""Dagster's run launcher with the one thing that it lacks: it finds a run whose process is dead.

A killed night stays "started" in Dagster's record, and as one run goes at a time, nothing else
would start until its longest time is over. Each run records its process, and the daemon looks for
it.
"""

from __future__ import annotations

import os
from pathlib import Path

from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

PROCESS_TAG = ".dagster/effekt_process"  # the prefix keeps it out of the UI
_START_FIELD = 19  # of /proc/PID/stat, counted from after the command's name


def this_process() -> str:
    """Number and start of this process: a number alone is used again."""
    return _described(os.getpid())


def is_dead(described: str) -> bool:
    """Whether no process of this number and start runs on this machine."""
    number = described.partition(":")[0]
    return not number.isdecimal() or _described(int(number)) != described


def _described(process: int) -> str:
    try:
        fields = (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        )
    except OSError:
        return f"{process}:" if _answers(process) else ""
    return f"{process}:{fields[_START_FIELD]}" if fields[0] not in "ZX" else ""


def _answers(process: int) -> bool:
    """Where there is no /proc: whether a process of this number takes signals."""
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


class WatchfulRunLauncher(DefaultRunLauncher):
    """Launches as Dagster does by default, and knows whether a run's process still lives."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True, so that run monitoring checks the process."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """A run whose process is gone has failed; one that has not named it yet may live."""
        described = run.tags.get(PROCESS_TAG)
        if described and is_dead(described):
            return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)
