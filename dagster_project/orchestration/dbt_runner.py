"""dbt in process: one parse per state of the project, one call per phase, no handle left open.

What belongs here: selecting, invoking, closing, mapping errors to codes. What does not: SQL, rules.
dbt is imported inside functions only.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import files
from dagster_project.lib.base.environment import variables
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.publishing.code_version import hash_tree
from dagster_project.settings import DBT_DIR, Home

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

WAREHOUSE_VARIABLE = "EFFEKT_WAREHOUSE"
_QUIET = (
    "--quiet", "--log-level", "none", "--log-level-file", "none", "--no-use-colors",
    "--no-send-anonymous-usage-stats",
)  # fmt: skip
_KIND = re.compile(r"\b([A-Z][A-Za-z]+(?: [A-Z][a-z]+)? Error)\b")
_MONEY_COLUMNS = ("payment_dkk", "basis_dkk", "difference_dkk", "amount_dkk")
_CACHE_KEPT = 4


@dataclass(frozen=True)
class Built:
    """A table that dbt built: its rows and the kroner in it, where it carries any."""

    rows: int
    amount_dkk: str | None = None


@cache
def project_hash() -> str:
    """First 16 hex digits of the hash of every file of the dbt project."""
    return hash_tree([DBT_DIR], DBT_DIR)[:16]


def _cache_folders(home: Home | None) -> list[Path]:
    """Where a parsed project may stand: beside the project, or in the home's work folder."""
    folders = [DBT_DIR / "target" / "parsed"]
    if home is not None and home.work.is_dir():
        folders.append(home.work / "dbt" / "parsed")
    return [folder / project_hash() for folder in folders]


def _find_cache(home: Home | None) -> Path | None:
    for folder in _cache_folders(home):
        if all(os.access(folder / name, os.R_OK) for name in ("manifest.json", "manifest.msgpack")):
            return folder
    return None


def _store(home: Home | None, binary: bytes, text: str) -> Path:
    """Write the parsed project; each file appears whole or not at all.

    Beside the project only where no home is at work: a night writes nothing outside its home.
    """
    beside, *own = _cache_folders(home)
    folder = own[0] if own else beside
    try:
        files.make_dir(folder)
        files.write_atomic(folder / "manifest.msgpack", binary)
        files.write_atomic(folder / "manifest.json", text)
    except OSError as error:
        raise EffektError(
            "DBT_CACHE",
            f"det indlæste dbt-projekt kan ikke skrives ({type(error).__name__})",
            remedy="giv skriveret til dbt/target, eller gør plads på disken",
        ) from error
    _drop_old(folder)
    return folder


def install() -> None:
    """Parse the project beside the code, and let every user read it (``make setup``)."""
    folder = parsed_folder()
    for place in (folder.parent.parent, folder.parent, folder):
        files.set_mode(place, files.DIR_PUBLIC)
    for path in folder.iterdir():
        files.set_mode(path, files.FILE_PUBLIC)


def _drop_old(current: Path) -> None:
    """Keep the few newest parsed projects; an older one may be gone already."""
    others = [path for path in current.parent.iterdir() if path.is_dir() and path != current]
    others.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    for path in others[_CACHE_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def _parse(home: Home | None) -> Path:
    from dbt.cli.main import dbtRunner
    from dbt.parser.manifest import extended_mashumaro_encoder

    with tempfile.TemporaryDirectory(prefix="effekt-dbt-") as scratch:
        arguments = ["parse", *_places(Path(scratch)), "--no-partial-parse", *_QUIET]
        with variables({WAREHOUSE_VARIABLE: str(Path(scratch) / "warehouse.duckdb")}):
            result = dbtRunner().invoke(arguments)
        if not result.success:
            raise _failure("parse", result)
        manifest: Any = result.result
        text = (Path(scratch) / "target" / "manifest.json").read_text(encoding="utf-8")
        return _store(home, manifest.to_msgpack(extended_mashumaro_encoder), text)


def compiled_sql() -> dict[str, str]:
    """The SQL of every model as dbt compiles it, by the model's name; no warehouse is needed."""
    from dbt.cli.main import dbtRunner

    manifest = _read_manifest(parsed_folder())
    with tempfile.TemporaryDirectory(prefix="effekt-dbt-") as scratch:
        command = ["compile", *_places(Path(scratch)), "--no-write-json", *_QUIET]
        command += [
            "--no-populate-cache",
            "--select",
            "resource_type:model",
            "--indirect-selection",
            "empty",
        ]
        try:
            with variables({WAREHOUSE_VARIABLE: str(Path(scratch) / "warehouse.duckdb")}):
                result = dbtRunner(manifest=manifest).invoke(command)
        finally:
            close_connections()
        if not result.success:
            raise _failure("compile", result)
        outcome: Any = result.result
        return {item.node.name: item.node.compiled_code for item in outcome.results}


def parsed_folder(home: Home | None = None) -> Path:
    """Folder of the parsed project; parses if this state of ``dbt/`` was never parsed."""
    return _find_cache(home) or _parse(home)


def manifest_json(home: Home | None = None) -> dict[str, Any]:
    """The parsed project as plain JSON, for asset definitions and documentation."""
    text = (parsed_folder(home) / "manifest.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _read_manifest(folder: Path) -> Manifest:
    """The parsed project of a folder as dbt's own object, read once per process."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    binary = (folder / "manifest.msgpack").read_bytes()
    manifest = Manifest.from_msgpack(binary, decoder=extended_mashumuro_decoder)
    manifest.build_flat_graph()
    return manifest


def _places(folder: Path) -> list[str]:
    project = str(DBT_DIR)
    return [
        "--project-dir", project, "--profiles-dir", project,
        "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
    ]  # fmt: skip


def arguments(home: Home, select: Sequence[str], exclude: Sequence[str] = ()) -> list[str]:
    """Command line of one call: what it selects, with every path inside the home's ``work/``."""
    chosen = ["run", *_places(home.work / "dbt"), "--no-write-json", *_QUIET]
    chosen += ["--cache-selected-only", "--select", *select]
    return [*chosen, "--exclude", *exclude] if exclude else chosen


def build(home: Home, select: Sequence[str], exclude: Sequence[str] = ()) -> dict[str, Built]:
    """Run what dbt's selectors choose and return what was built, by table."""
    return _measure(home, run_selected(home, select, exclude))


def run_selected(
    home: Home, select: Sequence[str], exclude: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Run what dbt's selectors choose and close the warehouse again.

    Returns:
        Schema and name of what was built.

    Raises:
        EffektError: ``DBT_MODEL`` names the models that failed, without any value.
    """
    from dbt.cli.main import dbtRunner

    manifest = _read_manifest(parsed_folder(home))
    command = arguments(home, select, exclude)
    files.make_dir(home.work / "dbt")
    _drop_changed_kinds(home, manifest)
    try:
        # a thread of its own has a short stack: dbt reads the source of every frame above it, twice
        with variables({WAREHOUSE_VARIABLE: str(home.warehouse)}), ThreadPoolExecutor(1) as thread:
            result = thread.submit(dbtRunner(manifest=manifest).invoke, command).result()
    finally:
        close_connections()
    if not result.success:
        raise _failure("run", result)
    assert_closed(home.warehouse)
    outcome: Any = result.result
    return [(item.node.schema, item.node.name) for item in outcome.results]


def _drop_changed_kinds(home: Home, manifest: Manifest) -> None:
    """Drop what was a view and is a table now, or the other way; once per state of the project.

    A model replaces a relation of its own kind only, and does not look up what stands there.
    """
    marker = home.work / "dbt" / "kinds"
    if not home.warehouse.is_file():
        marker.unlink(missing_ok=True)
        return
    if marker.is_file() and marker.read_text(encoding="utf-8") == project_hash():
        return
    from dbt.contracts.graph.nodes import ModelNode

    from dagster_project.lib import warehouse

    kinds = {
        (schema, node.name): "VIEW" if node.config.materialized == "view" else "BASE TABLE"
        for node in manifest.nodes.values()
        if isinstance(node, ModelNode)
        for schema in (node.schema, "shadow")
    }
    with warehouse.connect(home.warehouse) as connection:
        for schema, name, kind in connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables"
        ).fetchall():
            if kinds.get((schema, name), kind) != kind:
                word = "view" if kind == "VIEW" else "table"
                connection.execute(f'drop {word} "{schema}"."{name}"')
    files.write_atomic(marker, project_hash())


def _measure(home: Home, tables: list[tuple[str, str]]) -> dict[str, Built]:
    """Rows of each built table and the sum of its money column, if it has one."""
    from dagster_project.lib import warehouse

    if not tables:
        return {}
    connection = warehouse.connect(home.warehouse, read_only=True)
    try:
        columns = set(
            connection.execute(
                "select table_schema, table_name, column_name from information_schema.columns"
            ).fetchall()
        )
        built = {}
        for schema, name in tables:
            money = next((c for c in _MONEY_COLUMNS if (schema, name, c) in columns), None)
            # names come from the project's own manifest, never from data
            query = f'select count(*), sum({money or "null"}) from "{schema}"."{name}"'  # noqa: S608
            rows, amount = connection.execute(query).fetchall()[0]
            built[name] = Built(rows, None if amount is None else str(amount))
        return built
    finally:
        connection.close()


def close_connections() -> None:
    """Close every DuckDB handle that dbt left open in this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections

    cleanup_connections()
    environment: Any = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()


def open_handles(path: Path) -> int:
    """How many file descriptors of this process point at the file (Linux; elsewhere 0)."""
    own = Path("/proc/self/fd")
    if not own.is_dir():
        return 0
    wanted = os.path.realpath(path)
    count = 0
    for link in own.iterdir():
        try:
            count += str(link.readlink()) == wanted
        except OSError:
            continue
    return count


def assert_closed(path: Path) -> None:
    """Refuse to go on while a handle or a write-ahead log of the warehouse is left.

    Raises:
        EffektError: ``WAREHOUSE_OPEN``.
    """
    wal = path.with_name(path.name + ".wal")
    if wal.exists() or open_handles(path):
        gc.collect()  # a connection in a reference cycle is closed with it; this takes long
    if wal.exists() or open_handles(path):
        raise EffektError(
            "WAREHOUSE_OPEN",
            "dbt efterlod varehuset åbent eller ufærdigt",
            remedy="kør igen; slet work/, hvis det bliver ved",
        )


def _failure(command: str, result: Any) -> EffektError:
    """The failed models and the kind of error, never the engine's text: it may quote a value."""
    outcome = getattr(result.result, "results", None)
    if outcome is None:
        kind = type(result.exception).__name__ if result.exception else "ukendt fejl"
        return EffektError(
            "DBT_PROJECT",
            f"dbt {command} sluttede med {kind}",
            remedy=f"kør i dbt/: dbt {command}",
        )
    failed = [item for item in outcome if str(item.status) in {"error", "fail", "runtime error"}]
    named = ", ".join(f"{item.node.name} ({_kind(item.message)})" for item in failed)
    return EffektError(
        "DBT_MODEL",
        f"dbt-model fejlede: {named}",
        remedy="dens SQL står i work/dbt/target/run/; slettes work/, bygges alt på ny",
    )


def _kind(message: str | None) -> str:
    """Kind of a DuckDB or dbt error, for example ``Conversion Error``."""
    found = _KIND.search(message or "")
    return found.group(1) if found else "error"
