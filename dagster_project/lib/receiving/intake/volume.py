"""Row-count check of gate 10: mean rows per covered day against the deliveries before it.

What belongs here: which deliveries are warned about and which are held. What does not: counting
rows (the register holds the counts). The state is a function of the accepted deliveries and of the
decisions in the register, in the order of deliveries: arrival plays no part.

Rules: G.volume.
Decides: G.volume.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.judging.declarations import RowCounts, load_sources

ROW_COUNT_CHECK = "row_count"


@dataclass(frozen=True)
class Volume:
    """One delivery of a window source against its predecessors.

    Args:
        record: the delivery.
        rows_per_day: Σ of covered days ÷ days of the window.
        usual: median of the last known ones before it; None while there are too few.
        is_warned: outside the warning share.
        is_held: outside the held share and not opened by a person.
    """

    record: Record
    rows_per_day: Fraction
    usual: Fraction | None
    is_warned: bool
    is_held: bool


def _rows_per_day(record: Record) -> Fraction:
    if record.covers_from is None or record.covers_to is None:
        return Fraction(0)
    return Fraction(record.covered_days, (record.covers_to - record.covers_from).days + 1)


def _is_outside(value: Fraction, usual: Fraction, share: Fraction) -> bool:
    return abs(value - usual) > share * usual


def _judge(record: Record, before: Sequence[Fraction], rule: RowCounts) -> Volume:
    value = _rows_per_day(record)
    if len(before) < rule.from_delivery - 1:
        return Volume(record, value, None, False, False)
    usual = Fraction(median(before[-rule.last :]))
    held = _is_outside(value, usual, Fraction(rule.held_share))
    return Volume(
        record,
        value,
        usual,
        is_warned=_is_outside(value, usual, Fraction(rule.warning_share)),
        is_held=held and ROW_COUNT_CHECK not in record.opened_checks,
    )


def volumes(register: Register, as_of: dt.date | None = None) -> list[Volume]:
    """Every accepted delivery of a window source, in order, with its state.

    Args:
        register: the register of deliveries.
        as_of: business date of a run; deliveries that are withdrawn by then count nowhere. Without
            one, all that were ever withdrawn.
    """
    found: list[Volume] = []
    for name, source in sorted(load_sources().items()):
        if source.row_counts is None:
            continue
        before: list[Fraction] = []
        own = [
            record
            for record in register.accepted()
            if record.source == name and not record.is_withdrawn(as_of)
        ]
        for record in sorted(own, key=lambda record: record.order):
            judged = _judge(record, before, source.row_counts)
            found.append(judged)
            if not judged.is_held:
                before.append(judged.rows_per_day)
    return found
