"""The record of removals, ``ledger/removals.jsonl``: a chain with one line a decision.

What belongs here: the form of a line, adding one, and which files it says are gone. What does not:
deciding, and removing. A line stands, durable, before the first of its files goes; whoever holds
the home next finishes what a killed command began.

It is a chain beside the settlements' own, because a removal has no contract and period, and because
receiving, which comes before the ledger, must know of it. Cutting it back hides nothing: a file
that no line names any more is missing.

Rules: F.removals, S.chain.
Decides: F.removals.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.lib.base import chained, files
from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import Home

RECORD_NAME = "removals.jsonl"
VAULT, QUARANTINE = "vault", "quarantine"
PURGE, FORGET, EXPIRE = "purge", "forget", "expire"
_SEQUENCE = "seq"


@dataclass(frozen=True)
class File:
    """A received file that a removal names.

    Args:
        room: ``vault`` or ``quarantine``.
        sha256: of its bytes as received, which is its name.
        size: of these bytes.
        copy_sha256: of the copy that is read in its place, null where none is.
    """

    room: str
    sha256: str
    size: int
    copy_sha256: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain mapping; without a copy nothing is said of one."""
        told: dict[str, Any] = {"room": self.room, "sha256": self.sha256, "size": self.size}
        return told if self.copy_sha256 is None else {**told, "copy_sha256": self.copy_sha256}


@dataclass(frozen=True)
class Removal:
    """One decision to remove files.

    Args:
        sequence: of its line.
        action: ``purge``, ``forget`` or ``expire`` (a refused file whose days have passed).
        as_of_date: business date of the command or night.
        actor: who decided; null where the night did.
        files: what it removes.
        contracts: those whose retention had ended, which are computed no more.
        line: the whole line.
    """

    sequence: int
    action: str
    as_of_date: dt.date
    actor: str | None
    files: tuple[File, ...]
    contracts: tuple[str, ...] = ()
    line: chained.Link = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Removed:
    """What the record says of received files.

    Args:
        by_file: the removal of each file, by room and sha256.
    """

    by_file: dict[tuple[str, str], Removal]

    def of(self, room: str, sha256: str) -> Removal | None:
        """The removal of a file, null where none names it or a copy stands in its place."""
        found = self.by_file.get((room, sha256))
        return None if found is None or self.copy_of(room, sha256) else found

    def copy_of(self, room: str, sha256: str) -> str | None:
        """sha256 of the copy that is read in a file's place, null where none is."""
        found = self.by_file.get((room, sha256))
        if found is None:
            return None
        return next(
            (f.copy_sha256 for f in found.files if (f.room, f.sha256) == (room, sha256)), None
        )


def record_file(home: Home) -> Path:
    """``ledger/removals.jsonl``."""
    return home.ledger / RECORD_NAME


def read(home: Home) -> list[Removal]:
    """The removals in order, the chain checked.

    Raises:
        EffektError: ``REMOVALS_BROKEN`` with the line.
    """
    try:
        links = chained.check_links(chained.read(record_file(home)).lines, _SEQUENCE)
        return [_removal_of(link) for link in links]
    except chained.BrokenLineError as error:
        raise EffektError(
            "REMOVALS_BROKEN",
            f"linje {error.number} i ledger/{RECORD_NAME} {error.what}",
            remedy="intet er ændret; læg ledger/ tilbage fra sikkerhedskopien, og kør igen",
        ) from None


def removed(home: Home) -> Removed:
    """Which received files were removed; the last decision on a file is the one that holds."""
    found = {}
    for removal in read(home):
        for file in removal.files:
            found[file.room, file.sha256] = removal
    return Removed(found)


def purged_contracts(home: Home) -> frozenset[str]:
    """Contracts of which data were removed because their retention had ended."""
    return frozenset(name for removal in read(home) for name in removal.contracts)


def add(
    home: Home, action: str, as_of_date: dt.date, removed_files: Iterable[File], **said: Any
) -> Removal:
    """Add a decision, durably, before any of its files goes; the home is held.

    Args:
        home: whose files they are.
        action: ``purge``, ``forget`` or ``expire``.
        as_of_date: business date.
        removed_files: what is removed.
        said: what else its line says (``actor``, ``os_user``, ``reason``, ``contracts``), no value
            of a person.
    """
    files.make_dir(home.ledger)
    path = record_file(home)
    chained.set_torn_aside(path)
    known = read(home)
    head = chained.Head(sequence=len(known), hash=known[-1].line["hash"]) if known else None
    fact = {
        **said,
        "action": action,
        "as_of_date": as_of_date.isoformat(),
        "recorded_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "files": [file.as_json() for file in removed_files],
    }
    link = chained.linked(fact, head, _SEQUENCE)
    chained.append(path, [link])
    return _removal_of(link)


def _removal_of(link: chained.Link) -> Removal:
    try:
        return Removal(
            sequence=link[_SEQUENCE],
            action=str(link["action"]),
            as_of_date=dt.date.fromisoformat(link["as_of_date"]),
            actor=link.get("actor"),
            files=tuple(File(**file) for file in link["files"]),
            contracts=tuple(link.get("contracts", ())),
            line=link,
        )
    except (KeyError, TypeError, ValueError):
        raise chained.BrokenLineError(link[_SEQUENCE], "er ikke en hel beslutning") from None
