"""What a run reports: all that its steps reported, what ended it, its exit code.

What belongs here: the shape of a run's report. What does not: doing a step (``night``), telling the
report (``alarm``).

Rules: P.exit_codes.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from dagster_project.lib.base.errors import EXIT_HELD, EXIT_OK, EXIT_REFUSED, EffektError
from dagster_project.orchestration.outcome import Held, Refused, StepOutcome
from dagster_project.settings import Settings


@dataclass
class Report:
    """What was done in a held home, as far as it came.

    Args:
        settings: of the run.
        run_id: of the run, in Dagster's record as in alerts.
        is_whole: every step is meant to be done, not only some that were chosen in the UI.
        asked: the business date that it was told, if it was.
        outcomes: what each step reported, in the order in which they were done.
        error: what ended the run.
        failed_step: the step that did.
    """

    settings: Settings
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    is_whole: bool = True
    asked: dt.date | None = None
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
    def ended_at(self) -> str | None:
        """The step that failed, whose check held publication back, or that refused a delivery."""
        told = (
            name for name, outcome in self.outcomes.items()
            if outcome.failed_checks or (outcome.refused and not self.failed_checks)
        )  # fmt: skip
        return self.failed_step if self.error else next(told, None)

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
        """1 before 4 before 3 (P.exit_codes)."""
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
