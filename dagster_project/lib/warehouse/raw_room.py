"""The warehouse's raw room: opening the file, and the tables that ``raw_room.sql`` declares.

What belongs here: how the warehouse is opened and its raw tables are made. What does not: their
columns (``raw_room.sql``), parsing, rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.base.canonical import sha256_text

RAW_DDL = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
"""Creates the rooms ``raw``, ``gate`` and ``shadow`` and those of their tables that are missing."""

ENGINE: dict[str, Any] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "disabled_optimizers": "statistics_propagation",
}
"""Settings of every DuckDB of the project, dbt's profile too: it fetches nothing, and leaves out an
optimizer of DuckDB 2.0.0 that can lose rows (docs/adr/0016)."""


def connect(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open the warehouse with the network off and spills beside it.

    Args:
        path: the DuckDB file, created if missing (not with ``read_only``).
        read_only: open without the right to write.
    """
    connection = duckdb.connect(
        str(path),
        read_only=read_only,
        config={**ENGINE, "temp_directory": str(path.parent / "tmp")},
    )
    connection.execute("set TimeZone = 'UTC'")
    # on by default, and written to stdout, where ``--json`` belongs
    connection.execute("set enable_progress_bar = false")
    # every night writes the rule tables anew: choosing encodings would cost more than the rules
    connection.execute("set force_compression = 'uncompressed'")
    return connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of a block's statements, or none where it raises."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def create_raw(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of raw, gate and shadow that are missing.

    Tables that another text of the declaration made are dropped first, with their rows: their
    columns may differ, and everything in them comes from the home's files.
    """
    version = sha256_text(RAW_DDL)
    if _version(connection) == version:
        connection.execute(RAW_DDL)
        return
    with transaction(connection):
        for schema in ("shadow", "raw", "gate"):
            connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute(RAW_DDL)
        connection.execute("insert into raw.version values (?)", [version])


def _version(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Which text of the declaration made the warehouse; None where it says nothing."""
    try:
        found = connection.execute("select ddl_sha256 from raw.version").fetchone()
    except duckdb.CatalogException:
        return None
    return None if found is None else str(found[0])


@cache
def raw_columns() -> dict[str, dict[str, str]]:
    """Name and type of the columns of each table of the schema ``raw``, as they are declared."""
    found = re.findall(r"create table if not exists raw\.(\w+) \((.*?)\);", RAW_DDL, re.DOTALL)
    columns = r"(?:^|,)\s*(\w+) (\w+(?:\([^)]*\))?)"
    return {table: dict(re.findall(columns, body)) for table, body in found}
