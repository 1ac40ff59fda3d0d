"""parquet: text columns only; a typed column is a guess of the sender's tool."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.lib.receiving.declarations import Source
from dagster_project.lib.receiving.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.grammar import literal
from dagster_project.lib.receiving.landed import Landed, check_headings


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def land_parquet(path: Path, source: Source, parser: duckdb.DuckDBPyConnection) -> Landed:
    """The landed form of a parquet file.

    Args:
        path: the received bytes under a name of our own.
        source: its declaration.
        parser: the locked-down DuckDB that reads it.

    Raises:
        FileRefusedError: ``FILE_FORMAT``, ``FILE_LIMIT``, ``FILE_EMPTY``, ``HEADER_…``,
        ``CELL_TYPE``
            for a column that is not text.
    """
    place = literal(str(path))
    try:
        rows, unpacked = parser.execute(
            f"select coalesce(max(file_rows), 0), coalesce(sum(unpacked), 0) from ("
            f" select (select num_rows from parquet_file_metadata({place})) as file_rows,"
            f" total_uncompressed_size as unpacked from parquet_metadata({place}))"
        ).fetchall()[0]
        headings = [
            str(name)
            for name, children in parser.execute(
                f"select name, num_children from parquet_schema({place})"
            ).fetchall()[1:]
            if not children
        ]
        described = parser.execute(f"describe select * from read_parquet({place})").fetchall()
    except duckdb.Error:
        raise FileRefusedError(Finding("FILE_FORMAT")) from None
    if rows > source.limits.max_rows:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"rækker: {source.limits.max_rows}"))
    if unpacked > source.limits.max_bytes:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"byte: {source.limits.max_bytes}"))
    check_headings(headings, source)
    typed = [str(name) for name, kind, *_ in described if kind != "VARCHAR"]
    if typed or len(described) != len(headings):
        raise FileRefusedError(*(Finding("CELL_TYPE", name) for name in typed or headings[:1]))
    if rows == 0 and not source.may_be_empty:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    picked = ", ".join(f"{_identifier(name)} as h{at}" for at, name in enumerate(headings))
    return Landed(f"(select {picked} from read_parquet({place}))", headings, int(rows))
