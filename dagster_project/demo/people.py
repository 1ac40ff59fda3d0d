"""The people of a synthetic municipality: replacement numbers only, benefit spells, events.

A replacement number has 60 added to its day, so that none can be a real person's.

Rules: F.synthetic_people.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dagster_project.demo.days import day
from dagster_project.demo.dice import Dice

FULL_SHARE = 10_000
REPLACEMENT_DAY = 60


@dataclass
class Spell:
    """A stretch of one benefit, and the days from which the register shows it and its end."""

    start: int
    end: int
    code: int
    share: int = FULL_SHARE
    reported_on: int = 0
    end_reported_on: int = 0


@dataclass
class Event:
    """A population event (personstatus)."""

    kind: str
    on: int
    new_cpr: str = ""


@dataclass
class Person:
    """One person: numbers with the day each one is valid from, spells, events, wages."""

    number: int
    cprs: list[tuple[int, str]]
    spells: list[Spell] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    wages: dict[int, int] = field(default_factory=dict)
    """Ordinary hours in hundredths, by month number."""

    def cpr_on(self, known_on: int) -> str:
        """The number that a file of that day uses."""
        current = self.cprs[0][1]
        for valid_from, cpr in self.cprs:
            if valid_from <= known_on:
                current = cpr
        return current

    def spell_on(self, at: int) -> Spell | None:
        """The spell that covers a day, if any."""
        for spell in self.spells:
            if spell.start <= at <= spell.end:
                return spell
        return None

    def cut_after(self, last: int) -> None:
        """End every spell on this day at the latest."""
        self.spells = [spell for spell in self.spells if spell.start <= last]
        for spell in self.spells:
            spell.end = min(spell.end, last)

    def case_start(self, at: int, codes: frozenset[int], gap: int) -> int | None:
        """First day of the case over these codes that covers a day."""
        start: int | None = None
        reach = 0
        for spell in sorted(self.spells, key=lambda item: (item.start, item.end)):
            if spell.code not in codes or spell.start > at:
                continue
            if start is None or spell.start - reach - 1 > gap:
                start, reach = spell.start, spell.end
            reach = max(reach, spell.end)
        return start if start is not None and reach >= at else None


class CprMint:
    """Hands out replacement numbers, none twice."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._used: set[str] = set()

    def new(self) -> str:
        """A ten-digit replacement number of somebody born 1957–2003."""
        while True:
            year = self._dice.between(57, 103) % 100
            month = self._dice.between(1, 12)
            date = self._dice.between(1, 28) + REPLACEMENT_DAY
            serial = self._dice.below(10_000)
            cpr = f"{date:02d}{month:02d}{year:02d}{serial:04d}"
            if cpr not in self._used:
                self._used.add(cpr)
                return cpr

    def person(self, number: int) -> Person:
        """A person with a new number."""
        return Person(number, [(day("2014-01-01"), self.new())])
