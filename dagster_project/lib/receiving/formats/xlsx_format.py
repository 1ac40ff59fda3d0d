"""xlsx: one sheet of plain cells; anything a workbook can do beyond that is refused.

What belongs here: the untrusted container (zip, XML, links, macros) and the types of cells. What
does not: the grammar of values. The package is weighed before any part is parsed (F.after):
the number of its elements bounds the memory and the time that parsing takes. Only the strings, the
styles and the one sheet are parsed, row by row; cells that a sparse sheet leaves out stay unmade.

Rules: I.formats, F.hostile.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib.receiving.formats.landed import (
    SEPARATOR,
    Landed,
    check_headings,
    csv_relation,
    normalised,
)
from dagster_project.lib.receiving.judging.declarations import Column, Limits, Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding, rows_finding

_Cell = dict[str, Any]  # row, column, value, data_type: as openpyxl's parser gives it

_FORBIDDEN = re.compile(
    r"externallinks/|vbaproject|activex/|embeddings/|ctrlprops/|macrosheets/|dialogsheets/"
    r"|querytables/|connections\.xml|oleobject|\.bin$|webextensions/",
    re.IGNORECASE,
)
# ordinary workbooks have printer settings and thumbnails, which do no harm
_HARMLESS = re.compile(r"^xl/printersettings/|^docprops/", re.IGNORECASE)
_MARKUP_TRICKS = re.compile(rb"<!DOCTYPE|<!ENTITY|<ddeLink|<oleLink", re.IGNORECASE)
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_OUTSIDE = re.compile(rb"TargetMode\s*=\s*[\"']External", re.IGNORECASE)
# a mail address or web address that a program made a link of stays text; it is not followed
_HYPERLINK = re.compile(rb"/hyperlink[\"']", re.IGNORECASE)
_CELL_ELEMENT = re.compile(rb"<(?:\w+:)?(?:c|v|t|is|si|row)[\s/>]")
_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\b[^>]*?\bref\s*=\s*[\"']\s*\$?[A-Z]+\$?(\d+)"
    rb"(?:\s*:\s*\$?[A-Z]+\$?(\d+))?\s*[\"']",
    re.IGNORECASE,
)
# a comment, a processing instruction or a CDATA section, and where it ends
_SECTIONS = {b"<!--": b"-->", b"<?": b"?>", b"<![CDATA[": b"]]>"}
_SECTION = re.compile(b"|".join(map(re.escape, _SECTIONS)))
_STRICT = re.compile(rb"purl\.oclc\.org/ooxml/spreadsheetml/main")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_ISO_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0+)?Z?)?", re.ASCII)
_NUMBER = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*", re.ASCII)
_PLACE_IN_TABLE = re.compile(r"\s*[0-9]+\s*", re.ASCII)
_XML_NAMES = (".xml", ".rels", ".vml")
_XML_STARTS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_RATIO_MATTERS_FROM = 10_000_000
_FIRST_SERIAL_DAY = dt.date(1900, 3, 1)
_CHUNK = 1 << 20
_LONGEST_TAG = 1 << 16
_LONGEST_SECTION = 1 << 16
# what the format itself can hold
_SHEET_ROWS = 1_048_576
_SHEET_COLUMNS = 16_384
_FAULTS_SHOWN = 1000


def _limit(detail: str) -> FileRefusedError:
    return FileRefusedError(Finding("FILE_LIMIT", detail=detail))


def _weigh(package: _Package, size: int, source: Source) -> None:
    """The package is small, holds only parts of a plain workbook, and no entities, DDE or links."""
    limits, parts = source.limits, package.infolist()
    if len(parts) > limits.max_parts:
        raise _limit(f"dele: {limits.max_parts}")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.max_unpacked_bytes:
        raise _limit(f"udpakket: {limits.max_unpacked_bytes} byte")
    if unpacked > _RATIO_MATTERS_FROM and unpacked > limits.max_unpack_ratio * size:
        raise _limit(f"pakningsgrad: {limits.max_unpack_ratio}")
    if len({part.filename for part in parts}) != len(parts):
        raise FileRefusedError(Finding("FILE_FORMAT", detail="to dele med samme navn"))
    elements, weighed = _Elements(limits), set()
    for part in parts:
        if part.flag_bits & 1:
            raise FileRefusedError(Finding("FILE_FORMAT", detail="adgangskode"))
        if _FORBIDDEN.search(part.filename) and not _HARMLESS.search(part.filename):
            raise _limit("makroer, indlejrede objekter eller links til andre filer")
        if _look_through(package, part, elements):
            weighed.add(part.filename)
    package.weighed = weighed


class _Package(zipfile.ZipFile):
    """An xlsx file of which only those parts can be parsed that were looked through."""

    weighed: set[str] | None = None

    def open(self, name: Any, mode: Any = "r", *args: Any, **more: Any) -> Any:
        """Open a part, as ``zipfile`` does.

        Raises:
            FileRefusedError: ``FILE_LIMIT``, the part was not recognised as XML when it was
            weighed.
        """
        plain = name.filename if isinstance(name, zipfile.ZipInfo) else name
        if self.weighed is not None and plain in self.NameToInfo and plain not in self.weighed:
            raise _limit("XML i et andet tegnsæt")
        return super().open(name, mode, *args, **more)


@dataclass
class _Elements:
    """How many XML elements the package has: each costs the parser memory and time."""

    limits: Limits
    cells: int = 0
    others: int = 0

    def count(self, data: bytes) -> None:
        """Add a piece that ends before a tag."""
        cells = sum(1 for _ in _CELL_ELEMENT.finditer(data))
        self.cells += cells
        self.others += data.count(b"<") - data.count(b"</") - cells
        if self.cells > self.limits.max_cell_elements:
            raise _limit(f"celler og tekster: {self.limits.max_cell_elements}")
        if self.others > self.limits.max_other_elements:
            raise _limit(f"formater og andre elementer: {self.limits.max_other_elements}")


def _pieces(package: zipfile.ZipFile, part: zipfile.ZipInfo | str) -> Iterator[bytes]:
    """A part in pieces that no tag is cut by (except one longer than ``_LONGEST_TAG``)."""
    carry = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            data = carry + chunk
            cut = data.rfind(b"<")
            whole = cut <= 0 or len(data) - cut > _LONGEST_TAG
            carry = b"" if whole else data[cut:]
            yield data if whole else data[:cut]
    yield carry


def _look_through(package: zipfile.ZipFile, part: zipfile.ZipInfo, elements: _Elements) -> bool:
    """Refuse a part that is XML, whatever its name, for entities, DDE or links to other files.

    Returns:
        whether it is XML; a part that is not is never parsed (``_Package``).
    """
    is_xml = part.filename.lower().endswith(_XML_NAMES)
    section = _Section()
    for piece in _pieces(package, part):
        if not is_xml and (start := piece.lstrip()):
            if not start.startswith(_XML_STARTS):
                return False
            is_xml = True
        section.follow(piece)
        if len(piece) >= _CHUNK and piece.rfind(b"<") <= 0:
            raise _limit(f"tekst eller tag: {_CHUNK} byte")
        if b"\0" in piece:
            raise _limit("XML i et andet tegnsæt")
        if _MARKUP_TRICKS.search(piece):
            raise _limit("XML-entiteter eller DDE")
        for tag in _RELATIONSHIP.findall(piece):
            if _OUTSIDE.search(tag) and not _HYPERLINK.search(tag):
                raise _limit("links til andre filer")
        if _STRICT.search(piece):
            raise FileRefusedError(Finding("FILE_FORMAT", detail="Strict Open XML"))
        elements.count(piece)
    return is_xml


@dataclass
class _Section:
    """A comment, instruction or CDATA section, which may hold tags and is one piece to a parser.

    A parser looks at an unfinished piece from its start each time that more of it comes.
    """

    end: bytes | None = None
    length: int = 0

    def follow(self, data: bytes) -> None:
        """Go through the next piece of the part, which may begin or end one."""
        at = 0
        while True:
            if self.end is None:
                if (found := _SECTION.search(data, at)) is None:
                    return
                at, self.end, self.length = found.end(), _SECTIONS[found[0]], 0
            stop = data.find(self.end, at)
            self.length += (len(data) if stop < 0 else stop) - at
            if self.length > _LONGEST_SECTION:
                raise _limit(f"kommentar eller lignende: {_LONGEST_SECTION} byte")
            if stop < 0:
                return
            at, self.end = stop + len(self.end), None


def _merged_rows(package: zipfile.ZipFile, sheet_path: str) -> list[tuple[int, int]]:
    """Stretches of sheet rows (1 = first) that merged ranges touch, in order, apart."""
    found: set[tuple[int, int]] = set()
    for piece in _pieces(package, sheet_path):
        found.update((int(m[1]), int(m[2] or m[1])) for m in _MERGED.finditer(piece))
    apart: list[tuple[int, int]] = []
    for first, last in sorted(found):
        start = max(first, apart[-1][1] + 1) if apart else first
        if start <= last:
            apart.append((start, last))
    return apart


def _number_text(value: int | float, decimal: str) -> str:
    if isinstance(value, int):
        return str(value)
    exact = Decimal(repr(value))
    if exact == exact.to_integral_value():
        return str(int(exact))
    return format(exact, "f").replace(".", decimal)


def _cell_text(cell: _Cell, column: Column, source: Source) -> tuple[str, str | None]:
    """(landed text, code) of one cell."""
    value, kind = cell["value"], cell["data_type"]
    wanted = column.type
    if value is None or value == "":
        return "", "CELL_TYPE" if kind in ("f", "e") else None
    if kind in ("s", "inlineStr") and isinstance(value, str):
        return value, None
    if kind == "d" and wanted == "date":
        return _date_text(value)
    if kind == "n" and wanted == "number" and type(value) in (int, float):
        return _number_text(value, source.csv.decimal), None
    return "", "CELL_TYPE"


def _date_text(value: Any) -> tuple[str, str | None]:
    if isinstance(value, str):  # a cell that says its day in ISO form, or part of a day
        found = _ISO_DAY.fullmatch(value)
        return (found[1], None) if found else ("", "DATE_FORMAT")
    if isinstance(value, dt.datetime):
        if value.time() != dt.time(0) or value.date() < _FIRST_SERIAL_DAY:
            return "", "DATE_FORMAT"
        return value.date().isoformat(), None
    return "", "CELL_TYPE"


@dataclass(frozen=True)
class _Book:
    """An opened workbook: the texts, formats and place of the one sheet that is read."""

    package: zipfile.ZipFile
    sheet_path: str
    merged: Sequence[tuple[int, int]]
    parser: dict[str, Any] = field(default_factory=dict)


def _open(path: Path, source: Source) -> _Book:
    """The weighed workbook; no other sheet, link, picture or property of it is parsed."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet

    data = io.BytesIO(path.read_bytes())
    package = _Package(data)
    _weigh(package, path.stat().st_size, source)
    reader = ExcelReader(data, read_only=True, keep_links=False)
    reader.archive = package
    reader.read_manifest()
    strings = _read_strings(reader)
    reader.read_workbook()
    book: Any = reader.wb
    apply_stylesheet(reader.archive, book)
    sheet_path = _choose_sheet(reader.parser.find_sheets(), source)
    return _Book(
        reader.archive,
        sheet_path,
        _merged_rows(reader.archive, sheet_path),
        {
            "shared_strings": strings,
            "epoch": book.epoch,
            "date_formats": book._date_formats,
            "timedelta_formats": book._timedelta_formats,
        },
    )


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


def _choose_sheet(sheets: Iterable[tuple[Any, Any]], source: Source) -> str:
    """Path of the declared or first sheet."""
    for sheet, relation in sheets:
        if source.sheet is None or sheet.name == source.sheet:
            if not relation.Type.endswith("/worksheet"):
                raise FileRefusedError(Finding("FILE_FORMAT", detail="ark"))
            return str(relation.target)
    raise FileRefusedError(Finding("FILE_FORMAT", detail=f"ark: {source.sheet or 1}"))


def _sheet_parser() -> Any:
    """The parser of a sheet (openpyxl, imported late), exact where that one guesses or rounds."""
    from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

    class _Parser(WorkSheetParser):
        def parse_cell(self, element: Any) -> _Cell:
            kind, raw = element.get("t", "n"), element.findtext(VALUE_TAG)
            if kind == "s" and raw and not _PLACE_IN_TABLE.fullmatch(raw):
                raise FileRefusedError(Finding("FILE_FORMAT", detail="tekstnummer"))
            if kind == "n" and raw and not _NUMBER.fullmatch(raw):
                element.set("t", "e")  # Python reads more as a number than a workbook may say
            if kind == "d" and element.find(FORMULA_TAG) is None:
                element.set("t", "str")  # openpyxl would read more than a day, and less exactly
                return {**super().parse_cell(element), "data_type": "d"}
            cell: _Cell = super().parse_cell(element)
            if cell["data_type"] == "d" and not _is_whole(raw):
                cell["value"] = raw  # part of a day: openpyxl rounds it
            elif cell["data_type"] == "s" and kind != "s" and isinstance(cell["value"], str):
                cell["value"] = _unescaped(cell["value"])
            return cell

        def parse_row(self, row: Any) -> Any:
            if len(row) > _SHEET_COLUMNS:
                raise _limit(f"kolonner: {_SHEET_COLUMNS}")
            return super().parse_row(row)

    return _Parser


def _rows(book: _Book, limit: int) -> Iterator[tuple[int, list[_Cell]]]:
    """(sheet row number, cells with content) of the rows with content, as they stand."""
    before = 0
    with book.package.open(book.sheet_path) as stream:
        for number, cells in _sheet_parser()(stream, **book.parser).parse():
            places = [(cell["row"], cell["column"]) for cell in cells]
            if number <= before or places != sorted({(number, column) for _, column in places}):
                raise FileRefusedError(Finding("FILE_FORMAT", detail="rækkefølge af celler"))
            before = number
            filled = [cell for cell in cells if _has_content(cell)]
            if number > _SHEET_ROWS or (filled and number > limit + 1):
                raise _limit(f"rækker: {limit}")
            if filled:
                yield number, filled


def _is_whole(number: str | None) -> bool:
    try:
        return Decimal(number or "") % 1 == 0
    except ArithmeticError:
        return False


def _has_content(cell: _Cell) -> bool:
    return cell["value"] is not None or cell["data_type"] in ("f", "e")


def _headings_of(cells: Sequence[_Cell], source: Source) -> list[str]:
    width = cells[-1]["column"]
    if width > source.limits.max_columns:
        raise _limit(f"kolonner: {source.limits.max_columns}")
    headings = [""] * width
    for cell in cells:
        if cell["data_type"] not in ("s", "inlineStr"):
            raise FileRefusedError(Finding("CELL_TYPE", detail="overskrift"))
        headings[cell["column"] - 1] = cell["value"]
    return headings


def land_xlsx(path: Path, source: Source, spill: Path) -> Landed:
    """The landed form of the first (or declared) sheet of a workbook.

    Args:
        path: the received bytes under a name of our own.
        source: its declaration.
        spill: private folder for the normalised copy.

    Raises:
        FileRefusedError: ``FILE_FORMAT``, ``FILE_LIMIT``, ``FILE_EMPTY``, ``HEADER_…``,
            ``CELL_TYPE`` in the header.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = _open(path, source)
            with book.package:
                return _land_sheet(book, source, spill / f"{path.name}.landed")
    except (FileRefusedError, MemoryError):
        raise
    except Exception:  # whatever a broken workbook breaks; its text may quote cells
        raise FileRefusedError(Finding("FILE_FORMAT")) from None


def _land_sheet(book: _Book, source: Source, target: Path) -> Landed:
    rows = _rows(book, source.limits.max_rows)
    first = next(rows, None)
    if first is None or first[0] != 1:
        raise FileRefusedError(Finding("FILE_EMPTY" if first is None else "HEADER_MISSING"))
    headings = _headings_of(first[1], source)
    check_headings(headings, source)
    if book.merged and book.merged[0][0] <= 1:
        raise FileRefusedError(Finding("CELL_TYPE", detail="flettede celler i overskriften"))
    declared = {column.heading: column for column in source.columns}
    columns = [declared.get(heading) for heading in headings]
    faults: dict[int, tuple[int, str]] = {}
    limits = source.limits
    longest, most = limits.max_cell_chars, limits.max_unpacked_bytes
    with normalised(target, len(headings), longest, most) as writer:
        for number, cells in rows:
            while writer.row_count < number - 2:  # rows that the sheet leaves out
                writer.gap()
            _land_row(number - 1, cells, columns, source, writer, faults)
            if len(faults) > max(_FAULTS_SHOWN, source.max_rejected_rows):
                raise FileRefusedError(*_too_many(faults))
    faults |= _merged_faults(book.merged, writer.row_count)
    relation = csv_relation(target, len(headings), SEPARATOR, 4 * source.limits.max_line_bytes)
    return Landed(relation, headings, writer.row_count, faults)


def _merged_faults(merged: Sequence[tuple[int, int]], row_count: int) -> dict[int, tuple[int, str]]:
    """A fault for every record that a merged range touches."""
    return {
        row - 1: (-1, "CELL_TYPE")
        for first, last in merged
        for row in range(first, min(last, row_count + 1) + 1)
    }


def _too_many(faults: dict[int, tuple[int, str]]) -> list[Finding]:
    """One finding for each code, in the order of the rows."""
    rows: dict[str, list[int]] = {}
    for row, (_, code) in sorted(faults.items()):
        rows.setdefault(code, []).append(row)
    return [rows_finding(code, None, numbers) for code, numbers in rows.items()]


def _land_row(
    number: int,
    cells: Sequence[_Cell],
    columns: Sequence[Column | None],
    source: Source,
    writer: Any,
    faults: dict[int, tuple[int, str]],
) -> None:
    if cells[-1]["column"] > len(columns):
        faults[number] = (-1, "ROW_WIDTH")
        writer.gap()
        return
    texts = [""] * len(columns)
    for cell in cells:
        at = cell["column"] - 1
        if (column := columns[at]) is None:
            continue
        texts[at], code = _cell_text(cell, column, source)
        if code:
            faults.setdefault(number, (source.columns.index(column), code))
    writer.record(texts)
