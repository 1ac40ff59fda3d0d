"""The locked-down DuckDB in which received files are parsed.

What belongs here: its memory, its folders, its lock. What does not: any SQL about a source.
It is an in-memory database of its own: person numbers stand nowhere else, and what it spills goes
to a folder that is gone when it closes, or when the next one opens after a kill.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dagster_project.lib.base import person_numbers, scratch
from dagster_project.lib.warehouse import OFFLINE

SPILL = ".spill"
# Parser and warehouse share one process, which may take 1 GB for a whole nation.
MEMORY_LIMIT = "600MB"
WAREHOUSE_MEMORY_LIMIT = "150MB"


@contextmanager
def open_parser(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A DuckDB that may read ``folder`` and nothing else, with its settings locked.

    Args:
        folder: the only readable folder (the vault, or a private copy of a checked file).

    Yields:
        the parser, and a private folder inside ``folder`` for what does not fit into memory and for
        normalised copies.
    """
    with scratch.folder(folder, SPILL) as spill:
        connection = duckdb.connect(
            ":memory:",
            config={
                **OFFLINE,
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(spill),
                "preserve_insertion_order": "true",
            },
        )
        try:
            person_numbers.register_sql(connection)
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            connection.execute("set allowed_directories = ?", [[str(folder)]])
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            yield connection, spill
        finally:
            connection.close()
