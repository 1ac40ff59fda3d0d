"""The page of words: every table, column, code and word, from where the comments come from too.

What belongs here: order. What does not: any text. Tables and columns are described by the marts'
yml (in English, as the comments of the published files are), codes by ``seeds/words.csv``.

Rules: V.glossary.
Decides: V.glossary.
"""

from __future__ import annotations

from collections.abc import Iterator

from dagster_project.lib.base import danish
from dagster_project.lib.pages.sheet import Cell, Page, Section, Table
from dagster_project.lib.publishing.tables import MART, declared_tables
from dagster_project.lib.publishing.tables import Table as Declared
from dagster_project.lib.reference import words

PATH = "ordbog.html"
_ROOMS = {MART: "udbetalingsmarten", "restricted": "sagsmarten (adgang kræves)"}


def build() -> Page:
    """The page."""
    return Page(
        PATH, "Ordbog", "Effektafregning",
        sentence="Hvad ordene og koderne betyder, og hvad hver tabel og kolonne indeholder.",
        sections=[*_codes(), *(_table(table) for table in declared_tables().values())],
        footer="Tabellernes beskrivelser er de samme som kommentarerne i de udgivne filer.",
    )  # fmt: skip


def _codes() -> Iterator[Section]:
    """The words of each domain that a column of the marts has codes of."""
    used = {d: None for table in declared_tables().values() for d in table.words.values()}
    for domain in sorted(used):
        rows = [
            [Cell(word.label_da), Cell(word.code), Cell(word.description_da or word.remedy_da
                                                        or danish.NONE)]
            for word in words.of_domain(domain)
        ]  # fmt: skip
        yield Section(f"Koder: {domain}", tables=[Table(("Ord", "Kode", "Betydning"), rows)],
                      name=f"kode-{domain}")  # fmt: skip


def _table(table: Declared) -> Section:
    rows = [
        [Cell(name, href=f"{PATH}#kode-{table.words[name]}" if name in table.words else ""),
         Cell(kind.lower()), Cell(table.told_of(name), lang="en")]
        for name, kind in table.columns
    ]  # fmt: skip
    made = Table(("Kolonne", "Type", "Beskrivelse"), rows)
    said = f"I {_ROOMS[table.room]}; nøgle: {', '.join(table.key)}."
    return Section(f"Tabel: {table.room}.{table.name}", [said, Cell(table.told(), lang="en")],
                   tables=[made], name=f"tabel-{table.name}")  # fmt: skip
