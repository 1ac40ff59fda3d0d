"""What a run leaves for people as it ends: the morning page and that of data quality.

What belongs here: the state of the home as the run's own record and alert will say it, and what a
failure to draw is. What does not: the pages (``lib.pages``), telling the alert (``alarm``).

The pages come before the alert, so that the alert and the exit code know whether they could be
written.

Rules: V.written.
"""

from __future__ import annotations

from typing import Any

from dagster_project import settings as places
from dagster_project.lib import pages, status
from dagster_project.lib.base.errors import EXIT_OK, EffektError
from dagster_project.lib.nights import alerts
from dagster_project.lib.reference import words
from dagster_project.orchestration import alarm
from dagster_project.orchestration.failures import blame_machine, without_values
from dagster_project.orchestration.report import Report
from dagster_project.settings import Home


def write_pages(night: Report) -> None:
    """Write the two pages that every run writes, however it ends."""
    now = places.now()
    found = status.look(night.settings, now, ending_of(night))
    pages.write_ends(night.settings, found, now)


def ending_of(night: Report) -> status.Ending:
    """How a run ends, as its own record and alert will say."""
    has_published = night.snapshot_id is not None
    held = None
    if "receive" in night.outcomes:
        held = tuple({"sha256": item.sha256, "check": item.check} for item in night.held)
    return status.Ending(_alert(night, has_published), held, has_published)


def _alert(night: Report, has_published: bool) -> dict[str, Any] | None:
    home = night.settings.home
    if night.exit_code == EXIT_OK:
        return None if has_published else alerts.standing(home)
    return alerts.beside_earlier(home, alarm.alert_of(night), takes_over=has_published)


def failure(error: Exception, home: Home) -> EffektError:
    """What a failure to draw is: the machine's, or ours; the mart is published all the same."""
    found = blame_machine(without_values(error, "pages"), "pages", home)
    if found.code != "UNEXPECTED":
        return found
    word = words.failure("PAGES_FAILED")
    return EffektError("PAGES_FAILED", f"{word.label_da} ({found})", remedy=word.remedy_da)
