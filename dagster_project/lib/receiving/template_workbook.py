"""The workbook of a template: a sheet to fill in, whose cells a spreadsheet leaves as they are.

What belongs here: formats, drop-downs, the sheet that explains. What does not: which columns there
are (``template_fields``).

Every cell to fill in is text: a spreadsheet then keeps the first zero of a person number and does
not turn a month into a day. Allowed values are chosen from a list, which stands in a sheet of its
own because a list in a cell's rule may hold no comma.

Rules: P.template.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.template_fields import (
    Field,
    explanations,
    fields_of,
    how_written,
    name_form,
)

DATA, EXPLANATION, VALUES = "Data", "Forklaring", "Værdier"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
_CREATED = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_LAST_ROW = 1_048_575  # the last that a sheet has, counted from 0
_LONGEST_HINT = 255
_WIDE = 80


def escape_formula(text: str) -> str:
    """The text with a leading apostrophe where a spreadsheet would take it for a formula."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def workbook(source: Source, sender: str | None) -> bytes:
    """The bytes of the workbook; the same whenever it is written."""
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False,
               "in_memory": True}  # fmt: skip
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": _CREATED})
        fields = fields_of(source)
        lists = [field for field in fields if field.column and field.column.allowed]
        _fill_in(book, source, fields, lists)
        _explain(book, source, sender)
        if lists:
            _list(book, lists)
    return buffer.getvalue()


def _fill_in(book: Any, source: Source, fields: list[Field], lists: list[Field]) -> None:
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
    sheet = book.add_worksheet(source.sheet or DATA)
    sheet.set_column(0, len(fields) - 1, 20, text)
    header = source.header_row - 1
    for row in range(header):
        sheet.write_string(row, 0, source.title)
    for place, field in enumerate(fields):
        sheet.write_string(header, place, field.heading, bold)
        sheet.write_string(header + 1, place, field.example, text)
        if field.column:
            rule = _hint(field)
            if field in lists:
                rule |= _choice(lists.index(field), field)
            sheet.data_validation(header + 1, place, _LAST_ROW, place, rule)
    sheet.freeze_panes(header + 1, 0)


def _hint(field: Field) -> dict[str, Any]:
    """What a spreadsheet says of a cell that is chosen; any text may stand in it."""
    description = field.column.description if field.column else ""
    return {"validate": "any", "input_message": description[:_LONGEST_HINT]}


def _choice(place: int, field: Field) -> dict[str, Any]:
    allowed = field.column.allowed if field.column else ()
    letter = chr(ord("A") + place)
    return {
        "validate": "list",
        "source": f"='{VALUES}'!${letter}$2:${letter}${len(allowed) + 1}",
        "error_title": "Ikke en tilladt værdi",
        "error_message": "Vælg en værdi på listen.",
    }


def _list(book: Any, lists: list[Field]) -> None:
    sheet = book.add_worksheet(VALUES)
    sheet.set_column(0, len(lists) - 1, 30)
    for place, field in enumerate(lists):
        allowed = field.column.allowed if field.column else ()
        for row, value in enumerate((f"Tilladte værdier: {field.heading}", *allowed)):
            sheet.write_string(row, place, value)


def _explain(book: Any, source: Source, sender: str | None) -> None:
    bold, wrapped = (
        book.add_format({"bold": True}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    sheet = book.add_worksheet(EXPLANATION)
    sheet.set_column(0, 3, 28, wrapped)
    sheet.set_column(4, 4, _WIDE, wrapped)
    rows = [
        *explanations(source),
        [],
        ["Filnavn", name_form(source, sender), "", "", how_written(source)],
    ]
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            sheet.write_string(
                number, place, escape_formula(value), bold if number == 0 else wrapped
            )
