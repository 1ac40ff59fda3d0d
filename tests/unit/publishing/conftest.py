"""A home whose warehouse holds every published table, small and made up."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import warehouse
from dagster_project.lib.publishing import Candidate, append_audit, build_candidate, publish
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.candidate import finish, stamped
from dagster_project.lib.publishing.tables import Table, declared_tables
from dagster_project.settings import Home, Settings

AS_OF = dt.date(2024, 5, 2)
# enough tables for every case, few enough for a hundred publishes
FEW = {
    "contract", "settlement", "payment_curve", "data_quality", "delivery", "publication",
    "settlement_history",
    "participant", "person_month", "mismatch",
}  # fmt: skip


def _value(kind: str, row: int, column: str) -> str:
    if kind == "VARCHAR":
        return f"'{column} {row}'"
    if kind == "BIGINT":
        return str(10 + row)
    if kind == "DATE":
        return f"date '2024-01-01' + interval ({row}) month"
    if kind == "BOOLEAN":
        return "false"
    if kind == "TIMESTAMP":
        return f"timestamp '2024-01-01 12:00:00' + interval ({row}) hour"
    return f"{row}.5"


def fill_table(connection: duckdb.DuckDBPyConnection, table: Table, rows: int) -> None:
    """Create one declared table with made-up rows."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns)
    connection.execute(f"create or replace table {table.room}.{table.name} ({columns})")
    for row in range(rows):
        values = ", ".join(_value(kind, row, name) for name, kind in table.columns)
        connection.execute(f"insert into {table.room}.{table.name} values ({values})")


def number_anew(folder: Path, home: Home) -> None:
    """Give a candidate that was built earlier the number of the publication that comes next."""
    finish(folder, stamped(folder, home, manifests.read(folder)))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a warehouse of a few filled tables and four gates passed."""
    return filled_home(tmp_path / "home", FEW)


@pytest.fixture
def whole_home(tmp_path: Path) -> Home:
    """The same with every declared table."""
    return filled_home(tmp_path / "whole", {name for _, name in declared_tables()})


def filled_home(root: Path, names: set[str]) -> Home:
    """A home whose warehouse holds these tables, and whose first four gates have passed."""
    made = Home(root).ensure()
    with warehouse.connect(made.warehouse) as connection:
        warehouse.create_raw(connection)
        connection.execute("create schema mart; create schema restricted")
        for table in declared_tables().values():
            if table.name in names:
                fill_table(connection, table, 3)
        connection.execute(
            "insert into gate.check_result select unnest([10, 20, 30, 40]), 'check', 'subject',"
            " 'critical', 1, 0, true, 'owner', 'remedy'"
        )
        connection.execute("insert into raw.contract (contract_id, terms_sha256) values ('a', 'b')")
    return made


@pytest.fixture
def masked() -> Iterator[Callable[[int], None]]:
    """Set the umask for the rest of a test."""
    before = os.umask(0o077)
    yield lambda mask: [os.umask(mask)].clear()
    os.umask(before)


@pytest.fixture
def settings(home: Home, tmp_path: Path) -> Settings:
    """The settings of a run on the business date of the tests."""
    return Settings(home=home, contracts_dir=tmp_path, as_of=AS_OF, area=None)


@pytest.fixture
def change(home: Home) -> Callable[[str], None]:
    """Run one statement on the warehouse: tonight's figures differ."""

    def run(statement: str) -> None:
        with warehouse.connect(home.warehouse) as connection:
            connection.execute(statement)

    return run


@pytest.fixture
def audited(home: Home, settings: Settings) -> Callable[[], Candidate]:
    """Build a candidate and record that gate 50 passed it."""

    def build() -> Candidate:
        row = (50, "candidate", "files", "critical", 1, 0, True, "owner", "remedy")
        return append_audit(build_candidate(home, settings), [row], gate=50, passed=True)

    return build


@pytest.fixture
def publish_now(home: Home, audited: Callable[[], Candidate]) -> Callable[[], str]:
    """One night's publish; returns the action that was reported."""

    def run() -> str:
        audited()
        return publish(home).action

    return run
