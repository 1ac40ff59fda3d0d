"""A home with every source in it, a contract past its retention, and somebody to forget."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from dagster_project.lib import receiving, warehouse
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.receiving.loading.load import load_deliveries
from dagster_project.settings import Home, Settings
from tests.faults import corpus
from tests.life.world import TERMS
from tests.unit.receiving import homes

NUMBER = "6101901234"
OTHERS = ("6202901235", "9112851236", "7002881237")
AS_OF = dt.date(2026, 3, 1)
RETENTION = 'retention: {years: 1, clause: "prøve"}\n'
Rows = list[list[str]]


def settings_of(home: Home, as_of: dt.date = AS_OF, retention: str = RETENTION) -> Settings:
    """The home's settings; its one contract is past its retention unless told otherwise."""
    folder = home.root / "contracts"
    folder.mkdir(exist_ok=True)
    text = TERMS.replace("RATE", "1000").replace("livet", corpus.CONTRACT)
    (folder / f"{corpus.CONTRACT}.yml").write_text(text + retention, "utf-8")
    return Settings(home, folder, as_of, "Prøveby")


def land(
    home: Home, source: str, rows: Iterable[list[str]] | None = None, *, day: str = "2024-02-01",
    headings: list[str] | None = None, file_format: str = "csv",
) -> None:  # fmt: skip
    """A file of a source, with the corpus' rows unless others are given."""
    own, all_rows = corpus.TABLES[source]
    data = _BYTES[file_format](headings or own, list(all_rows if rows is None else rows))
    homes.land(home, f"{source}_{day}{corpus.WINDOWS.get(source, '')}.{file_format}", data)


def _parquet(headings: list[str], rows: Rows) -> bytes:
    columns = [[value or None for value in column] for column in zip(*rows, strict=True)]
    return corpus.parquet_bytes(headings, columns)


_BYTES: dict[str, Callable[[list[str], Rows], bytes]] = {
    "csv": corpus.csv_bytes, "xlsx": corpus.xlsx_bytes, "parquet": _parquet,
}  # fmt: skip


def of_others(rows: Iterable[list[str]], course: str = "F-001") -> Rows:
    """Rows that are neither about the person nor about their course."""
    about = (NUMBER, f"{NUMBER[:6]}-{NUMBER[6:]}", course)
    return [row for row in rows if not any(cell in about for cell in row)]


def loaded(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """The raw rows that a fresh warehouse gets from the vault, without the row's place."""
    shutil.rmtree(home.work, ignore_errors=True)
    home.ensure()
    with warehouse.connect(home.warehouse) as connection:
        warehouse.create_raw(connection)
        load_deliveries(connection, home)
    return {table: homes.rows(home, table) for table in homes.TABLES}


def row_hmacs(home: Home, source: str, rows: Iterable[int]) -> dict[int, str]:
    """Keyed hashes of rows of the one delivery of a source."""
    from dagster_project.lib.receiving.intake.register import load_register

    (record,) = [one for one in load_register(home).accepted() if one.source == source]
    return receiving.row_hmacs(home, record.sha256, source, rows)


def stored(home: Home) -> dict[str, bytes]:
    """Every file of the home by its path."""
    return {
        str(path.relative_to(home.root)): path.read_bytes()
        for path in sorted(home.root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def told(value: object) -> str:
    """Anything as a text that two runs can be compared by."""
    return canonical_json(value)
