"""Where no heading of the source stands in the header row: what was read, and what it may be.

What belongs here: looking around the header row, once nothing was found in it. What does not:
matching headings that are there (``landed.check_headings``). Nothing found here is ever used to
read the file: a file is read as it is declared. No text of the file is repeated.

Rules: I.headings.
Decides: I.headings.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from dagster_project.lib.receiving.formats.landed import count_headings
from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.judging.findings import Finding

_ROWS_LOOKED_AT = 30
_DELIMITERS = (";", ",", "\t", "|")
_NAMES = {"\t": "tabulator"}


def not_found(rows: Iterable[tuple[int, Sequence[str]]], source: Source, read: str) -> Finding:
    """The finding for rows whose header row has no heading of the source.

    Args:
        rows: (number from 1, texts) of the first rows.
        source: its declaration.
        read: which row and sheet were read, in Danish.
    """
    first = list(islice(rows, _ROWS_LOOKED_AT))
    counted = [(count_headings(texts, source), -number, number) for number, texts in first]
    most, _, number = max(counted, default=(0, 0, 0))
    if most:
        kind = "titel" if source.header_row == 1 else "header_row"
        return _finding(kind, f"{read} er læst; overskrifterne står i række {number}")
    spelled = [[text.strip().casefold() for text in texts] for _, texts in first]
    wanted = {heading.casefold() for column in source.columns for heading in column.headings}
    if any(wanted.intersection(texts) for texts in spelled):
        detail = f"{read} er læst; overskrifterne har andre store og små bogstaver eller mellemrum"
        return _finding("stavning", detail)
    return _finding("ukendt", f"{read} er læst")


def not_found_in_csv(path: Path, source: Source, line: int) -> Finding:
    """The same for a csv file, whose delimiter may be another one; ``line`` was read."""
    lines = _first_lines(path, source)
    own = source.csv.delimiter
    read = f"række {line} med „{_named(own)}“ mellem felterne"
    if lines and lines[0].casefold().startswith("sep="):
        return _finding("sep", f"{read} er læst; den siger kun, hvad der står mellem felterne")
    rows = list(enumerate((_cells(line, own) for line in lines), start=1))
    if any(count_headings(texts, source) for _, texts in rows):
        return not_found(rows, source, read)
    found = [
        (count_headings(_cells(line, other), source), -number, other)
        for other in _DELIMITERS
        for number, line in enumerate(lines, start=1)
        if other != own
    ]
    most, number, other = max(found, default=(0, 0, ""))
    if most:
        detail = f"{read} er læst; overskrifterne står i række {-number} med „{_named(other)}“"
        return _finding("skilletegn", detail)
    return not_found(rows, source, read)


def _finding(kind: str, detail: str) -> Finding:
    return Finding("HEADER_NOT_FOUND", detail=f"{kind}: {detail}")


def _named(delimiter: str) -> str:
    return _NAMES.get(delimiter, delimiter)


def _first_lines(path: Path, source: Source) -> list[str]:
    encoding = "utf-8-sig" if source.csv.encoding == "utf-8" else source.csv.encoding
    with path.open(encoding=encoding, errors="replace", newline="") as handle:
        longest = source.limits.max_line_bytes
        lines = iter(lambda: handle.readline(longest), "")
        return [line.rstrip("\r\n") for line in islice(lines, _ROWS_LOOKED_AT)]


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
