"""The locked-down DuckDB in which received files are parsed.

What belongs here: its memory, its folders, its lock. What does not: any SQL about a source.
It is an in-memory database of its own: person numbers stand nowhere else, and what it spills goes
to a folder inside the vault that is emptied at every start.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from dagster_project.lib.base import files
from dagster_project.lib.warehouse import OFFLINE

SPILL = ".spill"
# Parser and warehouse stand in one process, which may take 1 GB for a whole nation (issue B).
MEMORY_LIMIT = "600MB"
WAREHOUSE_MEMORY_LIMIT = "150MB"


def clear_spill(folder: Path) -> Path:
    """Empty the spill folder inside ``folder`` and return it."""
    spill = folder / SPILL
    if spill.is_symlink() or spill.is_file():
        spill.unlink()
    elif spill.is_dir():
        shutil.rmtree(spill)
    return files.make_dir(spill)


def open_parser(folder: Path, spill: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB that may read ``folder`` and nothing else, and whose settings nobody can change.

    Args:
        folder: the only readable folder (the vault, or a private copy of a checked file).
        spill: folder for what does not fit into memory; inside ``folder``.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            **OFFLINE,
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(spill),
            "preserve_insertion_order": "true",
        },
    )
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    connection.execute("set allowed_directories = ?", [[str(folder)]])
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection
