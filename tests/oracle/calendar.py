"""M.calendar: the months from the first to the last that a table of the mart has a row for."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

from tests.oracle import civil

Rows = list[dict[str, Any]]
NAMES = (
    "januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september",
    "oktober", "november", "december",
)  # fmt: skip
SPANS = ("baseline", "evaluation")


def days_of(contract: dict[str, Any]) -> list[str]:
    """First and last days of the term, and the months that fte parts look at."""
    found = [contract["term"]["starts_on"], contract["term"]["ends_on"]]
    for part in contract["parts"]:
        if part["kind"] == "fte_reduction":
            found += [f"{part[span][bound]}-01" for span in SPANS for bound in part[span]
                      if bound in ("first_month", "last_month")]  # fmt: skip
    return found


def month_rows(contracts: list[dict[str, Any]], tables: dict[str, Rows]) -> Rows:
    """``mart.calendar_month``.

    Args:
        contracts: of the home.
        tables: rows of the other tables of the mart.
    """
    days = [str(day) for contract in contracts for day in days_of(contract)]
    for name in ("fte_month", "focus_goal", "follow_up_month", "cases_ended_month"):
        days += [row["month"] for row in tables.get(name, [])]
    for row in tables.get("settlement", []):
        days += [row["period_start"], row["period_end"]]
    if not days:
        return []
    months = [civil.month_of(civil.day(day)) for day in (min(days), max(days))]
    return [month_row(month) for month in range(months[0], months[1] + 1)]


def month_row(month: int) -> dict[str, Any]:
    """One month."""
    first = dt.date.fromisoformat(civil.month_text(month))
    days = calendar.monthrange(first.year, first.month)[1]
    return {
        "month": first.isoformat(),
        "year": first.year,
        "quarter_label": f"{first.year}-K{(first.month + 2) // 3}",
        "half_year_label": f"{first.year}-H{1 if first.month <= 6 else 2}",
        "label_da": f"{NAMES[first.month - 1]} {first.year}",
        "first_day": first.isoformat(),
        "last_day": first.replace(day=days).isoformat(),
        "days": days,
    }
