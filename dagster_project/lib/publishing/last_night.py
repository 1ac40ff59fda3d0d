"""The mark of the last whole night: what it knew, and the snapshot that came of it.

What belongs here: leaving, reading and removing it. What does not: what a night knows
(``orchestration.knowledge``).
"""

from __future__ import annotations

import json
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.settings import Home


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
