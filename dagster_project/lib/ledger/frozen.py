"""Frozen statements: ``ledger/statements/<contract>/<YYYY-MM>.json``, written once at approval.

Beside each lies ``<YYYY-MM>.evidence.jsonl``: what stood behind every line, one line of JSON each,
by ``line_no``. It may be many times as large as the statement, which every night reads.
What belongs here: the form of the file, reading it, and loading it into ``raw.frozen_*``.
What does not: deciding that a period may be approved (``commands``).

Rules: S.frozen.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.base import files, months
from dagster_project.lib.base.canonical import canonical_json, sha256_json, sha256_text
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger.chain import (
    Event,
    evidence_file,
    frozen_file,
    is_evidence_removed,
)
from dagster_project.lib.warehouse.rows import replace_rows
from dagster_project.settings import Home

Document = dict[str, Any]

# table of raw → published table, whose rows stand under its name in the file's "published"
# section; the raw table has its columns but those that an approval decides (held by a test)
TABLES = {
    "frozen_settlement": "settlement",
    "frozen_settlement_part": "settlement_part",
    "frozen_settlement_reading": "settlement_reading",
    "frozen_settlement_true_up": "settlement_true_up",
    "frozen_line": "settlement_line",
}


def write(home: Home, document: Document) -> str:
    """Write a frozen statement durably, before its event exists.

    A file without an event (a crash between the two) is an orphan and simply replaced.

    Returns:
        The sha256 of the file's bytes, which the approving event holds.
    """
    figures = document["figures"]
    start = months.parse_month(figures["period"])
    path = frozen_file(home, figures["contract"], start)
    files.make_dir(path.parent)
    text = canonical_json(document) + "\n"
    files.write_atomic(path, text)
    files.fsync_dir(path.parent.parent)
    return sha256_text(text)


def write_evidence(
    home: Home, contract_id: str, period_start: dt.date, lines: Iterable[Document]
) -> str:
    """Write what stands behind the lines of a period durably, before its event exists.

    Returns:
        The sha256 of the file's bytes, which the approving event holds.
    """
    path = evidence_file(home, contract_id, period_start)
    files.make_dir(path.parent)
    text = "".join(canonical_json(line) + "\n" for line in lines)
    files.write_atomic(path, text)
    files.fsync_dir(path.parent.parent)
    return sha256_text(text)


def read_evidence(home: Home, event: Event) -> dict[int, Document] | None:
    """What stood behind each line when it was approved, by ``line_no``.

    Returns:
        null where the approval stored none (before format 2), or where it was removed (F.purge).

    Raises:
        EffektError: ``LEDGER_BROKEN`` if the file is missing or altered.
    """
    if event.evidence_sha256 is None:
        return None
    path = evidence_file(home, event.contract_id, event.period_start)
    if not path.exists() and is_evidence_removed(home, event):
        return None
    try:
        text = path.read_text(encoding="utf-8")
        told = [json.loads(line) for line in text.split("\n")[:-1]]
        found = {int(line.pop("line_no")): line for line in told}
        is_same = sha256_text(text) == event.evidence_sha256
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_same = False
    if not is_same:
        raise _broken(home, path, event)
    return found


def read(home: Home, event: Event) -> Document:
    """The frozen statement that an approving event names.

    Raises:
        EffektError: ``LEDGER_BROKEN`` if the file is missing, altered or not what was approved.
    """
    path = frozen_file(home, event.contract_id, event.period_start)
    try:
        text = path.read_text(encoding="utf-8")
        document: Document = json.loads(text)
        is_same = sha256_text(text) == event.frozen_sha256
        is_hashed = sha256_json(document["figures"]) == event.statement_sha256
    except (OSError, ValueError, KeyError, TypeError):
        is_same = is_hashed = False
    if not (is_same and is_hashed):
        raise _broken(home, path, event)
    return document


def _broken(home: Home, path: Path, event: Event) -> EffektError:
    return EffektError(
        "LEDGER_BROKEN",
        f"{path.relative_to(home.root)} er ikke det, som linje {event.sequence} godkendte",
        remedy="læg ledger/ tilbage fra sikkerhedskopien, og kør igen",
    )


def load(connection: duckdb.DuckDBPyConnection, documents: Iterable[Document]) -> dict[str, int]:
    """Replace the contents of ``raw.frozen_*`` by these statements; rows written by table."""
    rows: dict[str, list[Mapping[str, Any]]] = {table: [] for table in TABLES}
    for document in documents:
        for table, section in TABLES.items():
            rows[table].extend(document["published"][section])
    return {f"raw.{table}": replace(connection, table, found) for table, found in rows.items()}


def replace(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Replace the rows of a raw table by JSON rows; keys that the table lacks are left out."""
    described = connection.execute(f"describe raw.{table}").fetchall()
    columns = [str(column[0]) for column in described]
    kept = [{name: row.get(name) for name in columns} for row in rows]
    return replace_rows(connection, f"raw.{table}", kept)
