"""Which deliveries are held, and by which check: not known until a person opens them by name.

What belongs here: the checks that hold, together, and the figures that one of them reads. What does
not: how each judges (``intake.volume``, ``intake.figures``).

Rules: G.volume, G.figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from dagster_project.lib import warehouse as raw_room
from dagster_project.lib.keys.pseudonym import read_key
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
from dagster_project.lib.receiving.loading.load import drop_outdated, load_records
from dagster_project.settings import Home

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


def held_deliveries(home: Home, register: Register) -> list[HeldDelivery]:
    """Every delivery that waits, whatever the business date; withdrawn ones wait for nobody.

    The figures that are compared are loaded from the vault where the warehouse lacks them.

    Raises:
        EffektError: a vault file is missing or no longer what was accepted.
    """
    judged = [r for r in register.accepted() if FIGURE_CHECK in r.judged_checks]
    if not judged:
        return _by_rows(register, None)
    with closing(raw_room.connect(home.warehouse)) as connection:
        raw_room.create_raw(connection)
        key, accepted = read_key(home), register.accepted()
        drop_outdated(connection, accepted, key)
        sources = {record.source for record in judged}
        load_records(connection, home, [r for r in accepted if r.source in sources], key)
        return held_as_of(connection, register, None)


def held_as_of(
    connection: duckdb.DuckDBPyConnection, register: Register, as_of: dt.date | None
) -> list[HeldDelivery]:
    """Every delivery that is held for a run with this business date.

    Args:
        connection: a warehouse with the rows of all accepted deliveries.
        register: the register of deliveries.
        as_of: business date; what is withdrawn by then is not held and compares with nothing.
            Without one, all that was ever withdrawn.
    """
    found = _by_rows(register, as_of)
    for name, source in sorted(load_sources().items()):
        own = [r for r in register.accepted() if r.source == name and not r.is_withdrawn(as_of)]
        own.sort(key=lambda record: record.order)
        if source.figures is not None and any(FIGURE_CHECK in r.judged_checks for r in own):
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
