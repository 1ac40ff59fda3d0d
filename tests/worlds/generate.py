"""One home with many contracts, each with its own people, from one seed.

What belongs here: true histories, and the deliveries that show them (late, corrected, with
holes). What does not: any rule. The same seed gives the same bytes.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.oracle import civil
from tests.worlds import contracts as contract_terms
from tests.worlds import people
from tests.worlds.people import Numbers, Person, Spell

FIRST = civil.day("2020-01-06")  # a Monday
BASE_END = civil.day("2022-08-28")  # a Sunday
LAST = civil.day("2025-03-02")  # a Sunday
SOURCES = ("ydelsesforloeb", "dream", "ydelsesrefusion")


@dataclass
class World:
    """Files by path below ``landing/``, and contracts by id."""

    files: dict[str, bytes] = field(default_factory=dict)
    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, home: Path) -> Path:
        """Write landing and contracts into a home."""
        for name, content in self.files.items():
            path = home / "landing" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.write_contracts(home)
        return home

    def write_contracts(self, home: Path) -> None:
        """Write the contracts alone into a home."""
        folder = home / "contracts"
        folder.mkdir(parents=True, exist_ok=True)
        for contract_id, terms in self.contracts.items():
            (folder / f"{contract_id}.yml").write_text(contract_text(terms), encoding="utf-8")


class PlainDumper(yaml.SafeDumper):
    """YAML without anchors: a contract file may not have any."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out."""
        return True


def contract_text(terms: dict[str, Any]) -> str:
    """One contract file."""
    return yaml.dump(terms, Dumper=PlainDumper, allow_unicode=True, sort_keys=False)


@dataclass
class CourseRow:
    """One row of the list of referred citizens, and the deliveries in which it may change."""

    contract: str
    course: str
    cpr: str
    visited_on: int
    group: str
    ended_on: int | None = None
    reason: str = ""


@dataclass
class Window:
    """One planned delivery of a window source."""

    extracted_on: int
    first: int
    last: int
    version: int


def table(columns: list[str], rows: list[list[str]], rng: random.Random) -> bytes:
    """A csv file; column order, byte order mark, line ends and row order vary."""
    order = list(range(len(columns)))
    rng.shuffle(order)
    shuffled = list(rows)
    rng.shuffle(shuffled)
    end = rng.choice(["\n", "\r\n"])
    lines = [";".join(line[i] for i in order) for line in [columns, *shuffled]]
    return (rng.choice(["", "\ufeff"]) + end.join(lines) + end).encode()


def file_name(rng: random.Random, source: str, plan: Window, *, windowed: bool = True) -> str:
    """A delivery's name, in some sub-folder of landing."""
    dates = [civil.day_text(plan.extracted_on)]
    if windowed:
        dates += [civil.day_text(plan.first), civil.day_text(plan.last)]
    version = f"_v{plan.version}" if plan.version > 1 else rng.choice(["", "", "_v1"])
    folder = rng.choice(["", "register/", "indbakke/kommunen/"])
    return f"{folder}{source}_{'_'.join(dates)}{version}.csv"


def written(rng: random.Random, cpr: str) -> str:
    """A number with or without its hyphen."""
    return f"{cpr[:6]}-{cpr[6:]}" if rng.random() < 0.3 else cpr


def plan_windows(rng: random.Random, *, step: int, whole_weeks: bool) -> list[Window]:
    """Base extract, then overlapping ones with holes, late ones, corrections and versions."""
    plans = [Window(BASE_END + rng.choice([0, 10, 35]), FIRST, BASE_END, 1)]
    end = BASE_END
    while end < LAST:
        back = (
            rng.choice([0, 0, 20, 60, 90]) if rng.random() > 0.25 else -rng.choice([1, 7, 20, 40])
        )
        first = min(end + 1 - back, LAST - 6)
        end = min(LAST, end + rng.choice([step, step * 2 // 3, step + 21]))
        if whole_weeks:
            first, end = monday(first), monday(end) + 6
        extracted = end + rng.choice([0, 1, 9, 10, 34, 35, 36, 50])
        plans.append(Window(extracted, first, end, 1))
        if rng.random() < 0.25:  # a correction of an older stretch
            old_first = FIRST + rng.randrange(600, max(601, end - FIRST - 60))
            old_last = min(end, old_first + rng.randrange(20, 200))
            if whole_weeks:
                old_first, old_last = monday(old_first), monday(old_last) + 6
            same_day = rng.random() < 0.3
            on = extracted if same_day else extracted + rng.randrange(1, 100)
            plans.append(Window(max(on, old_last), old_first, old_last, 2 if same_day else 1))
    return plans


def monday(day: int) -> int:
    """Monday of the day's week."""
    return day - (day - FIRST) % 7


def as_told(rng: random.Random, spell: Spell) -> Spell | None:
    """A true spell as a delivery shows it: now and then missing, moved or under another code."""
    draw = rng.random()
    if draw < 0.03:
        return None
    if draw < 0.06:
        last = max(spell.first, spell.last + rng.choice([-31, -1, 1, 5]))
        return Spell(spell.first, last, spell.code, spell.share)
    if draw < 0.08:
        return Spell(spell.first, spell.last, rng.choice(people.CODES["ledighedsydelse"]))
    return spell


def number_on(rng: random.Random, person: Person) -> str:
    """One of the person's numbers."""
    return rng.choice(person.numbers)


def spell_file(rng: random.Random, persons: list[Person], plan: Window) -> bytes:
    """``ydelsesforloeb``: every spell that meets the window, perhaps open-ended or cut."""
    rows = []
    for person in persons:
        for true_spell in person.spells:
            meets = true_spell.first <= plan.last and true_spell.last >= plan.first
            spell = as_told(rng, true_spell) if meets or rng.random() < 0.01 else None
            if spell is None or spell.first > spell.last:
                continue
            first = spell.first
            if first < plan.first and rng.random() < 0.15:
                first = rng.choice([plan.first, plan.first - 1, min(plan.first, first + 10)])
            is_open = spell.last > plan.last and rng.random() < 0.7 and first <= plan.last
            last = "" if is_open else civil.day_text(max(first, spell.last))
            row = [
                written(rng, number_on(rng, person)), spell.code, civil.day_text(first), last,
                spell.share,
            ]  # fmt: skip
            rows += [row, list(row)] if rng.random() < 0.01 else [row]
    return table(["cpr", "ydelseskode", "fra_dato", "til_dato", "andel"], rows, rng)


def weekly_codes(rng: random.Random, person: Person, plan: Window) -> dict[int, str]:
    """The code of each week of the window in which the person has any benefit day."""
    codes: dict[int, str] = {}
    for true_spell in person.spells:
        spell = as_told(rng, true_spell)
        if spell is None:
            continue
        week = monday(max(spell.first, plan.first))
        while week <= min(spell.last, plan.last):
            if week not in codes or rng.random() < 0.5:
                codes[week] = spell.code
            week += 7
    return codes


def dream_file(rng: random.Random, persons: list[Person], plan: Window) -> bytes:
    """``dream``: one row per person, one column per week."""
    weeks = list(range(plan.first, plan.last, 7))
    columns = ["cpr", *[week_column(week) for week in weeks]]
    rows = []
    for person in persons:
        codes = weekly_codes(rng, person, plan)
        if codes:
            cpr = written(rng, number_on(rng, person))
            rows.append([cpr, *[codes.get(week, "") for week in weeks]])
    return table(columns, rows, rng)


def week_column(week: int) -> str:
    """Heading of an ISO week."""
    year, number, _ = dt.date.fromordinal(week).isocalendar()
    return f"y_{year % 100:02d}{number:02d}"


def refusion_file(rng: random.Random, persons: list[Person], plan: Window) -> bytes:
    """``ydelsesrefusion``: payments per week, some taken back by extra rows."""
    name_of = benefit_names()
    group_of = {code: group for group, codes in people.CODES.items() for code in codes}
    rows = []
    for person in persons:
        for week, code in weekly_codes(rng, person, plan).items():
            names = name_of.get(group_of.get(code, ""), [])
            if not names:
                continue
            name = rng.choice(names)
            cpr = number_on(rng, person)
            paid = rng.choice([4300, 2150, 4465])
            amounts = [f"{paid},00"]
            if rng.random() < 0.04:
                amounts.append(rng.choice([f"-{paid},00", f"-{paid - 1},99", f"-{paid},01"]))
            rows += [refusion_row(rng, week, cpr, name, amount) for amount in amounts]
    columns = [
        "Uge", "CPR nummer", "Ydelse", "Finansiering Kommunenavn", "Beregnet udbetalingsbeløb",
        "Refusionssats", "Refusionsbeløb", "Medfinansieringssats", "Medfinansieringsbeløb",
    ]  # fmt: skip
    return table(columns, rows, rng)


def benefit_names() -> dict[str, list[str]]:
    """Names that the municipality's file may use, per benefit group."""
    path = Path(__file__).parents[2] / "seeds" / "benefit_names.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        names: dict[str, list[str]] = {}
        for line in csv.DictReader(handle):
            names.setdefault(line["benefit_group"], []).append(line["name"])
    return names


def refusion_row(rng: random.Random, week: int, cpr: str, name: str, amount: str) -> list[str]:
    """One payment row."""
    return [
        civil.day_text(week), written(rng, cpr), name, "Prøve", amount, "30,00", "0,00", "0,00",
        "0,00",
    ]  # fmt: skip


WRITERS: dict[str, Callable[[random.Random, list[Person], Window], bytes]] = {
    "ydelsesforloeb": spell_file,
    "dream": dream_file,
    "ydelsesrefusion": refusion_file,
}


def hall(
    seed: int,
    contract_count: int,
    registers: tuple[str, ...] = SOURCES,
    *,
    background_count: int = 120,
    tracked_count: int = 0,
) -> World:
    """One home with many contracts.

    Args:
        seed: everything follows from it.
        contract_count: number of contracts.
        registers: register sources that the contracts use.
        background_count: persons per register that are in no contract.
        tracked_count: contracts, of the given ones, that settle nothing.
    """
    rng = random.Random(f"hall {seed}")
    numbers = Numbers(seed % 97 * 20011)
    world = World()
    by_register: dict[str, list[Person]] = {name: [] for name in registers}
    courses: list[CourseRow] = []
    everyone: list[Person] = []
    for index in range(contract_count):
        contract_id = f"verden-{seed}-{index:03d}"
        if index < tracked_count:
            register = registers[index % len(registers)]
            terms = contract_terms.tracked(rng, contract_id, register)
        else:
            terms = contract_terms.terms(rng, contract_id, list(registers))
        world.contracts[contract_id] = terms
        found, rows = contract_people(rng, numbers, terms, by_register[terms["register"]], courses)
        by_register[terms["register"]] += found
        everyone += found
        courses += rows
    for name in registers:
        extra = [
            Person([numbers.take()], people.background(rng, FIRST, LAST + 200), works=True)
            for _ in range(background_count)
        ]
        by_register[name] += extra
        everyone += extra
    for name in registers:
        add_register(rng, world, name, by_register[name])
    add_statuses(rng, world, everyone, courses)
    add_courses(rng, world, courses)
    add_claims(rng, world, courses)
    add_statistics(rng, world)
    add_income(rng, world, everyone)
    add_activities(rng, world, everyone)
    return world


def contract_people(
    rng: random.Random,
    numbers: Numbers,
    terms: dict[str, Any],
    others: list[Person],
    courses: list[CourseRow],
) -> tuple[list[Person], list[CourseRow]]:
    """The people and courses of one contract; a few courses are of people of other contracts."""
    part = next((part for part in terms["parts"] if part["kind"] == "person_months"), None)
    if part is None:
        return [], []
    start, end = (civil.day(terms["term"][key]) for key in ("starts_on", "ends_on"))
    priced = [group["benefit_group"] for group in part["price_groups"]]
    found, rows = [], []
    for index in range(rng.randrange(3, 12)):
        visited = rng.choice(
            [start - 1, start, end, end + 1, *[rng.randrange(start, end + 1) for _ in range(26)]]
        )
        group = rng.choice(priced)
        spells = people.history(
            rng, visited, group, part["case_groups"], part["min_case_days"],
            part["case_max_gap_days"], part["max_support_days"],
        )  # fmt: skip
        person = Person([numbers.take()], spells, works=rng.random() < 0.4)
        while rng.random() < 0.08:
            person.numbers.append(numbers.take())
        found.append(person)
        rows.append(course_row(rng, terms, f"F-{index:03d}", person, visited, group))
        if rng.random() < 0.12:  # referred again
            again = rng.choice([visited, visited + 1, visited + rng.randrange(20, 300)])
            rows.append(course_row(rng, terms, f"G-{index:03d}", person, again, group))
    for index in range(3 if others else 0):
        person = rng.choice(others)
        elsewhere = [row.visited_on for row in courses if row.cpr in person.numbers]
        visited = rng.choice([*elsewhere, rng.randrange(start, end + 1)])
        rows.append(course_row(rng, terms, f"X-{index:03d}", person, visited, priced[0]))
    return found, rows


def course_row(
    rng: random.Random, terms: dict[str, Any], course: str, person: Person, visited: int, group: str
) -> CourseRow:
    """One referral; some close, for any reason."""
    row = CourseRow(
        terms["contract_id"], course, rng.choice(person.numbers), visited,
        group if rng.random() < 0.9 else "kontanthjælp",
    )  # fmt: skip
    if rng.random() < 0.3:
        row.ended_on = people.month_edge(rng, civil.month_of(visited) + rng.randrange(1, 9))
        row.reason = rng.choice([*contract_terms.REASONS, "afsluttet", "afsluttet", ""])
    return row


def add_register(rng: random.Random, world: World, source: str, persons: list[Person]) -> None:
    """All deliveries of one register source."""
    weekly = source != "ydelsesforloeb"
    for plan in plan_windows(rng, step=90, whole_weeks=weekly):
        content = WRITERS[source](rng, persons, plan)
        windowed = source != "dream" or rng.random() < 0.6
        name = file_name(rng, source, plan, windowed=windowed)
        if source == "ydelsesrefusion" and rng.random() < 0.3 and plan.version == 1:
            on = civil.day_text(plan.extracted_on)
            name = f"yr-ydelsesrefusion-beregning-prøve-{on}.csv"
        world.files[name] = content


def add_statuses(
    rng: random.Random, world: World, everyone: list[Person], courses: list[CourseRow]
) -> None:
    """``personstatus``: growing snapshots; chains of new numbers, deaths, moves and returns."""
    events: list[tuple[int, list[str]]] = []
    for person in everyone:
        for old, new in zip(person.numbers, person.numbers[1:], strict=False):
            on = FIRST + rng.randrange(0, LAST - FIRST)
            events.append(
                (on, [written(rng, old), "nyt_cpr", civil.day_text(on), written(rng, new)])
            )
    for course in courses:
        while rng.random() < 0.12:
            kind = rng.choice(
                ["død", "folkepension", "fraflyttet", "fraflyttet", "udvandret", "tilflyttet"]
            )
            on = rng.choice(
                [
                    course.visited_on, course.visited_on - 1, course.visited_on + 1,
                    course.visited_on - rng.randrange(2, 200),
                    people.month_edge(rng, civil.month_of(course.visited_on) + rng.randrange(10)),
                ]
            )  # fmt: skip
            events.append((on, [written(rng, course.cpr), kind, civil.day_text(on), ""]))
            if kind in ("fraflyttet", "udvandret") and rng.random() < 0.5:
                back = on + rng.choice([0, 1, 30, -1])
                row = [written(rng, course.cpr), "tilflyttet", civil.day_text(back), ""]
                events.append((back, row))
    events.append((FIRST, [Numbers(1_500_000).take(), "tilflyttet", civil.day_text(FIRST), ""]))
    extracted = BASE_END
    while extracted < LAST + 60:
        told = [row for on, row in events if on <= extracted + 40 or rng.random() < 0.02]
        unique = {(row[0].replace("-", ""), *row[1:3]): row for row in told}
        plan = Window(extracted, extracted, extracted, 1)
        name = file_name(rng, "personstatus", plan, windowed=False)
        columns = ["cpr", "haendelse", "dato", "nyt_cpr"]
        world.files[name] = table(columns, list(unique.values()), rng)
        extracted += rng.choice([30, 31, 31, 28, 45])


def add_courses(rng: random.Random, world: World, courses: list[CourseRow]) -> None:
    """``deltagere``: each course from some delivery on; closings and corrections come later."""
    columns = [
        "kontrakt_id", "forloeb_id", "cpr", "visitationsdato", "maalgruppe", "slutdato",
        "slutaarsag",
    ]  # fmt: skip
    for on in ("2023-03-31", "2023-07-15", "2023-12-01", "2024-04-30", "2025-02-28"):
        extracted = civil.day(on)
        rows = []
        for course in courses:
            if course.visited_on > extracted or rng.random() < 0.15:
                continue
            closed = course.ended_on is not None and rng.random() < 0.8
            moved = rng.choice([0] * 39 + [1])
            stated = rng.choice([course.group] * 39 + contract_terms.GROUPS)
            rows.append([
                course.contract, course.course, written(rng, course.cpr),
                civil.day_text(course.visited_on + moved), stated,
                civil.day_text(course.ended_on or 0) if closed else "",
                course.reason if closed else "",
            ])  # fmt: skip
        plan = Window(extracted, extracted, extracted, 1)
        name = file_name(rng, "deltagere", plan, windowed=False)
        world.files[name] = table(columns, rows, rng)


def add_claims(rng: random.Random, world: World, courses: list[CourseRow]) -> None:
    """``resultatkrav``: mostly yes; some change, some have no course or month that fits."""
    for on in ("2023-04-03", "2023-08-14", "2023-12-02", "2024-05-01", "2024-12-20", "2025-03-01"):
        extracted = civil.day(on)
        rows: dict[tuple[str, str, str], list[str]] = {}
        for course in courses:
            first = civil.month_of(course.visited_on)
            for month in range(first, min(first + 26, civil.month_of(extracted))):
                if rng.random() < 0.35:
                    yes = "ja" if rng.random() < 0.8 else "nej"
                    text = contract_terms.month_text(month)
                    rows[course.contract, course.course, text] = [
                        course.contract, course.course, text, yes,
                    ]  # fmt: skip
            if rng.random() < 0.02:
                text = contract_terms.month_text(first)
                rows[course.contract, "Z-999", text] = [course.contract, "Z-999", text, "ja"]
        plan = Window(extracted, extracted, extracted, 1)
        name = file_name(rng, "resultatkrav", plan, windowed=False)
        columns = ["kontrakt_id", "forloeb_id", "maaned", "krav"]
        world.files[name] = table(columns, list(rows.values()), rng)


def add_statistics(rng: random.Random, world: World) -> None:
    """``jobindsats``: months published in turn, some suppressed, some revised; none is unusual."""
    columns = ["Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    first = civil.month("2021-11")
    levels = {group: rng.choice([600, 900, 12000]) for group in contract_terms.GROUPS}
    for on, back in (
        ("2023-01-10", 14),
        ("2024-03-10", 16),
        ("2024-12-10", 20),
        ("2025-02-10", 30),
    ):
        extracted = civil.day(on)
        rows = []
        for group in contract_terms.GROUPS:
            for month in range(
                max(first, civil.month_of(extracted) - back), civil.month_of(extracted)
            ):
                tenths = levels[group] + rng.randrange(0, levels[group] // 6)
                hidden = rng.random() < 0.03
                text = f"{tenths // 10:,}".replace(",", ".") + f",{tenths % 10}"
                rows.append([
                    rng.choice(["Prøve", "Prøve Kommune"]), group,
                    f"{month // 12}M{month % 12 + 1:02d}",
                    "*" if hidden else str(tenths // 8),
                    rng.choice(["*", "-", "..", ""]) if hidden else text,
                ])  # fmt: skip
        plan = Window(extracted, extracted, extracted, 1)
        name = file_name(rng, "jobindsats", plan, windowed=False)
        world.files[name] = table(columns, rows, rng)


def add_income(rng: random.Random, world: World, everyone: list[Person]) -> None:
    """``eindkomst``: whole months; hours of some people, ordinary or not."""
    workers = [person for person in everyone if person.works]
    first = civil.month("2022-01")
    plans = [(first, civil.month("2022-12"), "2023-01-20")]
    for start, end, on in (
        ("2023-01", "2023-06", "2023-07-20"), ("2023-05", "2023-12", "2024-01-20"),
        ("2024-01", "2024-03", "2024-04-20"), ("2024-05", "2024-12", "2025-01-20"),
        ("2024-03", "2024-04", "2025-02-01"),
    ):  # fmt: skip
        plans.append((civil.month(start), civil.month(end), on))
    columns = ["cpr", "cvr", "maaned", "loentimer", "loenbeloeb", "ansaettelsestype"]
    for start, end, on in plans:
        rows = []
        for person in workers:
            months = [month for month in range(start, end + 1) if rng.random() < 0.45]
            rows += [income_row(rng, person, month) for month in months]
        plan = Window(civil.day(on), civil.first_day(start), civil.last_day(end), 1)
        world.files[file_name(rng, "eindkomst", plan)] = table(columns, rows, rng)


def income_row(rng: random.Random, person: Person, month: int) -> list[str]:
    """One wage payment."""
    return [
        written(rng, number_on(rng, person)),
        f"{rng.randrange(10**7, 10**8)}",
        contract_terms.month_text(month),
        rng.choice(["0", "0,00", "37", "100", "99,99", "160,33", "0,01"]),
        f"{rng.randrange(1, 40000)},00",
        rng.choice(["ordinær", "ordinær", "ordinær", "fleksjob", "løntilskud"]),
    ]


def add_activities(rng: random.Random, world: World, everyone: list[Person]) -> None:
    """``aktiviteter``: placements, screenings, grants, contacts and ends with a result."""
    kinds = [
        "virksomhedspraktik", "løntilskud", "screening", "rundbordssamtale", "særligt forløb",
        "bevilling fleksjob", "bevilling fastholdelsesfleksjob", "afsluttet forløb",
        "virksomhedskontakt",
    ]  # fmt: skip
    results = [
        "job", "uddannelse", "anden ydelse", "fleksjob", "førtidspension", "pension", "fraflyttet",
        "andet", "",
    ]  # fmt: skip
    columns = ["aktivitet_id", "cpr", "type", "startdato", "slutdato", "kanal", "resultat"]
    for number, on in enumerate(("2023-06-30", "2024-04-01", "2025-01-15")):
        rows = []
        for index, person in enumerate(everyone):
            if rng.random() < 0.4:
                continue
            kind = rng.choice(kinds)
            start = FIRST + rng.randrange(700, LAST - FIRST)
            ends = [spell.last for spell in person.spells]
            if kind == "afsluttet forløb" and ends:
                start = rng.choice(ends) + rng.choice([-29, -28, -3, 0, 3, 28, 29])
            last = rng.choice(
                ["", civil.day_text(start), civil.day_text(start + rng.randrange(1, 200))]
            )
            rows.append([
                f"A{number if rng.random() < 0.8 else 0}-{index:05d}",
                written(rng, number_on(rng, person)), kind, civil.day_text(start), last,
                rng.choice(["telefon", "besøg", ""]) if kind == "rundbordssamtale" else "",
                rng.choice(results) if kind == "afsluttet forløb" else "",
            ])  # fmt: skip
        plan = Window(civil.day(on), civil.day(on), civil.day(on), 1)
        world.files[file_name(rng, "aktiviteter", plan, windowed=False)] = table(columns, rows, rng)
