"""Referred citizens: who is referred when, what becomes of them, what the provider claims.

What belongs here: lives of participants, courses and claims. What does not: the files they stand in
(the municipality's own module), whether a month is paid (dbt).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dagster_project.demo.days import first_day, last_day, month_of
from dagster_project.demo.dice import Dice
from dagster_project.demo.lives import CASE_CODES, JAF_CODES, SICK_CODES, SICK_SET, report
from dagster_project.demo.people import FULL_SHARE, Person, Spell

REMAINING_DAYS = (35, 60, 90, 120, 160, 200, 250, 310, 380, 470, 580)
STAYS_PER_MILLE = 290
JOB_DAYS = (35, 70, 110, 160, 230, 320, 430)
LASTING_JOB_PER_MILLE = 520
RELAPSE_DAYS = (35, 50, 70, 95, 130, 180, 260)
OUTCOMES = (("job", 720), ("fleksjob", 860), ("a-dagpenge", 950), ("uden løn", 1000))
FLEKS_CODES, DAGPENGE_CODES = (771,), (211,)


@dataclass
class Course:
    """A course on the municipality's list, and what is claimed for it."""

    course_id: str
    person: Person
    visited_on: int
    stated_group: str
    listed_on: int
    ended_on: int | None = None
    end_reason: str = ""
    end_listed_on: int = 0
    claims: list[Claim] = field(default_factory=list)


@dataclass(frozen=True)
class Claim:
    """``ja`` or ``nej`` for a month, in the file of a day."""

    month: int
    is_claimed: bool
    sent_on: int


def treat(dice: Dice, person: Person, visited_on: int, last: int) -> None:
    """Replace what follows the referral: benefit for a while, perhaps a job, a relapse."""
    spell = person.spell_on(visited_on)
    if spell is None:
        return
    person.spells = [item for item in person.spells if item.end < visited_on or item is spell]
    stays = dice.chance(STAYS_PER_MILLE)
    left_on = last + 1 if stays else visited_on + dice.around(dice.pick(REMAINING_DAYS))
    _until(dice, person, spell, visited_on, min(left_on - 1, last), last)
    at = left_on
    while at <= last:
        at = _outcome(dice, person, at, last)
    person.spells.sort(key=lambda item: item.start)


def _until(dice: Dice, person: Person, spell: Spell, visited_on: int, end: int, last: int) -> None:
    """Benefit from the referral to ``end``: switches group, goes part-time towards the end."""
    switch = visited_on + dice.between(40, 220)
    if spell.code in SICK_SET and switch < end and dice.chance(280):
        spell.end = switch - 1
        report(dice, spell)
        spell = Spell(switch, end, dice.pick(JAF_CODES))
        person.spells.append(spell)
    spell.end = end
    back = dice.between(25, 60)
    if end < last and end - back > spell.start and dice.chance(350):
        spell.end = end - back
        half = Spell(end - back + 1, end, spell.code, FULL_SHARE // 2)
        person.spells.append(report(dice, half))
    report(dice, spell)


def _outcome(dice: Dice, person: Person, at: int, last: int) -> int:
    """What follows benefit from a day on; returns the day after it."""
    draw = dice.below(1000)
    kind = next(name for name, limit in OUTCOMES if draw < limit)
    lasting = dice.chance(LASTING_JOB_PER_MILLE)
    end = last if lasting else min(last, at + dice.around(dice.pick(JOB_DAYS)))
    if kind == "fleksjob":
        person.spells.append(report(dice, Spell(at, end, dice.pick(FLEKS_CODES))))
    elif kind == "a-dagpenge":
        person.spells.append(report(dice, Spell(at, end, dice.pick(DAGPENGE_CODES))))
    elif kind == "job":
        work(dice, person, at, end)
    if end < last:
        relapse = min(last, end + dice.around(dice.pick(RELAPSE_DAYS)))
        person.spells.append(report(dice, Spell(end + 1, relapse, dice.pick(SICK_CODES))))
        end = relapse
    return end + 1


def work(dice: Dice, person: Person, first: int, last: int) -> None:
    """Ordinary wage hours for the days first … last, by month."""
    weekly = dice.pick((15, 20, 25, 30, 37, 37, 37))
    for month in range(month_of(first), month_of(last) + 1):
        days = min(last, last_day(month)) - max(first, first_day(month)) + 1
        person.wages[month] = days * weekly * 100 // 7 + dice.below(100)


def find_candidates(
    people: Sequence[Person], at: int, codes: frozenset[int], low: int, high: int
) -> Iterator[Person]:
    """People on one of the codes at a day whose case has lasted low … high days."""
    for person in people:
        if not person.spells or person.spells[-1].end < at:
            continue
        spell = person.spell_on(at)
        if spell is None or spell.code not in codes or spell.reported_on > at:
            continue
        start = person.case_start(at, CASE_CODES, 28)
        if start is not None and low <= at - start <= high:
            yield person


def is_quiet(person: Person, month: int) -> bool:
    """Whether no day of the month has a spell, as the citizen tells the provider."""
    first, last = first_day(month), last_day(month)
    return all(spell.end < first or spell.start > last for spell in person.spells)
