"""The record of a home's nights, ``reports/.nights.json``: what was tried, told and left out.

What belongs here: reading and changing that file. What does not: what an alert says (``alerts``),
which night is due (``due``), the run at work (``in_hand``). No figure rests on this record: where
it is lost, a night may be told twice, and nothing else happens.

Rules: P.alert, P.missed.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dagster_project import settings as places
from dagster_project.lib.base import files
from dagster_project.settings import Home

_FILE = ".nights.json"
_BESIDE = "told.json"  # in dagster/, which the daemon cannot do without
_KEPT = 400  # entries of each list: more than a year of nights


@dataclass
class Record:
    """What is known of the nights of a home.

    Args:
        told: what was told once and is not told again: run ids, and missed nights by their dates.
        nights: whole nights and publications, oldest first: ``as_of_date``, ``run_id``, ``at``,
            ``exit_code`` and ``snapshot_id`` (null where nothing was published or confirmed).
        ticks: business dates for which the schedule was asked.
        skipped: business dates whose night was left out, because nothing ran then.
        held: deliveries that the last run that received found held: ``sha256`` and ``check``.
    """

    told: list[str] = field(default_factory=list)
    nights: list[dict[str, Any]] = field(default_factory=list)
    ticks: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    held: list[dict[str, str]] = field(default_factory=list)

    @property
    def tried(self) -> dt.date | None:
        """The newest business date of a night that ran or was told."""
        return max(
            (dt.date.fromisoformat(night["as_of_date"]) for night in self.nights), default=None
        )

    @property
    def ticked(self) -> dt.date | None:
        """The newest business date for which the schedule was asked."""
        return max(map(dt.date.fromisoformat, self.ticks), default=None)

    @property
    def good_at(self) -> dt.datetime | None:
        """When a night last published, or found nothing new."""
        good = [night["at"] for night in self.nights if night["snapshot_id"]]
        return dt.datetime.fromisoformat(good[-1]) if good else None

    def publications(self) -> list[dict[str, Any]]:
        """The nights that published another snapshot than the one before, oldest first."""
        found: list[dict[str, Any]] = []
        for night in self.nights:
            last = found[-1]["snapshot_id"] if found else None
            if night["snapshot_id"] not in (None, last):
                found.append(night)
        return found


def now_text() -> str:
    """The time as an alert and the record write it, to the second, in Danish time."""
    return places.now().isoformat(timespec="seconds")


def read(home: Home) -> Record:
    """The record; an empty one where it is missing or cannot be read."""
    try:
        loaded = json.loads((home.reports / _FILE).read_text(encoding="utf-8"))
        record = Record(**{name: list(values) for name, values in loaded.items()})
        _ = record.tried, record.ticked, record.good_at, record.publications()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Record()
    return record


@contextmanager
def changing(home: Home) -> Iterator[Record]:
    """Change the record; one process at a time, whether or not it holds the home.

    Raises:
        OSError: it cannot be written.
    """
    handle = os.open(files.make_dir(home.reports), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        record = read(home)
        yield record
        kept = {name: values[-_KEPT:] for name, values in asdict(record).items()}
        write_for_owner(home.reports / _FILE, json.dumps(kept, sort_keys=True) + "\n")
    finally:
        os.close(handle)


def is_told_beside(home: Home, keys: Iterable[str]) -> bool:
    """Whether all of it was told at a time when the record could not be written."""
    try:
        told = json.loads((home.dagster / _BESIDE).read_text(encoding="utf-8"))
        return set(keys) <= set(told)
    except (OSError, ValueError, TypeError):
        return False


def note_beside(home: Home, keys: Sequence[str]) -> None:
    """Note what is told where the record cannot be written; where this cannot be either, nothing.

    The daemon looks each minute: without it the command would be started as often.
    """
    path = home.dagster / _BESIDE
    with suppress(OSError):
        try:
            told = list(map(str, json.loads(path.read_text(encoding="utf-8"))))
        except (FileNotFoundError, ValueError, TypeError):
            told = []
        write_for_owner(path, json.dumps([*told, *keys][-_KEPT:]) + "\n")


def write_for_owner(path: Path, text: str) -> None:
    """Replace a file of ``reports/``; what the superuser writes, the folder's owner can read."""
    files.write_atomic(path, text)
    owner = path.parent.stat()
    if owner.st_uid != os.geteuid():
        with suppress(OSError):
            os.chown(path, owner.st_uid, owner.st_gid)
