"""Time limits of a mutant, and how a mutant that DuckDB refuses is recognised."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

WRONG_SQL = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)
REFUSED = (
    *WRONG_SQL, duckdb.ConversionException, duckdb.OutOfRangeException,
    duckdb.InvalidInputException, duckdb.InterruptException, duckdb.OutOfMemoryException,
)  # fmt: skip
"""What ends a night at the changed model or at one that reads it."""


def open_memory() -> duckdb.DuckDBPyConnection:
    """An in-memory database that behaves like the warehouse, with one thread and little memory."""
    connection = duckdb.connect()
    for setting in (
        "threads = 1", "memory_limit = '2GB'", "TimeZone = 'UTC'",
        "disabled_optimizers = 'statistics_propagation'", "enable_progress_bar = false",
        "temp_directory = ''",
    ):  # fmt: skip
        connection.execute(f"set {setting}")
    return connection


@contextmanager
def interrupted(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt what a connection still runs after so long."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def ended(seconds: float) -> Iterator[None]:
    """Raise in a test that still runs after so long; for the main thread of a process."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
