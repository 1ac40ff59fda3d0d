"""Schedules: the night's own; its tick, not the clock of a step, gives the business date.

What belongs here: when a job starts, and the configuration that follows from the tick. What does
not: what the job does, and whether the night of a tick is due (``lib.nights.due``).

Rules: P.schedule.
"""

from __future__ import annotations

import dagster as dg

from dagster_project import settings as places
from dagster_project.defs.jobs import nightly as nightly_job
from dagster_project.lib.nights import due
from dagster_project.orchestration import watch
from dagster_project.settings import TIME_ZONE


def default_status() -> dg.DefaultScheduleStatus:
    """On, but off in a home with a date of its own: the schedule follows ``home.yml``."""
    own = places.home_file_if_readable(places.resolve_home(None))
    is_off = own is not None and own.as_of is not None
    return dg.DefaultScheduleStatus.STOPPED if is_off else dg.DefaultScheduleStatus.RUNNING


@dg.schedule(
    name=watch.SCHEDULE,
    job=nightly_job,
    cron_schedule=due.CRON,
    execution_timezone=str(TIME_ZONE),
    default_status=default_status(),
    description="Every night at 04:30 in Copenhagen, as of that day; off where home.yml has as_of.",
)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """One run per night; of the nights that were missed, the newest."""
    tick, home = context.scheduled_execution_time, places.find_home(None)
    day = tick.astimezone(TIME_ZONE).date()
    own = places.home_file_if_readable(home)
    if own is not None:
        known = watch.known(home, own, context.instance)
        verdict = due.at_tick(tick, places.now(), known)
        if verdict.skip:
            return dg.SkipReason(verdict.skip)
        watch.note_tick(home, day, verdict.skipped)
    config = {"resources": {"night": {"config": {"as_of": day.isoformat()}}}}
    return dg.RunRequest(run_key=day.isoformat(), run_config=config)
