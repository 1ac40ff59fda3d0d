"""The watch that the daemon keeps: runs that ended without a word, nights that never were.

What belongs here: what Dagster knows of runs and of the schedule, told as alerts. What does not:
which night is due (``lib.nights.due``), what a run tells of itself (``alarm``).

Rules: P.alert, P.schedule, P.missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dagster_project import settings as places
from dagster_project.lib import nights
from dagster_project.lib.base.errors import EXIT_FAILED
from dagster_project.lib.nights import alerts, due, in_hand, record
from dagster_project.lib.nights.causes import of_error
from dagster_project.lib.publishing.dates import published_as_of
from dagster_project.orchestration import alarm
from dagster_project.settings import Home, HomeFile

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

SCHEDULE = "nightly"
NIGHTS = (SCHEDULE, "__ASSET_JOB")
"""Jobs whose runs are nights, or steps of one that were chosen in the UI."""


def known(home: Home, own: HomeFile, instance: DagsterInstance) -> due.Known:
    """What is known of the nights of a home, in its own record and in Dagster's."""
    told = nights.read(home)
    return due.Known(
        is_fixed=own.as_of is not None,
        published=published_as_of(home),
        tried=told.tried,
        ticked=told.ticked,
        good_at=told.good_at,
        on_since=_on_since(instance),
    )


def _on_since(instance: DagsterInstance) -> dt.datetime | None:
    """When the schedule was switched on, as the daemon wrote it down; none where it is off."""
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.scheduler.instigation import InstigatorStatus, ScheduleInstigatorData

    for state in instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE):
        data = state.instigator_data
        if state.instigator_name == SCHEDULE and isinstance(data, ScheduleInstigatorData):
            began = data.start_timestamp
            if state.status is not InstigatorStatus.STOPPED and began is not None:
                return dt.datetime.fromtimestamp(began, dt.UTC)
    return None


def note_tick(home: Home, day: dt.date, skipped: Sequence[dt.date]) -> None:
    """Record that the schedule was asked for a date, and tell the dates that were left out."""
    with suppress(OSError):  # a full disk ends the night, which tells it
        with record.changing(home) as told:
            told.ticks += [day.isoformat()] if day.isoformat() not in told.ticks else []
            told.skipped += [d.isoformat() for d in skipped if d.isoformat() not in told.skipped]
        if skipped:
            tell_missed(home, skipped)


def tell_missed(home: Home, days: Sequence[dt.date]) -> bool:
    """Tell nights that should have been and were not, once for each date.

    Returns:
        whether one was told now.
    """
    error = alarm.stopped("NIGHT_MISSED")
    names = [day.isoformat() for day in days]
    own = home.read_home_file()
    alert = alerts.content(
        home, run_id=None, as_of_date=names[-1], area=own.area, exit_code=EXIT_FAILED, step=None,
        causes=[of_error(error)], error=error.code,
    )  # fmt: skip
    text = f"FEJL {error}\nNætter uden kørsel: {', '.join(names)}"
    keys = [f"missed {name}" for name in names]
    return alerts.raise_once(home, keys, {**alert, "skipped_dates": names}, text)


def missed_now(home: Home, instance: DagsterInstance, now: dt.datetime) -> tuple[dt.date, ...]:
    """Nights that should have been by now; none while a run is at work or waits to begin."""
    from dagster import RunsFilter
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

    own = places.home_file_if_readable(home)
    if own is None:
        return ()
    days = due.missed(now, known(home, own, instance), own.nightly.fresh_hours)
    if not days or in_hand.noted(home) is not None:
        return ()
    at_work = instance.get_runs_count(RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))
    return () if at_work else days


def tell_ended(home: Home, instance: DagsterInstance, since: dt.datetime) -> int:
    """Tell runs that failed or were canceled since a time and have not told it themselves.

    Args:
        home: the home.
        instance: its Dagster.
        since: a time in UTC, which Dagster's storage takes it for.

    Returns:
        how many were told now.
    """
    from dagster import DagsterRunStatus, RunsFilter

    ended = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    runs = instance.get_runs(RunsFilter(statuses=ended, updated_after=since))
    told = set(nights.read(home).told)
    at_work = (in_hand.noted(home) or {}).get("run_id")
    silent = [
        run for run in runs
        if run.job_name in NIGHTS and run.run_id not in told and run.run_id != at_work
    ]  # fmt: skip
    return sum(_tell_ended(home, run) for run in silent)


def _tell_ended(home: Home, run: DagsterRun) -> bool:
    resources: Any = run.run_config.get("resources", {})
    as_of = resources.get("night", {}).get("config", {}).get("as_of")
    is_whole = run.job_name == SCHEDULE and run.asset_selection is None
    ended = alarm.stopped(_code(run))
    return alarm.tell_failure(home, run.run_id, as_of, ended, is_whole=is_whole)


def _code(run: DagsterRun) -> str:
    """What ended a run that said nothing itself."""
    from dagster import DagsterRunStatus

    from dagster_project.orchestration.run_launcher import PROCESS_TAG, is_dead

    if run.status is DagsterRunStatus.CANCELED:
        return "RUN_CANCELED"
    process = run.tags.get(PROCESS_TAG)
    return "RUN_KILLED" if process and is_dead(process) else "RUN_FAILED"
