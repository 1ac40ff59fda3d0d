"""How people come on and off benefit: durations, gaps, seasons, switches, late reports.

What belongs here: lives without any project. What does not: referred citizens (``courses``).
The tables are quantiles, each value equally likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dagster_project.demo.days import month_of
from dagster_project.demo.dice import Dice
from dagster_project.demo.people import FULL_SHARE, Person, Spell

SICK_DAYS = (16, 21, 28, 31, 38, 45, 52, 60, 70, 82, 95, 112, 130, 152, 178, 340, 620, 900,
             1200, 1600)  # fmt: skip
SICK_GAPS = (20, 50, 85, 120, 160, 200, 245, 290, 340, 390, 450, 515, 590, 675, 775, 890, 1040,
             1240, 1560, 2250)  # fmt: skip
LONG_DAYS = (60, 110, 160, 210, 260, 320, 390, 470, 560, 660, 780, 920, 1100, 1350, 1800, 2600)
SHORT_DAYS = (14, 25, 35, 45, 60, 75, 90, 110, 130, 155, 185, 220, 265, 330, 420, 600)
OFF_DAYS = (30, 60, 90, 120, 160, 200, 250, 310, 380, 460, 560, 680, 840, 1060, 1400, 2000)
SICK_CODES = (890, 890, 890, 892, 896)
JAF_CODES = (870, 870, 873)
SICK_SET = frozenset(range(890, 900))
JAF_SET = frozenset(range(870, 879))
CASE_CODES = SICK_SET | JAF_SET
JAF_FROM_DAY = 154
LATE_START_PER_MILLE, LATE_END_PER_MILLE, RETRO_PER_MILLE = 170, 150, 15


@dataclass(frozen=True)
class Rhythm:
    """What changes over the years: the pause between cases and the switch to job clarification."""

    from_month: int
    gap_per_cent: int
    jaf_per_mille: int


def report(dice: Dice, spell: Spell) -> Spell:
    """Decide from which day the register shows a spell, and from which day its end."""
    if dice.chance(RETRO_PER_MILLE):
        lag = dice.between(60, 100)
    elif dice.chance(LATE_START_PER_MILLE):
        lag = dice.between(20, 55)
    else:
        lag = dice.between(2, 6)
    end_lag = dice.between(14, 45) if dice.chance(LATE_END_PER_MILLE) else dice.between(1, 4)
    spell.reported_on = spell.start + lag
    spell.end_reported_on = max(spell.end + end_lag, spell.reported_on)
    return spell


def sickness_case(
    dice: Dice, start: int, length: int, jaf_per_mille: int, last: int
) -> list[Spell]:
    """A case of sickness benefit, with a switch to job clarification and a part-time return."""
    end = min(start + length - 1, last)
    spells: list[Spell] = []
    sick_end = end
    switch = start + dice.around(JAF_FROM_DAY + 40)
    if switch < end and dice.chance(jaf_per_mille):
        sick_end = switch - 1
        spells.append(Spell(switch, end, dice.pick(JAF_CODES)))
    code = dice.pick(SICK_CODES)
    back_days = dice.between(21, 49)
    if sick_end == end and end < last and length > back_days * 2 and dice.chance(220):
        spells.append(Spell(end - back_days + 1, end, code, FULL_SHARE // 2))
        sick_end = end - back_days
    spells.append(Spell(start, sick_end, code))
    return [report(dice, spell) for spell in sorted(spells, key=lambda item: item.start)]


def live_with_sickness(
    dice: Dice, person: Person, first: int, last: int, rhythms: Sequence[Rhythm]
) -> None:
    """A working life with sick leaves between the two days."""
    start = first + dice.below(dice.around(dice.pick(SICK_GAPS)) + 1)
    while start <= last:
        rhythm = _rhythm(rhythms, start)
        if month_of(start) % 12 in (5, 6) and dice.chance(350):
            start += dice.between(30, 75)
            continue
        length = dice.around(dice.pick(SICK_DAYS))
        person.spells += sickness_case(dice, start, length, rhythm.jaf_per_mille, last)
        gap = max(29, dice.around(dice.pick(SICK_GAPS)) * rhythm.gap_per_cent // 100)
        start += length + gap


def _rhythm(rhythms: Sequence[Rhythm], at: int) -> Rhythm:
    current = rhythms[0]
    for rhythm in rhythms:
        if rhythm.from_month <= month_of(at):
            current = rhythm
    return current


def live_on_and_off(
    dice: Dice,
    person: Person,
    first: int,
    last: int,
    on: tuple[Sequence[int], Sequence[int]],
    off: tuple[Sequence[int], Sequence[int] | None],
) -> None:
    """A life that changes between two states.

    Args:
        dice: the draws.
        person: gets the spells.
        first: first day of the life.
        last: last day of the life.
        on: codes and durations of the one state.
        off: durations and, if the other state is a benefit too, its codes.
    """
    at = first - dice.below(400)
    while at <= last:
        end = at + dice.around(dice.pick(on[1])) - 1
        _add(dice, person, at, end, on[0], first, last)
        at = end + 1
        end = at + dice.around(dice.pick(off[0])) - 1
        if off[1] is not None:
            _add(dice, person, at, end, off[1], first, last)
        at = end + 1


def _add(
    dice: Dice, person: Person, start: int, end: int, codes: Sequence[int], first: int, last: int
) -> None:
    if end >= first and start <= last:
        spell = Spell(max(start, first), min(end, last), dice.pick(codes))
        person.spells.append(report(dice, spell))
