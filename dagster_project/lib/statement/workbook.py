"""Statements as workbooks: numbers as numbers, texts as texts, never as formulas.

What belongs here: sheets and formats. What does not: words and figures (``view``, ``provider``).

Rules: F.formulas.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster_project.lib.statement.sheet import (
    FIGURES,
    FRONT,
    SOURCES,
    Cell,
    Section,
    Table,
    View,
)

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_CREATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # no clock in the file
_MAX_WIDTH = 60
_MAX_NAME = 31  # letters of a sheet's name
_A4 = 9
_UPRIGHT = 140  # letters that an upright page holds in a size that is read
_FIRST_WIDTH, _LEAST_WIDTH = 32, 13  # letters of a column
_LEAST_COLUMNS = 6
_LINE_HEIGHT = 15  # points
_FOUR_DECIMALS = re.compile(r",[0-9]{4}$")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")


def escaped(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def render(view: View) -> bytes:
    """The settlement's workbook: the first page, the arithmetic, the sources; a sheet each."""
    made = io.BytesIO()
    book = open_book(made)
    writer = _Writer(book)
    for name in (FRONT, FIGURES, SOURCES):
        _Stack(writer, name, view).write()
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
    """Sheets and formats of a workbook, and plain tables."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.names: set[str] = set()
        self.title = book.add_format({"bold": True, "font_size": 13})
        self.heading = book.add_format({"bold": True, "font_size": 13, "font_color": "#1f4e79"})
        self.strong = book.add_format({"bold": True})
        self.bold_right = book.add_format(
            {"bold": True, "bottom": 2, "text_wrap": True, "valign": "top", "align": "right"}
        )
        self.bold = book.add_format({"bold": True, "bottom": 2, "text_wrap": True, "valign": "top"})
        self.total = book.add_format({"bold": True, "top": 2, "num_format": "#,##0.00"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top", "align": "left"})
        self.indented = book.add_format(
            {"text_wrap": True, "valign": "top", "align": "left", "indent": 1}
        )
        self.wrapped_right = book.add_format({"text_wrap": True, "valign": "top", "align": "right"})
        self.leading = book.add_format({"num_format": '#,##0.00" kr."', "align": "left"})
        self.money = book.add_format({"num_format": "#,##0.00", "valign": "top"})
        self.whole = book.add_format({"num_format": "#,##0", "valign": "top"})
        self.share = book.add_format({"num_format": "0.0%", "valign": "top"})
        self.four = book.add_format({"num_format": "#,##0.0000", "valign": "top"})

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
        sheet.set_footer("&C&P / &N")

    def row(self, sheet: Worksheet, number: int, cells: Sequence[Cell],
            style: Format | None = None) -> None:  # fmt: skip
        """Numbers as numbers, everything else as text."""
        for column, cell in enumerate(cells):
            if cell.value is None:
                sheet.write_string(number, column, escaped(cell.text), style or self.wrapped)
            else:
                sheet.write_number(number, column, cell.value, style or self.format_of(cell))

    def format_of(self, cell: Cell) -> Format:
        """Percent, whole numbers, four decimals or two."""
        if cell.text.endswith("%"):
            return self.share
        if isinstance(cell.value, int):
            return self.whole
        return self.four if _FOUR_DECIMALS.search(cell.text) else self.money


class _Stack:
    """One sheet on which the sections of a view stand below each other, one page wide on A4.

    Numbers get a column that holds them; a text wraps, and the last text of a row goes on to the
    edge. Every printed page has the settlement's name on top.
    """

    def __init__(self, writer: _Writer, name: str, view: View) -> None:
        self.writer, self.name, self.view = writer, name, view
        self.sections = [one for one in view.sections if one.sheet == name]
        tables = [table for one in self.sections for table in self._tables(one)]
        self.columns = max([_LEAST_COLUMNS, *(len(table.headings) for table in tables)])
        self.widths = [self._width(tables, column) for column in range(self.columns)]
        self.sheet = writer.sheet(name)
        self.row = 0

    def write(self) -> None:
        """The name of the settlement, on the first sheet its facts, then the sections."""
        if sum(self.widths) < _UPRIGHT:
            self.sheet.set_portrait()
        for column, width in enumerate(self.widths):
            self.sheet.set_column(column, column, width)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        self.sheet.set_footer("&L&A&C&P / &N")
        self._wide(f"{self.view.title} – {self.view.subtitle}", self.writer.title)
        self.sheet.repeat_rows(0)
        self.sheet.freeze_panes(1, 0)
        if self.name == FRONT:
            self._front()
        for section in self.sections:
            self.row += 1
            self._wide(section.title, self.writer.heading)
            for text in section.text:
                self._wide(text, self.writer.wrapped)
            for place, table in enumerate(self._tables(section)):
                self.row += bool(place)
                if table.caption:
                    self._wide(table.caption, self.writer.strong)
                self._table(table)

    @staticmethod
    def _tables(section: Section) -> list[Table]:
        """The section's tables; the figures behind a picture first, for a sheet has no pictures."""
        return [*([section.behind] if section.behind else []), *section.tables]

    def _front(self) -> None:
        view = self.view
        self._wide(view.sentence, self.writer.wrapped)
        rows = [
            (view.payment_label, view.payment),
            *((fact.label, fact.cell) for fact in (*view.parties, *view.facts)),
            ("Opgørelsens sha256", Cell(view.statement_sha256)),
        ]  # fmt: skip
        self.row += 1
        for label, cell in rows:
            self._cells([Cell(label), cell], lead=self.writer.leading)

    def _wide(self, text: str, style: Format) -> None:
        """A text over all columns, as high as it needs."""
        self._merged(self.row, 0, self.columns - 1, escaped(text), style)
        if style is self.writer.wrapped:
            self._height([(len(text), sum(self.widths))])
        self.row += 1

    def _merged(self, row: int, first: int, last: int, text: str, style: Format) -> None:
        if first == last:
            self.sheet.write_string(row, first, text, style)
        else:
            self.sheet.merge_range(row, first, row, last, text, style)

    def _table(self, table: Table) -> None:
        writer = self.writer
        ends = [self._end(table, column) for column in range(len(table.headings))]
        for column, heading in enumerate(table.headings):
            style = writer.bold_right if heading.startswith(">") else writer.bold
            self._merged(self.row, column, ends[column], heading.removeprefix(">"), style)
        self._height([(len(h), self.widths[at]) for at, h in enumerate(table.headings)])
        self.row += 1
        for row in table.rows:
            self._cells(row, table=table)
        if table.total:
            writer.row(self.sheet, self.row, table.total, writer.total)
            self.row += 1

    def _end(self, table: Table, column: int) -> int:
        """The last column that a cell takes: a text that is its row's last goes to the edge."""
        is_last = column == len(table.headings) - 1
        is_text = not table.headings[column].startswith(">") and not table.is_dense
        return self.columns - 1 if is_last and is_text else column

    def _cells(
        self, cells: Sequence[Cell], *, table: Table | None = None, lead: Format | None = None
    ) -> None:
        """One row; without a table it is a label and what belongs to it."""
        writer, needs = self.writer, []
        for column, cell in enumerate(cells):
            if cell.value is not None:
                style = lead or writer.format_of(cell)
                self.sheet.write_number(self.row, column, cell.value, style)
                continue
            end = self._end(table, column) if table else (self.columns - 1 if column else 0)
            is_right = table is not None and table.headings[column].startswith(">")
            style = (
                writer.wrapped_right if is_right else writer.indented if column else writer.wrapped
            )
            self._merged(self.row, column, end, escaped(cell.text), style)
            needs.append((len(cell.text), sum(self.widths[column : end + 1])))
        if table is None or not table.is_dense:
            self._height(needs)
        self.row += 1

    def _height(self, needs: Sequence[tuple[int, int]]) -> None:
        """Make a row as high as its longest text; programs do not all do that when they open.

        Args:
            needs: letters of each text, and letters that its cell holds.
        """
        lines = max((-(-letters // max(int(held * 0.95), 1)) for letters, held in needs), default=1)
        if lines > 1:
            self.sheet.set_row(self.row, _LINE_HEIGHT * lines)

    def _width(self, tables: Sequence[Table], column: int) -> int:
        """Letters of a column: its longest number, or enough for a text to wrap in."""
        own = [table for table in tables if column < len(table.headings)]
        cells = [(table, row[column]) for table in own for row in [*table.rows, table.total] if row]
        numbers = [len(cell.text) + 2 for _, cell in cells if cell.value is not None]
        listed = [len(cell.text) + 1 for table, cell in cells if table.is_dense]
        return max(
            [_FIRST_WIDTH if column == 0 and not listed else _LEAST_WIDTH, *numbers, *listed]
        )


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
