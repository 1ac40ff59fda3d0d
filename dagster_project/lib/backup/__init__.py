"""Backup and restore: one encrypted archive of everything in a home that cannot be made again.

What belongs here: which files those are and in which order they are copied, the archive, reading
it back. What does not: what a record must be (``ledger``, ``receiving``, ``records``).
"""

from __future__ import annotations

from dagster_project.lib.backup.making import Backup, make_backup
from dagster_project.lib.backup.restoring import Restored, restore

__all__ = ["Backup", "Restored", "make_backup", "restore"]
