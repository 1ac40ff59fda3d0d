"""What a page is laid out of, and how the figures of the mart are written on it.

What belongs here: cells that name the figure they show, tables of rows of a published table, the
page itself. What does not: any figure, layout (``web``), where a page stands (``place``).

The kind of a column follows from its name and from what the marts' yml declares (``tables``): a
share is a percentage, a code is its word, a null says why.

Rules: V.figures.
Decides: V.figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.publishing.tables import MART, declared_tables
from dagster_project.lib.publishing.tables import Table as Declared
from dagster_project.lib.reference import words
from dagster_project.settings import TIME_ZONE

Row = Mapping[str, Any]
BY_MONTH = ("month", "period_start", "corrected_period_start")


@dataclass(frozen=True)
class Cell:
    """What a cell shows.

    Args:
        text: as people read it.
        figure: ``table.column`` of the mart that it shows, where it shows one.
        key: the row of that table, its key's values joined by ``|``; several rows, if it is a sum.
        href: page that says more, relative to the page it stands on.
        tone: ``good``, ``bad``, ``warn`` or ``quiet``: said in words too.
        note: a second, smaller line.
        lang: language of the text, where it is not Danish.
    """

    text: str
    figure: str = ""
    key: str = ""
    href: str = ""
    tone: str = ""
    note: str = ""
    lang: str = ""


@dataclass(frozen=True)
class Table:
    """Headings (a leading ``>`` aligns the column to the right), rows and an optional total."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    total: Sequence[Any] = ()
    caption: str = ""
    name: str = ""
    tags: Sequence[Mapping[str, str]] = ()
    """Of each row, what a filter chooses by."""


@dataclass(frozen=True)
class Section:
    """A heading with text, a picture and tables; ``behind`` are the picture's figures."""

    title: str
    text: Sequence[str | Cell] = ()
    picture: str = ""
    tables: Sequence[Any] = ()
    behind: Any = None
    name: str = ""
    filters: Sequence[tuple[str, str, Sequence[str]]] = ()
    """Name, label and values of each choice that narrows the section's table."""


@dataclass(frozen=True)
class Page:
    """A page.

    Args:
        path: where it stands in its site.
        title: what it is about.
        kicker: the line above the title.
        sentence: what it says, in one sentence.
        badge: the state in two or three words, and its tone.
        facts: label and cell of each figure at its head.
        sections: in their order, this module's or those of a statement.
        footer: where the figures come from.
        pictures: drawn pictures by name; those for a phone end in ``-smal``.
    """

    path: str
    title: str
    kicker: str
    sentence: str = ""
    badge: Cell | None = None
    facts: Sequence[tuple[str, Cell]] = ()
    sections: Sequence[Any] = ()
    footer: str = ""
    pictures: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def up(self) -> str:
        """The way from the page to the root of its site."""
        return "../" * self.path.count("/")


@dataclass(frozen=True)
class Column:
    """A column of a published table under a heading; ``told`` says it otherwise than its kind."""

    name: str
    heading: str
    told: Callable[[Row], Cell | str] | None = None


def table_of(
    name: str, rows: Sequence[Row], columns: Sequence[Column], caption: str = "", room: str = MART
) -> Table | None:
    """The rows of a published table; none where there is no row."""
    if not rows:
        return None
    declared = declared_tables()[room, name]
    aligned = [f">{one.heading}" if _is_number(declared, one) else one.heading for one in columns]
    made = [[cell_of(declared, row, one) for one in columns] for row in rows]
    return Table(aligned, made, caption=caption, name=name)


def cell_of(declared: Declared, row: Row, column: Column) -> Cell:
    """A figure of a row, with the name and the row of the mart that it is."""
    figure, key = f"{declared.name}.{column.name}", key_of(declared, row)
    if column.told is not None:
        told = column.told(row)
        return told if isinstance(told, Cell) else Cell(told, figure, key)
    return Cell(text_of(declared, row, column.name), figure, key)


def key_of(declared: Declared, row: Row) -> str:
    """What identifies a row, as a page writes it."""
    return "|".join(str(row[name]) for name in declared.key if name in row)


def text_of(declared: Declared, row: Row, name: str) -> str:
    """A value as people read it; a null says why."""
    value = row[name]
    if value is None:
        return missing(row)
    if name in declared.words:
        return words.label(declared.words[name], str(value))
    return value_text(name, value)


def missing(row: Row) -> str:
    """Why a value is missing: hidden, or what the row says; a dash where it says nothing."""
    if row.get("is_suppressed"):
        return danish.HIDDEN
    reason = row.get("null_reason")
    return words.label("null_reason", reason) if reason else danish.NONE


def value_text(name: str, value: Any) -> str:
    """A value by the kind that its column's name says."""
    if isinstance(value, bool):
        return "ja" if value else "nej"
    if isinstance(value, dt.datetime):
        return moment(value)
    if isinstance(value, dt.date):
        is_month = name in BY_MONTH or name.endswith("_month")
        return danish.month(value) if is_month else danish.date(value)
    if isinstance(value, Decimal):
        if name.endswith(("_share", "_rate")):
            return danish.percent(value)
        return danish.number(value, 2 if name.endswith(("_dkk", "_fte", "fte_register")) else 1)
    if isinstance(value, int):
        return str(value) if name in ("year", "publication_no") else danish.number(value, 0)
    return str(value)


def _is_number(declared: Declared, column: Column) -> bool:
    kinds = dict(declared.columns)
    is_year = column.name in ("year", "publication_no")
    return kinds[column.name].startswith(("DECIMAL", "BIGINT")) and not (
        is_year or column.name in declared.words
    )


def kroner(amount: Any, figure: str = "", key: str = "") -> Cell:
    """An amount with its unit; a dash where there is none."""
    shown = danish.NONE if amount is None else danish.kroner(Decimal(amount))
    return Cell(shown, figure, key)


def moment(at: dt.datetime) -> str:
    """``3. maj 2024 kl. 04.31`` in Denmark; a time without a zone is UTC."""
    own = (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(TIME_ZONE)
    return f"{danish.date(own.date())} kl. {own:%H.%M}"


def iso_moment(text: str) -> str:
    """The same of a time as text."""
    return moment(dt.datetime.fromisoformat(text))


def iso_date(text: str) -> str:
    """A day as text, as Danes write it."""
    return danish.date(dt.date.fromisoformat(text))


def period(row: Row) -> str:
    """The name of a period; one that has only its first day is told by its month."""
    label, start = str(row["period_label"]), str(row["period_start"])
    return danish.month(dt.date.fromisoformat(start)) if label == start else label


def some(*sections: Any) -> list[Any]:
    """The sections that have something to show."""
    return [one for one in sections if one is not None]


def section(title: str, *tables: Table | None, **more: Any) -> Section | None:
    """A section of the tables that have rows; none where none has and there is no picture."""
    kept = [one for one in tables if one is not None]
    return Section(title, tables=kept, **more) if kept or more.get("behind") else None


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of some columns, in their order."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found
