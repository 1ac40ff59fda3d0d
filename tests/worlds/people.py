"""Synthetic people: numbers no one can have, and benefit histories that sit on the boundaries."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.oracle import civil

CODES = {
    "sygedagpenge": ["890", "893", "899"],
    "jobafklaring": ["870", "871", "878"],
    "kontanthjælp": ["130", "138", "720", "738"],
    "ledighedsydelse": ["740", "748"],
    "a-dagpenge": ["111", "126", "211"],
    "su": ["651", "661"],
    "fleksjob": ["771", "774"],
    "løntilskud": ["791", "798"],
    "ressourceforløb": ["810"],
    "barsel": ["881"],
    "førtidspension": ["781"],
}
EXIT_CODES = ["997", "998", "999"]
OTHER_GROUPS = [
    "ledighedsydelse", "a-dagpenge", "su", "fleksjob", "løntilskud", "barsel", "kontanthjælp",
]  # fmt: skip
SHARES = ["", "", "", "1", "0,5", "0,25", "0,75", "0,3333"]


@dataclass(frozen=True)
class Spell:
    """One true benefit spell, inclusive days."""

    first: int
    last: int
    code: str
    share: str = ""


@dataclass
class Person:
    """One synthetic person: numbers (oldest first) and true spells."""

    numbers: list[str]
    spells: list[Spell] = field(default_factory=list)
    works: bool = False


class Numbers:
    """Hands out replacement numbers (day + 60), each once."""

    def __init__(self, offset: int = 0) -> None:
        """Start at a given place in the order."""
        self.next = offset

    def take(self) -> str:
        """The next number."""
        place = self.next
        self.next += 1
        serial, rest = 1000 + place % 8999, place // 8999
        birth = place * 7919 + rest
        return (
            f"{61 + birth % 28:02d}{1 + birth // 28 % 12:02d}{50 + birth // 336 % 50:02d}{serial}"
        )


def near(rng: random.Random, day: int) -> int:
    """The day, or one just beside it."""
    return day + rng.choice([-1, 0, 0, 1])


def month_edge(rng: random.Random, month: int) -> int:
    """A day at or near an edge of a month."""
    return rng.choice(
        [
            civil.first_day(month),
            civil.last_day(month),
            civil.first_day(month) - 1,
            civil.first_day(month) + 14,
            civil.last_day(month) - 1,
        ]
    )


def history(
    rng: random.Random,
    visited: int,
    group: str,
    case_groups: list[str],
    min_case_days: int,
    gap: int,
    max_support_days: int,
) -> list[Spell]:
    """A history around a referral: a case of boundary length, an end, and what comes after."""
    length = rng.choice(
        [min_case_days - 1, min_case_days, min_case_days + 1, min_case_days + 1,
         min_case_days + 40, min_case_days + rng.randrange(1, 500)]
    )  # fmt: skip
    start = visited - max(0, length)
    spells = earlier_part(rng, start, visited, group, case_groups, gap)
    if rng.random() < 0.12:  # not on benefit at the referral, by a day
        return [Spell(start, visited - 1, rng.choice(CODES[group]))]
    end = month_edge(rng, civil.month_of(visited) + rng.randrange(0, 9))
    spells.append(Spell(visited, max(visited, end), rng.choice(CODES[group]), rng.choice(SHARES)))
    day = max(visited, end) + 1
    for _ in range(rng.randrange(0, 4)):
        day = month_edge(rng, civil.month_of(day) + rng.randrange(1, 6))
        lasting = rng.choice([1, 1, 2, max_support_days, max_support_days + 1, 14, 60])
        after = rng.choice([group, *case_groups, *OTHER_GROUPS])
        spells.append(
            Spell(day, day + max(1, lasting) - 1, rng.choice(CODES[after]), rng.choice(SHARES))
        )
        day += max(1, lasting)
    if rng.random() < 0.06:
        on = month_edge(rng, civil.month_of(visited) + rng.randrange(0, 8))
        spells.append(Spell(on, on + rng.randrange(1, 400), rng.choice(EXIT_CODES)))
    return spells


def earlier_part(
    rng: random.Random, start: int, visited: int, group: str, case_groups: list[str], gap: int
) -> list[Spell]:
    """The case before the referral: whole, of two groups, or with a hole of about the gap."""
    if visited - start < gap + 3 or rng.random() < 0.4:
        return [Spell(start, visited, rng.choice(CODES[group]))]
    middle = rng.randrange(start + 1, visited - gap - 1)
    hole = rng.choice([0, gap, gap, gap + 1, max(0, gap - 1)])
    first_group = rng.choice([group, *case_groups])
    second_first = min(visited, middle + hole + 1)
    return [
        Spell(start, middle, rng.choice(CODES[first_group]), rng.choice(SHARES)),
        Spell(second_first, visited, rng.choice(CODES[group]), rng.choice(SHARES)),
    ]


def background(rng: random.Random, first: int, last: int) -> list[Spell]:
    """Long spells in turn over the whole time, so that extracts have an even density."""
    spells = []
    day = first - rng.randrange(0, 300)
    while day < last:
        lasting = rng.randrange(100, 500)
        group = rng.choice(list(CODES))
        spells.append(Spell(day, day + lasting, rng.choice(CODES[group]), rng.choice(SHARES)))
        day += lasting + rng.choice([1, 1, 8, 29, 30, 31, 60, 200, 420, 500])
    return spells
