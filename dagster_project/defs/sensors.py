"""Sensors: the drop zone's, off by default, for homes that settle as files come; the ledger's.

What belongs here: what starts a run without a clock. What does not: reading a file.

Rules: F.ledger_sensor.
Decides: F.ledger_sensor.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import dagster as dg

from dagster_project import settings as places
from dagster_project.defs.jobs import nightly as nightly_job
from dagster_project.lib import ledger, publishing
from dagster_project.lib.receiving.judging.names import is_delivery_name
from dagster_project.orchestration import record


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
