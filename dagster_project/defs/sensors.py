"""Sensors: the one on the drop zone; off by default, for homes that settle as files come.

What belongs here: what starts a run without a clock. What does not: reading a file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import dagster as dg

from dagster_project import settings as places
from dagster_project.defs.jobs import nightly as nightly_job

_NOT_READY = (".part", ".tmp", ".sha256")


def landed(landing: Path) -> str:
    """Hash of the names, sizes and times of the files that lie ready; empty when none does."""
    if not landing.is_dir():
        return ""
    lines = []
    for path in sorted(landing.rglob("*")):
        if path.name.startswith(".") or path.name.endswith(_NOT_READY):
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
    now = landed(places.resolve_home(None).landing)
    context.update_cursor(now)
    if not now:
        return dg.SkipReason("landing/ is empty")
    if now != before:
        return dg.SkipReason("landing/ is still changing")
    return dg.RunRequest(run_key=now)
