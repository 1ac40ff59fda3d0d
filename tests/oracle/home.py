"""The inputs: reads a home in the public formats and says what is known as of a day.

Only files that the product must accept are understood; refusal is tested elsewhere.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.oracle import civil

NAME = re.compile(
    r"^(?P<source>[a-z]+)_(?P<extracted>\d{4}-\d\d-\d\d)"
    r"(?:_(?P<first>\d{4}-\d\d-\d\d)_(?P<last>\d{4}-\d\d-\d\d))?"
    r"(?:_(?P<sender>(?!v\d+\.)[a-z][a-z-]*))?(?:_v(?P<version>\d+))?\.csv$"
)
REFUSION_NAME = re.compile(r"^yr-ydelsesrefusion-beregning.*?(\d{4}-\d{2}-\d{2})\.csv$")
REGISTERS = ("ydelsesforloeb", "dream", "ydelsesrefusion")


@dataclass(frozen=True)
class Code:
    """One row of the benefit code table, for one code."""

    code: str
    group: str
    match_group: str
    is_public_support: bool
    is_subsidised_job: bool
    is_exit: bool


@dataclass
class Delivery:
    """One accepted file."""

    source: str
    extracted_on: int
    first: int | None
    last: int | None
    version: int
    name: str
    rows: list[dict[str, str]]
    sha256: str = ""
    withdrawn_on: int | None = None

    def is_known(self, day: int, withdrawals: int) -> bool:
        """I.knowledge, I.withdrawal: as of a day, of the withdrawals only those until another.

        What came after the other day and was withdrawn was known on neither.
        """
        if self.extracted_on > day:
            return False
        if self.withdrawn_on is None or self.withdrawn_on > day:
            return True
        return self.extracted_on <= withdrawals < self.withdrawn_on

    @property
    def order(self) -> tuple[int, int, str]:
        """Order of deliveries of one source (I.order)."""
        return (self.extracted_on, self.version, self.name)


@dataclass(frozen=True)
class Row:
    """A row of a register source: one code (or group) over inclusive days."""

    person: str
    first: int
    last: int
    code: str
    group: str
    share: Fraction
    delivery: int
    is_exit: bool

    @cached_property
    def share_parts(self) -> int:
        """The share in ten-thousandths: it has at most four decimals."""
        return int(self.share * 10_000)


@dataclass
class Windowed:
    """A window source as known: which delivery owns each day, and the rows per person."""

    name: str
    deliveries: list[Delivery]
    owner: dict[int, int] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    _days: dict[str, dict[int, list[Row]]] = field(default_factory=dict)
    _group_days: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    cases: dict[tuple[str, frozenset[str], int], list[tuple[int, int]]] = field(
        default_factory=dict
    )

    @property
    def is_weekly(self) -> bool:
        """DREAM and Ydelsesrefusion know whole weeks only."""
        return self.name in ("dream", "ydelsesrefusion")

    def is_observed(self, day: int) -> bool:
        """A day is observed if some known delivery owns it."""
        return day in self.owner

    def all_observed(self, days: range) -> bool:
        """Every day of the range is observed."""
        return all(day in self.owner for day in days)

    def days(self, person: str) -> dict[int, list[Row]]:
        """Per day, the person's rows that cover it, clipped to what their delivery owns."""
        if person not in self._days:
            covered: dict[int, list[Row]] = defaultdict(list)
            for row in self.rows.get(person, ()):
                for day in range(row.first, row.last + 1):
                    if self.owner.get(day) == row.delivery:
                        covered[day].append(row)
            self._days[person] = dict(covered)
        return self._days[person]

    def group_days(self, person: str) -> dict[str, set[int]]:
        """Per benefit group, the days that it covers."""
        if person not in self._group_days:
            found: dict[str, set[int]] = defaultdict(set)
            for day, rows in self.days(person).items():
                for row in rows:
                    found[row.group].add(day)
            self._group_days[person] = dict(found)
        return self._group_days[person]


@dataclass(frozen=True)
class Course:
    """One row of the list of referred citizens, as newest known."""

    contract: str
    course: str
    person: str
    visited_on: int
    stated_group: str
    ended_on: int | None
    end_reason: str


@dataclass(frozen=True)
class Published:
    """A month of a group in the statistics; None is what no known delivery publishes."""

    persons: int | None
    fte: Fraction | None
    sha256: str


@dataclass
class Knowledge:
    """Everything known as of a day."""

    as_of: int
    registers: dict[str, Windowed]
    courses: list[Course]
    listed: dict[tuple[str, str], set[tuple[str, int]]]
    claims: dict[tuple[str, str, int], bool]
    statistics: dict[tuple[str, str, int], Fraction]
    published: dict[tuple[str, str, int], Published]
    events: dict[str, list[tuple[str, int]]]
    status_extracts: list[int]
    income: Windowed
    hours: dict[tuple[str, int], Fraction]
    activities: dict[str, dict[str, str]]
    codes: dict[str, Code]
    resolve: dict[str, str]
    support_groups: frozenset[str]
    subsidised_groups: frozenset[str]
    decisions: dict[tuple[str, str, int], tuple[bool, str, int]] = field(default_factory=dict)
    """Of contract, course and month: whether it is paid, the recorded group, the kroner in øre."""
    _by_person: dict[str, list[tuple[str, dict[str, str]]]] = field(default_factory=dict)

    def person(self, cpr: str) -> str:
        """The newest number of the person's chain."""
        return self.resolve.get(cpr, cpr)

    def activities_of(self, person: str) -> list[tuple[str, dict[str, str]]]:
        """The person's activities, with their ids."""
        if not self._by_person:
            for key, activity in self.activities.items():
                self._by_person.setdefault(activity["person"], []).append((key, activity))
        return self._by_person.get(person, [])


def digits(cpr: str) -> str:
    """``DDMMYY-SSSS`` → ten digits."""
    return cpr.replace("-", "")


def number(text: str) -> Fraction:
    """A number with decimal comma."""
    return Fraction(text.replace(",", "."))


def read_codes(seeds: Path) -> dict[str, Code]:
    """The benefit code table, ranges expanded."""
    codes = {}
    with (seeds / "benefit_codes.csv").open(encoding="utf-8-sig", newline="") as handle:
        for line in csv.DictReader(handle):
            for value in range(int(line["code_from"]), int(line["code_to"]) + 1):
                codes[f"{value:03d}"] = Code(
                    f"{value:03d}",
                    line["benefit_group"],
                    line["match_group"],
                    line["is_public_support"] == "true",
                    line["is_subsidised_job"] == "true",
                    line["is_exit"] == "true",
                )
    return codes


def read_benefit_names(seeds: Path) -> dict[str, str]:
    """Names of benefits in files → benefit groups; a group's own name means the group."""
    path = seeds / "benefit_names.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        lines = list(csv.reader(handle))
    return {line[0].casefold(): line[1] for line in lines[1:] if line}


def read_contracts(folder: Path) -> list[dict[str, Any]]:
    """The contract files, every scalar as its text."""
    return [
        yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)
        for path in sorted(folder.glob("*.yml"))
    ]


def read_deliveries(landing: Path) -> list[Delivery]:
    """Every file below ``landing``, once per identity (the same again is a no-op)."""
    found: dict[tuple[object, ...], Delivery] = {}
    for path in sorted(landing.rglob("*.csv")):
        content = path.read_bytes()
        delivery = read_delivery(path.name, content)
        identity = (*name_parts(path.name), hashlib.sha256(content).hexdigest())
        found.setdefault(identity, delivery)
    return list(found.values())


def name_parts(name: str) -> tuple[object, ...]:
    """The dated parts of a delivery's name."""
    match = NAME.match(name)
    if match is None:
        return (name,)
    return (*match.group("source", "extracted", "first", "last", "sender"), match["version"] or "1")


def read_delivery(name: str, content: bytes) -> Delivery:
    """One csv file: name parts and rows as texts (identical rows are kept; see window sources)."""
    text, sha256 = content.decode("utf-8-sig"), hashlib.sha256(content).hexdigest()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    refusion = REFUSION_NAME.match(name)
    if refusion:
        mondays = [civil.day(row["Uge"]) for row in rows]
        return Delivery(
            "ydelsesrefusion", civil.day(refusion[1]), min(mondays), max(mondays) + 6, 1, name,
            rows, sha256,
        )  # fmt: skip
    match = NAME.match(name)
    if match is None:
        raise ValueError(f"{name} is not the name of a delivery")
    first, last = (civil.day(match[part]) if match[part] else None for part in ("first", "last"))
    if match["source"] == "dream":
        mondays = [civil.iso_week_monday(column) for column in rows[0] if column.startswith("y_")]
        first, last = min(mondays), max(mondays) + 6
    return Delivery(
        match["source"],
        civil.day(match["extracted"]),
        first,
        last,
        int(match["version"] or 1),
        name,
        rows,
        sha256,
    )


def follow_chains(rows: list[dict[str, str]]) -> dict[str, str]:
    """I.personstatus: a chain of new numbers is one person, keyed by the newest."""
    successor = {
        digits(row["cpr"]): digits(row["nyt_cpr"]) for row in rows if row["haendelse"] == "nyt_cpr"
    }
    resolved = {}
    for start in successor:
        newest = start
        while newest in successor:
            newest = successor[newest]
        resolved[start] = newest
    return resolved


def own_days(source: Windowed) -> None:
    """I.window: a later known delivery replaces an earlier one for its days."""
    for position, delivery in enumerate(source.deliveries):
        if delivery.first is None or delivery.last is None:
            raise ValueError(f"{delivery.name} has no window")
        for day in range(delivery.first, delivery.last + 1):
            source.owner[day] = position


def spell_rows(
    delivery: Delivery, position: int, codes: dict[str, Code], names: dict[str, str]
) -> Iterator[Row]:
    """The rows of one ``ydelsesforloeb`` delivery; rows equal after parsing count once."""
    seen = set()
    for line in delivery.rows:
        share = number(line.get("andel") or "1")
        key = (
            digits(line["cpr"]), line["ydelseskode"], line["fra_dato"], line["til_dato"], share
        )  # fmt: skip
        if key in seen:
            continue
        seen.add(key)
        last = civil.day(line["til_dato"]) if line["til_dato"] else delivery.last or 0
        code = codes[line["ydelseskode"]]
        yield Row(
            key[0], civil.day(line["fra_dato"]), last, code.code, code.group, share, position,
            code.is_exit,
        )  # fmt: skip


def dream_rows(
    delivery: Delivery, position: int, codes: dict[str, Code], names: dict[str, str]
) -> Iterator[Row]:
    """One code covers the seven days of its week, share 1."""
    for line in delivery.rows:
        for column, value in line.items():
            if column.startswith("y_") and value:
                monday, code = civil.iso_week_monday(column), codes[value]
                yield Row(
                    digits(line["cpr"]), monday, monday + 6, code.code, code.group, Fraction(1),
                    position, code.is_exit,
                )  # fmt: skip


def refusion_rows(
    delivery: Delivery, position: int, codes: dict[str, Code], names: dict[str, str]
) -> Iterator[Row]:
    """A person has the group in a week if the delivery's payments of it sum to more than 0."""
    paid: dict[tuple[str, str, int], Fraction] = defaultdict(Fraction)
    exits = {c.group for c in codes.values()} - {c.group for c in codes.values() if not c.is_exit}
    seen = set()
    for line in delivery.rows:
        landed = tuple(
            digits(value) if name == "CPR nummer" else value for name, value in sorted(line.items())
        )
        if landed in seen:
            continue
        seen.add(landed)
        group = names.get(line["Ydelse"].casefold(), line["Ydelse"])
        key = (digits(line["CPR nummer"]), group, civil.day(line["Uge"]))
        paid[key] += number(line["Beregnet udbetalingsbeløb"])
    for (person, group, monday), amount in paid.items():
        if amount > 0:
            yield Row(person, monday, monday + 6, "", group, Fraction(1), position, group in exits)


ROWS = {"ydelsesforloeb": spell_rows, "dream": dream_rows, "ydelsesrefusion": refusion_rows}


def know(
    home: Path,
    seeds: Path,
    as_of: str,
    deliveries: list[Delivery] | None = None,
    older: dict[str, int] | None = None,
) -> Knowledge:
    """What a run with this as-of date knows.

    Args:
        home: folder with ``landing/`` (and ``contracts/``).
        seeds: folder with the benefit code and name tables.
        as_of: business date.
        deliveries: the files, if they have been read already.
        older: sources of which only what an earlier day knew is known; ``withdrawals`` is the day
            until which deliveries have been withdrawn.
    """
    limit = civil.day(as_of)
    codes, names = read_codes(seeds), read_benefit_names(seeds)
    known: dict[str, list[Delivery]] = defaultdict(list)
    everything = read_deliveries(home / "landing") if deliveries is None else deliveries
    for delivery in sorted(everything, key=lambda one: one.order):
        day = (older or {}).get(delivery.source, limit)
        if delivery.is_known(day, (older or {}).get("withdrawals", day)):
            known[delivery.source].append(delivery)
    status = known["personstatus"]
    resolve = follow_chains(status[-1].rows) if status else {}

    def person(cpr: str) -> str:
        return resolve.get(digits(cpr), digits(cpr))

    registers = {}
    for name in REGISTERS:
        register = Windowed(name, known[name])
        own_days(register)
        for position, delivery in enumerate(register.deliveries):
            for row in ROWS[name](delivery, position, codes, names):
                register.rows[person(row.person)].append(row)
        registers[name] = register
    events: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for line in status[-1].rows if status else ():
        if line["haendelse"] != "nyt_cpr":
            events[person(line["cpr"])].append((line["haendelse"], civil.day(line["dato"])))
    income, hours = read_income(known["eindkomst"], person)
    return Knowledge(
        as_of=limit,
        registers=registers,
        courses=read_courses(known["deltagere"], person),
        listed=read_listed(known["deltagere"], person),
        claims=read_claims(known["resultatkrav"]),
        statistics={
            key: one.fte
            for key, one in read_statistics(known["jobindsats"], names).items()
            if one.fte is not None
        },
        published=read_statistics(known["jobindsats"], names),
        events=dict(events),
        status_extracts=[delivery.extracted_on for delivery in status],
        income=income,
        hours=hours,
        activities=read_activities(known["aktiviteter"], person),
        codes=codes,
        resolve=resolve,
        support_groups=frozenset(c.group for c in codes.values() if c.is_public_support),
        subsidised_groups=frozenset(c.group for c in codes.values() if c.is_subsidised_job),
    )


def read_courses(deliveries: list[Delivery], person: Any) -> list[Course]:
    """Upsert by (kontrakt_id, forloeb_id): the newest known delivery with the key wins."""
    newest: dict[tuple[str, str], Course] = {}
    for delivery in deliveries:
        for line in delivery.rows:
            newest[line["kontrakt_id"], line["forloeb_id"]] = Course(
                line["kontrakt_id"],
                line["forloeb_id"],
                person(line["cpr"]),
                civil.day(line["visitationsdato"]),
                line["maalgruppe"],
                civil.day(line["slutdato"]) if line["slutdato"] else None,
                line["slutaarsag"],
            )
    return list(newest.values())


def read_claims(deliveries: list[Delivery]) -> dict[tuple[str, str, int], bool]:
    """Upsert by (kontrakt_id, forloeb_id, maaned)."""
    newest = {}
    for delivery in deliveries:
        for line in delivery.rows:
            key = (line["kontrakt_id"], line["forloeb_id"], civil.month(line["maaned"]))
            newest[key] = line["krav"] == "ja"
    return newest


def read_listed(
    deliveries: list[Delivery], person: Any
) -> dict[tuple[str, str], set[tuple[str, int]]]:
    """What known deliveries of the list say of each course: the person, the day of referral."""
    said: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for delivery in deliveries:
        for line in delivery.rows:
            referred = (person(line["cpr"]), civil.day(line["visitationsdato"]))
            said[line["kontrakt_id"], line["forloeb_id"]].add(referred)
    return dict(said)


def printed_number(text: str) -> Fraction | None:
    """A Danish number of the statistics; None where the publisher hides it."""
    printed = text.strip()
    return None if printed in ("*", "-", "..", "") else number(printed.replace(".", ""))


def read_statistics(
    deliveries: list[Delivery], names: dict[str, str]
) -> dict[tuple[str, str, int], Published]:
    """Each figure of a month = the newest known delivery with a published value of it."""
    figures: dict[tuple[str, str, int], Published] = {}
    for delivery in deliveries:
        for line in delivery.rows:
            area = line["Område"].removesuffix(" Kommune")
            group = names.get(line["Ydelse"].casefold(), line["Ydelse"])
            year, month = line["Periode"].split("M")
            key = (area, group, int(year) * 12 + int(month) - 1)
            before = figures.get(key, Published(None, None, ""))
            persons = printed_number(line["Antal personer"])
            fte = printed_number(line["Antal fuldtidspersoner"])
            figures[key] = Published(
                before.persons if persons is None else int(persons),
                before.fte if fte is None else fte,
                before.sha256 if fte is None and before.fte is not None else delivery.sha256,
            )
    return figures


def read_income(
    deliveries: list[Delivery], person: Any
) -> tuple[Windowed, dict[tuple[str, int], Fraction]]:
    """``eindkomst``: a window source of whole months; ordinary hours per person and month."""
    source = Windowed("eindkomst", deliveries)
    own_days(source)
    hours: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for position, delivery in enumerate(deliveries):
        seen = set()
        for line in delivery.rows:
            landed = (
                digits(line["cpr"]), line["cvr"], line["maaned"], number(line["loentimer"]),
                number(line["loenbeloeb"]), line["ansaettelsestype"],
            )  # fmt: skip
            month = civil.month(line["maaned"])
            owned = source.owner.get(civil.first_day(month)) == position
            if landed in seen or not owned or line["ansaettelsestype"] != "ordinær":
                continue
            seen.add(landed)
            hours[person(line["cpr"]), month] += landed[3]
    return source, dict(hours)


def read_activities(deliveries: list[Delivery], person: Any) -> dict[str, dict[str, str]]:
    """Upsert by aktivitet_id; the person resolved."""
    newest = {}
    for delivery in deliveries:
        for line in delivery.rows:
            newest[line["aktivitet_id"]] = {**line, "person": person(line["cpr"])}
    return newest
