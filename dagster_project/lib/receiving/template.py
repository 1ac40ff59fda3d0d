"""File templates: headings, one example row, and a sheet that explains each column.

What belongs here: what a sender gets to fill in. What does not: rules (the declaration has them
all).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.receiving.judging.declarations import Column, Source, load_sources
from dagster_project.lib.reference import words

_EXAMPLE_WEEKS = (("2301", "890"), ("2302", "890"), ("2303", ""))
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
_CREATED = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_WIDTHS = {"Forklaring": 80}


def escape_formula(text: str) -> str:
    """The text with a leading apostrophe where a spreadsheet would take it for a formula."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _table(source: Source) -> tuple[list[str], list[str]]:
    headings = [column.heading for column in source.columns]
    example = [column.example for column in source.columns]
    if source.weeks:
        headings += [source.weeks.prefix + week for week, _ in _EXAMPLE_WEEKS]
        example += [code for _, code in _EXAMPLE_WEEKS]
    return headings, example


def _must_be_filled(column: Column) -> str:
    if column.required:
        return "ja"
    return "nej, men kolonnen skal være der" if column.heading_required else "nej"


def _explain(column: Column) -> list[str]:
    return [
        column.heading,
        words.label("column_type", column.type),
        _must_be_filled(column),
        ", ".join(column.allowed),
        column.description,
    ]


def _explanations(source: Source) -> list[list[str]]:
    rows = [["Kolonne", "Type", "Skal udfyldes", "Tilladte værdier", "Forklaring"]]
    rows += [_explain(column) for column in source.columns]
    if source.weeks:
        rows.append(
            [
                source.weeks.prefix + "ÅÅUU",
                words.label("column_type", "benefit_code"),
                "nej",
                "",
                source.weeks.description,
            ]
        )
    period = "_<fra>_<til>" if source.window else ""
    no_sheet = (
        "" if "xlsx" in source.formats else " Et regneark modtages ikke: gem arket „Data“ som csv."
    )
    rows.append([])
    written = (
        f"Datoer som ÅÅÅÅ-MM-DD. Type: {', '.join(source.formats)}. csv gemmes som"
        f" {source.csv.encoding.upper()} med „{source.csv.delimiter}“ mellem felterne.{no_sheet}"
    )
    name = f"{source.source}_<udtræksdato>{period}[_<afsender>][_v<N>].<type>"
    rows.append(["Filnavn", name, "", "", written])
    return rows


def _csv_bytes(source: Source) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=source.csv.delimiter, lineterminator="\r\n")
    writer.writerows(_table(source))
    # a byte-order mark, so that a spreadsheet keeps to UTF-8 when it saves
    encoding = "utf-8-sig" if source.csv.encoding == "utf-8" else source.csv.encoding
    return buffer.getvalue().encode(encoding)


def _workbook(source: Source) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False,
               "in_memory": True}  # fmt: skip
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": _CREATED})  # the same bytes whenever it is written
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        data = book.add_worksheet("Data")
        headings, example = _table(source)
        data.set_column(0, len(headings) - 1, 20, text)
        data.write_row(0, 0, headings, bold)
        for place, value in enumerate(example):
            data.write_string(1, place, value, text)
        data.freeze_panes(1, 0)
        help_sheet = book.add_worksheet("Forklaring")
        help_sheet.set_column(0, 3, 28, wrapped)
        help_sheet.set_column(4, 4, _WIDTHS["Forklaring"], wrapped)
        for number, row in enumerate(_explanations(source)):
            for place, value in enumerate(row):
                help_sheet.write_string(
                    number, place, escape_formula(value), bold if number == 0 else wrapped
                )
    return buffer.getvalue()


def write_template(source: str, folder: Path) -> list[Path]:
    """Write ``<source>_skabelon.csv`` and ``.xlsx``; a file that was filled in is left alone.

    Args:
        source: a declared source.
        folder: where to; made if missing.

    Returns:
        the two files.

    Raises:
        UsageError: no such source, or a file of that name that is no empty template.
    """
    declared = load_sources().get(source)
    if declared is None:
        raise UsageError(
            "kilden findes ikke", remedy="vælg en af: " + ", ".join(sorted(load_sources()))
        )
    files.make_dir(folder, files.DIR_PUBLIC)
    contents = {
        folder / f"{source}_skabelon.csv": _csv_bytes(declared),
        folder / f"{source}_skabelon.xlsx": _workbook(declared),
    }
    for path, data in contents.items():
        if path.exists() and path.read_bytes() != data:
            raise UsageError(
                f"{path.name} findes allerede og er ikke en tom skabelon",
                remedy="flyt filen, eller vælg en anden mappe med --folder",
            )
    return [files.write_atomic(path, data, files.FILE_PUBLIC) for path, data in contents.items()]
