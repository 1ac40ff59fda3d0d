"""Make an audited candidate the snapshot that readers see, in one atomic step.

What belongs here: fsync, renames, the ``current`` link, keeping and removing old snapshots, and
clearing up after a killed run. What does not: what stands in the files.

The order is such that a kill between any two steps leaves a reader with the old snapshot or the
new one, whole, and that the next publish finishes or clears what was left:

1. fsync every file and folder of the candidate;
2. the candidate becomes ``snapshots/<id>`` (rename; exchange where the name is taken by other
   bytes; nothing where the same bytes are there already);
3. ``payout_mart.duckdb`` → ``current/payout_mart.duckdb`` (once per home);
4. every other snapshot but the one before is closed to readers;
5. ``current`` → ``snapshots/<id>`` (rename over the old link);
6. the publication's line is added to the record (``history``);
7. snapshots beyond those to keep, and leftovers, are removed.

A snapshot of older number is exchanged before it becomes current again: each publication's files
hold its own number.

Rules: M.publish, M.publications, M.kept, M.two_open.
Decides: M.publish, M.kept, M.two_open.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import errno
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib import ledger
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.publishing import history
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.candidate import Candidate, find_candidate
from dagster_project.lib.publishing.leftovers import (
    COPY_PREFIX,
    CURRENT,
    OLD_PREFIX,
    clean_leftovers,
    point_current,
    snapshots_dir,
    swap_link,
)
from dagster_project.settings import Home

KEPT_SNAPSHOTS = 30
MART_LINK = "payout_mart.duckdb"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True)
class PublishReport:
    """What publishing did.

    Args:
        snapshot_id: the snapshot that readers see now.
        path: its folder.
        action: ``published`` (a new snapshot), ``unchanged`` (it was current already),
            ``replaced`` (same figures, other restricted rows or provenance), ``repointed``
            (an older snapshot is current again).
        removed: snapshots that retention removed.
    """

    snapshot_id: str
    path: Path
    action: str
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot: its folder and its manifest."""

    path: Path
    manifest: manifests.Manifest

    @property
    def snapshot_id(self) -> str:
        """Name of the snapshot."""
        return str(self.manifest["snapshot_id"])


def current_snapshot(home: Home) -> Snapshot | None:
    """The snapshot that readers see; nothing before the first publish.

    One whose manifest cannot be read counts as none: the next publish writes it anew.
    """
    link = home.published / CURRENT
    if not link.exists():
        return None
    folder = link.resolve()
    try:
        found = Snapshot(folder, manifests.read(folder))
        dt.date.fromisoformat(found.manifest["as_of_date"])
    except (EffektError, KeyError, TypeError, ValueError):
        return None
    return found if found.manifest.get("snapshot_id") else None


def publish(home: Home) -> PublishReport:
    """Let readers see the candidate that waits; its folder is gone afterwards.

    Snapshots that an approval names stay beyond the newest.

    Args:
        home: the home it belongs to; its lock is held.

    Raises:
        EffektError: ``NO_CANDIDATE`` where nothing waits, ``NOT_AUDITED`` if a gate is missing,
            ``CANDIDATE_STALE`` if something was published since it was built, ``SNAPSHOT_BROKEN``
            if its bytes are no longer those of its manifest. Readers keep what they had.
    """
    waiting = find_candidate(home)
    if waiting is None:
        raise EffektError(
            "NO_CANDIDATE",
            "intet venter på at blive udgivet",
            remedy="kør hele natten (effekt run), eller trinnet build_candidate først",
        )
    _require_audit(waiting)
    history.require_next(home, waiting.manifest)
    kept = ledger.kept_snapshots(home)
    files.set_mode(files.make_dir(snapshots_dir(home), files.DIR_PUBLIC), files.DIR_PUBLIC)
    link = home.published / CURRENT
    target = snapshots_dir(home) / waiting.snapshot_id
    was_current = link.is_symlink() and link.resolve() == target
    placed = _place(waiting, target, is_current=was_current)
    _link_mart(home)
    _let_read(home, target)
    if not was_current:
        point_current(home, target)
    history.record(home, target)
    removed = _retain(home, kept | {target.name})
    clean_leftovers(home)
    return PublishReport(target.name, target, placed, removed)


def _let_read(home: Home, newest: Path) -> None:
    """Open the snapshot that becomes current and the one before it; close all others.

    One before is what readers see now; where that is the same one, the newest that is open beside.
    """
    others = [p for p in snapshots_dir(home).iterdir() if p.is_dir() and p != newest]
    shown = (home.published / CURRENT).resolve()
    is_open = [p for p in others if stat.S_IMODE(p.stat().st_mode) & stat.S_IXOTH]
    before = shown if shown in others else max(is_open, key=_age, default=None)
    files.set_mode(newest, files.DIR_PUBLIC)
    for path in others:
        files.set_mode(path, files.DIR_PUBLIC if path == before else files.DIR_PRIVATE)


def _age(folder: Path) -> tuple[int, str]:
    return folder.stat().st_mtime_ns, folder.name


def _require_audit(candidate: Candidate) -> None:
    manifest = manifests.check_snapshot(candidate.path)
    if missing := sorted(set(manifests.GATES) - set(manifest["gates"])):
        raise EffektError(
            "NOT_AUDITED",
            f"det, der skulle udgives, er ikke kommet gennem gate {', '.join(map(str, missing))}",
            remedy=(
                "se published/site/datakvalitet.html; det seneste gode øjebliksbillede gælder"
                " stadig"
            ),
        )


def _place(candidate: Candidate, target: Path, *, is_current: bool) -> str:
    """Bring the candidate to its place; what was done, as the report says it."""
    is_same = target.is_dir() and _is_same(candidate, target)
    if is_same and is_current:
        shutil.rmtree(candidate.path)
        return "unchanged"
    candidate.path.chmod(files.DIR_PUBLIC)
    sync_tree(candidate.path)
    if not target.exists():
        candidate.path.rename(target)
        files.fsync_dir(target.parent)
        return "published"
    _exchange(candidate.path, target)
    return "repointed" if is_same else "replaced"


def _is_same(candidate: Candidate, target: Path) -> bool:
    """The snapshot there has the same content and whole bytes (bit rot is mended by replacing)."""
    try:
        there = manifests.check_snapshot(target)
    except EffektError:
        return False
    return manifests.content(there) == manifests.content(candidate.manifest)


def sync_tree(folder: Path) -> None:
    """Fsync every file, then every folder from the leaves up."""
    paths = sorted(folder.rglob("*"), key=lambda path: len(path.parts), reverse=True)
    for path in paths:
        if path.is_file():
            files.fsync_file(path)
    for path in paths:
        if path.is_dir():
            files.fsync_dir(path)
    files.fsync_dir(folder)


def _exchange(ours: Path, target: Path) -> None:
    """Swap two folders atomically; the old one goes away under our name."""
    if rename_exchange(ours, target):
        files.fsync_dir(target.parent)
        files.fsync_dir(ours.parent)
        shutil.rmtree(ours)
    else:
        _exchange_by_links(ours, target)


def rename_exchange(one: Path, other: Path) -> bool:
    """``renameat2(RENAME_EXCHANGE)``; false where kernel or file system does not know it."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done = call(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)
    )
    if done == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _exchange_by_links(ours: Path, target: Path) -> None:
    """The same without the system call: readers follow ``current`` to a copy by hard links.

    Every step leaves ``current`` on whole files; ``clean_leftovers`` finishes a killed one.
    """
    published = ours.parent
    link = published / CURRENT
    is_current = link.is_symlink() and link.resolve() == target
    copy = published / f"{COPY_PREFIX}{target.name}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ours, copy, copy_function=os.link)
    if is_current:
        swap_link(published / CURRENT, os.path.relpath(copy, published))
    target.rename(published / f"{OLD_PREFIX}{secrets.token_hex(4)}")
    ours.rename(target)
    files.fsync_dir(target.parent)
    if is_current:
        swap_link(published / CURRENT, os.path.relpath(target, published))
    shutil.rmtree(copy)


def _link_mart(home: Home) -> None:
    link = home.published / MART_LINK
    goes_to = f"{CURRENT}/{MART_LINK}"
    if not link.is_symlink() or str(link.readlink()) != goes_to:
        swap_link(link, goes_to)


def _retain(home: Home, keep: set[str]) -> tuple[str, ...]:
    """Remove snapshots beyond the newest; those to keep and the current one stay."""
    folders = [path for path in snapshots_dir(home).iterdir() if path.is_dir()]
    folders.sort(key=lambda path: (path.name[:10], path.stat().st_mtime_ns, path.name))
    removed = []
    for path in folders[:-KEPT_SNAPSHOTS]:
        if path.name not in keep:
            aside = home.published / f"{OLD_PREFIX}{path.name}"
            path.rename(aside)
            removed.append(path.name)
    return tuple(removed)
