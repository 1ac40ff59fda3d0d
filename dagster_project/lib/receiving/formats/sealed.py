"""The sealed copy of a delivery: its landed texts, the rows of forgotten persons empty and marked.

What belongs here: the form of such a copy, writing and landing it. What does not: whose rows are
forgotten (``lib/person``), and which delivery has a copy (``intake.register``).

The first line is a JSON object with the headings as they landed. Each further line is a record, in
the order and the number of the delivery's: a mark, then the texts, U+001F between them, nothing
quoted. The texts are those that the delivery's own format gave, so that the declaration of its
source reads them as it read the delivery, whatever that was.

Rules: F.forget.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import duckdb

from dagster_project.lib.receiving.formats.landed import SEPARATOR, Landed, landed_text
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.warehouse.literals import literal

MARK = "x"
_FORM = 1
_BATCH = 10_000
# what a text of a landed file may not hold here (``landed.normalised`` writes the same for it)
_UNSAFE = "[\\x00\\n\\r\\x1f]"
_REPLACEMENT = "\ufffd"


def write_sealed(
    connection: duckdb.DuckDBPyConnection, landed: Landed, rows: Collection[int], target: IO[bytes]
) -> int:
    """Write the sealed copy of a landed delivery.

    Args:
        connection: a parser of ``engine.open_parser``.
        landed: the delivery, landed with a column for each heading.
        rows: row numbers that become empty; those that are empty already stay so.
        target: what is written to.

    Returns:
        how many rows the copy marks.

    Raises:
        ValueError: the delivery has no such row.
    """
    empty = landed.forgotten | set(rows)
    texts = ", ".join(
        f"regexp_replace({landed_text(place)}, '{_UNSAFE}', '{_REPLACEMENT}', 'g')"
        for place in range(len(landed.headings))
    )
    gap = MARK + SEPARATOR * len(landed.headings)
    cursor = connection.execute(
        f"select array_to_string([{texts}], chr(31)) from {landed.relation}"
    )
    number = 0
    target.write(f"{_header(landed.headings)}\n".encode())
    while batch := cursor.fetchmany(_BATCH):
        lines = []
        for (joined,) in batch:
            number += 1
            lines.append(gap if number in empty else SEPARATOR + joined)
        target.write("".join(f"{line}\n" for line in lines).encode())
    if empty and not 1 <= min(empty) <= max(empty) <= number:
        raise ValueError("the delivery has no such row")
    return len(empty)


def _header(headings: Collection[str]) -> str:
    return json.dumps({"sealed": _FORM, "headings": list(headings)}, sort_keys=True)


def land_sealed(path: Path) -> Landed:
    """The landed form of a sealed copy.

    Raises:
        FileRefusedError: ``FILE_FORMAT``: it is none.
    """
    empty, number, longest = set(), 0, 0
    with path.open("rb") as handle:
        headings = _headings_of(handle.readline())
        for number, line in enumerate(handle, start=1):
            longest = max(longest, len(line))
            if line.startswith(MARK.encode()):
                empty.add(number)
    columns = {"mark": "varchar", **{f"h{place}": "varchar" for place in range(len(headings))}}
    declared = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    relation = (
        f"read_csv({literal(str(path))}, auto_detect = false, header = false, skip = 1,"
        f" delim = {literal(SEPARATOR)}, quote = '', escape = '', comment = '',"
        f" columns = {{{declared}}}, strict_mode = true, null_padding = false,"
        f" max_line_size = {max(2 * longest, 4096)}, nullstr = '')"
    )
    return Landed(relation, headings, number, forgotten=empty)


def _headings_of(line: bytes) -> list[str]:
    try:
        said: Any = json.loads(line)
        if said["sealed"] == _FORM:
            return [str(heading) for heading in said["headings"]]
    except (ValueError, KeyError, TypeError):
        pass
    raise FileRefusedError(Finding("FILE_FORMAT"))
