"""The ledger: the append-only, hash-chained record of settlements and decisions.

What belongs here: the chain, its events, frozen statements, loading them into the raw room. What
does not: who may do what and when (``life``). Everything is imported on first use, so that a
command starts fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.ledger.chain import Event, Ledger, check_chain, lock, read
    from dagster_project.lib.ledger.raw_rows import load_ledger, load_states
    from dagster_project.lib.ledger.retention import ended_contracts
    from dagster_project.lib.ledger.state import approvals_of, kept_snapshots

_HOMES = {
    "Event": "chain",
    "Ledger": "chain",
    "read": "chain",
    "check_chain": "chain",
    "approvals_of": "state",
    "ended_contracts": "retention",
    "kept_snapshots": "state",
    "load_ledger": "raw_rows",
    "load_states": "raw_rows",
    "lock": "chain",
}

__all__ = [
    "Event",
    "Ledger",
    "approvals_of",
    "check_chain",
    "ended_contracts",
    "kept_snapshots",
    "load_ledger",
    "load_states",
    "lock",
    "read",
]

__getattr__ = attributes(__name__, _HOMES)
