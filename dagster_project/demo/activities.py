"""Activities of a jobcenter: placements, company contacts, and how cases ended.

What belongs here: rows of aktiviteter for people on benefit. What does not: the screening funnel
(``koebenhavn``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dagster_project.demo.days import first_day, last_day, month_of, text_of
from dagster_project.demo.dice import Dice
from dagster_project.demo.extracts import Activity, activities_file
from dagster_project.demo.people import Person, Spell
from dagster_project.demo.town import Town

PLACEMENT_PER_MILLE, REASON_PER_MILLE, CONTACTS_A_MONTH = 560, 700, 45
PLACEMENT_EVERY_DAYS = 240
RESULTS = ("job", "job", "job", "uddannelse", "anden ydelse", "anden ydelse", "fleksjob", "andet",
           "førtidspension", "fraflyttet")  # fmt: skip


def collect(
    town: Town, codes: frozenset[int], first: int, last: int, skip: frozenset[int] = frozenset()
) -> list[Activity]:
    """Placements, endings and contacts between two days, in a steady order.

    Args:
        town: whose people.
        codes: benefit codes of the groups that are followed.
        first: first day.
        last: last day.
        skip: numbers of people whose cases get none (their project follows them itself).
    """
    dice = Dice(f"{town.seed}/aktiviteter")
    found: list[Activity] = []
    on_benefit: list[Person] = []
    for person in town.people:
        spells = [s for s in person.spells if s.code in codes and s.end >= first]
        if spells:
            on_benefit.append(person)
        if person.number in skip:
            continue
        for spell in spells:
            found += _placements(dice, person, spell, first, last)
        found += _ending(dice, person, spells, last)
    for month in range(month_of(first), month_of(last) + 1):
        for _ in range(dice.around(CONTACTS_A_MONTH)):
            at = first_day(month) + dice.below(last_day(month) - first_day(month) + 1)
            found.append(Activity(dice.pick(on_benefit), "virksomhedskontakt", at, at))
    return numbered(found, "A")


def numbered(found: Sequence[Activity], prefix: str) -> list[Activity]:
    """Activities in the order of their days, with their ids."""
    ordered = sorted(found, key=lambda item: (item.start, item.person.number, item.kind))
    return [
        replace(item, activity_id=f"{prefix}-{number:05d}")
        for number, item in enumerate(ordered, start=1)
    ]


def _placements(dice: Dice, person: Person, spell: Spell, first: int, last: int) -> list[Activity]:
    rows: list[Activity] = []
    at = max(spell.start, first) + dice.between(20, PLACEMENT_EVERY_DAYS)
    while at < min(spell.end, last):
        kind = "løntilskud" if dice.chance(120) else "virksomhedspraktik"
        if dice.chance(PLACEMENT_PER_MILLE):
            end = min(spell.end, at + dice.between(27, 90))
            rows.append(Activity(person, kind, at, end))
        at += dice.around(PLACEMENT_EVERY_DAYS, 60)
    return rows


def _ending(dice: Dice, person: Person, spells: Sequence[Spell], last: int) -> list[Activity]:
    """The jobcenter's own note of how the newest case ended."""
    ended = [spell.end for spell in spells if spell.end < last - 5]
    if not ended or person.spell_on(max(ended) + 1) or not dice.chance(REASON_PER_MILLE):
        return []
    at = max(ended) + dice.between(-3, 14)
    return [Activity(person, "afsluttet forløb", at, at, result=dice.pick(RESULTS))]


def deliver(town: Town, activities: Sequence[Activity], extracted: Sequence[int]) -> None:
    """Upsert files: what began since the last one, and what ended since."""
    before = 0
    for day_number in extracted:
        rows = [
            item
            for item in activities
            if before <= item.start < day_number
            or (item.start < before and item.end is not None and before <= item.end < day_number)
        ]
        name = f"jobcenter/aktiviteter_{text_of(day_number)}.csv"
        town.files[name] = activities_file(rows, day_number)
        before = day_number
