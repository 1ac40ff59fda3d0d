"""What a night knows, as one hash: unchanged knowledge publishes nothing new.

What belongs here: the hash of knowledge, and the mark that the last whole night left.
What does not: reading a delivery, judging it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from dagster_project.lib.base import canonical, files
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.settings import Home, Settings


def _hash_files(paths: Iterable[Path]) -> list[str]:
    return [f"{path.name} {canonical.sha256_file(path)}" for path in sorted(paths)]


def _folder(folder: Path, pattern: str) -> list[Path]:
    return [path for path in folder.glob(pattern) if path.is_file()] if folder.is_dir() else []


def knowledge(settings: Settings) -> str:
    """Hash of everything a night's result depends on.

    As-of date, area, register of deliveries (accepted, held, refused, opened), contract files,
    ledger, pseudonymisation key and code with its reference tables.
    """
    home = settings.home
    return canonical.sha256_json(
        {
            "as_of": settings.as_of_text,
            "area": settings.area,
            "deliveries": _hash_files(_folder(home.vault, "*.jsonl")),
            "contracts": _hash_files(_folder(settings.contracts_dir, "*.yml")),
            "ledger": _hash_files(_folder(home.ledger, "*.jsonl")),
            "key": _hash_files(_folder(home.secrets, home.key_file.name)),
            "code": code_version(),
        }
    )


def _mark(home: Home) -> Path:
    return home.work / "published.json"


def remember(home: Home, knowledge_sha256: str, snapshot_id: str) -> None:
    """Leave the mark of a whole night: what it knew and the snapshot that came of it."""
    text = json.dumps({"knowledge": knowledge_sha256, "snapshot_id": snapshot_id}) + "\n"
    files.write_atomic(_mark(home), text)


def forget(home: Home) -> None:
    """Remove the mark: a night has begun that may leave the warehouse half done."""
    _mark(home).unlink(missing_ok=True)


def remembered(home: Home) -> tuple[str, str] | None:
    """Knowledge and snapshot_id of the last whole night, if its mark and warehouse are there."""
    try:
        mark = json.loads(_mark(home).read_text(encoding="utf-8"))
        known = (str(mark["knowledge"]), str(mark["snapshot_id"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if home.warehouse.is_file() else None
