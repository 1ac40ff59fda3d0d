"""The tables of a published mart as its DuckDB file has them, in the words of PostgreSQL.

What belongs here: reading names, types, keys, comments and rows from the file. What does not: the
declaration of a table (``publishing.tables``): a server gets what was published, also where the
snapshot is older than the code.

Rules: M.postgres.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.tables import MART
from dagster_project.lib.warehouse.literals import identifier

_KINDS = {
    "VARCHAR": "text", "BIGINT": "bigint", "INTEGER": "integer", "BOOLEAN": "boolean",
    "DATE": "date", "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}  # fmt: skip
_BATCH = 10_000
DATABASE = manifests.DUCKDB_FILES[MART].stem
"""The name under which the file is attached."""


@dataclass(frozen=True)
class Column:
    """One column: name, type as PostgreSQL's ``format_type`` writes it, what it means."""

    name: str
    kind: str
    is_required: bool
    comment: str


@dataclass(frozen=True)
class Shape:
    """One table without its rows.

    Args:
        name: its name in schema ``mart``.
        columns: in order.
        key: columns of its primary key; empty for none.
        comment: what it is.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    comment: str


def read_shapes(connection: duckdb.DuckDBPyConnection) -> dict[str, Shape]:
    """The tables of schema ``mart`` in an attached mart, by name."""
    where = f"where database_name = '{DATABASE}' and schema_name = ?"
    tables = connection.execute(
        f"select table_name, comment from duckdb_tables() {where} order by table_name",  # noqa: S608
        [MART],
    ).fetchall()
    columns = connection.execute(
        "select table_name, column_name, data_type, not is_nullable, comment"  # noqa: S608
        f" from duckdb_columns() {where} order by table_name, column_index",
        [MART],
    ).fetchall()
    keys = dict(
        connection.execute(
            "select table_name, constraint_column_names from duckdb_constraints()"  # noqa: S608
            f" {where} and constraint_type = 'PRIMARY KEY'",
            [MART],
        ).fetchall()
    )
    return {
        name: Shape(
            name,
            tuple(
                Column(column, _kind(kind), is_required, text or "")
                for table, column, kind, is_required, text in columns
                if table == name
            ),
            tuple(keys.get(name, ())),
            comment or "",
        )
        for name, comment in tables
    }


def _kind(kind: str) -> str:
    """``DECIMAL(18,2)`` as PostgreSQL says it: ``numeric(18,2)``."""
    return _KINDS[kind] if kind in _KINDS else kind.replace("DECIMAL", "numeric")


def read_rows(connection: duckdb.DuckDBPyConnection, shape: Shape) -> Iterator[tuple[Any, ...]]:
    """Every row of a table, in the order of its columns."""
    names = ", ".join(identifier(column.name) for column in shape.columns)
    place = f"{DATABASE}.{MART}.{identifier(shape.name)}"
    found = connection.cursor().execute(f"select {names} from {place}")  # noqa: S608 - own names
    while batch := found.fetchmany(_BATCH):
        yield from batch
