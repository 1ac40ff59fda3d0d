"""The two sites below ``published/``: where their pages stand, and their one swap.

What belongs here: folders and modes, building a site aside, the rename, the mark that says what a
site was drawn from. What does not: what stands on a page.

A site is built in a folder beside it and exchanged with it in one rename, so a reader has the old
site or the new one, whole. Pages that are kept are the same files. Everything can be drawn anew
from the marts, so nothing of it is synced to the disk.

Rules: V.sites.
Decides: V.sites.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.lib.base import files
from dagster_project.lib.publishing.atomic import rename_exchange
from dagster_project.lib.publishing.leftovers import OLD_PREFIX, PAGES_PREFIX, RESTRICTED_SITE
from dagster_project.settings import Home

_MARK = ".udgave.json"
Mark = Mapping[str, Any]


@dataclass(frozen=True)
class Site:
    """One of the two sites: its folder's name and the modes of what is in it."""

    name: str
    folder_mode: int
    file_mode: int

    def folder(self, home: Home) -> Path:
        """Where it stands."""
        return home.published / self.name


OPEN = Site("site", files.DIR_PUBLIC, files.FILE_MART)
"""For every reader of the mart: aggregates and the bill."""
RESTRICTED = Site(RESTRICTED_SITE, files.DIR_RESTRICTED, files.FILE_RESTRICTED)
"""For the controllers: courses; of the group of ``published/``, as the restricted room is."""
SITES = (OPEN, RESTRICTED)


def read_mark(home: Home, site: Site) -> Mark | None:
    """What a site was drawn from and which pages it has; null where one of them is missing."""
    folder = site.folder(home)
    try:
        mark = json.loads((folder / _MARK).read_text(encoding="utf-8"))
        is_whole = all((folder / path).is_file() for path in mark["pages"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return mark if is_whole else None


def swap(
    home: Home, site: Site, pages: Iterable[tuple[str, str]], source: Mark | None, *, keeps: bool
) -> int:
    """Let readers see these pages from now on, in one rename; the home is held.

    Args:
        home: the home.
        site: which site.
        pages: path in the site and text of each page; one at a time is held in memory.
        source: what all pages were drawn from; null where these are only some.
        keeps: the other pages stay as they are.

    Returns:
        How many pages were written.
    """
    _clear(home)
    folder = site.folder(home)
    aside = home.published / f"{PAGES_PREFIX}{site.name}-{secrets.token_hex(4)}"
    aside.mkdir()
    try:
        if keeps and folder.is_dir():
            _keep(folder, aside)
        written = []
        for path, text in pages:
            target = aside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)  # it may be the same file as a reader's
            written.append(path)
            target.write_text(text, encoding="utf-8", newline="")  # a calendar ends lines itself
            target.chmod(site.file_mode)
        if source is not None:
            told = json.dumps({**source, "pages": sorted(written)}, sort_keys=True)
            (aside / _MARK).unlink(missing_ok=True)
            (aside / _MARK).write_text(told + "\n", encoding="utf-8")
            (aside / _MARK).chmod(site.file_mode)
        _set_modes(aside, site, home)
        _exchange(aside, folder)
        return len(written)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def put(home: Home, site: Site, path: str, text: str) -> Path:
    """Put one page into a site that is there, or is not yet; the home need not be held."""
    folder = files.make_dir(site.folder(home), site.folder_mode)
    target = folder / path
    for inner in reversed(target.relative_to(folder).parents[:-1]):
        files.make_dir(folder / inner, site.folder_mode)
    files.write_atomic(target, text, site.file_mode)
    for made in (*(p for p in target.parents if folder in (p, *p.parents)), target):
        _give(made, site, home)
    return target


def _clear(home: Home) -> None:
    """Remove what killed runs left aside."""
    for path in home.published.glob(f"{PAGES_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)


def _keep(folder: Path, aside: Path) -> None:
    """Let a site built aside have the pages of the one that is there."""
    for path in folder.rglob("*"):
        place = path.relative_to(folder)
        is_page = path.is_file() and not path.is_symlink()
        if not is_page or (path.name.startswith(".") and path.name != _MARK):
            continue
        (aside / place).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, aside / place)
        except OSError:  # a file system without links
            shutil.copy2(path, aside / place)


def _set_modes(aside: Path, site: Site, home: Home) -> None:
    folders = [aside, *(path for path in aside.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(site.folder_mode)
    if site is RESTRICTED:
        for path in (*folders, *(path for path in aside.rglob("*") if path.is_file())):
            _give(path, site, home)


def _give(path: Path, site: Site, home: Home) -> None:
    """A restricted page is of the group of ``published/``; a user who may not set it keeps his."""
    if site is RESTRICTED and path.stat().st_gid != (group := home.published.stat().st_gid):
        with suppress(PermissionError):
            os.chown(path, -1, group)


def _exchange(aside: Path, folder: Path) -> None:
    """The site built aside takes the place of the other, which goes away under its name."""
    if not folder.exists():
        aside.rename(folder)
    elif not rename_exchange(aside, folder):  # a file system that cannot: two renames
        old = folder.with_name(f"{OLD_PREFIX}{secrets.token_hex(4)}")
        folder.rename(old)
        aside.rename(folder)
        shutil.rmtree(old)
    files.fsync_dir(folder.parent)
