"""København: eight weeks of sickness benefit → screening → round table → special course → job.

As of 20 January 2023 all five years are observed; those who entered the special course in
2022 are not followed for a year yet.
"""

from __future__ import annotations

from dagster_project.demo import extracts, lives
from dagster_project.demo.activities import deliver, numbered
from dagster_project.demo.days import day, first_day, month, month_of
from dagster_project.demo.dice import Dice
from dagster_project.demo.extracts import Activity
from dagster_project.demo.people import Person, Spell
from dagster_project.demo.town import KINDS, Town

AREA = "København"
AS_OF = "2023-01-20"
FIRST, LAST = day("2017-01-01"), day("2022-12-31")
SICK_PEOPLE = 4600
RHYTHMS = (lives.Rhythm(0, 165, 250),)
SCREEN_AFTER_DAYS = 57
READINESS = {2018: 550, 2019: 800, 2020: 950, 2021: 1000, 2022: 1000}
"""How much of the method is in place, per mille, by year."""
SCREENED, ROUND_TABLE, BY_PHONE, SPECIAL, FLEX, RETENTION = 880, 500, 520, 960, 110, 150
OTHER_RETENTION_A_YEAR = (14, 12, 10, 8, 8)
GROUPS = {
    "sygedagpenge": tuple(range(890, 900)),
    "jobafklaring": tuple(range(870, 879)),
}


def build() -> extracts.Files:
    """Every file of the municipality, path below landing → text."""
    town = Town("københavn-1", FIRST, LAST)
    town.settle(SICK_PEOPLE, RHYTHMS, KINDS[3:6])
    steps = [step for person in list(town.people) for step in _way(town.dice, person)]
    steps += _other_grants(town)
    town.befall(town.people, day("2018-01-01"), LAST)
    for last in range(month("2018-06"), month("2022-12") + 1, 6):
        covered = 18 if last == month("2018-06") else 9
        town.monthly_register(range(last, last + 1), covered, {})
        town.monthly_status(range(last, last + 1))
    town.statistics(AREA, range(month("2018-10"), month("2022-11"), 6), 12, GROUPS)
    rows = numbered(steps, "K")
    deliver(town, rows, [first_day(at) + 9 for at in range(month("2018-07"), month("2023-02"), 6)])
    return town.files


def _way(dice: Dice, person: Person) -> list[Activity]:
    """The steps of a person's cases of sickness benefit, each at most to a grant."""
    steps: list[Activity] = []
    for spell in [item for item in person.spells if item.code in lives.SICK_SET]:
        screened_on = spell.start + SCREEN_AFTER_DAYS + dice.below(25)
        readiness = READINESS.get(month_of(screened_on) // 12, 0)
        if screened_on > spell.end or not dice.chance(SCREENED * readiness // 1000):
            continue
        steps.append(Activity(person, "screening", screened_on, screened_on))
        if dice.chance(ROUND_TABLE):
            steps += _round_table(dice, person, spell, screened_on + dice.between(7, 30), readiness)
        if any(step.kind.startswith("bevilling") for step in steps):
            break
    return steps


def _round_table(
    dice: Dice, person: Person, spell: Spell, at: int, readiness: int
) -> list[Activity]:
    channel = "telefon" if dice.chance(BY_PHONE) else "besøg"
    steps = [Activity(person, "rundbordssamtale", at, at, channel)]
    if at > LAST or not dice.chance(SPECIAL * readiness // 1000):
        return steps if at <= LAST else []
    start = at + dice.between(5, 25)
    end = start + dice.between(90, 280)
    draw = dice.below(1000)
    kind, result = "", "job" if draw % 3 else "andet"
    if draw < RETENTION:
        kind, result = "bevilling fastholdelsesfleksjob", "fleksjob"
    elif draw < RETENTION + FLEX:
        kind, result = "bevilling fleksjob", "fleksjob"
    if start <= LAST:
        steps.append(Activity(person, "særligt forløb", start, min(end, LAST), "", result))
    if kind and end + 20 < LAST:
        steps.append(Activity(person, kind, end + 14, end + 14))
        _begin_flex_job(dice, person, end + 15)
    elif start <= LAST and dice.chance(550):  # kept in the job on ordinary terms
        person.cut_after(max(spell.start, start + dice.between(30, 150)))
        lives.report(dice, person.spells[-1])
    return steps


def _begin_flex_job(dice: Dice, person: Person, at: int) -> None:
    person.cut_after(at - 1)
    for spell in person.spells:
        spell.end_reported_on = max(spell.end + 3, spell.reported_on)
    person.spells.append(lives.report(dice, Spell(at, LAST, 771)))


def _other_grants(town: Town) -> list[Activity]:
    """Retention flex jobs granted without the special course."""
    steps = []
    quiet = [person for person in town.people if person.spells and len(person.spells) < 3]
    for year, count in zip(READINESS, OTHER_RETENTION_A_YEAR, strict=True):
        for _ in range(count):
            person = town.dice.pick(quiet)
            at = day(f"{year}-01-01") + town.dice.below(350)
            kind = "bevilling fastholdelsesfleksjob"
            steps.append(Activity(person, kind, at, at))
    return steps
