"""Schedules: the night's own; its tick, not the clock of a step, gives the business date.

What belongs here: when a job starts, and the configuration that follows from the tick. What does
not: what the job does.
"""

from __future__ import annotations

import dagster as dg

from dagster_project import settings as places
from dagster_project.defs.jobs import nightly as nightly_job
from dagster_project.settings import TIME_ZONE


@dg.schedule(
    name="nightly",
    job=nightly_job,
    # outside 02:00–03:00, which one March night lacks and one October night has twice
    cron_schedule="30 4 * * *",
    execution_timezone=str(TIME_ZONE),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night at 04:30 in Copenhagen, as of home.yml's date, else that day.",
)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run per night."""
    tick = context.scheduled_execution_time.astimezone(TIME_ZONE).date()
    as_of = (places.find_home(None).read_home_file().as_of or tick).isoformat()
    return dg.RunRequest(
        run_key=tick.isoformat(), run_config={"resources": {"night": {"config": {"as_of": as_of}}}}
    )
