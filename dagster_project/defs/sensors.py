"""Sensors: of the drop zone, off by default, for homes that settle as files come; ledger; alarms.

What belongs here: what starts a run without a clock, or tells of one. What does not: reading a
file, what is told (``orchestration.watch``).

Rules: F.ledger_sensor, P.alert, P.missed.
Decides: F.ledger_sensor.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import dagster as dg

from dagster_project import settings as places
from dagster_project.defs.jobs import nightly as nightly_job
from dagster_project.lib import ledger, publishing
from dagster_project.lib.nights import alerts
from dagster_project.lib.receiving.judging.names import is_delivery_name
from dagster_project.orchestration import record, watch

_OVERLAP = dt.timedelta(minutes=10)  # of two ticks: what was told is not told again


def landed(landing: Path) -> str:
    """Hash of the names, sizes and times of the files that lie ready; empty when none does."""
    if not landing.is_dir():
        return ""
    lines = []
    for path in sorted(landing.rglob("*")):
        *folders, name = path.relative_to(landing).parts
        if not is_delivery_name(name) or any(folder.startswith(".") for folder in folders):
            continue
        stat = path.lstat()
        if not path.is_dir():
            lines.append(f"{path.relative_to(landing)} {stat.st_size} {stat.st_mtime_ns}")
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    return hashlib.sha256(text).hexdigest() if lines else ""


@dg.sensor(
    job=nightly_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Starts the night when the files in landing/ have lain unchanged for one tick.",
)
def landing_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A run once the drop zone is not empty and was the same at the tick before."""
    before = context.cursor
    now = landed(places.find_home(None).landing)
    context.update_cursor(now)
    if not now:
        return dg.SkipReason("landing/ is empty")
    if now != before:
        return dg.SkipReason("landing/ is still changing")
    return dg.RunRequest(run_key=now)


def _published_head(home: places.Home) -> str | None:
    """The last event of the ledger that the published mart knows."""
    current = publishing.current_snapshot(home)
    return None if current is None else current.manifest.get("ledger_head")


@dg.sensor(
    job=nightly_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts the night when somebody has acted on a settlement and a tick has passed"
    " without another step; tells Dagster each step.",
)
def ledger_events(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A run once the ledger knows more than the mart and was the same at the tick before."""
    home = places.find_home(None)
    record.tell_dagster(context.instance, home)
    before, now = context.cursor, ledger.read(home).head
    context.update_cursor(now or "")
    if now is None or now == _published_head(home):
        return dg.SkipReason("the mart knows the whole ledger")
    if now != before:
        return dg.SkipReason("the ledger is still moving")
    return dg.RunRequest(run_key=now)


@dg.sensor(
    minimum_interval_seconds=45,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts nothing: tells runs that ended without a word (killed, canceled, never"
    " begun) and nights that should have been and were not, each once (alert.json).",
)
def alarms(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """What nobody else can tell; a missed night once it was missed at the tick before, too."""
    home, now = places.find_home(None), places.now().astimezone(dt.UTC)
    before = json.loads(context.cursor) if context.cursor else {"at": now.isoformat()}
    killed = alerts.tell_left(home)
    since = dt.datetime.fromisoformat(before["at"]) - _OVERLAP
    ended = watch.tell_ended(home, context.instance, since)
    missed = watch.missed_now(home, context.instance, now)
    newest = missed[-1].isoformat() if missed else None
    is_told = newest is not None and newest == before.get("missed")
    if is_told:
        watch.tell_missed(home, missed)
    context.update_cursor(json.dumps({"at": now.isoformat(), "missed": newest}))
    told = ended + killed
    return dg.SkipReason(f"{told} ended runs told, {len(missed)} nights missed")
