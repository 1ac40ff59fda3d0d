"""The annex of a settlement: every line, for those who may see courses.

What belongs here: the annex as data and as a workbook; the provider's edition, which adds courses
and months with status, reason, remedy and who must act. What does not: the settlement itself, which
names no course (``content``), signing and files (``documents``).

Rules: S.annex.
Decides: S.annex.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.base.canonical import money_text, plain_row
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.reference import words
from dagster_project.lib.statement import workbook
from dagster_project.lib.statement.authenticity import ANNEX
from dagster_project.lib.statement.figures import sum_lines
from dagster_project.lib.statement.sheet import Cell, Table
from dagster_project.lib.statement.view import HEADS, head_text

Annex = dict[str, Any]
_FORMAT = 2
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
_PAID = "Ingen handling: måneden betales."


def build(
    statement: Mapping[str, Any], lines: Sequence[Mapping[str, Any]],
    causes: Sequence[Mapping[str, Any]],
) -> Annex:  # fmt: skip
    """The annex of a settlement's document.

    Args:
        statement: the settlement's document, whose figures name the lines.
        lines: the lines as the figures hash them.
        causes: cause and delivery of each line, in the same order.
    """
    figures, sums = statement["figures"], sum_lines(lines)
    parts = statement["provenance"]["terms"]["parts"]
    return {
        "kind": ANNEX,
        "format": _FORMAT,
        "contract": figures["contract"],
        "title": statement["provenance"]["terms"]["title"],
        "period": figures["period"],
        "period_label": statement["shown"]["totals"]["period_label"],
        "statement_sha256": statement["statement_sha256"],
        "part_titles": {part["part_id"]: part.get("title") for part in parts},
        "lines": {"count": sums.count, "sha256": sums.sha256},
        "rows": [
            {
                **line,
                "cause": cause["cause"],
                "cause_delivery_sha256": cause["cause_delivery_sha256"],
            }
            for line, cause in zip(lines, causes, strict=True)
        ],
        "heads": statement["provenance"]["heads"],
    }


def with_courses(
    annex: Annex, statement: Mapping[str, Any], snapshot: Snapshot, period_end: dt.date
) -> Annex:
    """The provider's edition: the provider's own courses up to the period's end, and headroom.

    It is made when asked and says as of which day, for no night makes it anew.
    """
    contract_id = annex["contract"]
    last = [contract_id, period_end]
    months = [_acted(row) for row in snapshot.rows(_MONTHS, last)]
    shown, figures = statement["shown"]["totals"], statement["figures"]
    own = [row for row in months if row["period_start"] == shown["period_start"]]
    paid = [row for row in own if row["is_payable"]]
    amount = sum((Decimal(row["amount_dkk"]) for row in paid), Decimal(0))
    return {
        **annex,
        "as_of_date": snapshot.as_of.isoformat(),
        "courses": [_acting(row, "eligibility") for row in snapshot.rows(_COURSES, [contract_id])],
        "months": months,
        "mismatches": [plain_row(row) for row in snapshot.rows(_MISMATCHES, last)],
        "totals": {
            "courses": len({row["course_id"] for row in own}),
            "months": len(own),
            "payable_months": len(paid),
            "payable_dkk": money_text(amount),
            "basis_dkk": figures["basis"]["period"],
            "basis_cumulative_dkk": figures["basis"]["cumulative"],
            "payment_dkk": figures["payment"]["period"],
            "payment_cumulative_dkk": figures["payment"]["cumulative"],
        },
        "headroom": {
            name: shown[name] for name in ("headroom_to_next_tier_dkk", "headroom_to_ceiling_dkk")
        },
    }


def _acting(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A row with what can be done about its reason, and who can do it."""
    return {
        **plain_row(row),
        "remedy": words.remedy("reason", row[name]),
        "owner": words.owner("reason", row[name]),
    }


def _acted(row: Mapping[str, Any]) -> dict[str, Any]:
    """A month; one that is paid asks for nothing."""
    told = _acting(row, "reason")
    return {**told, "remedy": _PAID, "owner": None} if row["is_payable"] else told


# as a workbook ------------------------------------------------------------------------------------


def render(annex: Mapping[str, Any], fingerprint: str) -> bytes:
    """The annex as a workbook: what it is, every line, and the provider's sheets where it has them.

    Args:
        annex: the annex, signed or not.
        fingerprint: of the key that signs it.
    """
    sheets = [("Bilag", _front(annex, fingerprint)), ("Linjer", _lines(annex))]
    if "courses" in annex:
        sheets += [
            ("Forløb", _courses(annex)), ("Måneder", _months(annex)),
            ("Uoverensstemmelser", _mismatches(annex)),
        ]  # fmt: skip
    return workbook.write_tables(sheets)


_TOTALS = {
    "courses": "Forløb med måneder i perioden",
    "months": "Måneder i perioden",
    "payable_months": "Måneder, der betales",
    "payable_dkk": "Måneder, der betales, kr.",
    "basis_dkk": "Grundlag i perioden, kr.",
    "basis_cumulative_dkk": "Grundlag i alt, kr.",
    "payment_dkk": "Betaling for perioden, kr.",
    "payment_cumulative_dkk": "Betaling i alt, kr.",
}
_HEADROOM = {
    "headroom_to_next_tier_dkk": ("Til næste trin, kr.", "sidste trin er nået"),
    "headroom_to_ceiling_dkk": ("Til loftet, kr.", "intet loft"),
}


def _front(annex: Mapping[str, Any], fingerprint: str) -> Table:
    totals, headroom = annex.get("totals", {}), annex.get("headroom", {})
    known = [dt.date.fromisoformat(annex["as_of_date"])] if "as_of_date" in annex else []
    rows = [
        [Cell("Fortroligt"), Cell("Bilaget nævner forløb og gives ikke til investor eller byråd.")],
        [Cell("Kontrakt"), Cell(annex["title"])],
        [Cell("Periode"), Cell(annex["period_label"])],
        *([Cell("Forløb og måneder, som de var kendt"), Cell(danish.date(day))] for day in known),
        *([Cell(label), _number(totals[name])] for name, label in _TOTALS.items() if totals),
        *(
            [Cell(label), Cell(none) if headroom[name] is None else _number(headroom[name])]
            for name, (label, none) in _HEADROOM.items()
            if headroom
        ),
        [Cell("Opgørelsens sha256"), Cell(annex["statement_sha256"])],
        [Cell("Linjernes sha256"), Cell(annex["lines"]["sha256"])],
        [Cell("Linjer"), _number(annex["lines"]["count"])],
        *([Cell(label), Cell(head_text(annex["heads"][name]))] for name, label in HEADS.items()),
        [Cell("Nøglens fingeraftryk"), Cell(fingerprint)],
    ]
    return Table(("Hvad", "Værdi"), rows)


def _lines(annex: Mapping[str, Any]) -> Table:
    headings = (
        "Linje", "Del", "Forløb", "Måned", "Prisgruppe", ">Før, kr.", ">Nu, kr.", ">Forskel, kr.",
        "Årsag", "Levering (sha256)",
    )  # fmt: skip
    titles = annex.get("part_titles", {})
    rows = [
        [
            Cell(words.label("line_kind", row["line_kind"])),
            Cell(titles.get(row["part"]) or row["part"]),
            _said(row["course"]), Cell(row["month"]), _said(row["price_group"]),
            _number(row["old"]), _number(row["new"]), _number(row["difference"]),
            Cell(danish.NONE) if row["cause"] is None else Cell(words.label("cause", row["cause"])),
            _said(row["cause_delivery_sha256"]),
        ]
        for row in annex["rows"]
    ]  # fmt: skip
    total = sum((Decimal(row["difference"]) for row in annex["rows"]), Decimal(0))
    last = [Cell("I alt"), *[Cell("")] * 6, _number(money_text(total)), *[Cell("")] * 2]
    return Table(headings, rows, last)


def _courses(annex: Mapping[str, Any]) -> Table:
    headings = (
        "Forløb", "Visiteret", "Oplyst ydelse", "Prisgruppe", ">Sagens længde, dage", ">Plads nr.",
        "Omfattet?", "Hvad der kan gøres", "Hvem", "Ophørt", "Ophørsgrund",
    )  # fmt: skip
    rows = [
        [
            Cell(row["course_id"]), _said(row["visited_on"]), _said(row["stated_group"]),
            _said(row["price_group"]), _number(row["case_days"]), _number(row["quota_rank"]),
            Cell(words.label("reason", row["eligibility"])), _said(row["remedy"]),
            _said(row["owner"]), _said(row["exit_date"]), _said(row["exit_reason"]),
        ]
        for row in annex["courses"]
    ]  # fmt: skip
    return Table(headings, rows)


def _months(annex: Mapping[str, Any]) -> Table:
    headings = (
        "Forløb", "Måned", "Periode", "Prisgruppe", ">Dage på ydelse", "Status", "Krav", "Betales",
        ">Beløb, kr.", "Krav mod register", "Begrundelse", "Hvad der kan gøres", "Hvem",
        "Uden løntimer",
    )  # fmt: skip
    rows = [
        [
            Cell(row["course_id"]), _month(row["month"]), _month(row["period_start"]),
            _said(row["price_group"]), _number(row["support_days"]),
            Cell(words.label("reason", row["status"])), _yes(row["is_claimed"]),
            _yes(row["is_payable"]), _number(row["amount_dkk"]),
            Cell(words.label("match", row["match"])), Cell(words.label("reason", row["reason"])),
            _said(row["remedy"]), _said(row["owner"]), _yes(row["is_no_income"]),
        ]
        for row in annex["months"]
    ]  # fmt: skip
    return Table(headings, rows)


def _mismatches(annex: Mapping[str, Any]) -> Table:
    headings = ("Forløb", "Måned", "Hvad", ">Kr.", "Hvem", "Hvad der skal gøres")
    rows = [
        [
            _said(row["course_id"]), _month(row["month"]),
            Cell(words.label("mismatch", row["kind"])), _number(row["amount_dkk"]),
            _said(row["owner"]), _said(row["remedy"]),
        ]
        for row in annex["mismatches"]
    ]  # fmt: skip
    return Table(headings, rows)


def _said(text: str | None) -> Cell:
    return Cell(text or danish.NONE)


def _month(day: str | None) -> Cell:
    """The month of a day; a course referred before the term has months in no period."""
    return Cell(danish.NONE if day is None else day[: len("2023-01")])


def _number(value: str | int | None) -> Cell:
    """A count, or an amount that stands as text, with the number behind it."""
    if value is None:
        return Cell(danish.NONE)
    if isinstance(value, int):
        return Cell(danish.number(value, 0), value)
    return Cell(danish.number(Decimal(value)), Decimal(value))


def _yes(flag: bool | None) -> Cell:
    return Cell(danish.NONE if flag is None else ("ja" if flag else "nej"))
