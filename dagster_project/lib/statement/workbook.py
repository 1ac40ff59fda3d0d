"""Statements as workbooks: numbers as numbers, texts as texts, never as formulas.

What belongs here: sheets and formats. What does not: words and figures (``view``, ``provider``).

Rules: F.formulas.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster_project.lib.statement.view import Cell, Section, Table, View

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_CREATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # no clock in the file
_MAX_WIDTH = 60
_MAX_NAME = 31  # letters of a sheet's name
_A4 = 9
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")


def escaped(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def render(view: View) -> bytes:
    """The settlement's workbook: the first sheet, then one for each section."""
    made = io.BytesIO()
    book = open_book(made)
    writer = _Writer(book)
    writer.front(view)
    for section in view.sections:
        if section.table or section.text:
            writer.section(section)
    book.close()
    return made.getvalue()


def open_book(target: io.BytesIO) -> Workbook:
    """A workbook in memory that takes no text for a formula or link, and knows no clock."""
    import xlsxwriter

    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(target, options)
    book.set_properties({"title": "Effektafregning", "created": _CREATED})
    return book


class _Writer:
    """Writes sections of a view, one sheet each."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.names: set[str] = set()
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.bold = book.add_format({"bold": True, "bottom": 2, "text_wrap": True, "valign": "top"})
        self.total = book.add_format({"bold": True, "top": 2, "num_format": "#,##0.00"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.leading = book.add_format({"num_format": '#,##0.00" kr."', "align": "left"})
        self.money = book.add_format({"num_format": "#,##0.00"})
        self.whole = book.add_format({"num_format": "#,##0"})
        self.share = book.add_format({"num_format": "0.0%"})

    def sheet(self, title: str) -> Worksheet:
        """A sheet with a name that Excel allows."""
        base = "".join(letter for letter in title if letter not in "[]:*?/\\'")
        name, number = base[:_MAX_NAME], 1
        while name.casefold() in self.names:
            number += 1
            name = f"{base[: _MAX_NAME - 3]} {number}"
        self.names.add(name.casefold())
        made = self.book.add_worksheet(name)
        made.set_landscape()
        made.set_paper(_A4)
        made.fit_to_pages(1, 0)
        return made

    def front(self, view: View) -> None:
        """First sheet: the result and the facts beside it."""
        sheet = self.sheet("Opgørelse")
        sheet.set_column(0, 0, 40)
        sheet.set_column(1, 1, 70)
        sheet.write_string(0, 0, escaped(view.title), self.title)
        rows = [
            ("Opgørelse", Cell(view.subtitle)), ("Periode", Cell(view.period)),
            ("Status", Cell(view.state)),
            ("Betaling for perioden, kr.", Cell(view.payment, view.payment_dkk)), *view.facts,
            ("Opgørelsens sha256", Cell(view.statement_sha256)),
        ]  # fmt: skip
        for number, (label, cell) in enumerate(rows, start=2):
            sheet.write_string(number, 0, label)
            if cell.value is None:
                sheet.write_string(number, 1, escaped(cell.text), self.wrapped)
            else:
                sheet.write_number(number, 1, cell.value, self.leading)

    def section(self, section: Section) -> None:
        """One sheet: texts, then the table with its heading frozen."""
        sheet = self.sheet(section.title)
        row = 0
        for text in section.text:
            sheet.write_string(row, 0, escaped(text))
            row += 1
        if section.table is not None:
            self.table(sheet, row + bool(row), section.table)

    def table(self, sheet: Worksheet, top: int, table: Table) -> None:
        """Headings, rows and total from a row on."""
        for column, heading in enumerate(table.headings):
            sheet.write_string(top, column, heading.removeprefix(">"), self.bold)
            sheet.set_column(column, column, _width(table, column))
        for number, row in enumerate(table.rows, start=top + 1):
            self.row(sheet, number, row)
        if table.total:
            self.row(sheet, top + 1 + len(table.rows), table.total, self.total)
        sheet.freeze_panes(top + 1, 0)
        sheet.repeat_rows(top)

    def row(self, sheet: Worksheet, number: int, cells: Sequence[Cell],
            style: Format | None = None) -> None:  # fmt: skip
        """Numbers as numbers, everything else as text."""
        for column, cell in enumerate(cells):
            if cell.value is None:
                sheet.write_string(number, column, escaped(cell.text), style)
            else:
                sheet.write_number(number, column, cell.value, style or self.format_of(cell))

    def format_of(self, cell: Cell) -> Format:
        """Percent, whole numbers, or two decimals."""
        if cell.text.endswith("%"):
            return self.share
        return self.whole if isinstance(cell.value, int) else self.money


def _width(table: Table, column: int) -> int:
    rows = [*table.rows[:200], *([table.total] if table.total else [])]
    longest = max([len(table.headings[column]), *(len(row[column].text) for row in rows)])
    return min(longest + 2, _MAX_WIDTH)


def write_tables(sheets: Sequence[tuple[str, Table]]) -> bytes:
    """A plain workbook of tables, for example the provider's own."""
    made = io.BytesIO()
    book = open_book(made)
    writer = _Writer(book)
    for name, table in sheets:
        writer.table(writer.sheet(name), 0, table)
    book.close()
    return made.getvalue()
