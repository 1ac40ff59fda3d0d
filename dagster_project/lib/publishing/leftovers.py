"""Links of ``published`` and what a killed run leaves there.

What belongs here: swapping a link atomically, finishing an exchange that was cut short, removing
what lies aside. What does not: deciding which snapshot is current.

Rules: F.killed.
Decides: F.killed.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.settings import Home

CURRENT = "current"
RESTRICTED_SITE = "restricted-site"
CANDIDATE_PREFIX = ".candidate-"
OLD_PREFIX = ".old-"
LINK_PREFIX = ".link-"
COPY_PREFIX = ".copy-"
PAGES_PREFIX = ".pages-"


def snapshots_dir(home: Home) -> Path:
    """``published/snapshots``."""
    return home.published / "snapshots"


def swap_link(link: Path, goes_to: str) -> None:
    """Let a link go elsewhere in one step: a new link is renamed over it."""
    aside = link.with_name(f"{LINK_PREFIX}{link.name}-{secrets.token_hex(4)}")
    aside.symlink_to(goes_to)
    aside.replace(link)
    files.fsync_dir(link.parent)


def point_current(home: Home, target: Path) -> None:
    """Let readers see this snapshot from now on."""
    swap_link(home.published / CURRENT, os.path.relpath(target, home.published))


def clean_leftovers(home: Home) -> None:
    """Remove what killed runs left aside; finish an exchange that was cut short.

    Call it with the home's lock held and nothing being built.
    """
    if not home.published.is_dir():
        return
    _finish_exchange(home)
    prefixes = (CANDIDATE_PREFIX, OLD_PREFIX, LINK_PREFIX, COPY_PREFIX, PAGES_PREFIX)
    for path in home.published.iterdir():
        if not path.name.startswith(prefixes):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _finish_exchange(home: Home) -> None:
    """Where ``current`` still points at a copy by links, bring it to its place."""
    link = home.published / CURRENT
    if not link.is_symlink():
        return
    place = str(link.readlink())
    if not place.startswith(COPY_PREFIX):
        return
    target = snapshots_dir(home) / place.removeprefix(COPY_PREFIX)
    if not target.exists():
        again = home.published / f"{CANDIDATE_PREFIX}{secrets.token_hex(4)}"
        shutil.copytree(home.published / place, again, copy_function=os.link)
        again.rename(target)
        files.fsync_dir(target.parent)
    point_current(home, target)
