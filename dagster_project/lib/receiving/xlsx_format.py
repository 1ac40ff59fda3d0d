"""xlsx: one sheet of plain cells; anything a workbook can do beyond that is refused.

What belongs here: the hostile container (zip, XML, links, macros) and the types of cells. What does
not: the grammar of values. The package is weighed before any part is parsed (70-safety.md).
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib.receiving.declarations import Column, Source
from dagster_project.lib.receiving.findings import FileRefusedError, Finding, rows_finding
from dagster_project.lib.receiving.landed import (
    SEPARATOR,
    Landed,
    check_headings,
    csv_relation,
    normalised,
)

_FORBIDDEN = re.compile(
    r"externallinks/|vbaproject|activex/|embeddings/|ctrlprops/|macrosheets/|dialogsheets/"
    r"|querytables/|connections\.xml|oleobject|\.bin$|webextensions/",
    re.IGNORECASE,
)
# printer settings and thumbnails are harmless company of ordinary workbooks
_HARMLESS = re.compile(r"^xl/printersettings/|^docprops/", re.IGNORECASE)
_MARKUP_TRICKS = re.compile(rb"<!DOCTYPE|<!ENTITY|<ddeLink|<oleLink", re.IGNORECASE)
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="[A-Z]+(\d+)(?::[A-Z]+(\d+))?"')
_RATIO_MATTERS_FROM = 10_000_000
_FIRST_SERIAL_DAY = dt.date(1900, 3, 1)
_CHUNK = 1 << 20


def _limit(detail: str) -> FileRefusedError:
    return FileRefusedError(Finding("FILE_LIMIT", detail=detail))


def _weigh(package: zipfile.ZipFile, size: int, source: Source) -> None:
    """The package is small, holds only parts of a plain workbook, and no part plays tricks."""
    limits, parts = source.limits, package.infolist()
    if len(parts) > limits.max_parts:
        raise _limit(f"dele: {limits.max_parts}")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.max_unpacked_bytes:
        raise _limit(f"udpakket: {limits.max_unpacked_bytes} byte")
    if unpacked > _RATIO_MATTERS_FROM and unpacked > limits.max_unpack_ratio * size:
        raise _limit(f"pakningsgrad: {limits.max_unpack_ratio}")
    for part in parts:
        if part.flag_bits & 1:
            raise FileRefusedError(Finding("FILE_FORMAT", detail="adgangskode"))
        if _FORBIDDEN.search(part.filename) and not _HARMLESS.search(part.filename):
            raise _limit("makroer, indlejrede objekter eller links til andre filer")
        if part.filename.lower().endswith((".xml", ".rels")):
            _look_through(package, part)


def _look_through(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    carry = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if b"\0" in chunk:
                raise _limit("XML i et andet tegnsæt")
            if _MARKUP_TRICKS.search(carry + chunk):
                raise _limit("XML-entiteter eller DDE")
            carry = chunk[-16:]


def _merged_rows(package: zipfile.ZipFile, sheet_path: str) -> list[int]:
    """Sheet rows (1 = first) that a merged range touches."""
    rows: set[int] = set()
    carry = b""
    with package.open(sheet_path) as stream:
        while chunk := stream.read(_CHUNK):
            data = carry + chunk
            for found in _MERGED.finditer(data):
                first, last = int(found[1]), int(found[2] or found[1])
                rows.update(range(first, min(last, first + 10_000) + 1))
            carry = chunk[-200:]
    return sorted(rows)


def _number_text(value: int | float, decimal: str) -> str:
    if isinstance(value, int):
        return str(value)
    exact = Decimal(repr(value))
    if exact == exact.to_integral_value():
        return str(int(exact))
    return format(exact, "f").replace(".", decimal)


def _cell_text(cell: Any, column: Column | None, source: Source) -> tuple[str, str | None]:
    """(landed text, code) of one cell."""
    value, kind = cell.value, getattr(cell, "data_type", "n")
    wanted = column.type if column else "text"
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
    if isinstance(value, dt.datetime):
        if value.time() != dt.time(0) or value.date() < _FIRST_SERIAL_DAY:
            return "", "DATE_FORMAT"
        return value.date().isoformat(), None
    return "", "CELL_TYPE"


def _sheet_rows(sheet: Any, limit: int) -> Iterator[tuple[int, Sequence[Any]]]:
    """(sheet row number, cells) of the rows up to the last one with content."""
    waiting: list[tuple[int, Sequence[Any]]] = []
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number > limit + 1 and any(cell.value is not None for cell in cells):
            raise _limit(f"rækker: {limit}")
        if all(cell.value is None and getattr(cell, "data_type", "n") != "f" for cell in cells):
            if len(waiting) <= limit:
                waiting.append((number, ()))
            continue
        yield from waiting
        waiting.clear()
        yield number, cells


def _trimmed(cells: Sequence[Any]) -> list[Any]:
    """Cells up to the last one with content."""
    last = max((at for at, cell in enumerate(cells) if cell.value is not None), default=-1)
    return list(cells[: last + 1])


def _open(path: Path, source: Source) -> tuple[Any, Any, list[int]]:
    """Workbook, sheet and rows with merged cells."""
    try:
        with zipfile.ZipFile(path) as package:
            _weigh(package, path.stat().st_size, source)
            book = _load_book(path)
            sheet = _choose_sheet(book, source)
            return book, sheet, _merged_rows(package, sheet._worksheet_path)
    except FileRefusedError:
        raise
    except Exception:  # whatever a broken workbook breaks; its text may quote cells
        raise FileRefusedError(Finding("FILE_FORMAT")) from None


def _load_book(path: Path) -> Any:
    """The workbook, held in memory: it is small by now (``_weigh``)."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(
            io.BytesIO(path.read_bytes()), read_only=True, keep_links=False
        )


def _choose_sheet(book: Any, source: Source) -> Any:
    if source.sheet is not None and source.sheet not in book.sheetnames:
        raise FileRefusedError(Finding("FILE_FORMAT", detail=f"ark: {source.sheet}"))
    sheet = book[source.sheet] if source.sheet else book[book.sheetnames[0]]
    if not hasattr(sheet, "_worksheet_path"):
        raise FileRefusedError(Finding("FILE_FORMAT", detail="ark"))
    return sheet


def _headings_of(cells: Sequence[Any]) -> list[str]:
    headings = []
    for cell in _trimmed(cells):
        if cell.value is not None and cell.data_type not in ("s", "inlineStr"):
            raise FileRefusedError(Finding("CELL_TYPE", detail="overskrift"))
        headings.append(cell.value or "")
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
    book, sheet, merged = _open(path, source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _land_sheet(sheet, merged, source, spill / f"{path.name}.landed")
    except (FileRefusedError, MemoryError):
        raise
    except Exception:
        raise FileRefusedError(Finding("FILE_FORMAT")) from None
    finally:
        book.close()


def _land_sheet(sheet: Any, merged: Sequence[int], source: Source, target: Path) -> Landed:
    sheet.reset_dimensions()
    rows = _sheet_rows(sheet, source.limits.max_rows)
    first = next(rows, None)
    if first is None or first[0] != 1:
        raise FileRefusedError(Finding("FILE_EMPTY" if first is None else "HEADER_MISSING"))
    headings = _headings_of(first[1])
    check_headings(headings, source)
    if 1 in merged:
        raise FileRefusedError(Finding("CELL_TYPE", detail="flettede celler i overskriften"))
    declared = {column.heading: column for column in source.columns}
    columns = [declared.get(heading) for heading in headings]
    faults: dict[int, tuple[int, str]] = {row - 1: (-1, "CELL_TYPE") for row in merged}
    last = 0
    with normalised(target, len(headings)) as writer:
        for number, cells in rows:
            last = number - 1
            _land_row(number - 1, cells, columns, source, writer, faults)
            if len(faults) > max(1000, source.max_rejected_rows) + len(merged):
                raise FileRefusedError(rows_finding("CELL_TYPE", None, faults))
    faults = {row: fault for row, fault in faults.items() if row <= last}
    relation = csv_relation(target, len(headings), SEPARATOR, 4 * source.limits.max_line_bytes)
    return Landed(relation, headings, writer.row_count, faults)


def _land_row(
    number: int,
    cells: Sequence[Any],
    columns: Sequence[Column | None],
    source: Source,
    writer: Any,
    faults: dict[int, tuple[int, str]],
) -> None:
    if len(_trimmed(cells)) > len(columns):
        faults.setdefault(number, (-1, "ROW_WIDTH"))
        writer.gap()
        return
    texts = [""] * len(columns)
    for at, (cell, column) in enumerate(zip(cells, columns, strict=False)):
        texts[at], code = _cell_text(cell, column, source)
        if len(texts[at]) > source.limits.max_cell_chars:
            raise FileRefusedError(
                rows_finding(
                    "FILE_LIMIT", None, [number], f"tegn pr. celle: {source.limits.max_cell_chars}"
                )
            )
        if code:
            index = source.columns.index(column) if column else -1
            faults.setdefault(number, (index, code))
    writer.record(texts)
