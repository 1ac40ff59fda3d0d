"""What a parser may open: one received file at a time, and one normalised copy of it.

What belongs here: two handles whose numbers stay, so that the parser's settings can be locked to
their paths, while what stands behind them changes. Neither file has a name. What does not: the
parser (``engine``) and what is read or written.

Rules: F.encrypted, F.hostile.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib import vault


@dataclass(frozen=True)
class Spill:
    """The two handles of a parser.

    Args:
        folder: private folder; what has no name stands on its file system.
        file: handle of the file that is read.
        copy: handle of the normalised copy.
    """

    folder: Path
    file: int
    copy: int

    @property
    def paths(self) -> list[str]:
        """All that the parser may open."""
        return [str(vault.path_of(handle)) for handle in (self.file, self.copy)]

    @property
    def handles(self) -> tuple[int, int]:
        """What a child that parses must inherit."""
        return (self.file, self.copy)

    @contextmanager
    def shown(self, path: Path) -> Iterator[Path]:
        """The path under which the parser reads a file, until the context is left."""
        _put(self._without_name(path), self.file)
        try:
            yield vault.path_of(self.file)
        finally:
            _put(vault.unnamed(self.folder, 0), self.file)

    def _without_name(self, path: Path) -> int:
        """A handle on a file; of one that has a name a copy, for the engine would follow to it."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if not os.fstat(handle).st_nlink:
            return handle
        copy = vault.unnamed(self.folder)
        try:
            shutil.copyfile(vault.path_of(handle), vault.path_of(copy))
        finally:
            os.close(handle)
        return copy

    def new_copy(self) -> Path:
        """The path of a new, empty copy; the one before is gone."""
        _put(vault.unnamed(self.folder), self.copy)
        return vault.path_of(self.copy)


def _put(handle: int, place: int) -> None:
    os.dup2(handle, place, inheritable=False)
    os.close(handle)


@contextmanager
def opened(folder: Path) -> Iterator[Spill]:
    """Two handles with nothing behind them, closed at the end."""
    file, copy = vault.unnamed(folder, 0), vault.unnamed(folder, 0)
    try:
        yield Spill(folder, file, copy)
    finally:
        os.close(file)
        os.close(copy)
