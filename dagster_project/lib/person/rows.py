"""Where a person stands in the received files: every row of every delivery, as it landed.

What belongs here: the person's numbers, their rows, the rows of their courses. What does not: what
became of them in the figures (``courses``), refused files (``refused``).

A row is a person's where one of its texts holds one of their numbers, or where it has no person and
names a course that only this person has. Everything is read again from the vault: the warehouse
holds no number.

Rules: F.person.
Decides: F.person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.lib import removals, vault
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.person.numbers import Person, ten_digits, whole_chain
from dagster_project.lib.receiving.formats.content import land
from dagster_project.lib.receiving.formats.engine import open_parser
from dagster_project.lib.receiving.formats.landed import (
    Landed,
    Layout,
    check_headings,
    landed_text,
)
from dagster_project.lib.receiving.formats.sealed import land_sealed
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.judging.declarations import Rule, Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError
from dagster_project.lib.receiving.loading.as_accepted import source_of
from dagster_project.lib.receiving.loading.load import names_courses
from dagster_project.settings import Home

Course = tuple[str, str]


@dataclass(frozen=True)
class FoundRow:
    """A row of a delivery.

    Args:
        number: 1 = first record after the header.
        texts: heading and text of each cell that is not empty, as they landed.
        is_rejected: it was rejected when the delivery was accepted, and counts nowhere.
    """

    number: int
    texts: tuple[tuple[str, str], ...]
    is_rejected: bool


@dataclass(frozen=True)
class FoundIn:
    """The rows of the person in one delivery."""

    record: Record
    source: Source
    rows: tuple[FoundRow, ...]


@dataclass(frozen=True)
class Sought:
    """A person, their rows and the courses that they alone have.

    Args:
        person: with every number that is known.
        found: the deliveries that hold a row, in the order of the register.
        courses: contract and course of each course of the person's rows.
        contracts: contracts that a row names.
    """

    person: Person
    found: tuple[FoundIn, ...]
    courses: frozenset[Course]
    contracts: frozenset[str]

    @property
    def row_count(self) -> int:
        """How many rows."""
        return sum(len(one.rows) for one in self.found)


@dataclass(frozen=True)
class Opened:
    """A delivery that is open for reading."""

    record: Record
    source: Source
    landed: Landed
    layout: Layout

    def place_of(self, name: str) -> int | None:
        """File position of a declared column."""
        return self.layout.positions[self.source.columns.index(self.source.column(name))]


class Files:
    """The accepted deliveries of a home, each landed as it is asked for."""

    def __init__(
        self, home: Home, register: Register, parser: duckdb.DuckDBPyConnection, spill: Spill
    ) -> None:
        self.home = home
        self.parser = parser
        self.spill = spill
        self.accepted = register.accepted()
        self._removed = removals.removed(home)

    def kept(self, record: Record) -> vault.Received | None:
        """The file that is kept of a delivery; none of one that was removed."""
        if self._removed.of(removals.VAULT, record.sha256) is not None:
            return None
        copy = self._removed.copy_of(removals.VAULT, record.sha256)
        return vault.Received(self.home, vault.VAULT, copy or record.sha256)

    @contextmanager
    def opened(self, record: Record) -> Iterator[Opened | None]:
        """A delivery, landed with a column for each heading; none where it was removed.

        Raises:
            EffektError: ``VAULT_BROKEN``: its file is missing or cannot be read.
        """
        kept = self.kept(record)
        if kept is None:
            yield None
            return
        source = source_of(self.home, record)
        is_sealed = kept.sha256 != record.sha256
        try:
            with kept.opened() as path, self.spill.shown(path) as shown:
                if is_sealed:
                    landed = land_sealed(shown)
                else:
                    landed = land(
                        shown, record.format or "csv", source, self.spill, whole_lines=False
                    )
                yield Opened(record, source, landed, check_headings(landed.headings, source))
        except (OSError, FileRefusedError, duckdb.Error):
            raise _unreadable(record) from None

    def rows(
        self, opened: Opened, columns: Sequence[str], condition: str, values: Any = None
    ) -> list[tuple[Any, ...]]:
        """Row number and the named SQL columns of the rows that meet a condition, in order."""
        own = ", ".join(f"h{place}" for place in range(len(opened.landed.headings)))
        numbered = (
            f"(select row_number() over () as row_number, {own} from {opened.landed.relation})"
        )
        picked = ", ".join(("row_number", *columns))
        return self.parser.execute(
            f"select {picked} from {numbered} where {condition} order by row_number",
            values or {},
        ).fetchall()


@contextmanager
def opened_files(home: Home, register: Register) -> Iterator[Files]:
    """The accepted deliveries of a home, in a parser of their own."""
    with open_parser(home.vault) as (parser, spill):
        yield Files(home, register, parser, spill)


def seek(files: Files, number: str, as_of: dt.date | None = None) -> Sought:
    """Every row of a person.

    Args:
        files: of the home.
        number: one of the person's numbers.
        as_of: deliveries drawn later are left out; all are read where it is left out.

    Raises:
        EffektError: ``VAULT_BROKEN``.
    """
    records = [r for r in files.accepted if as_of is None or _is_drawn(r, as_of)]
    person = Person(whole_chain(number, _links(files, records)))
    person.register_sql(files.parser)
    found: dict[str, FoundIn] = {}
    courses: set[Course] = set()
    for record in records:
        with files.opened(record) as opened:
            if opened is None:
                continue
            hits = _rows_of(files, opened, _of_person(opened, person))
            if hits:
                found[record.delivery_id] = FoundIn(record, opened.source, tuple(hits))
                courses |= _courses_of(files, opened, {row.number for row in hits})
    own = courses - _courses_of_others(files, records, found, courses)
    for record in records:
        with files.opened(record) as opened:
            if opened is None or not names_courses(opened.source) or _has_person(opened.source):
                continue
            if hits := _rows_of(files, opened, _of_courses(opened), _named(own)):
                found[record.delivery_id] = FoundIn(record, opened.source, tuple(hits))
    return Sought(
        person,
        tuple(found[r.delivery_id] for r in records if r.delivery_id in found),
        frozenset(own),
        frozenset(contract for contract, _ in courses),
    )


def _is_drawn(record: Record, as_of: dt.date) -> bool:
    return record.extracted_on is None or record.extracted_on <= as_of


def _links(files: Files, records: Collection[Record]) -> list[tuple[str, str]]:
    """Every change of a number that a row which was not rejected tells."""
    links: list[tuple[str, str]] = []
    for record in records:
        source = source_of(files.home, record)
        rule = next((rule for rule in source.rules if rule.rule == "chain"), None)
        if rule is None or record.is_withdrawn():
            continue
        with files.opened(record) as opened:
            if opened is not None:
                links += _links_in(files, opened, rule)
    return links


def _links_in(files: Files, opened: Opened, rule: Rule) -> Iterator[tuple[str, str]]:
    places = (opened.place_of(rule.column), opened.place_of(rule.other))
    if None in places:
        return
    texts = [landed_text(place) for place in places if place is not None]
    rejected = _rejected(opened.record)
    for number, old, new in files.rows(opened, texts, f"{texts[1]} <> ''"):
        pair = (ten_digits(old), ten_digits(new))
        if number not in rejected and pair[0] and pair[1]:
            yield pair[0], pair[1]


def _rejected(record: Record) -> set[int]:
    return {row for row, *_ in record.rejected}


def _has_person(source: Source) -> bool:
    return any(column.type == "cpr" for column in source.columns)


def _of_person(opened: Opened, person: Person) -> str:
    """SQL: a text of the row holds the person; week columns hold codes of three digits."""
    known = opened.layout.column_at(opened.source)
    weeks = {place for *_, place in opened.layout.weeks}
    hits = [
        person.sql(landed_text(place), is_number=place in known and known[place].type == "cpr")
        for place in range(len(opened.landed.headings))
        if place not in weeks
    ]
    return " or ".join(f"({hit})" for hit in hits)


def _course_texts(opened: Opened) -> tuple[str, str] | None:
    """SQL of contract and course, null where a column is left out of the file."""
    if not names_courses(opened.source):
        return None
    texts = dict(zip((c.name for c in opened.source.columns), opened.layout.texts(), strict=True))
    return texts["contract_id"], texts["course_id"]


def _courses_of(files: Files, opened: Opened, rows: Collection[int]) -> set[Course]:
    """The courses that rows of a delivery name."""
    texts = _course_texts(opened)
    if texts is None:
        return set()
    named = files.rows(
        opened, texts, "row_number in (select unnest($rows::bigint[]))", {"rows": sorted(rows)}
    )
    return {(contract, course) for _, contract, course in named}


def _of_courses(opened: Opened) -> str:
    """SQL: the row names one of ``$courses``."""
    texts = _course_texts(opened)
    if texts is None:
        return "len($courses::varchar[]) < 0"
    return f"list_contains($courses::varchar[], {texts[0]} || chr(31) || {texts[1]})"


def _named(courses: Collection[Course]) -> dict[str, list[str]]:
    return {"courses": ["\x1f".join(course) for course in sorted(courses)]}


def _courses_of_others(
    files: Files, records: Collection[Record], found: dict[str, FoundIn], courses: set[Course]
) -> set[Course]:
    """Those of the courses that a row of somebody else names too."""
    shared: set[Course] = set()
    for record in records if courses else ():
        with files.opened(record) as opened:
            if opened is None or not _has_person(opened.source):
                continue
            texts = _course_texts(opened)
            if texts is None:
                continue
            own = (
                {row.number for row in found[record.delivery_id].rows}
                if (record.delivery_id in found)
                else set()
            )
            named = files.rows(opened, texts, _of_courses(opened), _named(courses))
            shared |= {(c, course) for number, c, course in named if number not in own}
    return shared


def _rows_of(files: Files, opened: Opened, condition: str, values: Any = None) -> list[FoundRow]:
    headings, rejected = opened.landed.headings, _rejected(opened.record)
    texts = [landed_text(place) for place in range(len(headings))]
    return [
        FoundRow(
            number,
            tuple((h, text) for h, text in zip(headings, cells, strict=True) if text),
            number in rejected,
        )
        for number, *cells in files.rows(opened, texts, condition, values)
    ]


def _unreadable(record: Record) -> EffektError:
    return EffektError(
        "VAULT_BROKEN",
        f"{record.file_name} (vault/{record.sha256[:12]}…) mangler eller kan ikke læses",
        remedy="læg filen tilbage fra mappens sikkerhedskopi; dens navn er dens sha256",
    )
