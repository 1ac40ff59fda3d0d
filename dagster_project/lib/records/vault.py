"""Looking after received files: whether each is still what its name, its sha256, says.

What belongs here: which files a home must hold, and looking at as many a night as there is time
for, those first that nobody has looked at for longest. What does not: how a file is stored.

The clock decides how much is looked at and never a figure. The place is kept in ``work/``; without
it the round begins anew.

Rules: F.vault.
Decides: F.vault.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dagster_project.lib import removals, vault
from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.settings import Home

_MOST_SECONDS = 2.0
_SHARE_OF_A_NIGHT = 0.1


@dataclass(frozen=True)
class Kept:
    """A received file that the home must hold.

    Args:
        file: where it lies, and its name.
        record: the delivery that it is; none for the checksum file beside one, or an overlay.
        is_overlay: a delivery was read with it.
    """

    file: vault.Received
    record: Record | None
    is_overlay: bool = False


@dataclass(frozen=True)
class Damage:
    """What is wrong with a received file, in Danish."""

    kept: Kept
    what: str

    @property
    def told(self) -> str:
        """Which delivery it is, and what is wrong."""
        record = self.kept.record
        name = f" (leveringen {record.file_name}, {record.delivery_id})" if record else ""
        name = " (en tilpasning fra sources/)" if self.kept.is_overlay else name
        return f"{self.kept.file.label}{name} {self.what}"

    @property
    def remedy(self) -> str:
        """What to restore."""
        label = self.kept.file.label
        return f"læg filen {label} tilbage fra sikkerhedskopien; dens navn er dens sha256"


def kept_files(home: Home, register: Register) -> list[Kept]:
    """Every received file, in the vault and in quarantine, by name; each is there once.

    The register's deliveries and the overlays that they were read with must be there; other files
    named by a sha256 (checksum files that came beside a delivery) are what they are called. Of a
    delivery that held somebody who is forgotten its sealed copy must be there, and of a file that
    was removed on purpose nothing.
    """
    found: dict[str, Kept] = {}
    gone = removals.removed(home)
    for record in register.records():
        place = vault.VAULT if record.is_accepted else vault.QUARANTINE
        copy = gone.copy_of(place, record.sha256)
        file = vault.Received(home, place, copy or record.sha256)
        if file.is_there or gone.of(place, record.sha256) is None:
            found[file.label] = Kept(file, record)
    for sha256 in register.overlays:
        file = vault.Received(home, vault.VAULT, sha256)
        if file.is_there or gone.of(vault.VAULT, sha256) is None:
            found.setdefault(file.label, Kept(file, None, is_overlay=True))
    for file in (*vault.listed(home, vault.VAULT), *vault.listed(home, vault.QUARANTINE)):
        found.setdefault(file.label, Kept(file, None))
    return [found[label] for label in sorted(found)]


def find_damage(kept: Kept) -> Damage | None:
    """Read a file whole; what is wrong with it, or nothing."""
    if not kept.file.is_there:
        return Damage(kept, "mangler")
    try:
        is_same = kept.file.is_whole()
    except OSError:
        return Damage(kept, "kan ikke læses")
    return None if is_same else Damage(kept, "er ikke længere den fil, den hedder")


def look_after(home: Home, register: Register) -> int:
    """Look at as many received files as there is time for, and for missing ones of the vault.

    A refused file that is missing ends no night: nothing is computed from it (``effekt verify``
    tells it).

    Returns:
        how many were read.

    Raises:
        EffektError: ``VAULT_BROKEN``: a file is missing, cannot be read or is another one.
    """
    kept = []
    for item in kept_files(home, register):
        if item.file.is_there:
            kept.append(item)
        elif item.file.place == vault.VAULT:
            raise broken(Damage(item, "mangler"))
    place = _Place(home)
    looked = 0
    try:
        for item in _in_time(place.oldest_first(kept), place.seconds):
            damage = find_damage(item)
            is_gone = item.file.place == vault.QUARANTINE and not item.file.is_there
            if damage is not None and not is_gone:
                raise broken(damage)
            place.note(item)
            looked += 1
    finally:
        place.keep(kept)
    return looked


def note_night(home: Home, seconds: float) -> None:
    """Remember how long a full night took: a tenth of it is what the next may look for."""
    place = _Place(home)
    place.night = seconds
    place.keep(None)


def _in_time(items: Sequence[Kept], seconds: float) -> Iterator[Kept]:
    """Items one by one while the next is likely to be read in time; at least one.

    How fast bytes are read is taken from those that were read before.
    """
    begun, read = time.monotonic(), 0
    for number, item in enumerate(items):
        spent = time.monotonic() - begun
        ahead = spent * item.file.stored_size / read if read else 0.0
        if number and spent + ahead > seconds:
            return
        yield item
        read += item.file.stored_size


class _Place:
    """How far the round has come: the number of the last look at each file, and of the last."""

    def __init__(self, home: Home) -> None:
        self._path = home.work / "vault-looks.json"
        self.night: float | None = None
        self._looks: dict[str, int] = {}
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            known = json.loads(self._path.read_text(encoding="utf-8"))
            looks = {str(name): int(look) for name, look in known["looks"].items()}
            self.night = None if known["night"] is None else float(known["night"])
            self._looks = looks
        self._last = max(self._looks.values(), default=0)

    @property
    def seconds(self) -> float:
        """How long may be looked."""
        share = _MOST_SECONDS if self.night is None else self.night * _SHARE_OF_A_NIGHT
        return min(_MOST_SECONDS, share)

    def oldest_first(self, kept: Sequence[Kept]) -> list[Kept]:
        """Files in the order of their last look, those never looked at first."""
        return sorted(kept, key=lambda item: self._looks.get(item.file.label, 0))

    def note(self, item: Kept) -> None:
        """A file was looked at and is whole."""
        self._last += 1
        self._looks[item.file.label] = self._last

    def keep(self, kept: Sequence[Kept] | None) -> None:
        """Write the place down, for the files that are still there; lost, the round begins anew."""
        if kept is not None:
            names = {item.file.label for item in kept}
            self._looks = {name: look for name, look in self._looks.items() if name in names}
        content = {"night": self.night, "looks": self._looks}
        with suppress(OSError):
            files.make_dir(self._path.parent)
            files.write_atomic(self._path, json.dumps(content, sort_keys=True) + "\n")


def broken(damage: Damage) -> EffektError:
    """What a command ends with that finds a received file damaged."""
    return EffektError("VAULT_BROKEN", damage.told, remedy=damage.remedy)
