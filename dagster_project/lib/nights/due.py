"""Which night is due: what the schedule does at a tick, and which nights should have been.

What belongs here: dates and hours, as pure functions of what is known. What does not: Dagster,
files, the clock (each function is told the time). Days and hours are those of Denmark; a night is
due once on each date, also on the two on which the clock is changed.

Rules: P.schedule, P.missed.
Decides: P.schedule, P.missed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dagster_project.settings import TIME_ZONE

DUE_AT = dt.time(4, 30)
"""Outside 02:00–03:00, which one night in March lacks and one in October has twice."""
CRON = f"{DUE_AT.minute} {DUE_AT.hour} * * *"
_LATE = dt.timedelta(minutes=10)  # the daemon asks within seconds; later, it was not there
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Known:
    """What is known of a home's nights.

    Args:
        is_fixed: ``home.yml`` has an as-of date: the home has no nights of its own.
        published: as-of date of the current snapshot.
        tried: newest business date of a night that ran or was told.
        ticked: newest business date for which the schedule was asked.
        good_at: when a night last published or found nothing new.
        on_since: when the schedule was switched on; none where it is off or was never seen.
    """

    is_fixed: bool = False
    published: dt.date | None = None
    tried: dt.date | None = None
    ticked: dt.date | None = None
    good_at: dt.datetime | None = None
    on_since: dt.datetime | None = None

    @property
    def newest(self) -> dt.date | None:
        """The newest date that a night, a tick or a snapshot is known of."""
        return max(filter(None, (self.published, self.tried, self.ticked)), default=None)


@dataclass(frozen=True)
class Verdict:
    """What the schedule does at a tick.

    Args:
        skip: why no night begins, in Danish; none where one does.
        skipped: dates before it whose night was left out.
    """

    skip: str | None = None
    skipped: tuple[dt.date, ...] = ()


def due_time(day: dt.date) -> dt.datetime:
    """When the night of a date is due."""
    return dt.datetime.combine(day, DUE_AT, tzinfo=TIME_ZONE)


def newest_due(now: dt.datetime) -> dt.date:
    """The newest date whose night is due."""
    today = now.astimezone(TIME_ZONE).date()
    return today if due_time(today).timestamp() <= now.timestamp() else today - _DAY


def at_tick(tick: dt.datetime, now: dt.datetime, known: Known) -> Verdict:
    """Whether the night of a tick begins.

    Args:
        tick: when it was due.
        now: when the schedule is asked.
        known: what is known of the home.
    """
    day = tick.astimezone(TIME_ZONE).date()
    is_late = now.timestamp() - tick.timestamp() > _LATE.total_seconds()
    published = known.published
    if known.is_fixed:
        return Verdict("home.yml har en fast as_of: tidsplanen er slået fra")
    if newest_due(now) != day:
        return Verdict(f"natten {day} er ikke den nyeste, der mangler")
    if is_late and known.newest is None:
        return Verdict("ingen nat er kørt her endnu: den første begynder til tiden")
    if published is not None and (published > day or (is_late and published == day)):
        return Verdict(f"der er udgivet med data til og med {published}")
    return Verdict(skipped=_between(known.newest, day, known.on_since))


def missed(now: dt.datetime, known: Known, fresh_hours: float) -> tuple[dt.date, ...]:
    """Dates whose night should have been and was not; none while the mart is fresh.

    A night that ran, however it ended, was; its own alert tells it.

    Args:
        now: the time.
        known: what is known of the home.
        fresh_hours: how old the mart may be.
    """
    if known.is_fixed or known.on_since is None:
        return ()
    since = max(filter(None, (known.on_since, known.good_at)), key=lambda at: at.timestamp())
    age = now.timestamp() - since.timestamp()
    day = newest_due(now)
    is_due = due_time(day).timestamp() > known.on_since.timestamp()
    if age <= fresh_hours * 3600 or not is_due or (known.tried is not None and known.tried >= day):
        return ()
    last = max(filter(None, (known.tried, known.published)), default=None)
    return (*_between(last, day, known.on_since), day)


def _between(
    last: dt.date | None, day: dt.date, on_since: dt.datetime | None
) -> tuple[dt.date, ...]:
    """The dates after ``last`` and before ``day`` whose night was due while the schedule was on."""
    if last is None or on_since is None:
        return ()
    days = (last + _DAY * number for number in range(1, (day - last).days))
    return tuple(d for d in days if due_time(d).timestamp() >= on_since.timestamp())
