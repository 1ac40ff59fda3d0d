"""What a step reports: counts, refused and held deliveries, failed checks.

What belongs here: the shape of a report. What does not: order and exit codes (``night``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Refused:
    """A delivery that this run refused: shown name and codes, never a value."""

    file_name: str
    codes: tuple[str, ...]
    report: str = ""


@dataclass(frozen=True)
class Held:
    """A delivery that a check holds: shown name, hash and the check's name."""

    file_name: str
    sha256: str
    check: str

    def __str__(self) -> str:
        """What ``effekt accept`` needs, and the name for a person."""
        return f"{self.file_name} (sha256 {self.sha256})"


@dataclass(frozen=True)
class StepOutcome:
    """What one step reports.

    Args:
        metadata: counts, kroner, hashes and paths; nothing of a person.
        tables: rows of each table that the step built.
        kroner: sum of the money column of those tables that have one.
        refused: deliveries refused by the step.
        held: deliveries held by a check.
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
