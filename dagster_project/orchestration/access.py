"""Whether the user who runs a night may do so in this home, before anything is touched.

What belongs here: owners and modes of the home's folders. What does not: what stands in them, and
a failure that comes later (``failures``).

Rules: F.access.
Decides: F.access.
"""

from __future__ import annotations

import os
from pathlib import Path

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.base.person_numbers import shown
from dagster_project.lib.reference import words
from dagster_project.settings import Home

_ALL = os.R_OK | os.W_OK | os.X_OK


def failure(code: str, where: str) -> EffektError:
    """A fault of the machine in Danish words: what, where, and what to do."""
    word = words.failure(code)
    return EffektError(code, f"{where}: {word.label_da}", remedy=word.remedy_da)


def place_of(path: Path) -> str:
    """A path as a message may show it: the folder around it and its own name, without numbers."""
    return "/".join(map(shown, path.parts[-2:])).replace("//", "/")


def require_access(home: Home) -> None:
    """The home and each of its folders that is there belongs to this user, who may write it.

    ``landing`` may belong to another, as long as files can be taken out of it. The superuser is
    refused like any other: what he writes into a home of somebody else, its owner could not read.

    Raises:
        EffektError: ``HOME_FOREIGN``, ``FOLDER_FOREIGN``, ``FOLDER_READ_ONLY``, ``FOLDER_CLOSED``,
            ``LANDING_NOT_EMPTIED``.
    """
    if home.root.is_dir() and home.root.stat().st_uid != os.geteuid():
        raise failure("HOME_FOREIGN", place_of(home.root))
    for folder in folders_of(home):
        _require_folder(home, folder)


def folders_of(home: Home) -> list[Path]:
    """The home's folders that are there and that a night writes to."""
    candidates = [
        home.root, home.landing, home.vault, home.quarantine, home.work, home.ledger,
        home.published, home.published / "snapshots", home.reports, home.secrets, home.dagster,
    ]  # fmt: skip
    return [folder for folder in candidates if folder.is_dir()]


def _require_folder(home: Home, folder: Path) -> None:
    is_landing = folder == home.landing
    if folder.stat().st_uid != os.geteuid() and not is_landing:
        raise failure("FOLDER_FOREIGN", place_of(folder))
    if os.access(folder, _ALL, effective_ids=True):
        return
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise failure("FOLDER_READ_ONLY", place_of(folder))
    if is_landing and os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
        raise failure("LANDING_NOT_EMPTIED", place_of(folder))
    raise failure("FOLDER_CLOSED", place_of(folder))
