"""The newest published snapshot, as the commands of a settlement's life see it: read-only.

What belongs here: opening the published files and fetching rows. What does not: deciding.

Rules: S.fresh, M.held.
Decides: M.held.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.base import files, scratch
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.base.telling import tell
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.tables import MART, RESTRICTED, declared_tables
from dagster_project.lib.warehouse import ENGINE
from dagster_project.lib.warehouse.literals import literal
from dagster_project.lib.warehouse.rows import fetch_rows
from dagster_project.settings import Home

CURRENT = "current"
_COPY = "read-"
_SEARCHED = "payout_mart.mart,case_mart.restricted,memory.mart,memory.restricted"
_HOLDER = re.compile(r"held in (?P<program>\S+) \(PID (?P<pid>\d+)\)")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Snapshot:
    """An opened snapshot: ``mart.*`` and, in a home that may read it, ``restricted.*``."""

    path: Path
    manifest: manifests.Manifest
    connection: duckdb.DuckDBPyConnection = field(repr=False)

    @property
    def snapshot_id(self) -> str:
        """Name of the snapshot."""
        return str(self.manifest["snapshot_id"])

    @property
    def as_of(self) -> dt.date:
        """Business date that it was computed for."""
        return dt.date.fromisoformat(self.manifest["as_of_date"])

    @property
    def ledger_head(self) -> str | None:
        """Hash of the last ledger event that it knows, null for none."""
        head = self.manifest["ledger_head"]
        return None if head is None else str(head)

    def rows(self, query: str, values: Sequence[Any] = ()) -> Rows:
        """Rows of a query as mappings."""
        return fetch_rows(self.connection, query, values)

    def of_period(
        self, table: str, contract_id: str, period_start: dt.date, order: str = ""
    ) -> Rows:
        """Rows of one contract and period of a published table (named by code, never by data)."""
        ordered = f" order by {order}" if order else ""
        return self.rows(
            f"select * from {table} where contract_id = ? and period_start = ?{ordered}",  # noqa: S608
            [contract_id, period_start],
        )

    def course_ids(self, contract_id: str) -> set[str]:
        """The ids of a contract's courses, wherever the restricted room names one."""
        found: set[str] = set()
        for (room, name), table in declared_tables().items():
            if room == RESTRICTED and {"contract_id", "course_id"} <= {c for c, _ in table.columns}:
                rows = self.rows(
                    f"select distinct course_id from {room}.{name} "  # noqa: S608 - named by code
                    "where contract_id = ? and course_id is not null",
                    [contract_id],
                )
                found |= {row["course_id"] for row in rows}
        return found


@contextmanager
def open_current(home: Home) -> Iterator[Snapshot]:
    """Open the newest published snapshot; a publish meanwhile does not disturb it.

    Raises:
        EffektError: ``NO_SNAPSHOT`` before the first publish, ``SECRETS_OPEN``.
    """
    home.refuse_open_secrets()
    link = home.published / CURRENT
    if not link.exists():
        raise EffektError("NO_SNAPSHOT", "intet er udgivet endnu", remedy="kør `effekt run` først")
    folder = link.resolve()
    manifest = manifests.read(folder)
    with duckdb.connect(config=ENGINE) as connection, attached(connection, folder, home.work):
        _add_what_it_lacks(connection)
        connection.execute(f"set search_path = '{_SEARCHED}'")
        yield Snapshot(folder, manifest, connection)


def _add_what_it_lacks(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a table that an older version of the product did not publish be one without rows."""
    standing = set(
        connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    )
    for room in (MART, RESTRICTED):
        connection.execute(f"create schema memory.{room}")
    for (room, name), table in declared_tables().items():
        if (room, name) not in standing:
            columns = ", ".join(f"{column} {kind}" for column, kind in table.columns)
            connection.execute(f"create table memory.{room}.{name} ({columns})")


@contextmanager
def attached(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    work: Path,
    rooms: Sequence[str] = (MART, RESTRICTED),
) -> Iterator[None]:
    """Attach the two DuckDB files of a snapshot or candidate for reading, each under its name.

    A file that a client holds open for writing cannot be opened a second time: who holds it is
    told, and a copy of it is read, where its bytes are those of the manifest.

    Args:
        connection: where to.
        folder: the snapshot.
        work: where a copy may stand as long as it is read.
        rooms: the files to attach.

    Raises:
        EffektError: ``SNAPSHOT_BROKEN``: the client has changed the file.
    """
    with ExitStack() as copies:
        for path in (manifests.DUCKDB_FILES[room] for room in rooms):
            try:
                _attach(connection, folder / path)
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise
                _tell_holder(path, str(error))
                aside = copies.enter_context(scratch.folder(files.make_dir(work), _COPY))
                copy = Path(shutil.copyfile(folder / path, aside / path.name))
                manifests.require_bytes(folder, path, copy)
                _attach(connection, copy)
        yield


def _tell_holder(path: Path, said: str) -> None:
    """Name the process that holds a file, as far as the engine knows it (M.held)."""
    found = _HOLDER.search(said)
    holder = (
        f"proces {found['pid']} ({Path(found['program']).name})" if found else "en anden proces"
    )
    tell(
        f"{path.name} holdes åben til skrivning af {holder}; en kopi af den læses."
        " Luk den, og åbn marten med read_only"
    )


def _attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    connection.execute(f"attach {literal(str(path))} as {path.stem} (read_only)")
