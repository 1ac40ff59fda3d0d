"""One received file: where it lies, its bytes, and whether they are what its name says.

What belongs here: storing, reading and removing one file. What does not: the way of a landed file
to its place (``incoming``).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.settings import Home

Place = Literal["vault", "quarantine"]
VAULT: Place = "vault"
QUARANTINE: Place = "quarantine"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_sha256(name: str) -> bool:
    """Whether a name is that of a received file."""
    return _SHA256.fullmatch(name) is not None


@dataclass(frozen=True)
class Received:
    """A received file, there or not, by its place and the sha256 of the bytes that were received.

    Args:
        home: the home; a side home has a vault of its own.
        place: accepted files, checksum files and overlays lie in ``vault``, refused ones in
            ``quarantine``.
        sha256: its name.
    """

    home: Home
    place: Place
    sha256: str

    @property
    def label(self) -> str:
        """Folder and name, as messages show it."""
        return f"{self.place}/{self.sha256}"

    @property
    def stored(self) -> Path:
        """Where it is stored; what lies there is not what was received."""
        folder = self.home.vault if self.place == VAULT else self.home.quarantine
        return folder / self.sha256

    @property
    def is_there(self) -> bool:
        """Whether a file, and not a link to one, lies there."""
        return not self.stored.is_symlink() and self.stored.is_file()

    @property
    def stored_size(self) -> int:
        """Bytes that are stored, 0 where nothing is."""
        try:
            return self.stored.stat().st_size
        except OSError:
            return 0

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """A path under which the received bytes can be read until the context is left.

        Raises:
            OSError: it is not there or cannot be read.
        """
        yield self.stored

    def read(self) -> bytes:
        """The received bytes, of a file that fits into memory (an overlay, a checksum file).

        Raises:
            OSError: it is not there or cannot be read.
        """
        return self.stored.read_bytes()

    def is_whole(self) -> bool:
        """Read the file whole: whether its bytes are those that were received.

        Raises:
            OSError: it is not there or cannot be read.
        """
        return sha256_file(self.stored) == self.sha256

    def remove(self) -> None:
        """Remove it durably; one that is not there is none."""
        self.stored.unlink(missing_ok=True)
        files.fsync_dir(self.stored.parent)


def listed(home: Home, place: Place) -> list[Received]:
    """Every received file that lies in a place, by name."""
    folder = home.vault if place == VAULT else home.quarantine
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    return [Received(home, place, name) for name in sorted(names) if is_sha256(name)]


def put(home: Home, place: Place, data: bytes) -> Received:
    """Store bytes durably under their sha256; what lies there already stays.

    Raises:
        OSError: the disk is full or broken.
    """
    received = Received(home, place, hashlib.sha256(data).hexdigest())
    if not received.is_there:
        files.write_atomic(received.stored, data)
    return received


def link(received: Received, home: Home) -> Received:
    """Give the file to another home's vault too, by hard link where that works."""
    target = Received(home, VAULT, received.sha256)
    if not target.stored.exists():
        try:
            os.link(received.stored, target.stored)
        except OSError:
            shutil.copyfile(received.stored, target.stored)
    return target
