"""Build a snapshot aside: copy the published rooms of the warehouse into finished files.

What belongs here: the files of a candidate and its manifest. What does not: judging them (gate 50)
and making them visible (``atomic.py``). Rows, types and not-null come from the warehouse as they
are; nothing is cast here, so that the gate sees what the models made.

Rules: M.snapshot, M.rooms, M.drivers, M.keys, M.described.
Decides: M.rooms, M.keys.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import chain
from dagster_project.lib.publishing import history
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.publishing.leftovers import CANDIDATE_PREFIX, clean_leftovers
from dagster_project.lib.publishing.manifest import Manifest
from dagster_project.lib.publishing.tables import MART, RESTRICTED, Table, declared_tables
from dagster_project.lib.receiving.intake import register
from dagster_project.lib.reference import words
from dagster_project.lib.warehouse import ENGINE
from dagster_project.lib.warehouse.literals import identifier, literal
from dagster_project.lib.warehouse.rows import insert_rows
from dagster_project.settings import Home, Settings

STORAGE_VERSION = "v1.4.0"
BLOCK_SIZE = 16384
"""The smallest that DuckDB writes, in bytes: every column of every table takes whole blocks."""
ROW_GROUP_SIZE = 122_880
COLUMN_COMMENT = "comment."
"""What stands before a column's name in the metadata of a Parquet file."""
_CONFIG: dict[str, Any] = {**ENGINE, "preserve_insertion_order": "true"}


@dataclass(frozen=True)
class Candidate:
    """Finished files that nobody sees yet.

    Args:
        path: the folder, beside the snapshots, on the same file system.
        manifest: its manifest, as written.
    """

    path: Path
    manifest: Manifest

    @property
    def snapshot_id(self) -> str:
        """The name that the candidate will have."""
        return str(self.manifest["snapshot_id"])

    @property
    def mart_file(self) -> Path:
        """The DuckDB file for the municipality's BI."""
        return self.path / manifests.DUCKDB_FILES[MART]


def build_candidate(home: Home, settings: Settings) -> Candidate:
    """Write all published tables of the warehouse into a folder beside the snapshots.

    Args:
        home: the municipality; its warehouse must not be open for writing elsewhere.
        settings: the run's settings; the as-of date names the snapshot.

    Raises:
        EffektError: ``WAREHOUSE_MISSING`` if there is no warehouse to publish from.
    """
    if not home.warehouse.is_file():
        raise EffektError(
            "WAREHOUSE_MISSING", "der er intet varehus at udgive fra", remedy="kør `effekt run`"
        )
    files.make_dir(home.published, files.DIR_PUBLIC)
    clean_leftovers(home)
    folder = Path(tempfile.mkdtemp(prefix=CANDIDATE_PREFIX, dir=home.published))
    try:
        return _fill(folder, home, settings)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _fill(folder: Path, home: Home, settings: Settings) -> Candidate:
    for room in (MART, RESTRICTED):
        (folder / manifests.PARQUET_DIRS[room]).mkdir(exist_ok=True)
    with duckdb.connect(":memory:", config=_CONFIG) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")  # it is written to stdout
        connection.execute(f"set temp_directory = {literal(str(home.work / 'tmp'))}")
        connection.execute(f"attach {literal(str(home.warehouse))} as warehouse (read_only)")
        tables = {room: _write_room(connection, folder, room) for room in (MART, RESTRICTED)}
        manifest: Manifest = {
            "format": manifests.FORMAT,
            "as_of_date": settings.as_of_text,
            "snapshot_id": manifests.snapshot_id(settings.as_of_text, tables),
            "code_version": code_version(),
            "duckdb_version": duckdb.__version__,
            "contracts": _contracts(connection),
            "deliveries": _deliveries(connection),
            "ledger_head": _ledger_head(connection, home),
            "register_head": _register_head(home),
            "gates": _passed_gates(connection),
            "tables": tables,
        }
    return finish(folder, stamped(folder, home, manifest))


def stamped(folder: Path, home: Home, manifest: Manifest) -> Manifest:
    """Give finished files the number of the next publication of the home, and its history.

    Args:
        folder: the candidate.
        home: whose next publication it is to be.
        manifest: of the candidate, with its name; read anew where it is stamped a second time.

    Returns:
        The manifest with the publication and the two tables as they are now.
    """
    known, own = history.next_publication(home)
    manifest = {**manifest, "publication": own}
    rows = history.rows_of(manifest, known, history.periods_of(folder))
    mart = dict(manifest["tables"][MART])
    path = folder / manifests.DUCKDB_FILES[MART]
    path.chmod(files.FILE_PRIVATE)  # finished files are read-only, for their owner too
    with duckdb.connect(":memory:", config=_CONFIG) as connection:
        connection.execute(f"attach {literal(str(path))} as target")
        for name, told in rows.items():
            if name in mart:
                (folder / manifests.parquet_path(MART, name)).chmod(files.FILE_PRIVATE)
                connection.execute(f"delete from target.{MART}.{name}")  # noqa: S608 - by code
                insert_rows(connection, f"target.{MART}.{name}", told)
                mart[name] = write_parquet(connection, declared_tables()[MART, name], folder)
        connection.execute("checkpoint target")
        connection.execute("detach target")
    return {**manifest, "tables": {**manifest["tables"], MART: mart}}


def find_candidate(home: Home) -> Candidate | None:
    """The finished candidate that waits in ``published``, for a step that runs by itself."""
    for path in sorted(home.published.glob(f"{CANDIDATE_PREFIX}*")):
        if (path / manifests.MANIFEST).is_file():
            return Candidate(path, manifests.read(path))
    return None


def append_audit(
    candidate: Candidate, results: Sequence[Sequence[Any]], *, gate: int, passed: bool
) -> Candidate:
    """Put the audit's own results into the candidate's ``data_quality``; returns it anew.

    Table, Parquet file and hashes are rewritten and compared again. The snapshot's name does not
    change: ``data_quality`` is outside it.

    Args:
        candidate: as built.
        results: rows of ``data_quality`` in its column order, of this gate only.
        gate: the audit's gate.
        passed: whether no critical check failed; only then the manifest names the gate.
    """
    table = declared_tables()[MART, "data_quality"]
    manifest = {**candidate.manifest}
    for path in (candidate.mart_file, candidate.path / manifests.parquet_path(MART, table.name)):
        path.chmod(files.FILE_PRIVATE)  # finished files are read-only, for their owner too
    with duckdb.connect(":memory:", config=_CONFIG) as connection:
        connection.execute(f"attach {literal(str(candidate.mart_file))} as target")
        connection.execute("delete from target.mart.data_quality where gate = ?", [gate])
        if results:
            row = "(" + ", ".join("?" for _ in table.columns) + ")"
            connection.execute(
                f"insert into target.mart.data_quality values {', '.join(row for _ in results)}",  # noqa: S608
                [value for values in results for value in values],
            )
        entry = write_parquet(connection, table, candidate.path)
        connection.execute("checkpoint target")
        connection.execute("detach target")
    manifest["tables"] = {
        **manifest["tables"], MART: {**manifest["tables"][MART], table.name: entry}
    }  # fmt: skip
    others = [number for number in manifest["gates"] if number != gate]
    manifest["gates"] = sorted([*others, gate] if passed else others)
    rewritten = finish(candidate.path, manifest)
    manifests.check_snapshot(rewritten.path)
    return rewritten


def finish(folder: Path, manifest: Manifest) -> Candidate:
    """Hash the closed DuckDB files, write the manifest, set every mode."""
    leftovers = sorted(path.name for path in folder.rglob("*.wal"))
    if leftovers:
        raise EffektError(
            "PUBLISH_WAL",
            f"det, der skulle udgives, blev ikke lukket rent: {', '.join(leftovers)}",
            remedy="kør `effekt run` igen",
        )
    hashes = {str(path): sha256_file(folder / path) for path in manifests.DUCKDB_FILES.values()}
    manifest = manifests.sealed({**manifest, "files": hashes})
    files.write_atomic(folder / manifests.MANIFEST, manifests.to_text(manifest))
    set_modes(folder)
    return Candidate(folder, manifest)


def set_modes(folder: Path) -> None:
    """The modes of M.rooms, whatever the umask: the mart is public, restricted is not.

    Restricted is of the group of ``published``, which the operator may choose. The folder itself
    stays closed until it is published.
    """
    folder.chmod(files.DIR_PRIVATE)
    group = folder.parent.stat().st_gid
    for path in folder.rglob("*"):
        is_restricted = RESTRICTED in path.relative_to(folder).parts
        if is_restricted:
            _give_to_group(path, group)
        if path.is_dir():
            path.chmod(files.DIR_RESTRICTED if is_restricted else files.DIR_PUBLIC)
        elif path.name == manifests.MANIFEST:
            path.chmod(files.FILE_PRIVATE)
        else:
            path.chmod(files.FILE_RESTRICTED if is_restricted else files.FILE_MART)


def _give_to_group(path: Path, group: int) -> None:
    try:
        os.chown(path, -1, group)
    except PermissionError:
        word = words.failure("RESTRICTED_GROUP")
        raise EffektError("RESTRICTED_GROUP", word.label_da, remedy=word.remedy_da) from None


def _write_room(
    connection: duckdb.DuckDBPyConnection, folder: Path, room: str
) -> dict[str, dict[str, Any]]:
    target = folder / manifests.DUCKDB_FILES[room]
    connection.execute(
        f"attach {literal(str(target))} as target"
        f" (storage_version {literal(STORAGE_VERSION)}, block_size {BLOCK_SIZE})"
    )
    tables = _present(connection, room)
    connection.execute(f"create schema target.{room}")
    connection.execute("begin")
    try:
        _copy_tables(connection, tables, frozenset(tables))
    except duckdb.ConstraintException:  # a broken key is for gate 50 to find and to name
        connection.execute("rollback")
        connection.execute("begin")
        keyed = frozenset(table for table in tables if _has_sound_key(connection, table))
        _copy_tables(connection, tables, keyed)
    connection.execute("commit")
    written = {table.name: write_parquet(connection, table, folder) for table in tables}
    connection.execute("checkpoint target")
    connection.execute("detach target")
    return written


def _present(connection: duckdb.DuckDBPyConnection, room: str) -> list[Table]:
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'warehouse'"
        " and schema_name = ?",
        [room],
    ).fetchall()
    names = {str(row[0]) for row in rows}
    return [t for (_, name), t in declared_tables().items() if t.room == room and name in names]


def _copy_tables(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], keyed: Collection[Table]
) -> None:
    for table in tables:
        _copy_table(connection, table, is_keyed=table in keyed)
        _comment(connection, table)


def _has_sound_key(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether each row has a key of its own, without a null."""
    keys = ", ".join(identifier(column) for column in table.key)
    filled = " and ".join(f"{identifier(column)} is not null" for column in table.key)
    found = connection.execute(
        f"select count(*) = count(distinct ({keys})) and coalesce(bool_and({filled}), true)"  # noqa: S608
        f" from warehouse.{table.room}.{identifier(table.name)}"
    ).fetchone()
    return bool(found and found[0])


def _copy_table(connection: duckdb.DuckDBPyConnection, table: Table, *, is_keyed: bool) -> None:
    columns = connection.execute(
        "select column_name, data_type, is_nullable from duckdb_columns()"
        " where database_name = 'warehouse' and schema_name = ? and table_name = ?"
        " order by column_index",
        [table.room, table.name],
    ).fetchall()
    declared = ", ".join(
        f"{identifier(name)} {kind}{'' if nullable else ' not null'}"
        for name, kind, nullable in columns
    )
    if is_keyed:
        declared += f", primary key ({', '.join(identifier(column) for column in table.key)})"
    place = f"target.{table.room}.{identifier(table.name)}"
    source = f"warehouse.{table.room}.{identifier(table.name)}"
    connection.execute(f"create table {place} ({declared})")
    order = _order([str(row[0]) for row in columns], table)
    connection.execute(f"insert into {place} select * from {source} order by {order}")  # noqa: S608


def _order(columns: list[str], table: Table) -> str:
    """Key first, then every other column: a total order even where a key is broken."""
    rest = [column for column in columns if column not in table.key]
    return ", ".join(identifier(c) for c in [c for c in table.key if c in columns] + rest)


def write_parquet(
    connection: duckdb.DuckDBPyConnection, table: Table, folder: Path
) -> dict[str, Any]:
    """Write one table of the attached ``target`` as Parquet; returns its rows and hash.

    Ordered by key, zstd, fixed row-group size: the bytes do not depend on the thread count.
    """
    place = f"target.{table.room}.{identifier(table.name)}"
    path = folder / manifests.parquet_path(table.room, table.name)
    columns = [str(row[0]) for row in connection.execute(f"describe {place}").fetchall()]
    query = f"select * from {place} order by {_order(columns, table)}"  # noqa: S608
    connection.execute(
        f"copy ({query}) to {literal(str(path))} (format parquet, compression zstd,"
        f" row_group_size {ROW_GROUP_SIZE}, kv_metadata {{{_metadata(table, columns)}}})"
    )
    count = connection.execute(f"select count(*) from {place}").fetchone()  # noqa: S608
    return {"rows": count[0] if count else 0, "sha256": sha256_file(path)}


def _metadata(table: Table, columns: Sequence[str]) -> str:
    """What the Parquet file says of itself, as the fields of a struct: comments and key."""
    told = metadata(table)
    shown = [key for key in told if key.removeprefix(COLUMN_COMMENT) in columns or "." not in key]
    return ", ".join(f"{literal(key)}: {literal(told[key])}" for key in shown)


def metadata(table: Table) -> dict[str, str]:
    """Key and value of each thing that a table's Parquet file says of it."""
    columns = {f"{COLUMN_COMMENT}{name}": table.told_of(name) for name, _ in table.columns}
    return {"comment": table.told(), "key": ", ".join(table.key), **columns}


def _comment(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    place = f"target.{table.room}.{identifier(table.name)}"
    connection.execute(f"comment on table {place} is {literal(table.told())}")
    columns = {str(row[0]) for row in connection.execute(f"describe {place}").fetchall()}
    for column in table.comments:
        if column in columns:
            text = literal(table.told_of(column))
            connection.execute(f"comment on column {place}.{identifier(column)} is {text}")


def _contracts(connection: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    rows = connection.execute(
        "select contract_id, terms_sha256 from warehouse.raw.contract order by contract_id"
    ).fetchall()
    return [{"contract_id": row[0], "terms_sha256": row[1]} for row in rows]


def _deliveries(connection: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    rows = connection.execute(
        "select delivery.delivery_id, known.source, known.sha256"
        " from warehouse.raw.known_delivery as known"
        " left join warehouse.raw.delivery as delivery"
        " on delivery.delivery_no = known.delivery_no"
        " order by known.source, known.delivery_rank, known.sha256"
    ).fetchall()
    return [{"delivery_id": row[0], "source": row[1], "sha256": row[2]} for row in rows]


def _ledger_head(connection: duckdb.DuckDBPyConnection, home: Home) -> str | None:
    """Hash of the last event that this run's figures know (not of one appended meanwhile)."""
    last = connection.execute("select max(sequence) from warehouse.raw.ledger_event").fetchone()
    if not last or last[0] is None:
        return None
    return next((e.hash for e in chain.read(home).events if e.sequence == last[0]), None)


def _register_head(home: Home) -> str | None:
    """Hash of the last line of the register of deliveries; the run holds the home."""
    head = register.head(home)
    return head["hash"] if head else None


def _passed_gates(connection: duckdb.DuckDBPyConnection) -> list[int]:
    rows = connection.execute(
        "select gate from warehouse.gate.check_result group by gate"
        " having count(*) filter (not is_success and severity = 'critical') = 0 order by gate"
    ).fetchall()
    return [int(row[0]) for row in rows]
