"""Walking ``landing/`` and staging what lies there: no link followed, no byte lost.

What belongs here: the drop zone as an untrusted folder. What does not: names' meaning, content.
Folders are walked by descriptor, so that a folder swapped for a link meanwhile leads nowhere.

Rules: I.no_delivery, I.checksum, I.kept, F.hostile.
Decides: I.no_delivery, I.kept, F.hostile.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.lib import vault
from dagster_project.lib.receiving.judging.names import is_delivery_name
from dagster_project.settings import Home

# One night takes at most so many files and folders so deep; the rest waits for the next night.
# Ten million tiny files must not delay the others for ever.
MAX_FILES = 20_000
MAX_ENTRIES = 200_000
MAX_DEPTH = 16
# swapped for a link, a socket or a folder since it was found
_SWAPPED = {errno.ELOOP, errno.ENXIO, errno.EISDIR}
SIDE_FILE_BYTES = 4096


@dataclass(frozen=True)
class Found:
    """One entry of the drop zone.

    Args:
        folders: sub-folders from ``landing/`` down.
        name: file name.
        identity: device, inode, size, mtime in ns: a file with others is another file.
        is_regular: False for links, pipes, sockets, devices.
        side_name: name of the checksum file beside it, if there is one.
    """

    folders: tuple[str, ...]
    name: str
    identity: tuple[int, int, int, int]
    is_regular: bool
    side_name: str | None = None

    @property
    def size(self) -> int:
        """Bytes when it was found."""
        return self.identity[2]


@dataclass(frozen=True)
class Closed:
    """An entry of the drop zone that this user cannot read or take out of it; it stays.

    Args:
        place: folders and name, from ``landing/`` down.
        code: what is wrong.
    """

    place: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class Staged:
    """A landed file copied aside under its sha256.

    Args:
        found: where it lies in the drop zone.
        sha256: of the copied bytes.
        path: the copy, or None for a file too large to copy (it is moved as it is).
        side: sha256 and text of its checksum file.
        is_changing: the file changed while it was read: left for the next night.
        written: done once the copy is on the disk; None where nothing is to be waited for.
    """

    found: Found
    sha256: str
    path: Path | None
    side: tuple[str, str] | None = None
    is_changing: bool = False
    written: Future[None] | None = field(default=None, compare=False)

    def wait_until_written(self) -> None:
        """Return when the copy survives a power loss.

        Raises:
            OSError: the disk is full or broken.
        """
        if self.written is not None:
            self.written.result()


def identity_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """What differs between two files of the same name."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@contextmanager
def opened_folder(landing: Path, folders: tuple[str, ...]) -> Iterator[int]:
    """Descriptor of a sub-folder of the drop zone; no link on the way is followed."""
    handle = os.open(landing, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


class Walk:
    """All deliveries in the drop zone, in the order of their names; ``left`` counts what waits."""

    def __init__(self, landing: Path) -> None:
        self._landing = landing
        self._entries = 0
        self.left = 0
        self.found: list[Found] = []
        self.closed: list[Closed] = []
        self._visit(())
        self.found.sort(key=lambda found: (found.name, found.folders))

    def _visit(self, folders: tuple[str, ...]) -> None:
        inner: list[str] = []
        with opened_folder(self._landing, folders) as handle:
            names = self._list(handle)
            for name in sorted(names):
                self._look(handle, folders, name, names, inner)
        for name in inner:
            if len(folders) + 1 > MAX_DEPTH:
                self.left += 1
            else:
                self._enter((*folders, name))

    def _enter(self, folders: tuple[str, ...]) -> None:
        try:
            self._visit(folders)
        except PermissionError:
            self.closed.append(Closed(folders, "LANDING_FOLDER_CLOSED"))
        except OSError:  # swapped for a link or removed meanwhile
            self.left += 1

    def _list(self, handle: int) -> set[str]:
        names: set[str] = set()
        with os.scandir(handle) as entries:
            for entry in entries:
                self._entries += 1
                if self._entries > MAX_ENTRIES:
                    self.left += 1
                    break
                names.add(entry.name)
        return names

    def _look(
        self, handle: int, folders: tuple[str, ...], name: str, names: set[str], inner: list[str]
    ) -> None:
        try:
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
        except OSError:
            return
        if stat.S_ISDIR(status.st_mode):
            if not name.startswith("."):
                inner.append(name)
            return
        if not is_delivery_name(name):
            return
        if len(self.found) >= MAX_FILES:
            self.left += 1
            return
        if not _can_take(handle, status):
            self.closed.append(Closed((*folders, name), "FILE_NOT_TAKEN"))
            return
        side = f"{name}.sha256" if f"{name}.sha256" in names else None
        regular = stat.S_ISREG(status.st_mode)
        self.found.append(Found(folders, name, identity_of(status), regular, side))


def _can_take(folder: int, file: os.stat_result) -> bool:
    """Whether this user may take a file out of its folder (sticky: only his own, or in his own)."""
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True):
        return False
    around, user = os.fstat(folder), os.geteuid()
    return not around.st_mode & stat.S_ISVTX or user in (0, around.st_uid, file.st_uid)


def _side_bytes(folder: int, name: str) -> bytes | None:
    """Content of a checksum file; None for what is none: gone, no regular file, or too large."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        data = os.read(handle, SIDE_FILE_BYTES + 1)
    finally:
        os.close(handle)
    return data if len(data) <= SIDE_FILE_BYTES else None


def side_sha256(folder: int, name: str) -> str | None:
    """The sha256 of a checksum file as it is now, None where there is none to read."""
    data = _side_bytes(folder, name)
    return None if data is None else hashlib.sha256(data).hexdigest()


def _read_side(folder: int, found: Found, home: Home) -> tuple[str, str] | None:
    if found.side_name is None:
        return None
    data = _side_bytes(folder, found.side_name)
    if data is None:
        return ("", "")
    return (vault.keep_in(home, data).sha256, data.decode("utf-8", "replace"))


def stage(home: Home, found: Found, max_bytes: int) -> Staged | Closed | None:
    """Copy one landed file aside.

    Args:
        home: the home whose drop zone it lies in.
        found: what ``Walk`` saw.
        max_bytes: larger files are hashed where they lie and moved later, never copied.

    Returns:
        the staged file, what is wrong where it may not be read, or None when it is gone. Its bytes
        may still be on their way to the disk (``Staged.wait_until_written``).

    Raises:
        OSError: the disk is full or broken; nothing has changed then.
    """
    with opened_folder(home.landing, found.folders) as folder:
        if not found.is_regular:
            return _stage_special(folder, found, home)
        try:
            handle = os.open(found.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except FileNotFoundError:
            return None
        except PermissionError:
            return Closed((*found.folders, found.name), "FILE_CLOSED")
        except OSError as error:
            if error.errno not in _SWAPPED:
                raise
            return Staged(found, "", None, is_changing=True)  # it stays; the others go on
        written: Future[None] | None = None
        try:
            before = identity_of(os.fstat(handle))
            if found.size > max_bytes:
                with os.fdopen(os.dup(handle), "rb") as stream:
                    digest, path = hashlib.file_digest(stream, "sha256").hexdigest(), None
            else:
                copied = vault.copy_in(home, handle)
                digest, path, written = copied.sha256, copied.path, copied.written
            changing = before != found.identity or identity_of(os.fstat(handle)) != before
        finally:
            os.close(handle)
        side = _read_side(folder, found, home)
    return Staged(found, digest, path, side, changing, written)


def _stage_special(folder: int, found: Found, home: Home) -> Staged:
    """A link is kept as the text of its target; pipes, sockets and devices have no bytes."""
    try:
        data = os.fsencode(os.readlink(found.name, dir_fd=folder))
    except OSError:
        data = b""
    copied = vault.keep_in(home, data)
    return Staged(found, copied.sha256, copied.path)


def checksum_matches(staged: Staged) -> bool:
    """Whether the checksum file beside a delivery (if any) names its sha256."""
    return staged.side is None or names_sha256(staged.side[1], staged.sha256)


def names_sha256(text: str, sha256: str) -> bool:
    """Whether the text of a checksum file (as ``sha256sum`` writes it) names this sha256."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) != 1:
        return False
    return lines[0].removeprefix("\\").split()[0].casefold() == sha256
