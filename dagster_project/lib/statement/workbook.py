"""Statements as workbooks: numbers as numbers, texts as texts, never as formulas.

What belongs here: sheets and formats. What does not: words and figures (``view``, ``provider``).

Rules: F.formulas.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dagster_project.lib.statement.view import Cell, Section, Table, View

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

DATA_SHEET = "data"
_CREATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # no clock in the file
_CELL_LIMIT = 32_000
_MAX_WIDTH = 60
_MAX_NAME = 31  # letters of a sheet's name
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")


def escaped(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def render(view: View, document: str) -> bytes:
    """The statement's workbook; ``document`` (its JSON) lies on a hidden sheet for ``--verify``."""
    made = io.BytesIO()
    book = open_book(made)
    writer = _Writer(book)
    writer.front(view)
    for section in [*view.sections, *view.annex]:
        if section.table or section.text:
            writer.section(section)
    sheet = book.add_worksheet(DATA_SHEET)
    for row, start in enumerate(range(0, len(document), _CELL_LIMIT)):
        sheet.write_string(row, 0, document[start : start + _CELL_LIMIT])
    sheet.hide()
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
        return self.book.add_worksheet(name)

    def front(self, view: View) -> None:
        """First sheet: the result and the facts beside it."""
        sheet = self.sheet("Opgørelse")
        sheet.set_column(0, 0, 40)
        sheet.set_column(1, 1, 70)
        sheet.write_string(0, 0, escaped(view.title), self.title)
        rows = [
            ("Opgørelse", view.subtitle), ("Periode", view.period), ("Status", view.state),
            ("Betaling for perioden", view.payment), *view.facts,
            ("Opgørelsens sha256", view.statement_sha256),
        ]  # fmt: skip
        for number, (label, text) in enumerate(rows, start=2):
            sheet.write_string(number, 0, label)
            sheet.write_string(number, 1, escaped(text), self.wrapped)

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


def number_cell(amount: Decimal | int | None, text: str) -> Cell:
    """A cell with a number behind its text."""
    return Cell(text, amount)


def data_of(path: Any) -> str | None:
    """The JSON text on the hidden sheet of a statement's workbook, null where there is none."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True)
    if DATA_SHEET not in book.sheetnames:
        return None
    rows = book[DATA_SHEET].iter_rows(min_col=1, max_col=1, values_only=True)
    return "".join(str(value) for (value,) in rows if value is not None)
