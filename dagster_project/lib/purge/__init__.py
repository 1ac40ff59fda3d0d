"""Purging: received files and evidence that no contract inside its retention needs are removed.

What belongs here: which files may go, the decision, carrying it out and finishing it after a kill.
What does not: which contracts are past their retention (``ledger.retention``), the record of what
was removed (``removals``). Everything is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.purge.carrying_out import expire, finish
    from dagster_project.lib.purge.deciding import Purged, purge

_HOMES = {
    "Purged": "deciding", "purge": "deciding", "expire": "carrying_out", "finish": "carrying_out",
}  # fmt: skip

__all__ = ["Purged", "expire", "finish", "purge"]

__getattr__ = attributes(__name__, _HOMES)
