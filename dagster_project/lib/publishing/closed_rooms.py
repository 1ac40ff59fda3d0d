"""Restricted rooms of snapshots that were published before a person was forgotten: they go.

What belongs here: which snapshots lose their restricted room, removing it, and knowing that it is
no fault. What does not: forgetting (``lib/person``).

Each line of the record of removals that forgets somebody names the number of the last publication
before it. The snapshot that readers see keeps its room until the next publication takes its place.

Rules: F.forget, M.snapshot.
"""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Any

from dagster_project.lib import removals
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import publications
from dagster_project.lib.ledger.publications import NUMBER
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.leftovers import CURRENT, OLD_PREFIX, snapshots_dir
from dagster_project.lib.publishing.manifest import Manifest
from dagster_project.lib.publishing.tables import RESTRICTED
from dagster_project.settings import Home


def last_number(home: Home) -> int:
    """The number of the last publication, 0 before the first."""
    return len(publications.read(home))


def remove_old_rooms(home: Home) -> list[str]:
    """Remove the restricted rooms that forgetting closed; the home is held.

    Returns:
        The snapshots that lost theirs now.
    """
    until = _closed_until(home)
    if not until:
        return []
    link = home.published / CURRENT
    current = link.resolve() if link.exists() else None
    done = []
    for folder in sorted(path for path in snapshots_dir(home).glob("*") if path.is_dir()):
        room = folder / manifests.PARQUET_DIRS[RESTRICTED]
        if folder == current or not room.is_dir() or not _is_before(_read(folder), until):
            continue
        aside = home.published / f"{OLD_PREFIX}{secrets.token_hex(4)}"
        room.rename(aside)
        files.fsync_dir(folder)
        shutil.rmtree(aside)
        done.append(folder.name)
    return done


def may_lack_room(home: Home, folder: Path, manifest: Manifest) -> bool:
    """Whether a snapshot has no restricted room because forgetting closed it."""
    room = folder / manifests.PARQUET_DIRS[RESTRICTED]
    return not room.exists() and _is_before(manifest, _closed_until(home))


def _closed_until(home: Home) -> int:
    """The last publication before somebody was forgotten last, 0 where nobody was."""
    told: list[Any] = [removal.line.get("publication", 0) for removal in removals.read(home)]
    return max((int(number) for number in told), default=0)


def _is_before(manifest: Manifest, until: int) -> bool:
    """Whether a snapshot is of a publication up to a number; one without a number is of an old."""
    own = manifest.get("publication")
    number = own.get(NUMBER, 0) if isinstance(own, dict) else 0
    return bool(until) and int(number) <= until


def _read(folder: Path) -> Manifest:
    try:
        return manifests.read(folder)
    except EffektError:
        return {}
