"""Runs a night in this process on a home of the test's own, and reads what it published."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.publishing import tables

RESTRICTED = {name for room, name in tables.declared_tables() if room == tables.RESTRICTED}


def run_night(
    home: Path,
    as_of: str,
    contracts: Path | None = None,
    *,
    without: str | tuple[str, ...] = "",
    is_earlier: bool = False,
    after: Callable[[str], None] = lambda _step: None,
) -> Any:
    """The product's night, its steps in their order without Dagster's record of them.

    Args:
        home: the home.
        as_of: business date.
        contracts: folder of contract files, if not the home's own.
        without: a step that is left out, or several.
        is_earlier: the date may lie before that of what is published.
        after: called with the name of each step that is done.
    """
    from dagster_project import settings
    from dagster_project.lib.base.errors import EffektError
    from dagster_project.orchestration import night as nightly

    day = dt.date.fromisoformat(as_of)
    resolved = settings.resolve(home, contracts, day, is_earlier=is_earlier)
    with nightly.night(resolved) as night, suppress(EffektError):
        for step in nightly.STEPS:
            if step.name in ((without,) if isinstance(without, str) else without):
                continue
            outcome = night.perform(step.name)
            after(step.name)
            if outcome.is_unchanged or outcome.failed_checks:
                break
    return night


def publish(
    home: Path,
    as_of: str,
    contracts: Path | None = None,
    *,
    documents: bool = False,
    is_earlier: bool = False,
) -> str:
    """A night that must publish with every delivery accepted and known; gives the snapshot_id.

    Args:
        home: the home.
        as_of: business date.
        contracts: folder of contract files, if not the home's own.
        documents: write statements and pages too; they change nothing that is published.
        is_earlier: the date may lie before that of what is published.
    """
    without = () if documents else ("statements", "pages")
    night = run_night(home, as_of, contracts, without=without, is_earlier=is_earlier)
    said = night.as_json()
    if said["exit_code"] or said["held"] or not said["snapshot_id"]:
        raise AssertionError(f"the night did not publish everything: {said} {night.error or ''}")
    return str(said["snapshot_id"])


def table_file(home: Path, table: str) -> Path:
    """The Parquet file of a published table in the newest snapshot."""
    room = "restricted" if table in RESTRICTED else "payout_mart"
    return (home / "published" / "current").resolve() / room / f"{table}.parquet"


def read_mart(home: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a published table; money and dates as text, as the oracle writes them."""
    connection = duckdb.connect()
    try:
        found = connection.execute("select * from read_parquet(?)", [str(table_file(home, table))])
        columns = [column[0] for column in found.description or []]
        return [
            dict(zip(columns, (as_text(value) for value in row), strict=True))
            for row in found.fetchall()
        ]
    finally:
        connection.close()


def read_marts(home: Path, tables: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Several published tables."""
    return {table: read_mart(home, table) for table in tables}


def as_text(value: Any) -> Any:
    """Decimals and dates as text; everything else as it is."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def copy_inputs(source: Path, home: Path) -> Path:
    """A fresh home with another's landing and contracts."""
    shutil.copytree(source / "landing", home / "landing")
    shutil.copytree(source / "contracts", home / "contracts")
    return home


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, so that test workers build a shared thing once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def built_once(folder: Path, name: str, build: Callable[[Path], Any]) -> tuple[Path, Any]:
    """A folder built by the first test worker that needs it, with the JSON that building gave.

    Args:
        folder: a folder that all workers of a test session share.
        name: name of the thing.
        build: makes it in the given empty folder; what it returns is kept as JSON.
    """
    place, note = folder / name, folder / f"{name}.json"
    with locked(folder / f"{name}.lock"):
        if not note.is_file():
            place.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps(build(place)), encoding="utf-8")
    return place, json.loads(note.read_text(encoding="utf-8"))
