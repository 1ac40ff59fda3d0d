"""The settlement periods of a contract: their first and last days and their names.

What belongs here: what follows from the terms alone. What does not: whether a period is closed or
approved (dbt, ``int_periods__list``), and any amount.

Why the names are as they are: docs/adr/0005-period-labels.md.

Rules: S.periods.
Decides: S.periods.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dagster_project.lib.base import months
from dagster_project.lib.contracts.model import Contract, PersonMonthsPart

FINAL_LABEL = "slutafregning"


@dataclass(frozen=True)
class Period:
    """One period; ``period_end`` is its last day, ``is_final`` the closing settlement."""

    period_start: dt.date
    period_end: dt.date
    period_label: str
    is_final: bool = False


def list_periods(contract: Contract) -> list[Period]:
    """Every period of a contract in order, the closing one included; none without a settlement.

    They reach to the later of the term's last month and the booking months of the parts.
    """
    settlement = contract.settlement
    if settlement is None:
        return []
    booked = [p.booking_month for p in contract.parts if not isinstance(p, PersonMonthsPart)]
    return lay_out(
        contract.term.starts_on,
        max([contract.term.ends_on, *booked]),
        settlement.months_per_period,
        settlement.anchor_month,
        settlement.final_on,
    )


def lay_out(
    first_day: dt.date, last_day: dt.date, length: int, anchor_month: int, final_on: dt.date | None
) -> list[Period]:
    """Periods from the one that contains one day to the one that contains another.

    Args:
        first_day: a day of the first period.
        last_day: a day of the last ordinary period.
        length: months of a period.
        anchor_month: a month (1–12) in which a period begins.
        final_on: last day of the closing settlement, which follows if it is a later day.
    """
    start = _start_of(first_day, length, anchor_month)
    periods: list[Period] = []
    while start <= last_day:
        following = months.month_after(start, length)
        periods.append(Period(start, following - dt.timedelta(days=1), _label(start, length)))
        start = following
    if final_on is not None and final_on >= start:
        periods.append(Period(start, final_on, FINAL_LABEL, is_final=True))
    return periods


def last_ordinary_day(contract: Contract) -> dt.date | None:
    """Last day of the last ordinary period; None without a settlement."""
    ends = [period.period_end for period in list_periods(contract) if not period.is_final]
    return ends[-1] if ends else None


def _start_of(day: dt.date, length: int, anchor_month: int) -> dt.date:
    """First day of the period that contains a day."""
    return months.month_after(day, -((day.month - anchor_month) % length))


def _label(start: dt.date, length: int) -> str:
    """The calendar's name where a period is that part of the calendar, else its first day."""
    if length == 1:
        return f"{start:%Y-%m}"
    if (start.month - 1) % length:
        return start.isoformat()
    part = (start.month - 1) // length + 1
    return {3: f"{start.year:04}-K{part}", 6: f"{start.year:04}-H{part}"}.get(
        length, f"{start.year:04}"
    )
