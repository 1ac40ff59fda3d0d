"""The night as a plain function: the steps in order, what they report, how a failure ends them.

What belongs here: order, reports, exit codes. What does not: what a step does (``night_steps``),
Dagster (``defs/``), which calls the very same steps one asset at a time.
State passes from step to step through the home only; a report is for people and exit codes.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from dagster_project.lib import receiving
from dagster_project.lib.base import files, lock
from dagster_project.lib.base.errors import (
    EXIT_FAILED,
    EXIT_HELD,
    EXIT_OK,
    EXIT_REFUSED,
    EffektError,
    place_of,
)
from dagster_project.lib.trace import side_home
from dagster_project.orchestration import alert
from dagster_project.settings import Home, Settings

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_SPACE_WORDS = ("no space left on device", "disk is full", "file too large")
# below this a night can hardly be written: its warehouse alone takes a few megabytes
_LEAST_FREE_BYTES = 32 * 1024 * 1024
_ENGINE_CODES = {"UNEXPECTED", "WAREHOUSE_OPEN", "DBT_MODEL", "DBT_PROJECT", "DAGSTER"}
_OUT_OF_MEMORY = {"MemoryError", "OutOfMemoryException"}


@dataclass(frozen=True)
class Refused:
    """A delivery that this run refused: shown name and codes, never a value."""

    file_name: str
    codes: tuple[str, ...]
    report: str = ""


@dataclass(frozen=True)
class Held:
    """A delivery that a row-count check holds: shown name and hash."""

    file_name: str
    sha256: str

    def __str__(self) -> str:
        """What ``effekt accept`` needs, and the name for a person."""
        return f"{self.file_name} (sha256 {self.sha256})"


@dataclass(frozen=True)
class StepOutcome:
    """What one step tells about itself.

    Args:
        metadata: counts, kroner, hashes and paths; nothing of a person.
        tables: rows of each table that the step built.
        kroner: sum of the money column of those tables that have one.
        refused: deliveries refused by the step.
        held: deliveries held by a row-count check.
        failed_checks: critical checks that failed; the night goes no further.
        is_unchanged: the home knows nothing new; the night ends here.
        snapshot_id: the snapshot that the step published or found unchanged.
        gate: the gate's own report, where the step is one.
    """

    metadata: dict[str, int | str] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    kroner: dict[str, str] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    held: tuple[Held, ...] = ()
    failed_checks: tuple[str, ...] = ()
    is_unchanged: bool = False
    snapshot_id: str | None = None
    gate: Any = None


@dataclass
class NightReport:
    """What a run did, as far as it came."""

    settings: Settings
    outcomes: dict[str, StepOutcome] = field(default_factory=dict)
    error: EffektError | None = None
    failed_step: str | None = None

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Deliveries that this run refused."""
        return tuple(item for outcome in self.outcomes.values() for item in outcome.refused)

    @property
    def held(self) -> tuple[Held, ...]:
        """Deliveries that this run found held."""
        return tuple(item for outcome in self.outcomes.values() for item in outcome.held)

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """Critical checks that held publication back."""
        return tuple(item for outcome in self.outcomes.values() for item in outcome.failed_checks)

    @property
    def is_unchanged(self) -> bool:
        """Whether the run found nothing new to publish."""
        return any(outcome.is_unchanged for outcome in self.outcomes.values())

    @property
    def snapshot_id(self) -> str | None:
        """The snapshot that is current after the run."""
        found = [o.snapshot_id for o in self.outcomes.values() if o.snapshot_id is not None]
        return found[-1] if found else None

    @property
    def exit_code(self) -> int:
        """1 before 4 before 3 (00-product.md)."""
        if self.error is not None:
            return self.error.exit_code
        if self.failed_checks:
            return EXIT_HELD
        return EXIT_REFUSED if self.refused else EXIT_OK

    def as_json(self) -> dict[str, Any]:
        """The report for ``--json``: codes, ids, and the names that deliveries came under."""
        return {
            "as_of_date": self.settings.as_of_text,
            "exit_code": self.exit_code,
            "snapshot_id": self.snapshot_id,
            "is_unchanged": self.is_unchanged,
            "error": self.error.code if self.error else None,
            "failed_step": self.failed_step,
            "failed_checks": list(self.failed_checks),
            "refused": [
                {"file_name": item.file_name, "codes": list(item.codes), "report": item.report}
                for item in self.refused
            ],
            "held": [str(item) for item in self.held],
        }

    def as_alert(self) -> dict[str, Any]:
        """The same without names: an alert may leave the municipality (00-product.md)."""
        return {
            **self.as_json(),
            "refused": [
                {"codes": list(item.codes), "report": item.report} for item in self.refused
            ],
            "held": [item.sha256 for item in self.held],
        }


@dataclass(frozen=True)
class Step:
    """One step of the night: its name and the function that does it."""

    name: str
    function: Callable[[Settings], StepOutcome]


_active: list[NightReport] = []


@contextmanager
def night(settings: Settings) -> Iterator[NightReport]:
    """Hold the home, gather the report and leave an alert if the run does not end 0.

    The same process may nest: the inner one gathers into the outer report.
    """
    if _active:
        yield _active[-1]
        return
    harden()
    settings.home.ensure()
    settings.home.refuse_open_secrets()
    with lock.hold(settings.home.lock_file):
        _sweep(settings.home)
        report = NightReport(settings)
        _active.append(report)
        try:
            yield report
        finally:
            _active.pop()
            _blame_full_disk(report)
            _leave_alert(report)


def _sweep(home: Home) -> None:
    """Remove what killed processes left aside (70-safety.md)."""
    side_home.sweep(home)
    folders = [home.root, home.vault, home.quarantine, home.work, home.dagster]
    for deep in (home.ledger, home.reports):
        inner = (path for path in deep.rglob("*") if path.is_dir() and not path.is_symlink())
        folders += [deep, *inner]
    files.sweep_asides(folders)


def _leave_alert(report: NightReport) -> None:
    home = report.settings.home
    try:
        if not report.outcomes and report.error is None:
            return  # no night: a step of a settlement's life, which says nothing of the last one
        if report.exit_code == EXIT_OK:
            alert.clear(home)
        else:
            alert.write(home, report.as_alert())
        if report.refused:
            receiving.forget_untold(home)
    except OSError as error:
        if report.error is None:
            report.error = without_values(error, "alert")


def harden() -> None:
    """Private files and no core dumps, whatever the caller's environment says."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def without_values(error: BaseException, step: str) -> EffektError:
    """Any failure as code, place and remedy: the texts of engines may quote a value."""
    if isinstance(error, EffektError):
        return error
    if _is_disk_full(error):
        return _disk_full(f"step {step}")
    if type(error).__name__ in _OUT_OF_MEMORY:
        return EffektError(
            "OUT_OF_MEMORY", f"not enough memory in step {step}", remedy="add memory, run again"
        )
    return EffektError(
        "UNEXPECTED",
        f"{type(error).__name__} in step {step} at {place_of(error)}",
        remedy="the last good mart is untouched; report this line to the maintainers",
    )


def _disk_full(where: str) -> EffektError:
    return EffektError(
        "DISK_FULL", f"no space left on the disk in {where}", remedy="free space, run again"
    )


def _is_disk_full(error: BaseException) -> bool:
    """Whether a failure, or what it came from, is a disk without space; engines say it in words."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return any(
        (isinstance(item, OSError) and item.errno in _NO_SPACE)
        or any(words in str(item).lower() for words in _NO_SPACE_WORDS)
        for item in seen
    )


def _blame_full_disk(report: NightReport) -> None:
    """A failure on a disk without space is the disk's, whatever the engine made of it."""
    error = report.error
    if error is None or error.code not in _ENGINE_CODES:
        return
    with suppress(OSError):
        if shutil.disk_usage(report.settings.home.root).free < _LEAST_FREE_BYTES:
            report.error = _disk_full(f"step {report.failed_step or 'dagster'} ({error.code})")


def perform(step: Step, settings: Settings) -> StepOutcome:
    """Do one step and gather its outcome into the run's report.

    Raises:
        EffektError: whatever failed, without any value.
    """
    report = _active[-1] if _active else NightReport(settings)
    failure: EffektError | None = None
    try:
        outcome = step.function(settings)
    except Exception as error:  # the one place where any failure becomes a code
        failure = without_values(error, step.name)
    if failure is not None:
        report.error, report.failed_step = failure, step.name
        raise failure
    report.outcomes[step.name] = outcome
    return outcome


def run_night(
    settings: Settings, *, on_step: Callable[[str, StepOutcome], None] | None = None
) -> NightReport:
    """Run all steps of a night in this process, without Dagster.

    Args:
        settings: home, contracts and business date.
        on_step: called after each step with its name and outcome.

    Returns:
        the report; its ``exit_code`` is that of ``effekt run``.

    Raises:
        EffektError: ``HOME_BUSY`` or ``SECRETS_OPEN``, before anything is done.
    """
    from dagster_project.orchestration.steps import STEPS

    with night(settings) as report:
        for step in STEPS:
            try:
                outcome = perform(step, settings)
            except EffektError:
                break
            if on_step is not None:
                on_step(step.name, outcome)
            if outcome.is_unchanged or outcome.failed_checks:
                break
    return report


__all__ = [
    "EXIT_FAILED", "NightReport", "Refused", "Step", "StepOutcome",
    "night", "perform", "run_night", "without_values",
]  # fmt: skip
