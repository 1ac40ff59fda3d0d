"""The homes below a folder: each folder with a ``home.yml``, wherever it lies.

What belongs here: walking the folders. What does not: anything inside a home.

A link is followed where it leads to a home, and nowhere else: so no walk goes in circles or leaves
the folder. A home that can be reached by two names counts once. A folder with a vault and no
``home.yml`` is told and not run: whose it is, and what it settles, is not known without the file.

Rules: P.fleet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.base.person_numbers import shown
from dagster_project.settings import Home

HOME_FILE = "home.yml"
_VAULT = "vault"
_OF_THE_FILE_SYSTEM = "lost+found"


@dataclass(frozen=True)
class Member:
    """A home of the fleet, and its path below the fleet's folder, which is its name there."""

    name: str
    home: Home


@dataclass(frozen=True)
class Fleet:
    """What was found below a folder.

    Args:
        members: the homes, in the order of their names.
        closed: folders that could not be read, so that homes may lie in them.
        links: links to folders that are no home, and were not followed.
        lost: homes without their ``home.yml``.
    """

    members: tuple[Member, ...]
    closed: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every home below the folder is among the members, as far as can be known."""
        return not (self.closed or self.lost)


def find(folder: Path) -> Fleet:
    """Every home below a folder; the folder itself, where it is one.

    Raises:
        UsageError: there is no such folder, or no home in it and no closed folder or lost home
            either.
    """
    root = folder.expanduser().absolute()
    if not root.is_dir():
        raise UsageError("mappen findes ikke", remedy="angiv mappen over kommunernes mapper")
    closed: list[str] = []
    links: list[str] = []
    lost: list[str] = []
    members = _once([(_name(path, root), path) for path in _walk(root, closed, links, lost)])
    if not (members or closed or lost):
        raise UsageError(
            "ingen mappe herunder har en home.yml", remedy="lav en med effekt init MAPPE"
        )
    return Fleet(members, *(tuple(sorted(names)) for names in (closed, links, lost)))


def _walk(root: Path, closed: list[str], links: list[str], lost: list[str]) -> Iterator[Path]:
    """The folders with a ``home.yml``; what lies inside one is its own and not searched."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            if (folder / HOME_FILE).is_file():
                yield folder
                continue
            if folder != root and folder.is_symlink():
                links.append(_name(folder, root))
                continue
            if folder != root and (folder / _VAULT).is_dir():
                if Home(folder).is_home:  # else it is being made
                    lost.append(_name(folder, root))
                continue
            with os.scandir(folder) as entries:
                waiting += [Path(entry.path) for entry in entries if entry.is_dir()]
        except OSError:
            if folder.name != _OF_THE_FILE_SYSTEM:
                closed.append(_name(folder, root))


def _name(path: Path, root: Path) -> str:
    """A folder's path below the fleet's, fit to print; its own name where it is the one home."""
    parts = path.relative_to(root).parts or (root.name,)
    text = "/".join(map(shown, parts))
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _once(found: list[tuple[str, Path]]) -> tuple[Member, ...]:
    """Each home once: under its own name rather than that of a link to it."""
    by_place: dict[Path, tuple[bool, str, Path]] = {}
    for name, path in found:
        place = path.resolve()
        ranked = (path.is_symlink(), name, path)
        by_place[place] = min(by_place.get(place, ranked), ranked)
    members = sorted((name, str(path)) for _, name, path in by_place.values())
    return tuple(Member(name, Home(Path(path))) for name, path in members)
