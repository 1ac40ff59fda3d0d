"""The records of a home held against one another: ledger, register of deliveries, vault, manifests.

What belongs here: whether what one record names is in the other, and looking through the vault.
What does not: what a record itself must be (``ledger``, ``receiving``, ``publishing``).
"""

from __future__ import annotations

from dagster_project.lib.records.heads import Records, check, kept_manifests, set_torn_aside
from dagster_project.lib.records.rotation import rotate_vault_key
from dagster_project.lib.records.vault import look_after, note_night

__all__ = [
    "Records",
    "check",
    "kept_manifests",
    "look_after",
    "note_night",
    "rotate_vault_key",
    "set_torn_aside",
]
