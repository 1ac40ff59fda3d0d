"""Received files that were removed on purpose, and the record that says so.

What belongs here: the chain ``ledger/removals.jsonl`` and what it says of a file. What does not:
which files may go (``retention``), and removing them there.
"""

from __future__ import annotations

from dagster_project.lib.removals.record import (
    QUARANTINE,
    VAULT,
    File,
    Removal,
    Removed,
    add,
    purged_contracts,
    read,
    record_file,
    removed,
)

__all__ = [
    "QUARANTINE", "VAULT", "File", "Removal", "Removed", "add", "purged_contracts", "read",
    "record_file", "removed",
]  # fmt: skip
