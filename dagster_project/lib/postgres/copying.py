"""Put the rows of the published mart on the server, in one transaction.

What belongs here: whether the server is behind, and replacing all rows by delete and insert.
Deleting takes no lock that a reader waits for, and a reader sees the rows from before until the
transaction ends. What does not: columns, keys and comments (``shaping``), the way to the server
(``connecting``).

Rules: M.postgres.
Decides: M.postgres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from dagster_project.lib.keys import statement_key
from dagster_project.lib.postgres import file_mart
from dagster_project.lib.postgres.connecting import connected, read_dsn
from dagster_project.lib.postgres.file_mart import Shape
from dagster_project.lib.postgres.shaping import Tables, take_schema
from dagster_project.lib.publishing.atomic import current_snapshot
from dagster_project.lib.publishing.snapshot import attached
from dagster_project.lib.publishing.tables import MART
from dagster_project.lib.warehouse import ENGINE
from dagster_project.settings import Home

if TYPE_CHECKING:
    import psycopg

    from dagster_project.lib.postgres.shaping import Server

PUBLICATION = "publication"
LOCK_TIMEOUT = "5s"
"""How long a changed table waits for its readers; they wait behind it no longer than that."""


@dataclass(frozen=True)
class Copied:
    """What a publication to the server did.

    Args:
        action: ``off`` (``home.yml`` names no server, or nothing is published yet), ``unchanged``
            (the server has this publication) or ``published``.
        tables: how many tables were filled.
        rows: how many rows.
        changed: tables whose columns or key had to change, new ones too.
    """

    action: str
    tables: int = 0
    rows: int = 0
    changed: tuple[str, ...] = ()


def copy_current(home: Home, *, only_if_behind: bool = False) -> Copied:
    """Give the server of ``home.yml`` the rows of the current snapshot.

    Args:
        home: the home; its lock is held.
        only_if_behind: do nothing where the server's row of ``publication`` is that of the
            snapshot.

    Raises:
        EffektError: ``POSTGRES_…``; the server has what it had before.
    """
    asked, current = home.read_home_file().publish.postgres, current_snapshot(home)
    if asked is None or current is None:
        return Copied("off")
    dsn = read_dsn(home, asked.dsn_file)
    mark = f"Effektafregning · nøgle {statement_key.read_statement_key(home).fingerprint}"
    with (
        duckdb.connect(config=ENGINE) as mart,
        attached(mart, current.path, home.work, [MART]),
        connected(dsn) as connection,
    ):
        return _copy(mart, connection, mark, only_if_behind=only_if_behind)


def _copy(
    mart: duckdb.DuckDBPyConnection,
    connection: psycopg.Connection,
    mark: str,
    *,
    only_if_behind: bool,
) -> Copied:
    from psycopg import sql

    shapes = file_mart.read_shapes(mart)
    with connection.cursor() as server:
        server.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
        take_schema(server, mark)
        tables = Tables(server)
        if only_if_behind and _has(mart, server, tables, shapes):
            return Copied("unchanged")
        left = tables.left_over(shapes)
        for name in (*left, *filter(tables.has, shapes)):
            server.execute(sql.SQL("delete from {}").format(sql.Identifier(MART, name)))
        for name in left:
            tables.retire(name)
        changed = [name for name, shape in shapes.items() if tables.bring_to(shape)]
        rows = sum(_fill(mart, server, shape) for shape in shapes.values())
    return Copied("published", len(shapes), rows, tuple(changed))


def _has(
    mart: duckdb.DuckDBPyConnection, server: Server, tables: Tables, shapes: dict[str, Shape]
) -> bool:
    """Whether the server has this very publication.

    Only a whole publication leaves its row, for it is written with all others.
    """
    shape = shapes.get(PUBLICATION)
    if shape is None or not tables.is_like(shape):
        return False
    from psycopg import sql

    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in shape.columns)
    place = sql.Identifier(MART, PUBLICATION)
    server.execute(sql.SQL("select {} from {}").format(names, place))
    there: list[tuple[Any, ...]] = server.fetchall()
    return sorted(there) == sorted(file_mart.read_rows(mart, shape)) != []


def _fill(mart: duckdb.DuckDBPyConnection, server: Server, shape: Shape) -> int:
    from psycopg import sql

    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in shape.columns)
    place, count = sql.Identifier(MART, shape.name), 0
    with server.copy(sql.SQL("copy {} ({}) from stdin").format(place, names)) as copy:
        for row in file_mart.read_rows(mart, shape):
            copy.write_row(row)
            count += 1
    return count
