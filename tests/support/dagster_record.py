"""Dagster's record of a home, made older than it is: a year of nights without waiting a year."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_DAY = 24 * 60 * 60
_TEXTS = {
    "runs": ("create_timestamp", "update_timestamp"),
    "event_logs": ("timestamp",),
    "asset_event_tags": ("event_timestamp",),
    "asset_check_executions": ("create_timestamp", "evaluation_event_timestamp"),
    "job_ticks": ("timestamp",),
}
"""Columns of Dagster's tables that say when something was; ``runs`` has two more, in seconds."""


def make_older(dagster: Path, days: int) -> None:
    """Move every time in a home's record back by whole days."""
    for path in dagster.rglob("*.db"):
        with closing(sqlite3.connect(path)) as connection, connection:
            found = connection.execute("select name from sqlite_master where type = 'table'")
            for table in {name for (name,) in found} & _TEXTS.keys():
                moved = ", ".join(
                    f"{column} = strftime('%Y-%m-%d %H:%M:%f', {column}, '-{days} days')"
                    for column in _TEXTS[table]
                )
                connection.execute(f"update {table} set {moved}")
                if table == "runs":
                    seconds = days * _DAY
                    connection.execute(
                        "update runs set start_time = start_time - ?, end_time = end_time - ?",
                        (seconds, seconds),
                    )
