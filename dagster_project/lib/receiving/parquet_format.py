"""parquet: text columns only; a typed column is a guess of the sender's tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from dagster_project.lib.receiving.declarations import Source
from dagster_project.lib.receiving.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.grammar import literal
from dagster_project.lib.receiving.landed import Landed, check_headings


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _columns(schema: Sequence[tuple[str, int | None, str | None]]) -> list[tuple[str, bool]]:
    """Name of each column, and whether it says to have no type, as one of nothing but nulls does.

    Args:
        schema: the file's elements below its root, each before its children.
    """
    found, below = [], 0
    for name, children, logical in schema:
        if not below:
            found.append((str(name), str(logical).startswith("NullType")))
        below += (children or 0) - (1 if below else 0)
    return found


def _filled(parser: duckdb.DuckDBPyConnection, place: str, names: Sequence[str]) -> list[str]:
    """Which of the columns without a type hold a value all the same."""
    if not names:
        return []
    counted = ", ".join(f"count({_identifier(name)})" for name in names)
    try:
        counts = parser.execute(f"select {counted} from read_parquet({place})").fetchall()[0]
    except duckdb.Error:
        raise FileRefusedError(Finding("FILE_FORMAT")) from None
    return [name for name, count in zip(names, counts, strict=True) if count]


def land_parquet(path: Path, source: Source, parser: duckdb.DuckDBPyConnection) -> Landed:
    """The landed form of a parquet file.

    Args:
        path: the received bytes under a name of our own.
        source: its declaration.
        parser: the locked-down DuckDB that reads it.

    Raises:
        FileRefusedError: ``FILE_FORMAT``, ``FILE_LIMIT``, ``FILE_EMPTY``, ``HEADER_…``,
            ``CELL_TYPE`` for a column that is not text; one that is all null may have no type.
    """
    place = literal(str(path))
    try:
        rows, unpacked = parser.execute(
            f"select coalesce(max(file_rows), 0), coalesce(sum(unpacked), 0) from ("
            f" select (select num_rows from parquet_file_metadata({place})) as file_rows,"
            f" total_uncompressed_size as unpacked from parquet_metadata({place}))"
        ).fetchall()[0]
        columns = _columns(
            parser.execute(
                f"select name, num_children, logical_type from parquet_schema({place})"
            ).fetchall()[1:]
        )
        described = parser.execute(f"describe select * from read_parquet({place})").fetchall()
    except duckdb.Error:
        raise FileRefusedError(Finding("FILE_FORMAT")) from None
    if rows > source.limits.max_rows:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"rækker: {source.limits.max_rows}"))
    if unpacked > source.limits.max_bytes:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"byte: {source.limits.max_bytes}"))
    headings = [name for name, _ in columns]
    check_headings(headings, source)
    typed = [
        name
        for (name, is_null), (_, kind, *_) in zip(columns, described, strict=True)
        if kind != "VARCHAR" and not is_null
    ]
    typed += _filled(parser, place, [name for name, is_null in columns if is_null])
    if typed:
        raise FileRefusedError(*(Finding("CELL_TYPE", name) for name in typed))
    if rows == 0 and not source.may_be_empty:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    picked = ", ".join(
        f"{'null::varchar' if is_null else _identifier(name)} as h{at}"
        for at, (name, is_null) in enumerate(columns)
    )
    return Landed(f"(select {picked} from read_parquet({place}))", headings, int(rows))
