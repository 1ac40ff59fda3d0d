"""Overlays: how a home's senders write a source otherwise than it is declared (local dialects).

What belongs here: finding ``sources/<source>[.<sender>].yml`` and the declaration with it laid
over. What does not: what it may say (``laying``), keeping the overlay that a delivery was read with
(``intake.journal``, ``loading.as_accepted``), reading a file.

The file of the sender takes the place of the source's own as a whole. An overlay is checked when it
is read, so that no file is accepted with one that cannot be loaded. What it does not say stays as
the source is declared (docs/adr/0029).

Rules: I.overlay, I.person_text.
Decides: I.overlay.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dagster_project.lib.base.errors import said_by_system
from dagster_project.lib.base.person_numbers import shown
from dagster_project.lib.base.strict_yaml import MAX_BYTES
from dagster_project.lib.receiving.judging.declarations import Source, load_sources, refused
from dagster_project.lib.receiving.judging.laying import overlaid

SUFFIX = ".yml"
_SENDER = re.compile(r"(?!v\d+$)[a-z][a-z-]*", re.ASCII)
_WRONG_ENDS = (".yaml", ".yml", ".yml.txt", ".yaml.txt")


@dataclass(frozen=True)
class Declared:
    """A source as the files of one sender are read.

    Args:
        source: its declaration, with the overlay laid over it.
        file_name: of the overlay; None where there is none, and so the other two.
        overlay: its bytes.
        overlay_sha256: of these bytes.
    """

    source: Source
    file_name: str | None = None
    overlay: bytes | None = None
    overlay_sha256: str | None = None


Overlays = dict[tuple[str, str | None], Declared]
"""The overlays of a home by source and sender."""


def declared_for(sources_dir: Path | None, source_name: str, sender: str | None) -> Declared:
    """How the files of a source, or of one of its senders, are read.

    Args:
        sources_dir: the home's ``sources``; None, or a folder that is not there, has no overlays.
        source_name: a shipped source.
        sender: the sender in the file's name.

    Raises:
        EffektError: ``SOURCE_DECLARATION`` (2): the overlay, or the declaration, cannot be loaded.
    """
    source = load_sources()[source_name]
    names = [f"{source_name}{SUFFIX}"]
    if sender is not None:
        names.insert(0, f"{source_name}.{sender}{SUFFIX}")
    for name in names if sources_dir is not None else ():
        path = Path(sources_dir or "") / name
        if os.path.lexists(path):
            return _declared(source, path)
    return Declared(source)


def read_overlays(sources_dir: Path) -> Overlays:
    """Every overlay of a home by source and sender; a command that receives reads them all first.

    Raises:
        EffektError: ``SOURCE_DECLARATION`` (2): one of them cannot be loaded.
    """
    found: Overlays = {}
    try:
        names = sorted(path.name for path in sources_dir.iterdir())
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise refused("sources", f"kan ikke læses ({said_by_system(error)})") from None
    for name in names:
        if not name.startswith((".", "~")) and name.casefold().endswith(_WRONG_ENDS):
            source, sender = _named(name)
            found[source.source, sender] = _declared(source, sources_dir / name)
    return found


def read_one(path: Path, source_name: str | None = None) -> Declared:
    """One overlay, wherever it lies.

    Args:
        path: the file.
        source_name: its source, whatever the file is called; None: its name says it.

    Raises:
        EffektError: ``SOURCE_DECLARATION`` (2): it cannot be loaded, or is named by no source.
    """
    source = load_sources()[source_name] if source_name else _named(path.name)[0]
    return _declared(source, path)


@cache
def _overlaid(source_name: str, overlay: bytes, file_name: str) -> Source:
    return overlaid(load_sources()[source_name], overlay, file_name)


def _declared(source: Source, path: Path) -> Declared:
    overlay = _bytes_of(path)
    return Declared(
        _overlaid(source.source, overlay, f"sources/{shown(path.name)}"),
        path.name,
        overlay,
        hashlib.sha256(overlay).hexdigest(),
    )


def _named(name: str) -> tuple[Source, str | None]:
    """Source and sender that the name of an overlay says."""
    place = f"sources/{shown(name)}"
    if not name.endswith(SUFFIX):
        raise refused(place, f"filens navn skal ende på {SUFFIX}")
    source_name, dot, sender = name.removesuffix(SUFFIX).partition(".")
    source = load_sources().get(source_name)
    if source is None:
        known = ", ".join(sorted(load_sources()))
        raise refused(place, f"filens navn begynder ikke med en kilde ({known})")
    if dot and not _SENDER.fullmatch(sender):
        raise refused(place, "afsenderen i filens navn skrives med små bogstaver a-z og bindestreg")
    return source, sender or None


def _bytes_of(path: Path) -> bytes:
    place = f"sources/{shown(path.name)}"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        what = "er et link" if path.is_symlink() else f"kan ikke læses ({said_by_system(error)})"
        raise refused(place, what) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise refused(place, "er ikke en almindelig fil")
        return os.read(handle, MAX_BYTES + 1)  # at once: a regular file of this size
    finally:
        os.close(handle)
