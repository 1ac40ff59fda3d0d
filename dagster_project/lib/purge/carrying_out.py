"""Carrying out what was decided to be removed, and finishing it after a kill.

What belongs here: removing the files that the record names, what was computed from them, and the
refused files whose days have passed. What does not: deciding a purge (``deciding``).

The line of the record stands before anything goes. What was computed goes before the files that it
was computed from, so that a killed removal shows by the files that are still there.

Rules: F.purge, F.quarantine, F.killed.
Decides: F.quarantine.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

from dagster_project.lib import publishing, removals, vault
from dagster_project.lib.base import files
from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.publishing.leftovers import OLD_PREFIX, RESTRICTED_SITE
from dagster_project.lib.purge import needs
from dagster_project.lib.receiving.intake.register import Register, load_register
from dagster_project.lib.removals import EVIDENCE, EXPIRE, PURGE, File, Removal
from dagster_project.settings import Home

_ANNEXES = "*-bilag*"
_PLACES: dict[str, vault.Place] = {
    removals.VAULT: vault.VAULT, removals.QUARANTINE: vault.QUARANTINE,
}  # fmt: skip


def finish(home: Home) -> int:
    """Remove whatever the record names and is still there; the home is held.

    Returns:
        how many files were removed.
    """
    decided = [one for one in removals.read(home) if one.action in (PURGE, EXPIRE)]
    if not decided:
        return 0
    register = load_register(home)
    left = [(one, file) for one in decided for file in _left(home, register, one)]
    if any(one.action == PURGE for one, _ in left):
        remove_computed(home)
    for _, file in left:
        if file.room == EVIDENCE:
            _remove_evidence(home, file)
        else:
            remove_received(home, file)
    publishing.remove_old_rooms(home)
    return len(left)


def expire(home: Home, as_of: dt.date) -> int:
    """Remove the refused files whose days in quarantine have passed; the home is held.

    Args:
        home: the home.
        as_of: business date of the night.

    Returns:
        how many files were removed.
    """
    register = load_register(home)
    days = home.read_home_file().quarantine_days
    due = [file for file, _ in needs.refused_files(home, register, as_of, days)]
    if not due:
        return 0
    removals.add(home, EXPIRE, as_of, due, register_lines=register.line_count)
    return finish(home)


def _left(home: Home, register: Register, removal: Removal) -> Iterator[File]:
    """The files of a removal that are still there.

    A refused file that was received and refused again after the removal is another refusal's.
    """
    stored = _evidence(home) if any(f.room == EVIDENCE for f in removal.files) else {}
    lines = int(removal.line.get("register_lines", 0))
    for file in removal.files:
        if file.room == EVIDENCE:
            is_left = file.sha256 in stored
        elif file.room == removals.QUARANTINE and register.refused_line(file.sha256) > lines:
            is_left = False
        else:
            is_left = vault.Received(home, _PLACES[file.room], file.sha256).is_there
        if is_left:
            yield file


def _evidence(home: Home) -> dict[str, list[Path]]:
    """Stored evidence that is there, by the sha256 that its approval names."""
    found: dict[str, list[Path]] = {}
    purged = removals.purged_contracts(home)
    for event in approvals_of(chain.read(home)).values():
        path = needs.evidence_path(home, event)
        if event.contract_id in purged and event.evidence_sha256 and path.is_file():
            found.setdefault(event.evidence_sha256, []).append(path)
    return found


def _remove_evidence(home: Home, file: File) -> None:
    for path in _evidence(home).get(file.sha256, ()):
        path.unlink(missing_ok=True)
        files.fsync_dir(path.parent)


def remove_received(home: Home, file: File) -> None:
    """Remove a received file; a refused one with the reports beside it."""
    if file.room == removals.QUARANTINE:
        for report in home.quarantine.glob(f"{file.sha256}.*"):
            report.unlink(missing_ok=True)
    vault.Received(home, _PLACES[file.room], file.sha256).remove()


def remove_computed(home: Home) -> None:
    """Remove what was computed from received files; the next night computes the rest anew."""
    for path in home.work.iterdir() if home.work.is_dir() else ():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    site = home.published / RESTRICTED_SITE
    if site.is_dir():
        aside = home.published / f"{OLD_PREFIX}{site.name}"
        shutil.rmtree(aside, ignore_errors=True)
        site.rename(aside)
        shutil.rmtree(aside)
    for path in home.reports.rglob(_ANNEXES) if home.reports.is_dir() else ():
        path.unlink()
