"""Slagelse: activity-ready citizens who come into ordinary employment, and who stays in it.

As of 10 February 2020 the follow-up year of every entry of 2018 is over and observed.
"""

from __future__ import annotations

from dagster_project.demo import extracts, lives
from dagster_project.demo.courses import work
from dagster_project.demo.days import day, first_day, month, text_of
from dagster_project.demo.dice import Dice
from dagster_project.demo.people import Person, Spell
from dagster_project.demo.town import Kind, Town

AREA = "Slagelse"
AS_OF = "2020-02-10"
FIRST, LAST = day("2016-07-01"), day("2020-01-31")
READY_PEOPLE = 1150
READY_CODES = (720, 722, 725)
KINDS = (
    Kind(420, (130, 132), lives.SHORT_DAYS, lives.OFF_DAYS),
    Kind(300, (140, 142), lives.SHORT_DAYS, lives.OFF_DAYS),
    Kind(260, (111, 211), lives.SHORT_DAYS, lives.OFF_DAYS),
    Kind(120, (810, 812), lives.LONG_DAYS, lives.OFF_DAYS),
)
RHYTHMS = (lives.Rhythm(0, 190, 250),)
SICK_PEOPLE = 900
JOB_PER_MILLE, LASTING_PER_MILLE = 390, 930
LOST_JOB_DAYS = (45, 80, 120, 170, 220, 270, 320)
GROUPS = {
    "kontanthjælp": (*range(130, 139), *range(720, 739)),
    "uddannelseshjælp": tuple(range(140, 149)),
    "sygedagpenge": tuple(range(890, 900)),
}


def build() -> extracts.Files:
    """Every file of the municipality, path below landing → text."""
    town = Town("slagelse-1", FIRST, LAST)
    town.settle(SICK_PEOPLE, RHYTHMS, KINDS)
    for _ in range(READY_PEOPLE):
        _live(town.dice, town.newcomer())
    town.befall(town.people, day("2017-06-01"), LAST)
    town.register("2019-01-10", "2017-01-01", "2018-12-31")
    for last in (month("2019-03"), month("2019-06"), month("2019-09"), month("2019-12")):
        town.monthly_register(range(last, last + 1), 6, {})
        town.monthly_status(range(last, last + 1))
        town.wages(text_of(first_day(last + 1) + 19), last - 5, last)
    town.wages("2018-12-20", month("2017-01"), month("2018-11"))
    town.statistics(AREA, range(month("2018-12"), month("2019-12"), 3), 12, GROUPS)
    return town.files


def _live(dice: Dice, person: Person) -> None:
    """Long spells of activity-ready cash benefit; out of some of them into a job."""
    at = FIRST - dice.below(600)
    while at <= LAST:
        end = min(at + dice.around(dice.pick(lives.LONG_DAYS)) - 1, LAST)
        if end >= FIRST:
            spell = Spell(max(at, FIRST), end, dice.pick(READY_CODES))
            person.spells.append(lives.report(dice, spell))
        at = _between(dice, person, end + 1)


def _between(dice: Dice, person: Person, at: int) -> int:
    """What follows a spell; returns the first day of the next one."""
    if at > LAST or not dice.chance(JOB_PER_MILLE):
        return at + (dice.around(dice.pick(lives.OFF_DAYS)) if dice.chance(700) else 15)
    lasting = dice.chance(LASTING_PER_MILLE)
    last = LAST if lasting else min(LAST, at + dice.around(dice.pick(LOST_JOB_DAYS)))
    work(dice, person, at, last)
    if lasting and dice.chance(120):  # a few weeks of sickness benefit within a lasting job
        off = at + dice.between(60, 300)
        if off + 30 < LAST:
            break_spell = Spell(off, off + dice.between(10, 40), 890)
            person.spells.append(lives.report(dice, break_spell))
    return last + 1
