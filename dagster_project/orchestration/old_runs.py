"""Dagster's record of a home, kept small: what is older than ``keep_runs_days`` is removed.

What belongs here: which rows and files Dagster leaves of a run, and removing them. What does not:
snapshots (``lib.publishing``), the vault, anything that a settlement rests on.

A run that is old loses its row first. Whatever names a run that has no row is then left over, also
after a kill in between. Dagster's own deletion takes 0.2 s a run and leaves the run's files, its
check executions and the size of the index; this takes that long for a year of runs. It knows
Dagster's tables by name, so a test holds it against a record that Dagster itself has written.

Rules: F.growth.
Decides: F.growth.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import Home

_BUSY_SECONDS = 5
# below this share of empty pages a database is not written anew: a night frees a thirtieth of it
_EMPTY_SHARE = 0.1
_INDEX = "index"
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATABASE_ENDS = (".db", ".db-wal", ".db-shm", ".db-journal")

_OLD_RUNS = "run_id <> :at_work and (create_timestamp < :before or start_time < :before_seconds)"
_WITHOUT_RUN = "run_id <> '' and run_id not in (select run_id from record.runs)"
_OLD_EVENTS = "run_id = '' and timestamp < :before"


def remove(home: Home, now: dt.datetime, at_work: str = "") -> tuple[str, ...]:
    """Remove what Dagster keeps of runs older than ``keep_runs_days`` of ``home.yml``.

    Call it with the home's lock held. It never fails: a part that cannot be removed now is removed
    by the next night.

    Args:
        home: the home.
        now: the time that the age of a run is counted back from; with its time zone.
        at_work: the run that removes; it stays, however the clock has jumped since it began.

    Returns:
        The parts that could not be removed, in Danish.
    """
    try:
        days = home.read_home_file().keep_runs_days
    except (OSError, EffektError):  # changed while the night ran
        return ("home.yml kan ikke læses",)
    cut = (now - dt.timedelta(days=days)).astimezone(dt.UTC)
    parts: tuple[tuple[str, Callable[[Home, dt.datetime], None]], ...] = (
        ("listen over kørsler", partial(_remove_rows, at_work)),
        ("tidsplanens ture", _remove_ticks),
        ("oversigten over hændelser", _remove_events),
        ("hændelser uden kørsel", _remove_events_without_run),
        ("kørslernes filer", _remove_files),
    )
    left = []
    for name, do in parts:
        try:
            do(home, cut)
        except (OSError, sqlite3.Error):
            left.append(name)
    return tuple(left)


def _record(home: Home) -> Path:
    return home.dagster / "history" / "runs.db"


def _events(home: Home) -> Path:
    return home.dagster / "history" / "runs"


def _times(cut: dt.datetime) -> dict[str, str | float]:
    """The cut as Dagster writes its times: UTC without a zone, and seconds."""
    text = cut.strftime("%Y-%m-%d %H:%M:%S.%f")
    return {"before": text, "before_seconds": cut.timestamp()}


@contextmanager
def _changed(path: Path, *, beside: Path | None = None) -> Iterator[sqlite3.Connection]:
    """A transaction on one of Dagster's databases; afterwards its empty pages are given back.

    Args:
        path: the database.
        beside: the database of runs, to be read as ``record``.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        if beside is not None:
            connection.execute("attach ? as record", (str(beside),))
        connection.execute("begin immediate")
        yield connection
        connection.execute("commit")
        if beside is not None:
            connection.execute("detach record")
        _give_back(connection)
    finally:
        connection.close()


def _give_back(connection: sqlite3.Connection) -> None:
    """Write a database anew if a good part of it is empty."""
    pages, empty = (
        connection.execute(f"pragma {name}").fetchone()[0]
        for name in ("page_count", "freelist_count")
    )
    if empty > pages * _EMPTY_SHARE:
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")


def _remove_rows(at_work: str, home: Home, cut: dt.datetime) -> None:
    """Old runs themselves, and their tags."""
    if not _record(home).is_file():
        return
    with _changed(_record(home)) as connection:
        known = {**_times(cut), "at_work": at_work}
        connection.execute(f"delete from runs where {_OLD_RUNS}", known)  # noqa: S608
        connection.execute("delete from run_tags where run_id not in (select run_id from runs)")


def _remove_ticks(home: Home, cut: dt.datetime) -> None:
    """Old ticks of schedules and sensors."""
    path = home.dagster / "schedules" / "schedules.db"
    if path.is_file():
        with _changed(path) as connection:
            connection.execute("delete from job_ticks where timestamp < :before", _times(cut))


def _remove_events(home: Home, cut: dt.datetime) -> None:
    """What the index over all runs has of a run that is gone, and old events without a run."""
    path = _events(home) / f"{_INDEX}.db"
    if not (path.is_file() and _record(home).is_file()):
        return
    with _changed(path, beside=_record(home)) as connection:
        gone = f"({_WITHOUT_RUN}) or ({_OLD_EVENTS})"
        tags = f"select id from event_logs where {gone}"  # noqa: S608
        connection.execute(f"delete from asset_event_tags where event_id in ({tags})", _times(cut))  # noqa: S608
        connection.execute(f"delete from event_logs where {gone}", _times(cut))  # noqa: S608
        connection.execute(f"delete from asset_check_executions where {_WITHOUT_RUN}")  # noqa: S608


def _remove_events_without_run(home: Home, cut: dt.datetime) -> None:
    """Old events that belong to no run: Dagster writes them to a file that has no name."""
    path = _events(home) / ".db"
    if path.is_file():
        with _changed(path) as connection:
            connection.execute(f"delete from event_logs where {_OLD_EVENTS}", _times(cut))  # noqa: S608


def _remove_files(home: Home, _cut: dt.datetime) -> None:
    """Files and compute logs of runs that are gone.

    They are listed before the runs are read: a run that begins between has no file in the list.
    """
    places = {
        path: run
        for folder in (_events(home), home.dagster / "storage")
        if folder.is_dir()
        for path in folder.iterdir()
        if (run := _run_of(path)) is not None
    }
    if not places or not _record(home).is_file():
        return
    with closing(sqlite3.connect(_record(home), timeout=_BUSY_SECONDS)) as connection:
        known = {run for (run,) in connection.execute("select run_id from runs")}
    for path in sorted(path for path, run in places.items() if run not in known):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _run_of(path: Path) -> str | None:
    """The run that a file or folder belongs to; None where it is no run's."""
    name = next((path.name.removesuffix(e) for e in _DATABASE_ENDS if path.name.endswith(e)), None)
    run = path.name if name is None else name
    return run if _RUN.fullmatch(run) else None
