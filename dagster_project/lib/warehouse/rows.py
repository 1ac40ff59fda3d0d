"""Rows as mappings: into a small table in one statement, and out of a query; exact values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb


def replace_rows(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]
) -> int:
    """Delete all rows of a table and insert these; columns that a row lacks are null.

    Args:
        connection: an open warehouse.
        table: schema-qualified name of an existing table (from code, never from data).
        rows: one mapping of column name to value per row.

    Returns:
        the number of rows inserted.

    Raises:
        ValueError: a row has a column that the table lacks.
    """
    _types(connection, table, rows)
    connection.execute(f"delete from {table}")  # noqa: S608 - a name from code
    return insert_rows(connection, table, rows)


def insert_rows(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]
) -> int:
    """Insert rows beside those that are there; arguments as in ``replace_rows``.

    Returns:
        the number of rows inserted.
    """
    types = _types(connection, table, rows)
    if not rows:
        return 0
    columns = [column for column in types if any(column in row for row in rows)]
    lists = [[_text(row.get(column)) for row in rows] for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    picked = ", ".join(
        f'cast(unnest(cast(? as varchar[])) as {types[column]}) as "{column}"' for column in columns
    )
    connection.execute(f"insert into {table} ({names}) select {picked}", lists)
    return len(rows)


def fetch_rows(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    values: Sequence[Any] | Mapping[str, Any] = (),
) -> list[dict[str, Any]]:
    """Rows of a query, each a mapping of column name to value."""
    result = connection.execute(query, values if isinstance(values, Mapping) else list(values))
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _types(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]
) -> dict[str, str]:
    """Columns and types of a table; refuses rows with a column that it lacks."""
    described = connection.execute(f"describe {table}").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described}
    if unknown := {column for row in rows for column in row} - set(types):
        raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
    return types


def _text(value: Any) -> str | None:
    """The value as text that DuckDB casts back exactly."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str | int):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of a small table")
