"""What a statement is laid out of: cells, tables, sections, and how figures are written in them.

What belongs here: the forms that ``front``, ``arithmetic`` and ``view`` fill and that ``web``,
``paper`` and ``workbook`` lay out. What does not: any figure, and any layout.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.reference import words

Content = Mapping[str, Any]

FRONT, FIGURES, SOURCES = "Opgørelse", "Regnestykker", "Leveringer"
"""The sheets of the workbook; each section says on which it stands."""


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and the number behind it where it is one."""

    text: str
    value: Decimal | int | None = None


@dataclass(frozen=True)
class Fact:
    """A named figure of the first page; ``name`` is that of the mart's column, or of the figure."""

    name: str
    label: str
    cell: Cell


@dataclass(frozen=True)
class Table:
    """Headings (a leading ``>`` aligns the column to the right), rows and an optional total.

    A dense one is a long list that is looked up, not read: small, a line for each row.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()
    caption: str = ""
    is_dense: bool = False


@dataclass(frozen=True)
class Section:
    """A heading with text, a picture and tables.

    A section with a picture has the picture's figures as its ``behind``: it stands in for the
    picture where that could not be drawn.
    """

    title: str
    text: Sequence[str] = ()
    picture: str = ""
    table: Table | None = None
    more: Sequence[Table] = ()
    behind: Table | None = None
    sheet: str = FIGURES
    starts_page: bool = False

    @property
    def tables(self) -> Sequence[Table]:
        """Every table of the section but the one behind its picture."""
        return [*([self.table] if self.table else []), *self.more]


@dataclass(frozen=True)
class View:
    """A whole statement, ready to be laid out."""

    title: str
    subtitle: str
    period: str
    state: str
    sentence: str
    payment_label: str
    payment: Cell
    statement_sha256: str
    parties: Sequence[Fact]
    facts: Sequence[Fact]
    sections: Sequence[Section]
    footer: str = ""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Drawn pictures by name; those for a phone end in ``-smal``. One may be missing."""


def one_sentence(text: str) -> str:
    """The text with one full stop: a contract's own words may end in ``kr.``."""
    return text if text.endswith(".") else f"{text}."


def amount(text: str | None) -> Decimal:
    """The kroner of a figure; 0 where it has none."""
    return Decimal(0) if text is None else Decimal(text)


def kr(text: str | Decimal | None) -> str:
    """An amount with its unit, as Danes write it."""
    return danish.kroner(None if text is None else Decimal(text))


def text_cell(text: Any) -> Cell:
    """A text, or a dash."""
    return Cell(danish.NONE if text is None else str(text))


def money(text: str | Decimal | None, missing: str = danish.NONE) -> Cell:
    """An amount without its unit."""
    if text is None:
        return Cell(missing)
    return Cell(danish.number(Decimal(text)), Decimal(text))


def kroner(text: str | Decimal | None, missing: str = danish.NONE) -> Cell:
    """An amount with its unit."""
    return Cell(missing) if text is None else Cell(kr(text), Decimal(text))


def count(number: int | None, missing: str = danish.NONE) -> Cell:
    """A whole number."""
    return Cell(missing) if number is None else Cell(danish.number(number, 0), number)


def share(text: str | Decimal | None, missing: str = danish.NONE) -> Cell:
    """A share of 1 as percent."""
    if text is None:
        return Cell(missing)
    return Cell(danish.percent(Decimal(text)), Decimal(text))


def fte(text: str | None, missing: str = danish.NONE) -> Cell:
    """Full-time persons, or another number with four decimals."""
    if text is None:
        return Cell(missing)
    return Cell(danish.number(Decimal(text), 4), Decimal(text))


def day(text: str | None) -> str:
    """A day as Danes write it."""
    return danish.NONE if not text else danish.date(dt.date.fromisoformat(text))


def hidden(row: Mapping[str, Any]) -> str:
    """What stands where a figure is missing: hidden, or a dash."""
    return danish.HIDDEN if row.get("is_suppressed") else danish.NONE


def total(blanks: int, text: str | Decimal, label: str = "I alt") -> list[Cell]:
    """A last row: its label, blanks, an amount."""
    return [Cell(label), *[Cell("")] * (blanks - 1), money(text)]


def standing(event: Mapping[str, Any]) -> str:
    """Whether the name of an event is confirmed by its user or merely stated."""
    return words.label("standing", "confirmed" if event.get("is_confirmed") else "stated")


# titles before ids (C.title) ----------------------------------------------------------------------


def parts_of(content: Content) -> dict[str, Mapping[str, Any]]:
    """The contract's parts by id."""
    return {part["part_id"]: part for part in content["provenance"]["terms"]["parts"]}


def part_title(content: Content, part_id: str) -> str:
    """What people call a part."""
    return str(parts_of(content).get(part_id, {}).get("title") or part_id)


def reading_title(content: Content, reading_id: str) -> str:
    """What people call a reading of the contract."""
    readings = content["provenance"]["terms"]["payment"]["readings"]["alternatives"]
    found: Mapping[str, Any] = next(
        (one for one in readings if one["reading_id"] == reading_id), {}
    )
    return str(found.get("title") or reading_id)


def tier_title(content: Content, place: int) -> str:
    """What people call a tier."""
    tiers = content["provenance"]["terms"]["payment"]["tiers"]
    return str(tiers[place].get("title") or f"Trin {place + 1}")


def variant_title(terms: Mapping[str, Any], variant_id: str) -> str:
    """What people call a variant of the terms, or the contract's own row beside them."""
    if not variant_id:
        return "Kontraktens egne vilkår, som om intet var godkendt"
    told = {one["variant_id"]: one["title"] for one in terms.get("variants", ())}
    return str(told.get(variant_id) or variant_id)


def document_title(content: Content) -> str:
    """What people call the document that the contract is."""
    terms = content["provenance"]["terms"]
    return str(terms.get("document_title") or terms["document"])
