"""A synthetic town: its people by kind of life, its population events, its register deliveries.

What belongs here: what every municipality of the demo has. What does not: its contracts' citizens
(``hedensted``, ``slagelse``, ``koebenhavn``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dagster_project.demo import extracts, lives
from dagster_project.demo.days import day, first_day, last_day, month_of, month_text, text_of
from dagster_project.demo.dice import Dice
from dagster_project.demo.people import CprMint, Event, Person

REGISTER = "ydelsesforloeb"
PUBLISHED_NAMES = {"jobafklaring": "Jobafklaringsforløb"}
"""Names in the statistic where they are not the group's own name with a capital."""


@dataclass(frozen=True)
class Kind:
    """A kind of life outside sickness benefit: two states that change."""

    count: int
    codes: tuple[int, ...]
    on: Sequence[int]
    off: Sequence[int]
    off_codes: tuple[int, ...] | None = None


KINDS = (
    Kind(240, (720, 722, 725), lives.LONG_DAYS, lives.OFF_DAYS),
    Kind(170, (130, 132), lives.SHORT_DAYS, lives.OFF_DAYS),
    Kind(170, (140, 142), lives.SHORT_DAYS, lives.OFF_DAYS),
    Kind(110, (810, 812), lives.LONG_DAYS, lives.OFF_DAYS),
    Kind(120, (740,), lives.SHORT_DAYS, lives.LONG_DAYS, (771,)),
    Kind(260, (111, 211), lives.SHORT_DAYS, lives.OFF_DAYS),
    Kind(60, (791,), (60, 90, 120, 180), lives.OFF_DAYS),
    Kind(70, (781, 783), (4000,), lives.OFF_DAYS),
)


@dataclass
class Town:
    """People, draws and the files made so far."""

    seed: str
    first: int
    last: int
    people: list[Person] = field(default_factory=list)
    files: extracts.Files = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Separate draws for separate things, so that one does not move the other."""
        self.dice = Dice(self.seed)
        self.mint = CprMint(Dice(f"{self.seed}/cpr"))

    def settle(self, sick: int, rhythms: Sequence[lives.Rhythm], kinds: Sequence[Kind]) -> None:
        """Let people live: ``sick`` of them with sick leaves, others as the kinds say."""
        for _ in range(sick):
            person = self.newcomer()
            lives.live_with_sickness(self.dice, person, self.first, self.last, rhythms)
        for kind in kinds:
            for _ in range(kind.count):
                lives.live_on_and_off(
                    self.dice, self.newcomer(), self.first, self.last,
                    (kind.codes, kind.on), (kind.off, kind.off_codes),
                )  # fmt: skip

    def newcomer(self) -> Person:
        """One more person without any spell."""
        person = self.mint.person(len(self.people) + 1)
        self.people.append(person)
        return person

    def befall(self, others: Sequence[Person], first: int, last: int) -> None:
        """Deaths, moves, pensions and new numbers among these people."""
        for person in others:
            draw = self.dice.below(1000)
            on = self.dice.between(first, last)
            if draw < 12:
                end_life(person, "død", on)
            elif draw < 30:
                end_life(person, "fraflyttet", on)
            elif draw < 33:
                end_life(person, "udvandret", on)
            elif draw < 45:
                end_life(person, "folkepension", on)
            elif draw < 60:
                person.events.append(Event("tilflyttet", on))
            elif draw < 62:
                self.renumber(person, on)

    def renumber(self, person: Person, on: int) -> None:
        """Give a person a new number from a day on."""
        new = self.mint.new()
        person.cprs.append((on, new))
        person.events.append(Event("nyt_cpr", on, new))

    def register(self, extracted_on: str, covers_from: str, covers_to: str) -> None:
        """A delivery of the register."""
        text = extracts.spells_file(
            self.people, day(extracted_on), day(covers_from), day(covers_to)
        )
        self.files[f"register/{REGISTER}_{extracted_on}_{covers_from}_{covers_to}.csv"] = text

    def monthly_register(self, months: range, window: int, due: dict[int, int]) -> None:
        """Extracts after each month, each covering the last months.

        Args:
            months: the months after which an extract is made.
            window: number of months that each covers.
            due: day of the following month on which it is made, where that is not the 8th.
        """
        for month in months:
            extracted_on = first_day(month + 1) + due.get(month, 8) - 1
            first, last = first_day(month - window + 1), last_day(month)
            self.register(text_of(extracted_on), text_of(first), text_of(last))

    def monthly_status(self, months: range) -> None:
        """Population events, a full snapshot after each month."""
        for month in months:
            extracted_on = first_day(month + 1) + 2
            name = f"register/personstatus_{text_of(extracted_on)}.csv"
            self.files[name] = extracts.status_file(self.people, extracted_on)

    def wages(self, extracted_on: str, first: int, last: int) -> None:
        """A delivery of wage hours for whole months."""
        covers = f"{text_of(first_day(first))}_{text_of(last_day(last))}"
        text = extracts.wages_file(
            self.people, Dice(f"{self.seed}/løn/{extracted_on}"), day(extracted_on), first, last
        )
        self.files[f"register/eindkomst_{extracted_on}_{covers}.csv"] = text

    def statistics(
        self, area: str, months: range, span: int, groups: dict[str, tuple[int, ...]]
    ) -> None:
        """The published statistic: a file after each month with the last ``span`` months.

        A figure is drawn once, within one per cent of the register's, and revised upwards by about
        half a per cent a few months later; ``*`` where it is small.
        """
        group_of = {code: group for group, codes in groups.items() for code in codes}
        counted = extracts.count_statistics(
            self.people, {code: group_of.get(code, "andet") for code in range(100, 1000)}
        )
        for month in months:
            extracted_on = first_day(month + 2) + 11
            rows = []
            for shown in range(month - (span - 1), month + 1):
                rows += [
                    _statistic(counted, area, group, shown, month - shown, self.seed)
                    for group in groups
                ]
                rows.append(_nation(shown, self.seed))
            name = f"statistik/jobindsats_{text_of(extracted_on)}.csv"
            headings = ("Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner")
            self.files[name] = extracts.csv_text(headings, rows)


def end_life(person: Person, kind: str, on: int) -> None:
    """A death, move or pension: no benefit of this register from that day on."""
    person.events.append(Event(kind, on))
    person.cut_after(on - 1)
    person.wages = {month: h for month, h in person.wages.items() if month < month_of(on)}


def _statistic(
    counted: extracts.Statistics, area: str, group: str, month: int, age: int, seed: str
) -> tuple[str, ...]:
    dice = Dice(f"{seed}/{group}/{month}")
    tenths = counted.fte_tenths(group, month)
    tenths = tenths * (990 + dice.below(21)) // 1000
    if age > dice.between(3, 6):
        tenths += tenths // 200
    persons = counted.persons.get((group, month), 0)
    tenths = min(tenths, persons * 10)
    period = month_text(month).replace("-", "M")
    name = PUBLISHED_NAMES.get(group, group.capitalize())
    if persons < 5:
        return (area, name, period, "*", "*")
    return (area, name, period, _thousands(persons), f"{_thousands(tenths // 10)},{tenths % 10}")


def _nation(month: int, seed: str) -> tuple[str, ...]:
    """Another area stands in the same file, as in the publisher's own tables."""
    persons = 81_000 + Dice(f"{seed}/nation/{month}").below(9_000)
    fte = f"{_thousands(persons * 78 // 100)},{month % 10}"
    period = month_text(month).replace("-", "M")
    return ("Hele landet", "Sygedagpenge", period, _thousands(persons), fte)


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", ".")
