"""parquet: columns of text, days and decimals; any other type is a guess of the sender's tool.

A parquet file holds statistics about itself that may be false: the number of nulls of a column, its
least and greatest value. An engine that relies on them skips data that it never read. So the values
alone are copied, into a file of our own, and only that file is queried. A process of its own does
it (``parquet_reader``): libraries of this format are known to end their process on a broken file.

Rules: I.formats.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.formats import parquet_reader
from dagster_project.lib.receiving.formats.landed import (
    Landed,
    check_headings,
    landed_text,
)
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.judging.causes import expected
from dagster_project.lib.receiving.judging.declarations import Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.patterns import read_pattern
from dagster_project.lib.warehouse.literals import literal

# what a library does to its process when a file breaks it
_BY_THE_FILE = {
    signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP,
}  # fmt: skip


def land_parquet(path: Path, source: Source, spill: Spill) -> Landed:
    """The landed form of a parquet file.

    Args:
        path: the received bytes, as the parser is shown them.
        source: its declaration.
        spill: where the file of our own stands.

    Raises:
        FileRefusedError: ``FILE_FORMAT``, ``FILE_LIMIT``, ``FILE_ENCODING``, ``FILE_EMPTY``,
            ``HEADER_…``, ``CELL_TYPE`` for a column that is neither text nor, of days or numbers,
            ``date32`` or ``decimal``; one that is all null may have no type.
        EffektError: ``READER_ENDED``, the machine ended the process; no fault of the file.
        OSError: the disk is full or broken.
    """
    target = spill.new_copy()
    said = _read(path, target, source, spill)
    if said["fault"] == "disk":
        raise OSError(said["errno"], os.strerror(said["errno"]))
    if said["fault"] == "limit":
        raise FileRefusedError(Finding("FILE_LIMIT", detail=said["why"]))
    if said["fault"] == "text":
        raise FileRefusedError(Finding("FILE_ENCODING"))
    if said["fault"]:
        raise FileRefusedError(Finding("FILE_FORMAT"))
    check_headings(said["headings"], source)
    if said["wrong"]:
        raise FileRefusedError(*(_wrong(heading, kind, source) for heading, kind in said["wrong"]))
    if said["rows"] == 0 and not source.may_be_empty:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    relation = f"read_parquet({literal(str(target))})"
    filled = " or ".join(f"{landed_text(at)} <> ''" for at in range(len(said["headings"])))
    return Landed(
        f"(from {relation} where {filled})", said["headings"], None,
        row_count_with_empty=said["rows"],
    )  # fmt: skip


def _wrong(heading: str, kind: str, source: Source) -> Finding:
    """A column of a type that is not exact, and what it was made of."""
    column = next((one for one in source.columns if heading in one.headings), None)
    wanted = column.type if column else "benefit_code"  # a week's
    is_number = kind in ("whole", "float", "decimal")
    if wanted == "cpr" and is_number:
        cause = "number_cpr"
    elif wanted == "number" and is_number:
        cause = "number_float"
    elif wanted in ("date", "month") and kind == "moment":
        cause = "evening"
    elif wanted == "month" and kind in ("day", "time"):
        cause = "date_month"
    elif wanted == "date" and kind == "time":
        cause = "clock"
    else:
        cause = "number_text" if is_number and wanted != "date" else "other"
    detail = expected(column, source) if column else ""
    return Finding("CELL_TYPE", heading, detail=wanted, cause=cause, expected=detail)


def _wanted(source: Source) -> parquet_reader.Wanted:
    """What the columns may be beside text."""
    exact = {"date": "day", "number": "decimal"}
    return {
        "exact": {
            heading: exact[column.type]
            for column in source.columns
            if column.type in exact
            for heading in column.headings
        },
        "ignored": list(source.ignore_columns),
        "day": list((source.day_pattern or read_pattern("YYYY-MM-DD", "day")).parts),
        "decimal": source.csv.decimal,
    }


def _read(path: Path, target: Path, source: Source, spill: Spill) -> dict[str, Any]:
    """The process's report on the file."""
    limits = source.limits.model_dump(
        include={"max_rows", "max_bytes", "max_columns", "max_cell_chars", "max_unpack_ratio"}
    )
    # -P: no module is taken from the current folder, which may be that of a received file
    command = [sys.executable, "-P", parquet_reader.__file__, str(path), str(target)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [*command, json.dumps(limits), json.dumps(_wanted(source))],
        env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},
        pass_fds=spill.handles,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # may quote cells
        check=False,
    )
    if done.returncode or not done.stdout:
        raise _ended(done.returncode)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _ended(returncode: int) -> Exception:
    """Why the process printed nothing: a signal that a file causes, or one from the machine."""
    if -returncode in _BY_THE_FILE:
        return FileRefusedError(Finding("FILE_FORMAT"))
    if -returncode == signal.SIGXCPU:
        limit = f"sekunder: {parquet_reader.CPU_SECONDS}"
        return FileRefusedError(Finding("FILE_LIMIT", detail=limit))
    return EffektError(
        "READER_ENDED",
        f"processen, der læser parquet-filer, blev afbrudt af maskinen ({returncode})",
        remedy="se efter, at den kan begynde og har hukommelse nok, og kør igen; filen venter "
        "i landing/",
    )
