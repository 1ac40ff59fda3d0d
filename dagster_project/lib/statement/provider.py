"""The provider's own workbook: courses and months with status, reason and what to do about them.

What belongs here: the provider's rows of the restricted room, without keys of persons.
What does not: other parties' figures.

Rules: S.statement.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.reference import words
from dagster_project.lib.statement import workbook
from dagster_project.lib.statement.view import Cell, Table

_COURSES = """
select
    course_id, visited_on, stated_group, price_group, case_days, quota_rank, eligibility,
    exit_date, exit_reason
from restricted.participant
where contract_id = ?
order by course_id
"""
_MONTHS = """
select
    months.course_id, months.month, months.period_start, months.price_group,
    months.support_days, months.status, months.is_claimed, months.is_payable, months.amount_dkk,
    months.match, months.reason, months.is_no_income
from restricted.person_month as months
where months.contract_id = ? and months.month <= ?
order by months.course_id, months.month
"""
_MISMATCHES = """
select course_id, month, kind, amount_dkk, owner, remedy
from restricted.mismatch
where contract_id = ? and month <= ?
order by amount_dkk desc nulls last, course_id, month, kind
"""


def render(snapshot: Snapshot, contract_id: str, period_end: dt.date) -> bytes:
    """The workbook's bytes: courses, months up to the period's end, and what does not fit."""
    last = [contract_id, period_end]
    months = [_month(row) for row in snapshot.rows(_MONTHS, last)]
    return workbook.write_tables(
        [
            ("Forløb", _courses(snapshot, contract_id)),
            ("Måneder", Table(_MONTH_HEADINGS, months)),
            ("Uoverensstemmelser", _mismatches(snapshot, last)),
        ]
    )


def _courses(snapshot: Snapshot, contract_id: str) -> Table:
    headings = (
        "Forløb", "Visiteret", "Oplyst ydelse", "Prisgruppe", ">Sagens længde, dage", ">Plads nr.",
        "Omfattet?", "Hvad der kan gøres", "Ophørt", "Ophørsgrund",
    )  # fmt: skip
    rows = [
        [
            Cell(row["course_id"]), _day(row["visited_on"]), _said(row["stated_group"]),
            _said(row["price_group"]), _count(row["case_days"]), _count(row["quota_rank"]),
            Cell(words.label("reason", row["eligibility"])),
            _said(words.remedy("reason", row["eligibility"])), _day(row["exit_date"]),
            _said(row["exit_reason"]),
        ]
        for row in snapshot.rows(_COURSES, [contract_id])
    ]  # fmt: skip
    return Table(headings, rows)


_MONTH_HEADINGS = (
    "Forløb", "Måned", "Periode", "Prisgruppe", ">Dage på ydelse", "Status", "Krav", "Betales",
    ">Beløb, kr.", "Krav mod register", "Begrundelse", "Hvad der kan gøres", "Uden løntimer",
)  # fmt: skip


def _month(row: Mapping[str, Any]) -> list[Cell]:
    return [
        Cell(row["course_id"]), Cell(f"{row['month']:%Y-%m}"), _period(row["period_start"]),
        _said(row["price_group"]), _count(row["support_days"]),
        Cell(words.label("reason", row["status"])), _yes(row["is_claimed"]),
        _yes(row["is_payable"]), Cell(danish.number(row["amount_dkk"]), row["amount_dkk"]),
        Cell(words.label("match", row["match"])),
        Cell(words.label("reason", row["reason"])), _said(_remedy(row)),
        _yes(row["is_no_income"]),
    ]  # fmt: skip


def _remedy(row: Mapping[str, Any]) -> str | None:
    if row["is_payable"]:
        return "Ingen handling: måneden betales."
    return words.remedy("reason", row["reason"])


def _mismatches(snapshot: Snapshot, last: list[Any]) -> Table:
    headings = ("Forløb", "Måned", "Hvad", ">Kr.", "Hvem", "Hvad der skal gøres")
    rows = [
        [
            _said(row["course_id"]), Cell("" if row["month"] is None else f"{row['month']:%Y-%m}"),
            Cell(words.label("mismatch", row["kind"])),
            Cell(danish.NONE) if row["amount_dkk"] is None
            else Cell(danish.number(row["amount_dkk"]), row["amount_dkk"]),
            _said(row["owner"]), _said(row["remedy"]),
        ]
        for row in snapshot.rows(_MISMATCHES, last)
    ]  # fmt: skip
    return Table(headings, rows)


def _said(text: str | None) -> Cell:
    return Cell(text or danish.NONE)


def _period(start: dt.date | None) -> Cell:
    """First month of the period; a course referred before the term has months in none."""
    return Cell(danish.NONE if start is None else f"{start:%Y-%m}")


def _day(day: dt.date | None) -> Cell:
    return Cell(danish.NONE if day is None else day.isoformat())


def _count(count: int | None) -> Cell:
    return Cell(danish.NONE) if count is None else Cell(danish.number(count, 0), count)


def _yes(flag: bool | None) -> Cell:
    return Cell(danish.NONE if flag is None else ("ja" if flag else "nej"))
