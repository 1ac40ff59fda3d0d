"""The answer to a person who asks what the home holds: a Danish page, and its text.

What belongs here: the words and the layout of the answer. What does not: finding what is held
(``rows``, ``courses``). No person number stands in the answer: where a file has one, the answer
says whose it is.

Rules: F.person, I.person_text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import danish
from dagster_project.lib.base.person_numbers import holds_person_number
from dagster_project.lib.person.courses import CourseFigures, Figures
from dagster_project.lib.person.numbers import Person
from dagster_project.lib.person.rows import FoundIn, Sought
from dagster_project.lib.reference import words

if TYPE_CHECKING:
    from jinja2 import Template

OWN, OTHER = "dit personnummer", "en anden persons nummer"
_NOT_HELD = (
    "Dit navn, din adresse og din journal: de indlæses ikke, ud over det, der står ovenfor.",
    "Andre kopier end kommunens egne: afsenderne af filerne svarer for deres egne registre.",
    "Filer, der er slettet efter kommunens regler for opbevaring, og filer, som ikke er modtaget.",
)


@dataclass(frozen=True)
class RowTold:
    """A row of a file: its number, heading and text of each cell, and whether it was rejected."""

    number: int
    cells: Sequence[tuple[str, str]]
    is_rejected: bool


@dataclass(frozen=True)
class DeliveryTold:
    """A delivery that holds rows of the person; ``columns`` explains those that are read."""

    title: str
    file_name: str
    delivery_id: str
    extracted_on: str
    state: str
    rows: Sequence[RowTold]
    columns: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class CourseTold:
    """A course: its title, facts, months, lines of settlements and disputes, as texts."""

    title: str
    facts: Sequence[tuple[str, str]]
    months: Sequence[Sequence[str]]
    lines: Sequence[Sequence[str]]
    disputes: Sequence[Sequence[str]]
    total: str


@dataclass(frozen=True)
class Answer:
    """What the home holds about one person.

    Args:
        as_of: business date of the question.
        figures_as_of: that of the figures; null before the first publication.
        number_count: how many numbers of the person are known.
        deliveries: files with rows.
        courses: courses in the figures.
        entries: employments that a contract counts.
        refused: refused files that hold a number of the person.
        unread: refused files that nobody can look into.
    """

    as_of: dt.date
    figures_as_of: dt.date | None
    number_count: int
    deliveries: Sequence[DeliveryTold]
    courses: Sequence[CourseTold]
    entries: Sequence[Sequence[str]]
    refused: Sequence[tuple[str, str]]
    unread: int
    not_held: Sequence[str] = _NOT_HELD

    @property
    def row_count(self) -> int:
        """How many rows."""
        return sum(len(one.rows) for one in self.deliveries)

    def as_json(self) -> dict[str, Any]:
        """The answer as plain data, without any number."""
        return {
            "as_of_date": self.as_of, "figures_as_of_date": self.figures_as_of,
            "numbers": self.number_count,
            "deliveries": [
                {
                    "delivery_id": one.delivery_id, "file_name": one.file_name,
                    "source": one.title, "extracted_on": one.extracted_on, "state": one.state,
                    "rows": [
                        {"row_number": row.number, "is_rejected": row.is_rejected,
                         "cells": dict(row.cells)}
                        for row in one.rows
                    ],
                }
                for one in self.deliveries
            ],
            "courses": [
                {"title": one.title, "facts": dict(one.facts), "months": one.months,
                 "lines": one.lines, "disputes": one.disputes}
                for one in self.courses
            ],
            "entries": self.entries,
            "refused_files": [name for name, _ in self.refused],
            "unread_refused_files": self.unread,
        }  # fmt: skip

    def text(self) -> str:
        """The answer for a terminal."""
        return "\n".join(_lines(self))

    def html(self) -> str:
        """The answer as one page that needs nothing else, made to be printed."""
        return _template().render(answer=self, asked=danish.date(self.as_of)).rstrip("\n") + "\n"


def answer(
    sought: Sought, figures: Figures, as_of: dt.date, refused: Sequence[tuple[str, str]],
    unread: int,
) -> Answer:  # fmt: skip
    """Put what was found into words.

    Args:
        sought: the rows of the person.
        figures: what became of them.
        as_of: business date of the question.
        refused: name and sha256 of each refused file that holds a number of the person.
        unread: refused files that nobody can look into.
    """
    return Answer(
        as_of, figures.as_of, len(sought.person.numbers),
        [_delivery(one, sought.person, as_of) for one in sought.found],
        [_course(one) for one in figures.courses],
        [_entry(row) for row in figures.entries],
        refused, unread,
    )  # fmt: skip


def _delivery(found: FoundIn, person: Person, as_of: dt.date) -> DeliveryTold:
    record = found.record
    state = "modtaget"
    if record.is_withdrawn(as_of) and record.withdrawn_on is not None:
        state = f"trukket tilbage fra og med {danish.date(record.withdrawn_on)}"
    drawn = danish.NONE if record.extracted_on is None else danish.date(record.extracted_on)
    rows = [
        RowTold(row.number, [(h, _shown(text, person)) for h, text in row.texts], row.is_rejected)
        for row in found.rows
    ]
    return DeliveryTold(
        found.source.title, record.file_name, record.delivery_id, drawn, state, rows,
        [(column.heading, column.description) for column in found.source.columns],
    )  # fmt: skip


def _shown(text: str, person: Person) -> str:
    """A landed text without any person number; the words say whose number stood there."""
    if person.is_in(text):
        return OWN
    return OTHER if holds_person_number(text) else text


def _course(figures: CourseFigures) -> CourseTold:
    row = figures.course
    facts = [
        ("Kontrakt", row["title"] or row["contract_id"]),
        ("Leverandør", row["provider"] or danish.NONE),
        ("Visiteret", _day(row["visited_on"])),
        ("Ydelse på listen", _word("benefit_group", row["stated_group"])),
        ("Adgang", _word("reason", row["eligibility"])),
        ("Ophørt", _day(row["exit_date"])),
        ("Årsag til ophør", _word("exit_reason", row["exit_reason"])),
    ]
    months = [
        (
            danish.month(month["month"]),
            danish.NONE if month["support_days"] is None else str(month["support_days"]),
            "ja" if month["is_claimed"] else "nej",
            _word("reason", month["reason"]),
            danish.kroner(month["amount_dkk"]),
        )
        for month in figures.months
    ]
    lines = [
        (
            danish.period(line["period_label"], line["period_start"]),
            danish.month(line["month"]),
            _word("line_kind", line["line_kind"]),
            _word("state", line["state"]),
            danish.kroner(line["difference_dkk"]),
        )
        for line in figures.lines
    ]
    disputes = [
        (
            danish.month(one["month"]),
            _word("dispute_wants", one["wants"]),
            _day(one["opened_on"]),
            _word("dispute_outcome", one["outcome"]) if one["outcome"] else "åben",
            danish.kroner(one["amount_dkk"]),
        )
        for one in figures.disputes
    ]
    total = sum((line["difference_dkk"] for line in figures.lines), Decimal(0))
    return CourseTold(
        f"Forløb {row['course_id']}", facts, months, lines, disputes, danish.kroner(total)
    )


def _entry(row: dict[str, Any]) -> Sequence[str]:
    if not row["is_observed"]:
        became = "endnu ikke fulgt op"
    else:
        became = "fortsat i beskæftigelse" if row["is_retained"] else "ikke i beskæftigelse"
    title = row["title"] or row["contract_id"]
    return title, _day(row["entry_date"]), _day(row["follow_up_date"]), became


def _day(day: dt.date | None) -> str:
    return danish.NONE if day is None else danish.date(day)


def _word(domain: str, code: str | None) -> str:
    return danish.NONE if code is None else words.label(domain, code)


def _lines(told: Answer) -> Iterator[str]:
    yield (
        f"{told.row_count} rækker i {len(told.deliveries)} leveringer, {len(told.courses)} forløb"
        f" (spurgt pr. {danish.date(told.as_of)})"
    )
    for one in told.deliveries:
        yield f"{one.title} · {one.file_name} · {one.delivery_id} · {one.state}"
        for row in one.rows:
            cells = "; ".join(f"{heading}: {text}" for heading, text in row.cells)
            yield f"  række {row.number}{' (afvist)' if row.is_rejected else ''}: {cells}"
    for course in told.courses:
        yield course.title
        yield from (f"  {label}: {text}" for label, text in course.facts)
        yield from (f"  {' · '.join(month)}" for month in course.months)
        yield f"  I opgørelser: {course.total}"
        yield from (f"  Indsigelse: {' · '.join(dispute)}" for dispute in course.disputes)
    for entry in told.entries:
        yield f"Ansættelse: {' · '.join(entry)}"
    for name, sha256 in told.refused:
        yield f"Afvist fil, ikke indlæst: {name} (quarantine/{sha256[:12]}…)"
    if told.unread:
        yield f"{told.unread} afviste filer kan ikke læses, og derfor heller ikke gennemses"


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).with_name("templates")
    made = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return made.get_template("person.html.j2")
