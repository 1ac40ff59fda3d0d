"""The business dates that a run may have: not after today, and not before what is published.

What belongs here: the refusal of a date, for whoever asks for a run (``--as-of``, ``home.yml``, the
schedule, the launchpad). What does not: which date a command has (``settings``).

Rules: P.run_date.
Decides: P.run_date.
"""

from __future__ import annotations

import datetime as dt

from dagster_project import settings as places
from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.publishing.atomic import current_snapshot
from dagster_project.settings import Home, Settings


def require_not_after_today(day: dt.date, what: str) -> None:
    """Refuse a day that has not come yet (exit 2).

    Args:
        day: the day.
        what: what it is the day of, for the message.

    Raises:
        UsageError: it lies after today in Denmark.
    """
    now = places.today()
    if day > now:
        raise UsageError(
            f"{what} er {danish.date(day)}, og den dag er ikke kommet "
            f"(i dag er {danish.date(now)})",
            remedy="angiv i dag eller en tidligere dag",
        )


def published_as_of(home: Home) -> dt.date | None:
    """The as-of date of the current snapshot, None before the first or where it is not readable."""
    current = current_snapshot(home)
    try:
        return None if current is None else dt.date.fromisoformat(current.manifest["as_of_date"])
    except (KeyError, TypeError, ValueError):
        return None  # the next publish writes a broken snapshot anew


def date_of_decision(settings: Settings, given: dt.date | None) -> dt.date:
    """From which business date on a decision about deliveries counts.

    It is the date given, which must be one that a run may have; else the one that a run would have
    now, but never before the current snapshot's: what has been published was known then.

    Raises:
        UsageError: the date is refused (exit 2).
    """
    if given is not None:
        require_publishable(settings)
        return given
    require_not_after_today(settings.as_of, "forretningsdatoen")
    return max(settings.as_of, published_as_of(settings.home) or settings.as_of)


def require_publishable(settings: Settings) -> None:
    """Refuse a run whose business date has not come, or lies before the current snapshot's.

    Call it in a held home, so that no other run publishes in between.

    Raises:
        UsageError: the date is refused (exit 2).
    """
    require_not_after_today(settings.as_of, "forretningsdatoen")
    published = published_as_of(settings.home)
    if published is not None and settings.as_of < published and not settings.is_earlier:
        raise UsageError(
            f"forretningsdatoen er {danish.date(settings.as_of)}, men det udgivne har data til og "
            f"med {danish.date(published)}",
            remedy="udelad --as-of, eller angiv en senere dato; --earlier udgiver den ældre viden",
        )
