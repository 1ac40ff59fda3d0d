"""The newest published snapshot, as the commands of a settlement's life see it: read-only.

What belongs here: opening the published files and fetching rows. What does not: deciding.

Rules: S.fresh.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.warehouse import OFFLINE
from dagster_project.lib.warehouse.literals import literal
from dagster_project.lib.warehouse.rows import fetch_rows
from dagster_project.settings import Home

CURRENT = "current"
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


@contextmanager
def open_current(home: Home) -> Iterator[Snapshot]:
    """Open the newest published snapshot; a publish meanwhile does not disturb it.

    Raises:
        EffektError: ``NO_SNAPSHOT`` before the first publish, ``SECRETS_OPEN``.
    """
    home.refuse_open_secrets()
    link = home.published / CURRENT
    if not link.exists():
        raise EffektError(
            "NO_SNAPSHOT", "nothing has been published yet", remedy="run `effekt run` first"
        )
    folder = link.resolve()
    manifest = manifests.read(folder)
    connection = duckdb.connect(config=OFFLINE)
    try:
        attach_rooms(connection, folder)
        connection.execute("set search_path = 'payout_mart.mart,case_mart.restricted'")
        yield Snapshot(folder, manifest, connection)
    finally:
        connection.close()


def attach_rooms(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Attach the two DuckDB files of a snapshot or candidate for reading, each under its name."""
    for path in manifests.DUCKDB_FILES.values():
        connection.execute(f"attach {literal(str(folder / path))} as {path.stem} (read_only)")
