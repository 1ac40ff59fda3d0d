"""xlsx: one sheet of plain cells; anything a workbook can do beyond that is refused.

What belongs here: sheets and rows. What does not: the untrusted container (``xlsx_container``),
what a cell says (``xlsx_cells``). Only the strings, the styles and the one sheet of a weighed
package are parsed, row by row; cells that a sparse sheet leaves out stay unmade.

Rules: I.formats, I.headings, I.empty_rows, I.places, F.hostile.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib.receiving.formats.headings import not_found
from dagster_project.lib.receiving.formats.landed import (
    SEPARATOR,
    Landed,
    check_headings,
    count_headings,
    csv_relation,
    heading_at,
    normalised,
)
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.formats.xlsx_cells import NUMBER, Cell, cell_text
from dagster_project.lib.receiving.formats.xlsx_container import (
    Package,
    limit_error,
    merged_rows,
    weigh,
)
from dagster_project.lib.receiving.judging.causes import expected
from dagster_project.lib.receiving.judging.declarations import Column, Source
from dagster_project.lib.receiving.judging.findings import (
    FileRefusedError,
    Finding,
    merged,
    rows_finding,
)
from dagster_project.lib.receiving.judging.places import Places

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_PLACE_IN_TABLE = re.compile(r"\s*[0-9]+\s*", re.ASCII)
# what the format itself can hold
_SHEET_ROWS = 1_048_576
_SHEET_COLUMNS = 16_384
_FAULTS_SHOWN = 1000


@dataclass(frozen=True)
class _Book:
    """An opened workbook: the texts, formats, place and number (from 1) of the sheet to read."""

    package: zipfile.ZipFile
    sheet_path: str
    merged: Sequence[tuple[int, int]]
    number: int
    parser: dict[str, Any] = field(default_factory=dict)


def _open(path: Path, source: Source) -> _Book:
    """The weighed workbook; no other sheet, link, picture or property of it is parsed."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet

    data = io.BytesIO(path.read_bytes())
    package = Package(data)
    weigh(package, path.stat().st_size, source)
    reader = ExcelReader(data, read_only=True, keep_links=False)
    reader.archive = package
    reader.read_manifest()
    strings = _read_strings(reader)
    reader.read_workbook()
    book: Any = reader.wb
    apply_stylesheet(reader.archive, book)
    parser = {
        "shared_strings": strings,
        "epoch": book.epoch,
        "date_formats": book._date_formats,
        "timedelta_formats": book._timedelta_formats,
    }
    number, sheet_path = _choose_sheet(
        reader.parser.find_sheets(),
        source,
        lambda place: _first_texts(_Book(reader.archive, place, (), 0, parser), source),
    )
    merged = merged_rows(reader.archive, sheet_path)
    return _Book(reader.archive, sheet_path, merged, number, parser)


def _read_strings(reader: Any) -> list[str]:
    """The texts that cells name by their number (``read_strings`` of openpyxl loses escapes)."""
    from openpyxl.cell.text import Text
    from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
    from openpyxl.xml.functions import iterparse

    part = reader.package.find(SHARED_STRINGS)
    if part is None:
        return []
    found = []
    with reader.archive.open(part.PartName[1:]) as stream:
        for _, node in iterparse(stream):
            if node.tag == f"{{{SHEET_MAIN_NS}}}si":
                text: Any = Text.from_tree(node)
                found.append(_unescaped(text.content))
                node.clear()
    return found


def _unescaped(text: str) -> str:
    """``_x000D_`` stands for the character of that number, ``_x005F_`` for its own first one."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _choose_sheet(
    sheets: Iterable[tuple[Any, Any]], source: Source, first_texts: Callable[[str], set[str]]
) -> tuple[int, str]:
    """Number and path of the declared sheet, else of the only one with the source's headings.

    Where no sheet has them, the first one is read, so that what it lacks is told.

    Args:
        sheets: (sheet, relation) in the order of the workbook.
        source: its declaration.
        first_texts: texts in the first row of the sheet at a path.

    Raises:
        FileRefusedError: ``SHEET_AMBIGUOUS``, ``FILE_FORMAT``.
    """
    found = [
        (number, str(relation.target), sheet.state == "visible", sheet.name)
        for number, (sheet, relation) in enumerate(sheets, start=1)
        if relation.Type.endswith("/worksheet")
    ]
    if source.sheet is not None:
        named = [(number, place) for number, place, _, name in found if name == source.sheet]
        if len(named) == 1:
            return named[0]
    elif found:
        having = [one for one in found if _has_headings(first_texts(one[1]), source)]
        if len(having) > 1 or not all(is_visible for *_, is_visible, _ in having):
            numbers = ", ".join(str(number) for number, *_ in having)
            raise FileRefusedError(Finding("SHEET_AMBIGUOUS", detail=f"ark nr. {numbers}"))
        number, place, *_ = (having or found)[0]
        return number, place
    raise FileRefusedError(Finding("FILE_FORMAT", detail=f"ark: {source.sheet or 1}"))


def _has_headings(texts: set[str], source: Source) -> bool:
    return all(
        texts.intersection(column.headings) for column in source.columns if column.must_be_present
    )


def _first_texts(book: _Book, source: Source) -> set[str]:
    """Texts in the header row of a sheet; none of a sheet that cannot be read."""
    try:
        _, cells = next(_rows(book, source))
    except (FileRefusedError, StopIteration):
        return set()
    return set(_texts_of(cells))


def _texts_of(cells: Sequence[Cell]) -> list[str]:
    return [cell["value"] for cell in cells if cell["data_type"] in ("s", "inlineStr")]


def _sheet_parser() -> Any:
    """The parser of a sheet (openpyxl, imported late), exact where that one guesses or rounds."""
    from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

    class _Parser(WorkSheetParser):
        def parse_cell(self, element: Any) -> Cell:
            kind, raw = element.get("t", "n"), element.findtext(VALUE_TAG)
            if kind == "s" and raw and not _PLACE_IN_TABLE.fullmatch(raw):
                raise FileRefusedError(Finding("FILE_FORMAT", detail="tekstnummer"))
            if kind == "n" and raw and not NUMBER.fullmatch(raw):
                element.set("t", "e")  # Python reads more as a number than a workbook may say
            if kind == "d" and element.find(FORMULA_TAG) is None:
                element.set("t", "str")  # openpyxl would read more than a day, and less exactly
                return {**super().parse_cell(element), "data_type": "d"}
            cell: Cell = super().parse_cell(element)
            if cell["data_type"] == "d" and not _is_whole(raw):
                cell["value"] = raw  # part of a day: openpyxl rounds it
            elif cell["data_type"] == "s" and kind != "s" and isinstance(cell["value"], str):
                cell["value"] = _unescaped(cell["value"])
            return cell

        def parse_row(self, row: Any) -> Any:
            if len(row) > _SHEET_COLUMNS:
                raise limit_error(f"kolonner: {_SHEET_COLUMNS}")
            return super().parse_row(row)

    return _Parser


def _rows(
    book: _Book, source: Source, first: int | None = None
) -> Iterator[tuple[int, list[Cell]]]:
    """(sheet row number, cells with content) of the rows with content, from the header row on."""
    before, limit = 0, source.limits.max_rows
    first = first or source.header_row
    with book.package.open(book.sheet_path) as stream:
        for number, cells in _sheet_parser()(stream, **book.parser).parse():
            places = [(cell["row"], cell["column"]) for cell in cells]
            if number <= before or places != sorted({(number, column) for _, column in places}):
                raise FileRefusedError(Finding("FILE_FORMAT", detail="rækkefølge af celler"))
            before = number
            filled = [cell for cell in cells if _has_content(cell)]
            if number > _SHEET_ROWS or (filled and number > limit + source.header_row):
                raise limit_error(f"rækker: {limit}")
            if filled and number >= first:
                yield number, filled


def _is_whole(number: str | None) -> bool:
    try:
        return Decimal(number or "") % 1 == 0
    except ArithmeticError:
        return False


def _has_content(cell: Cell) -> bool:
    return cell["value"] not in (None, "") or cell["data_type"] in ("f", "e")


def _headings_of(cells: Sequence[Cell], source: Source) -> list[str]:
    width = cells[-1]["column"]
    if width > source.limits.max_columns:
        raise limit_error(f"kolonner: {source.limits.max_columns}")
    headings = [""] * width
    for cell in cells:
        if cell["data_type"] not in ("s", "inlineStr"):
            raise FileRefusedError(Finding("CELL_TYPE", detail="overskrift", cause="heading"))
        headings[cell["column"] - 1] = cell["value"]
    return headings


def land_xlsx(path: Path, source: Source, spill: Spill) -> Landed:
    """The landed form of the sheet of a workbook that has the source's headings.

    Args:
        path: the received bytes, as the parser is shown them.
        source: its declaration.
        spill: where the normalised copy stands.

    Raises:
        FileRefusedError: ``FILE_FORMAT``, ``FILE_LIMIT``, ``FILE_EMPTY``, ``HEADER_…``,
            ``SHEET_AMBIGUOUS``, ``CELL_TYPE`` in the header.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = _open(path, source)
            with book.package:
                return _land_sheet(book, source, spill.new_copy())
    except (FileRefusedError, MemoryError):
        raise
    except Exception:  # whatever a broken workbook breaks; its text may quote cells
        raise FileRefusedError(Finding("FILE_FORMAT")) from None


def _land_sheet(book: _Book, source: Source, target: Path) -> Landed:
    rows = _rows(book, source)
    header_row, header = next(rows, (0, []))
    if not header:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    is_wide = header[-1]["column"] > source.limits.max_columns
    if not is_wide and not count_headings(_texts_of(header), source):
        raise FileRefusedError(_headings_not_found(book, source, header_row))
    headings = _headings_of(header, source)
    columns = check_headings(headings, source).column_at(source)
    merged = _Merged(book.merged)
    if merged.touches(header_row):
        detail = "flettede celler i overskriften"
        raise FileRefusedError(Finding("CELL_TYPE", detail=detail, cause="merged_heading"))
    faults = _Faults()
    places, before = Places("sheet_row"), header_row
    empty = header_row - source.header_row
    limits = source.limits
    longest, most = limits.max_cell_chars, limits.max_unpacked_bytes
    with normalised(target, len(headings), longest, most) as writer:
        for number, cells in rows:
            empty += number - before - 1
            before, record = number, writer.row_count + 1
            places.note(record, number)
            _land_row(record, cells, columns, len(headings), source, writer, faults)
            if merged.touches(number):
                faults.add_row(record, "CELL_TYPE:merged")
            if faults.row_count > max(_FAULTS_SHOWN, source.max_rejected_rows):
                raise FileRefusedError(*faults.findings(source, places))
    relation = csv_relation(target, len(headings), SEPARATOR, 4 * source.limits.max_line_bytes)
    return Landed(
        relation, headings, writer.row_count, faults.rows, sheet_number=book.number,
        places=places, empty_rows=empty, cells=faults.cells,
    )  # fmt: skip


def _headings_not_found(book: _Book, source: Source, header_row: int) -> Finding:
    """What the header row of the sheet may be, from the rows around it."""
    rows = ((number, _texts_of(cells)) for number, cells in _rows(book, source, first=1))
    return not_found(rows, source, f"række {header_row} i ark nr. {book.number}")


class _Merged:
    """Whether a row lies in a merged range; rows are asked for from the top."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self._ranges = sorted(ranges)
        self._next = self._reach = 0

    def touches(self, row: int) -> bool:
        """Whether a range that begins at the row or above reaches it."""
        while self._next < len(self._ranges) and self._ranges[self._next][0] <= row:
            self._reach = max(self._reach, self._ranges[self._next][1])
            self._next += 1
        return row <= self._reach


@dataclass
class _Faults:
    """Rows that are no records, and cells of a wrong type, each with its code and cause."""

    rows: dict[int, tuple[int, str]] = field(default_factory=dict)
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    row_count: int = 0

    def add_row(self, row: int, code: str) -> None:
        """A row that is no record."""
        self.row_count += row not in self.rows
        self.rows[row] = (-1, code)

    def findings(self, source: Source, places: Places) -> tuple[Finding, ...]:
        """One finding for each column and code, as their first rows come."""
        found: dict[tuple[int, str], list[int]] = {}
        marks = list(self.rows.items())
        marks += [(row, (index, code)) for (row, index), code in self.cells.items()]
        for row, kind in sorted(marks):
            found.setdefault(kind, []).append(row)
        return merged(
            replace(
                rows_finding(code.split(":")[0], heading_at(source, index), numbers, places=places),
                cause=code.partition(":")[2],
                expected=expected(source.columns[index], source) if index >= 0 else "",
            )
            for (index, code), numbers in found.items()
        )


def _land_row(
    number: int,
    cells: Sequence[Cell],
    columns: Mapping[int, Column],
    width: int,
    source: Source,
    writer: Any,
    faults: _Faults,
) -> None:
    if cells[-1]["column"] > width:
        faults.add_row(number, "ROW_WIDTH:beside")
        writer.gap()
        return
    texts, is_bad = [""] * width, False
    for cell in cells:
        at = cell["column"] - 1
        if (column := columns.get(at)) is None:
            continue
        texts[at], code = cell_text(cell, column, source)
        if code:
            faults.cells[number, source.columns.index(column)] = code
            is_bad = True
    faults.row_count += is_bad
    writer.record(texts)
