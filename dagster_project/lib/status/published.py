"""What readers of a home see, since when, and when a night last said that it still holds.

What belongs here: the dates of a publication. What does not: what else a home's state is
(``state``), which dates a night may have (``lib.publishing.dates``).

Rules: P.status.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass

from dagster_project.lib.nights import Record
from dagster_project.lib.publishing.atomic import Snapshot
from dagster_project.lib.publishing.leftovers import CURRENT
from dagster_project.settings import TIME_ZONE, Home


@dataclass(frozen=True)
class Published:
    """The snapshot that readers see.

    Args:
        snapshot_id: its name.
        as_of_date: business date that it was computed for.
        published_at: since when it is what readers see.
        confirmed_at: when a night last published it, or found nothing new.
        age_hours: how long that is ago.
    """

    snapshot_id: str
    as_of_date: str
    published_at: str
    confirmed_at: str
    age_hours: float


def is_broken(home: Home, current: Snapshot | None) -> bool:
    """Whether something was published that cannot be read, or is gone.

    Args:
        home: the home.
        current: its current snapshot.
    """
    return current is None and os.path.lexists(home.published / CURRENT)


def published_now(
    home: Home, current: Snapshot | None, known: Record, now: dt.datetime,
    *, is_confirmed: bool = False,
) -> Published | None:  # fmt: skip
    """The snapshot that readers see, with its dates; none before the first publication.

    The record of nights says when; where it is lost, or does not know the snapshot, the link does.

    Args:
        home: the home.
        current: its current snapshot.
        known: its record of nights.
        now: the time that the age is counted to.
        is_confirmed: the run that asks has just published it, or found nothing new.
    """
    if current is None:
        return None
    link = (home.published / CURRENT).lstat().st_mtime
    linked_at = dt.datetime.fromtimestamp(link, TIME_ZONE)
    last = (known.publications() or [{}])[-1]
    is_recorded = last.get("snapshot_id") == current.snapshot_id
    published_at = dt.datetime.fromisoformat(last["at"]) if is_recorded else linked_at
    confirmed_at = (known.good_at if is_recorded else None) or linked_at
    if is_confirmed:
        confirmed_at = now
    age = max(0.0, now.timestamp() - confirmed_at.timestamp()) / 3600
    return Published(
        current.snapshot_id,
        str(current.manifest.get("as_of_date")),
        published_at.isoformat(timespec="seconds"),
        confirmed_at.isoformat(timespec="seconds"),
        round(age, 4),
    )
