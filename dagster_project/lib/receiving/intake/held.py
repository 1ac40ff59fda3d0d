"""Which deliveries are held, and by which check: not known until a person opens them by name.

What belongs here: the checks that hold, together. What does not: how each judges (``volume``,
``figures``).

Rules: G.volume, G.figures.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dagster_project.lib.receiving.intake.figures import FIGURE_CHECK
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.intake.volume import ROW_COUNT_CHECK, volumes
from dagster_project.lib.receiving.judging.findings import DeliveryNote

HELD_CODES = {ROW_COUNT_CHECK: "ROW_COUNT_HELD", FIGURE_CHECK: "FIGURE_HELD"}
"""The code under which a person is told of each check that holds."""
CHECK_NAMES = {
    name: check for check in HELD_CODES for name in (check, f"{check}_held", f"{check}_is_not_held")
}
"""The names under which a person meets a check: its own, its code, the gate's on the page."""


@dataclass(frozen=True)
class HeldDelivery:
    """A delivery that waits for ``effekt accept``, and the check that holds it."""

    record: Record
    check: str

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return self.record.sha256

    def note(self) -> DeliveryNote:
        """What a command reports about it."""
        return self.record.note(HELD_CODES[self.check])


def held_deliveries(register: Register, as_of: dt.date | None = None) -> list[HeldDelivery]:
    """Every delivery that is held: by the number of its rows, or by a figure.

    Args:
        register: the register of deliveries.
        as_of: business date of a run; deliveries that are withdrawn by then are not held. Without
            one, all that were ever withdrawn.
    """
    by_rows = [
        HeldDelivery(judged.record, ROW_COUNT_CHECK)
        for judged in volumes(register, as_of)
        if judged.is_held
    ]
    recorded = [
        HeldDelivery(record, check)
        for record in register.accepted()
        if not record.is_withdrawn(as_of)
        for check in sorted(record.holding_checks)
    ]
    return by_rows + recorded
