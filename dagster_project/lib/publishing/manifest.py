"""The manifest of a snapshot: what it is made of, and how it is recognised again.

What belongs here: the manifest's form, the snapshot's name, and comparing files with the manifest.
What does not: moving folders (``atomic.py``) and writing tables (``candidate.py``).

Rules: M.name, M.snapshot.
Decides: M.name, M.snapshot.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, get_args

from dagster_project.lib.base.canonical import sha256_file, sha256_json
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import upgrades
from dagster_project.lib.publishing.tables import MART, RESTRICTED, declared_tables
from dagster_project.settings import Home

MANIFEST = "manifest.json"
FORMAT = 2
DUCKDB_FILES = {MART: Path("payout_mart.duckdb"), RESTRICTED: Path("restricted/case_mart.duckdb")}
PARQUET_DIRS = {MART: Path("payout_mart"), RESTRICTED: Path("restricted")}
_SEAL = "manifest_sha256"
_VOLATILE = ("tables", "files", "gates", "publication", _SEAL)
_OWN_TABLES = ("data_quality", "publication", "settlement_history")

Manifest = dict[str, Any]
Gate = Literal[10, 20, 30, 40, 50]
GATES: tuple[Gate, ...] = get_args(Gate)
"""The gates that a manifest names once they are passed, in their order."""


def parquet_path(room: str, table: str) -> Path:
    """Where a table's Parquet file lies inside a snapshot."""
    return PARQUET_DIRS[room] / f"{table}.parquet"


def snapshot_id(as_of: str, tables: dict[str, dict[str, dict[str, Any]]]) -> str:
    """``<as-of>-<12 hex>`` over the sorted lines ``name sha256`` of the mart tables.

    ``delivery`` and ``data_quality`` stay outside: they show how the figures came about. So do
    ``publication`` and ``settlement_history``, which number them, and ``label``, which names codes.
    Lines are joined by one line feed, without one at the end.
    """
    declared = declared_tables()
    lines = sorted(
        f"{name} {entry['sha256']}"
        for name, entry in tables[MART].items()
        if (MART, name) not in declared or declared[MART, name].is_in_id
    )
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return f"{as_of}-{digest[:12]}"


def read(folder: Path) -> Manifest:
    """The manifest of a snapshot folder.

    Raises:
        EffektError: ``SNAPSHOT_BROKEN`` if it is missing or no JSON object.
    """
    try:
        loaded = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        loaded = None
    if not isinstance(loaded, dict):
        raise _broken(folder, "manifest.json mangler eller kan ikke læses")
    return loaded


def sealed(manifest: Manifest) -> Manifest:
    """The manifest with the hash of all it says: what names files and heads is no less checked."""
    rest = {key: value for key, value in manifest.items() if key != _SEAL}
    return {**rest, _SEAL: sha256_json(rest)}


def is_sealed(manifest: Manifest) -> bool:
    """Whether a manifest says what it said when it was written."""
    return bool(sealed(manifest) == manifest)


def is_genuine(home: Home, folder: Path, manifest: Manifest) -> bool:
    """Whether the manifest of a snapshot is sealed, or one that the home has from before seals."""
    if has_seal(manifest):
        return is_sealed(manifest)
    return upgrades.knows_unsealed(home, folder.name, sha256_file(folder / MANIFEST))


def has_seal(manifest: Manifest) -> bool:
    """Whether a manifest is of a format that has a seal, or carries one."""
    return manifest.get("format", 1) != 1 or _SEAL in manifest


def to_text(manifest: Manifest) -> str:
    """The manifest as readable JSON; the same content gives the same bytes."""
    return json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def content(manifest: Manifest) -> Manifest:
    """The part of a manifest that two runs of the same knowledge and code have in common.

    Left out: ``data_quality`` (it also holds what was found on the way), what numbers the
    publication (``publication``, ``settlement_history``), the hashes of the DuckDB files (two
    identical writes differ in bytes), the list of gates and the seal over all.
    """
    rest = {key: value for key, value in manifest.items() if key not in _VOLATILE}
    rest["tables"] = {
        room: {name: entry for name, entry in tables.items() if name not in _OWN_TABLES}
        for room, tables in manifest["tables"].items()
    }
    return rest


def differing_files(folder: Path, *, is_closed: bool = False) -> list[str]:
    """Paths inside a snapshot that are missing, unexpected, or other bytes than its manifest says.

    Args:
        folder: a snapshot or candidate with its manifest.
        is_closed: its restricted room was removed because somebody was forgotten (F.forget).

    Raises:
        EffektError: ``SNAPSHOT_BROKEN`` if the manifest is missing or not readable.
    """
    manifest = read(folder)
    expected = {
        str(parquet_path(room, name)): entry["sha256"]
        for room, tables in manifest["tables"].items()
        for name, entry in tables.items()
    }
    expected.update(manifest["files"])
    if is_closed:
        room = f"{PARQUET_DIRS[RESTRICTED]}/"
        expected = {name: sha for name, sha in expected.items() if not name.startswith(room)}
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}
    present.discard(MANIFEST)
    changed = {
        name for name in present & expected.keys() if sha256_file(folder / name) != expected[name]
    }
    return sorted(changed | (present ^ expected.keys()))


def require_bytes(folder: Path, path: Path, copy: Path) -> None:
    """A copy of a snapshot's DuckDB file has the bytes that the manifest names.

    Raises:
        EffektError: ``SNAPSHOT_BROKEN``.
    """
    if read(folder)["files"].get(str(path)) != sha256_file(copy):
        raise _broken(folder, f"mangler eller er ændret: {path}")


def check_snapshot(path: Path, home: Home | None = None, *, is_closed: bool = False) -> Manifest:
    """Compare every file of a snapshot with its manifest, and its name with its content.

    Args:
        path: the snapshot's folder.
        home: whose snapshot it is, where it may be one from before manifests had seals.
        is_closed: see ``differing_files``.

    Returns:
        The manifest.

    Raises:
        EffektError: ``SNAPSHOT_BROKEN`` with the files that are missing or changed (bit rot).
    """
    manifest = read(path)
    try:
        wrong = differing_files(path, is_closed=is_closed)
        name = snapshot_id(manifest["as_of_date"], manifest["tables"])
    except (KeyError, TypeError, AttributeError):
        raise _broken(path, "manifest.json mangler noget af sit indhold") from None
    if wrong:
        raise _broken(path, "mangler eller er ændret: " + ", ".join(wrong))
    if name != manifest["snapshot_id"]:
        raise _broken(path, "navnet følger ikke af tabellerne")
    if not (is_sealed(manifest) if home is None else is_genuine(home, path, manifest)):
        raise _broken(path, "manifest.json siger ikke det, den sagde, da den blev skrevet")
    return manifest


def _broken(path: Path, what: str) -> EffektError:
    return EffektError(
        "SNAPSHOT_BROKEN",
        f"øjebliksbilledet {path.name}: {what}",
        remedy="kør `effekt run` igen; øjebliksbilledet skrives på ny fra vault/",
    )
