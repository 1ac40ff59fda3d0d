"""The restricted pages: what does not agree, sorted by kroner, and a page for a course.

What belongs here: which rows of the restricted room stand on them, in which order. What does not:
any figure; the number, name or pseudonym of a person.

Rules: V.mismatches, V.course.
Decides: V.mismatches, V.course.
"""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.pages.sheet import (
    Cell,
    Column,
    Page,
    Row,
    Section,
    Table,
    cell_of,
    grouped,
    period,
    table_of,
    text_of,
)
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.publishing.tables import RESTRICTED, declared_tables
from dagster_project.lib.reference import words

PATH = "uoverensstemmelser.html"
ALL_COURSES = 2_000
"""Courses of a contract up to which each has its page; of larger ones those in ``mismatch``."""
_SHOWN = 2_000  # rows of the list: more take a browser over a second to open
_AT_ONCE = 250  # courses whose rows are held in memory
_EVIDENCE = (
    "course_id, month, role, file_name, row_number, row_hmac, code, first_day, last_day,"
    " delivery_sha256"
)
_PLAIN = re.compile(r"[A-Za-z0-9ÆØÅæøå_-][A-Za-z0-9ÆØÅæøå_.-]{0,80}")
_MISMATCHES = """
    select mismatch.*, contract.title, settlement.period_start, settlement.period_label
    from restricted.mismatch as mismatch
    inner join mart.contract as contract on mismatch.contract_id = contract.contract_id
    left join mart.settlement as settlement
        on mismatch.contract_id = settlement.contract_id
        and mismatch.month between settlement.period_start and settlement.period_end
        and settlement.period_label <> 'slutafregning'
    order by mismatch.amount_dkk desc, mismatch.contract_id, mismatch.month, mismatch.course_id,
        mismatch.kind
"""


def course_path(contract_id: str, course_id: str) -> str:
    """Where a course's page stands; an id that is no file name is told by its hash."""
    name = course_id
    if not _PLAIN.fullmatch(course_id):
        name = hashlib.sha256(course_id.encode()).hexdigest()[:24]
    return f"forloeb/{contract_id}/{name}.html"


# what does not agree ------------------------------------------------------------------------------


def mismatches(snapshot: Snapshot, there: Collection[str]) -> Page:
    """The list of what does not agree; ``there`` are the pages of courses."""
    rows = snapshot.rows(_MISMATCHES)
    total = sum((row["amount_dkk"] for row in rows), Decimal(0))
    shown = rows[:_SHOWN]
    said = "Én række om en måned, eller om et forløb i den måned, det er visiteret."
    more = [f"De {_SHOWN} største af {len(rows)} vises; alle står i tabellen mismatch."]
    sections = [
        Section("Hvem kan handle, og hvordan", tables=[_by_owner(rows)]),
        Section(
            "Alle, de største først", [said, *(more if len(rows) > _SHOWN else [])],
            tables=[_list(shown, there)], filters=_filters(shown), name="liste",
        ),
    ]  # fmt: skip
    if not rows:
        sections = [Section("Intet at rette", ["Liste, krav, register og kontrakt er enige."])]
    return Page(
        PATH, "Uoverensstemmelser", "Kun for controllere",
        sentence=f"{danish.number(len(rows), 0)} steder er liste, krav, register og kontrakt ikke"
        f" enige: i alt {danish.kroner(total)}",
        sections=sections, footer=f"Personer er ikke nævnt. {snapshot.snapshot_id}",
    )  # fmt: skip


def _by_owner(rows: Sequence[Row]) -> Table:
    made = []
    for (owner, kind, remedy), own in grouped(rows, "owner", "kind", "remedy").items():
        amount = sum((row["amount_dkk"] for row in own), Decimal(0))
        made.append((amount, [
            Cell(owner), Cell(words.label("mismatch", kind)), Cell(remedy),
            Cell(danish.number(len(own), 0)), Cell(danish.number(amount), "mismatch.amount_dkk",
                                                   f"{owner}|{kind}"),
        ]))  # fmt: skip
    made.sort(key=lambda pair: -pair[0])
    headings = ("Hvem handler", "Hvad er der galt", "Hvad skal gøres", ">Antal", ">Beløb, kr.")
    return Table(headings, [row for _, row in made])


def _list(rows: Sequence[Row], there: Collection[str]) -> Table:
    declared = declared_tables()[RESTRICTED, "mismatch"]
    made, tags = [], []
    for row in rows:
        path = course_path(row["contract_id"], row["course_id"])
        amount = cell_of(declared, row, Column("amount_dkk", ""))
        kind = words.label("mismatch", row["kind"])
        made.append([
            amount, Cell(kind), Cell(row["course_id"], href=path if path in there else ""),
            Cell(danish.month(row["month"])), Cell(_period(row)), Cell(row["title"]),
            Cell(row["owner"]),
        ])  # fmt: skip
        tags.append({"kontrakt": row["title"], "periode": _period(row), "art": kind})
    headings = (">Beløb, kr.", "Hvad er der galt", "Forløb", "Måned", "Periode", "Kontrakt",
                "Hvem handler")  # fmt: skip
    return Table(headings, made, name="mismatch", tags=tags)


def _period(row: Row) -> str:
    return danish.NONE if row["period_label"] is None else period(row)


def _filters(rows: Sequence[Row]) -> list[tuple[str, str, list[str]]]:
    return [
        ("kontrakt", "Kontrakt", sorted({row["title"] for row in rows})),
        ("periode", "Periode", sorted({_period(row) for row in rows})),
        ("art", "Hvad er der galt", sorted({words.label("mismatch", r["kind"]) for r in rows})),
    ]


# a course -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evidence:
    """A landed row, or a file, that decides a month: what it says and where it stands."""

    said: str
    place: str


@dataclass(frozen=True)
class Month:
    """An effort month of a course: its cells, how much of it is on support, what decides it."""

    cells: Sequence[Cell]
    filled: int
    tone: str
    why: str
    evidence: Sequence[Evidence]


@dataclass(frozen=True)
class CoursePage(Page):
    """The page of a course: its months stand like a timeline."""

    months: Sequence[Month] = ()
    headings: Sequence[str] = field(default=())


def courses(snapshot: Snapshot, only: tuple[str, str] | None = None) -> Iterator[CoursePage]:
    """The pages of the courses: of small contracts all, of others those in ``mismatch``.

    Args:
        snapshot: what is published.
        only: the one contract and course that is asked for, whatever its contract's size.
    """
    query = "select contract_id, count(*) as courses from restricted.participant group by all"
    for row in snapshot.rows(f"{query} order by 1"):
        contract = row["contract_id"]
        if only is not None and contract != only[0]:
            continue
        ids = _chosen(snapshot, contract, is_small=row["courses"] <= ALL_COURSES)
        if only is not None:
            ids = [only[1]]
        for start in range(0, len(ids), _AT_ONCE):
            yield from _of_contract(snapshot, contract, ids[start : start + _AT_ONCE])


def _chosen(snapshot: Snapshot, contract: str, *, is_small: bool) -> list[str]:
    """The courses of a contract that have a page."""
    table = "participant" if is_small else "mismatch"
    rows = snapshot.rows(
        f"select distinct course_id from restricted.{table} where contract_id = ? order by 1",  # noqa: S608
        [contract],
    )
    return [row["course_id"] for row in rows]


def _of_contract(snapshot: Snapshot, contract: str, ids: list[str]) -> Iterator[CoursePage]:
    def rows(table: str, order: str, columns: str = "*") -> list[dict[str, Any]]:
        return snapshot.rows(
            f"select {columns} from restricted.{table} where contract_id = ?"  # noqa: S608
            f" and course_id in (select unnest(?::varchar[])) order by {order}",
            [contract, ids],
        )

    (title,) = snapshot.rows(
        "select title from mart.contract where contract_id = ?", [contract]
    )  # fmt: skip
    months = grouped(rows("person_month", "course_id, month"), "course_id")
    evidence = grouped(
        rows("case_line_evidence", "course_id, month, evidence_no", _EVIDENCE),
        "course_id",
        "month",
    )
    wrong = grouped(rows("mismatch", "course_id, month, kind"), "course_id")
    for row in rows("participant", "course_id"):
        own = (row["course_id"],)
        yield _course(
            row, title["title"], months.get(own, []), evidence, wrong.get(own, []), snapshot
        )


def _course(
    row: Row, title: str, months: Sequence[Row], evidence: Any, wrong: Sequence[Row],
    snapshot: Snapshot,
) -> CoursePage:  # fmt: skip
    declared = declared_tables()[RESTRICTED, "participant"]
    facts = [
        (label, cell_of(declared, row, Column(name, label)))
        for name, label in (
            ("visited_on", "Visiteret"), ("stated_group", "Ydelse på listen"),
            ("price_group", "Prisgruppe"), ("eligibility", "Adgang"),
            ("case_days", "Dage i sagen ved visitation"), ("quota_rank", "Plads nr."),
            ("exit_date", "Ophørt"), ("exit_reason", "Årsag til ophør"),
        )
        if row[name] is not None
    ]  # fmt: skip
    amount = sum((month["amount_dkk"] for month in months), Decimal(0))
    payable = sum(month["is_payable"] for month in months)
    table = table_of("mismatch", wrong, (
        Column("month", "Måned"), Column("kind", "Hvad er der galt"),
        Column("amount_dkk", "Beløb, kr."), Column("owner", "Hvem handler"),
        Column("remedy", "Hvad skal gøres"),
    ), room=RESTRICTED)  # fmt: skip
    sections = [Section("Uoverensstemmelser", tables=[table])] if table else []
    return CoursePage(
        course_path(row["contract_id"], row["course_id"]), f"Forløb {row['course_id']}",
        f"{title} · kun for controllere",
        sentence=f"{payable} af {len(months)} måneder kan betales, i alt {danish.kroner(amount)}",
        facts=facts, sections=sections, footer=f"Personen er ikke nævnt. {snapshot.snapshot_id}",
        headings=("Måned", "Dage på ydelse", "Krav", "Status", ">Beløb, kr.", "Afgøres af"),
        months=[_month(month, evidence) for month in months],
    )  # fmt: skip


def _month(row: Row, evidence: Any) -> Month:
    declared = declared_tables()[RESTRICTED, "person_month"]
    month, days = row["month"], row["support_days"]
    length = calendar.monthrange(month.year, month.month)[1]
    shown = danish.NONE if days is None else f"{days} af {length}"
    rule = words.rule_id("reason", row["reason"])
    cells = [
        Cell(danish.month(month)), Cell(shown),
        Cell(words.label("match", row["match"])
             if row["match"] != "none" else ("ja" if row["is_claimed"] else "nej")),
        Cell(text_of(declared, row, "status")),
        cell_of(declared, row, Column("amount_dkk", "")),
    ]  # fmt: skip
    why = words.label("reason", row["reason"]) + (f" ({rule})" if rule else "")
    remedy = None if row["is_payable"] else words.remedy("reason", row["reason"])
    said = f"{why}: {remedy[:1].lower()}{remedy[1:]}" if remedy else why
    own = evidence.get((row["course_id"], month), [])
    tone = "good" if row["is_payable"] else ("quiet" if days is None else "")
    filled = 0 if days is None else round(100 * days / length)
    return Month(cells, filled, tone, said, [_evidence(one) for one in own])


def _evidence(row: Row) -> Evidence:
    said = _said(row["role"], row["code"], row["first_day"], row["last_day"])
    place = row["file_name"] or danish.NONE
    if row["row_number"] is not None:
        place += f", række {row['row_number']}, {row['row_hmac'] or danish.NONE}"
    else:
        place += f", sha256 {row['delivery_sha256'][:12]}…"
    return Evidence(said, place)


@lru_cache(maxsize=16_384)
def _said(role: str, code: str | None, first: dt.date | None, last: dt.date | None) -> str:
    """What a row says; the same again and again, month after month."""
    days = " – ".join(dict.fromkeys(danish.date(day) for day in (first, last) if day))
    label = words.label("evidence_role", role)
    return f"{label}{f' {code}' if code else ''}{f', {days}' if days else ''}"
