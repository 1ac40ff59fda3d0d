"""``effekt restore``: a home from an archive, in a folder that is empty or not there yet.

What belongs here: what a name in an archive may be, modes, the order in which the folder becomes a
home. What does not: reading the archive, what a whole home is (``inspection``).

A mark stands in the folder from the first step to the last; no command takes a folder with it for
a home. So a killed restore leaves none. One that fails takes away what it made.

Rules: F.restore.
Decides: F.restore.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dagster_project.lib.backup import archive, listing
from dagster_project.lib.backup.archive import Entry
from dagster_project.lib.backup.cut import VAULT_KEY
from dagster_project.lib.backup.listing import Listing
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.base.strict_yaml import YamlRefusedError, load_typed
from dagster_project.lib.inspection import inspect_home
from dagster_project.settings import Home, show_folder

_KEY_FILE = "vault_key_file"
_KEY_FILE_LINE = re.compile(rf"^{_KEY_FILE}:[^\n]*(?:\n|$)", re.MULTILINE)
FOLDERS = (
    "contracts", "ledger", "quarantine", "reports", "secrets", "sources", "vault",
)  # fmt: skip
"""The folders of a home that an archive may write into."""


@dataclass(frozen=True)
class Restored:
    """A home that was restored.

    Args:
        home: its folder.
        listing: what the archive held.
    """

    home: Home
    listing: Listing

    def as_json(self) -> dict[str, Any]:
        """Plain mapping."""
        return {
            "home": str(self.home.root),
            "files": len(self.listing.files),
            "heads": self.listing.heads,
        }

    def text(self) -> str:
        """What was restored and what comes next, in Danish."""
        root = self.home.root
        lines = (
            f"Mappen er lagt tilbage og efterprøvet: {root} ({len(self.listing.files)} filer)",
            "Udgivelser og sider er ikke i kopien; de beregnes igen:",
            f"effekt run --home {root} --as-of DATO (datoen i den gamle udgivelses navn)",
            f"effekt verify --home {root}",
        )
        return "\n".join(lines)


def restore(path: Path, home: Home, identity_file: Path) -> Restored:
    """Make a home of an archive.

    Args:
        path: the archive.
        home: the folder, empty or not there yet.
        identity_file: the private key, as ``age-keygen`` writes it.

    Raises:
        UsageError: ``FOLDER_TAKEN``, ``BACKUP_IDENTITY``, ``BACKUP_FILE``.
        EffektError: ``BACKUP_KEY``, ``BACKUP_BROKEN``; the folder is as it was.
    """
    identities = archive.identities_of(identity_file)
    if not path.is_file():
        raise UsageError("sikkerhedskopien findes ikke", remedy="angiv den rigtige fil",
                         code="BACKUP_FILE")  # fmt: skip
    is_new = _require_free(home)
    files.make_dir(home.root, files.DIR_PUBLIC)
    handle = os.open(home.restoring_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, files.FILE_PRIVATE)
    os.close(handle)
    files.fsync_dir(home.root)
    try:
        found = _unpack(path, home, identities)
        _keep_key_at_home(home)
        home.ensure()
        _require_whole(home)
    except BaseException:
        _take_away(home, is_new)
        raise
    home.restoring_file.unlink()
    files.fsync_dir(home.root)
    return Restored(home, found)


def _require_free(home: Home) -> bool:
    """Whether the folder is still to be made; refuse one in which anything stands."""
    if not os.path.lexists(home.root):
        return True
    if home.root.is_dir() and not any(home.root.iterdir()):
        return False
    is_half = home.restoring_file.exists()
    raise UsageError(
        f"{show_folder(home.root)} er ikke en tom mappe; intet er ændret",
        remedy="en afbrudt genskabelse har ladet den stå: fjern den, og kør igen"
        if is_half
        else "vælg en mappe, som er tom eller ikke findes endnu",
        code="FOLDER_TAKEN",
    )


def _unpack(path: Path, home: Home, identities: Sequence[Any]) -> Listing:
    found, made = Listing("", 0), {home.root}
    with archive.reading(path, identities) as entries:
        for entry in listing.checked(entries, found):
            target = home.root / place_of(entry.name)
            made |= _make_folders(home, target.parent)
            _write(target, entry)
    for folder in made:
        files.fsync_dir(folder)
    return found


def place_of(name: str) -> Path:
    """Where in a home a file of an archive goes; its name is not trusted.

    Raises:
        EffektError: ``BACKUP_BROKEN``: it leads elsewhere, or to where no record stands.
    """
    parts = name.split("/")
    is_inside = all(part not in ("", ".", "..") and "\0" not in part for part in parts)
    is_known = name == "home.yml" or (len(parts) > 1 and parts[0] in FOLDERS)
    if not (is_inside and is_known):
        raise archive.broken("rummer en fil, der ikke hører til i en kommunes mappe")
    return Path(*parts)


def _make_folders(home: Home, folder: Path) -> set[Path]:
    """Folders of the home that were made on the way to this one, private ones."""
    made: set[Path] = set()
    for path in [*reversed(folder.parents), folder]:
        if path.is_relative_to(home.root) and not path.is_dir():
            files.make_dir(path)
            made |= {path, path.parent}
    return made | {folder}


def _write(target: Path, entry: Entry) -> None:
    try:
        handle = os.open(
            target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, files.FILE_PRIVATE
        )
    except (FileExistsError, NotADirectoryError, ValueError):
        raise archive.broken("rummer to filer på samme sted") from None
    with os.fdopen(handle, "wb") as stream:
        for chunk in entry.chunks:
            stream.write(chunk)
        stream.flush()
        os.fchmod(stream.fileno(), files.FILE_PRIVATE)
        os.fsync(stream.fileno())


def _keep_key_at_home(home: Home) -> None:
    """Where the key of received files lay elsewhere, ``home.yml`` names that place no more.

    The archive brings it as ``secrets/vault.key``, where it is looked for by itself.
    """
    if home.home_file.is_file() and (home.secrets / VAULT_KEY).is_file():
        text = home.home_file.read_text(encoding="utf-8")
        if (changed := without_key_file(text)) != text:
            files.write_atomic(home.home_file, changed)


def without_key_file(text: str) -> str:
    """The text of ``home.yml`` without ``vault_key_file``, all else as it was.

    Where the key does not stand on one line, the file is written anew, without its comments: a
    restore must not end because of how a line was broken on a machine that is lost.
    """
    rest = {name: value for name, value in _loaded(text).items() if name != _KEY_FILE}
    changed = _KEY_FILE_LINE.sub("", text)
    with suppress(YamlRefusedError):
        if _loaded(changed) == rest:
            return changed
    return yaml.safe_dump(rest, allow_unicode=True, sort_keys=False)


def _loaded(text: str) -> dict[str, Any]:
    return load_typed(text) or {}


def _require_whole(home: Home) -> None:
    """All that ``effekt verify`` looks at is whole.

    Raises:
        EffektError: ``BACKUP_BROKEN``, with the first fault.
    """
    faults = [fault for area in inspect_home(home).areas for fault in area.faults]
    if faults:
        raise archive.broken(f"rummer ingen hel mappe ({faults[0].code}: {faults[0].message})")


def _take_away(home: Home, is_new: bool) -> None:
    """Remove what was made in a folder that was empty; the mark last."""
    for path in home.root.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != home.restoring_file:
            path.unlink()
    home.restoring_file.unlink(missing_ok=True)
    if is_new:
        home.root.rmdir()
