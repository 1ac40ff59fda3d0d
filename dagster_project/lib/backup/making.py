"""``effekt backup``: write an archive, read it back, and only then give it its name.

What belongs here: the order of doing, and the archive's name. What does not: what it holds.

The archive is encrypted to the recipients of ``home.yml`` and to a key that lives as long as this
process: with it the archive is read back, whose private keys are on another machine.

Rules: F.backup.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from dagster_project import settings as places
from dagster_project.lib import records
from dagster_project.lib.backup import archive, listing
from dagster_project.lib.backup.cut import Cut, MovedError
from dagster_project.lib.backup.listing import Listing
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.settings import Settings

_CUTS = 5
_SUFFIX = ".tar.age"


@dataclass(frozen=True)
class Backup:
    """An archive that was written.

    Args:
        path: the archive.
        size: its bytes.
        listing: what it holds.
    """

    path: Path
    size: int
    listing: Listing

    def as_json(self) -> dict[str, Any]:
        """Plain mapping."""
        return {
            "backup": str(self.path),
            "size": self.size,
            "files": len(self.listing.files),
            "heads": self.listing.heads,
        }

    def text(self) -> str:
        """What was written, in Danish."""
        lines = [
            f"Sikkerhedskopien er skrevet og læst igen: {self.path}",
            f"{len(self.listing.files)} filer; hashkæderne ender i",
            *(f"  {name}: linje {head['sequence']} ({head['hash'][:12]}…)"
              for name, head in sorted(self.listing.heads.items())),
        ]  # fmt: skip
        return "\n".join(lines)


def make_backup(settings: Settings, target: Path) -> Backup:
    """Write one archive of all records of a home.

    Args:
        settings: home and contracts.
        target: the archive, or a folder for one that is named by home and time.

    Raises:
        UsageError: ``BACKUP_RECIPIENTS``, ``BACKUP_FILE`` (exit 2).
        EffektError: ``BACKUP_MOVED``, or what is wrong with a record.
    """
    home = settings.home
    recipients = archive.recipients_of(home.read_home_file().backup.recipients)
    path = _named(settings, target)
    records.check(home)
    files.sweep_asides([path.parent])
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        told = _write(settings, aside, recipients)
        size = aside.stat().st_size
        _require_free(path)
        aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)
    files.fsync_dir(path.parent)
    return Backup(path, size, told)


def _named(settings: Settings, target: Path) -> Path:
    path = target.expanduser().absolute()
    if path.is_dir():
        now = f"{places.now():%Y%m%d-%H%M%S}"
        path /= f"effekt-{settings.home.root.name}-{now}{_SUFFIX}"
    _require_free(path)
    if not path.parent.is_dir():
        raise _no_place("mappen til sikkerhedskopien findes ikke", "lav den, eller vælg en anden")
    return path


def _require_free(path: Path) -> None:
    if os.path.lexists(path):
        raise _no_place(
            "der ligger allerede en fil med det navn",
            "angiv et nyt navn, eller en mappe, så kopien får navn efter tidspunktet",
        )


def _no_place(message: str, remedy: str) -> UsageError:
    return UsageError(f"{message}; intet er skrevet", remedy=remedy, code="BACKUP_FILE")


def _write(settings: Settings, aside: Path, recipients: Sequence[Any]) -> Listing:
    """Write and read back; a cut in which something moved is made again."""
    import pyrage

    own = pyrage.x25519.Identity.generate()
    failure = _moved()
    for _ in range(_CUTS):
        told = Listing(metadata.version("effektafregning"), settings.home.read_home_file().format)
        try:
            with _opened(aside) as stream:
                archive.write(stream, _listed(settings, told), [*recipients, own.to_public()])
                stream.flush()
                os.fsync(stream.fileno())
                # read back what the disk holds, and not what the system still remembers of it
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        except MovedError as moved:
            failure = moved.told or _moved()
            continue
        listing.require_same(told, read_back(aside, [own]))
        return told
    raise failure


def _moved() -> EffektError:
    return EffektError(
        "BACKUP_MOVED",
        "mappens filer blev udskiftet, mens de blev kopieret; der er ingen sikkerhedskopi",
        remedy="vent, til den kommando, der udskifter dem, er slut, og prøv igen",
    )


def _opened(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, files.FILE_PRIVATE), "wb")


def _listed(settings: Settings, told: Listing) -> Iterator[archive.Entry]:
    """The files of a cut, and their listing behind them."""
    shipped = settings.contracts_dir == places.SHIPPED_CONTRACTS_DIR
    for entry in Cut(settings.home, None if shipped else settings.contracts_dir).entries():
        yield told.noted(entry)
    raw = told.as_bytes()
    yield archive.Entry(listing.NAME, len(raw), iter([raw]))


def read_back(path: Path, identities: Sequence[Any]) -> Listing:
    """Read an archive whole and hold it against its own listing; gives what was found.

    Raises:
        EffektError: ``BACKUP_BROKEN``, ``BACKUP_KEY``.
    """
    found = Listing("", 0)
    with archive.reading(path, identities) as entries:
        for entry in listing.checked(entries, found):
            for _ in entry.chunks:
                pass
    return found
