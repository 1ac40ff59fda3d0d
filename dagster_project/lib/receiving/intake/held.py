"""Which deliveries are held, and by which check: not known until a person opens them by name.

What belongs here: the checks that hold, together, and the figures that one of them reads. What does
not: how each judges (``volume``, ``figures``).

Rules: G.volume, G.figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from dagster_project.lib.receiving.intake.figures import (
    FIGURE_CHECK,
    Published,
    Series,
    held_by_figures,
)
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.intake.volume import ROW_COUNT_CHECK, volumes
from dagster_project.lib.receiving.judging.declarations import Figures, Source, load_sources
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


def held_as_of(
    connection: duckdb.DuckDBPyConnection | None, register: Register, as_of: dt.date | None
) -> list[HeldDelivery]:
    """Every delivery that is held for a run with this business date.

    Args:
        connection: a warehouse with the rows of all accepted deliveries; None where no delivery has
            figures that are judged.
        register: the register of deliveries.
        as_of: business date; what is withdrawn by then is not held and compares with nothing.
            Without one, all that was ever withdrawn.
    """
    found = _by_rows(register, as_of)
    for name, source in sorted(load_sources().items()):
        own = [r for r in register.accepted() if r.source == name and not r.is_withdrawn(as_of)]
        own.sort(key=lambda record: record.order)
        is_judged = any(FIGURE_CHECK in record.judged_checks for record in own)
        if connection is not None and source.figures is not None and is_judged:
            figures = _figures(connection, own, source, source.figures)
            held = held_by_figures(figures, source.figures)
            found += [HeldDelivery(record, FIGURE_CHECK) for record in held]
    return found


def _by_rows(register: Register, as_of: dt.date | None) -> list[HeldDelivery]:
    return [
        HeldDelivery(judged.record, ROW_COUNT_CHECK)
        for judged in volumes(register, as_of)
        if judged.is_held
    ]


def _figures(
    connection: duckdb.DuckDBPyConnection, records: Sequence[Record], source: Source, rule: Figures
) -> Iterator[tuple[Record, Published]]:
    series = ", ".join(name for name in source.key if name != rule.month)
    for record in records:
        published: dict[Series, dict[int, Decimal]] = {}
        for *about, month, figure in connection.execute(
            f"select {series}, 12 * year({rule.month}) + month({rule.month}), {rule.column}"
            f" from raw.{source.source} where delivery_no = $1 and {rule.column} is not null",
            [record.delivery_no],
        ).fetchall():
            published.setdefault(tuple(about), {})[month] = figure
        yield record, published
