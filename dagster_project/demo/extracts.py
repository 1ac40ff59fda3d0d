"""People → files: what each source would show on the day it is extracted.

What belongs here: the text of a file in its declared format (I.formats): ``;``, decimal comma,
UTF-8. What does not: when which file is made (the municipality's own module).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dagster_project.demo.days import first_day, last_day, month_of, month_text, text_of
from dagster_project.demo.dice import Dice
from dagster_project.demo.people import FULL_SHARE, Person

Files = dict[str, str]
OPEN_SPELL = 10**9


@dataclass(frozen=True)
class Activity:
    """A row of aktiviteter; it is numbered when all are known (``activities.numbered``)."""

    person: Person
    kind: str
    start: int
    end: int | None = None
    channel: str = ""
    result: str = ""
    activity_id: str = ""


@dataclass
class Statistics:
    """Persons and full-time persons in ten-thousandths of a day, by benefit group and month."""

    day_shares: dict[tuple[str, int], int] = field(default_factory=dict)
    persons: dict[tuple[str, int], int] = field(default_factory=dict)

    def fte_tenths(self, group: str, month: int) -> int:
        """Full-time persons × 10 of a month, rounded."""
        days = last_day(month) - first_day(month) + 1
        total = self.day_shares.get((group, month), 0)
        return (total * 10 + days * FULL_SHARE // 2) // (days * FULL_SHARE)


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A file with ``;`` and a heading row."""
    lines = [";".join(headings), *(";".join(row) for row in rows)]
    return "\n".join(lines) + "\n"


def decimal_text(value: int, decimals: int) -> str:
    """A whole number of the smallest unit as text with decimal comma."""
    head, tail = divmod(value, 10**decimals)
    return f"{head},{tail:0{decimals}d}"


def spells_file(people: Sequence[Person], extracted_on: int, first: int, last: int) -> str:
    """The register's window first … last as it stands on the day of the extract."""
    rows = []
    for person in people:
        cpr = person.cpr_on(extracted_on)
        for spell in person.spells:
            is_running = spell.end_reported_on > extracted_on
            end = OPEN_SPELL if is_running else spell.end
            if spell.start > last or end < first or spell.reported_on > extracted_on:
                continue
            share = "" if spell.share == FULL_SHARE else _share_text(spell.share)
            shown = "" if is_running else text_of(spell.end)
            rows.append((cpr, str(spell.code), text_of(spell.start), shown, share))
    return csv_text(("cpr", "ydelseskode", "fra_dato", "til_dato", "andel"), rows)


def _share_text(share: int) -> str:
    return decimal_text(share, 4).rstrip("0")


def status_file(people: Sequence[Person], extracted_on: int) -> str:
    """All population events known on the day of the extract."""
    rows = []
    for person in people:
        for event in person.events:
            if event.on + 3 > extracted_on:
                continue
            cpr = person.cprs[0][1] if event.kind == "nyt_cpr" else person.cpr_on(extracted_on)
            rows.append((cpr, event.kind, text_of(event.on), event.new_cpr))
    return csv_text(("cpr", "haendelse", "dato", "nyt_cpr"), rows)


def wages_file(
    people: Sequence[Person], dice: Dice, extracted_on: int, first_month: int, last_month: int
) -> str:
    """Wage hours of whole months."""
    rows = []
    for person in people:
        for month, hours in sorted(person.wages.items()):
            if not first_month <= month <= last_month:
                continue
            kroner = hours * (135 + person.number % 90) // 100 * 100 + person.number % 100
            employer = f"{28_000_000 + person.number * 37 % 900_000}"
            rows.append(
                (person.cpr_on(extracted_on), employer, month_text(month),
                 decimal_text(hours, 2), decimal_text(kroner, 2), "ordinær")
            )  # fmt: skip
    headings = ("cpr", "cvr", "maaned", "loentimer", "loenbeloeb", "ansaettelsestype")
    return csv_text(headings, dice.shuffled(rows))


def activities_file(activities: Iterable[Activity], extracted_on: int) -> str:
    """Activities, each with the end that is known on the day of the extract."""
    rows = []
    for item in activities:
        is_over = item.end is not None and item.end < extracted_on
        end = text_of(item.end) if item.end is not None and is_over else ""
        rows.append(
            (item.activity_id, item.person.cpr_on(extracted_on), item.kind, text_of(item.start),
             end, item.channel, item.result)
        )  # fmt: skip
    headings = ("aktivitet_id", "cpr", "type", "startdato", "slutdato", "kanal", "resultat")
    return csv_text(headings, rows)


def count_statistics(people: Sequence[Person], group_of: dict[int, str]) -> Statistics:
    """Persons and full-time persons of the true register, by benefit group and month."""
    result = Statistics()
    for person in people:
        seen: set[tuple[str, int]] = set()
        for spell in person.spells:
            group = group_of[spell.code]
            for month in range(month_of(spell.start), month_of(spell.end) + 1):
                days = min(spell.end, last_day(month)) - max(spell.start, first_day(month)) + 1
                key = (group, month)
                result.day_shares[key] = result.day_shares.get(key, 0) + days * spell.share
                seen.add(key)
        for key in seen:
            result.persons[key] = result.persons.get(key, 0) + 1
    return result
