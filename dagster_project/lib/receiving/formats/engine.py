"""The locked-down DuckDB in which received files are parsed.

What belongs here: its memory, its folder, its lock. What does not: any SQL about a source.
It is an in-memory database of its own: person numbers stand nowhere else, and what it spills goes
encrypted to a folder that is gone when it closes, or when the next one opens after a kill.

Rules: F.encrypted, F.hostile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dagster_project.lib.base import person_numbers, scratch
from dagster_project.lib.receiving.formats.spill import Spill, opened
from dagster_project.lib.warehouse import ENGINE

SPILL = ".spill"
# Parser and warehouse share one process, which may take 1 GB for a whole nation.
MEMORY_LIMIT = "600MB"
WAREHOUSE_MEMORY_LIMIT = "150MB"
# What does not fit into memory is encrypted with a key that ends with the process. The engine's own
# module calls itself unsafe, for its random numbers are; the folder is gone after every parse, and
# the next run removes what a killed one left (docs/adr/0043).
_OVERFLOW = {"force_mbedtls_unsafe": "true", "temp_file_encryption": "true"}


@contextmanager
def open_parser(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Spill]]:
    """A DuckDB that may read the file it is shown and nothing else, with its settings locked.

    Args:
        folder: private folder (the vault, or one of a check's own) inside which stands, encrypted,
            what does not fit into memory.

    Yields:
        the parser, and what it is shown.
    """
    with scratch.folder(folder, SPILL) as overflow, opened(folder) as spill:
        connection = duckdb.connect(
            ":memory:",
            config={
                **ENGINE,
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(overflow),
                **_OVERFLOW,
                "preserve_insertion_order": "true",
            },
        )
        try:
            person_numbers.register_sql(connection)
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            # what is behind the path changes, so nothing that was read is kept by its path
            connection.execute("set enable_external_file_cache = false")
            connection.execute("set allowed_paths = ?", [spill.paths])
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            yield connection, spill
        finally:
            connection.close()
