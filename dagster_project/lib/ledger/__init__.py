"""The ledger: the append-only, hash-chained record of settlements and decisions.

``load_ledger`` and ``verify_ledger`` belong to a run, the commands to people. Everything is
imported on first use, so that a command starts fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster_project.lib.ledger.chain import Event, Ledger, read, verify_ledger
    from dagster_project.lib.ledger.commands import (
        approve,
        pay,
        release,
        return_,
        submit,
        verify,
    )
    from dagster_project.lib.ledger.loading import kept_snapshots, load_ledger

_HOMES = {
    "Event": "chain",
    "Ledger": "chain",
    "read": "chain",
    "verify_ledger": "chain",
    "approve": "commands",
    "pay": "commands",
    "release": "commands",
    "return_": "commands",
    "submit": "commands",
    "verify": "commands",
    "kept_snapshots": "loading",
    "load_ledger": "loading",
}

__all__ = [
    "Event", "Ledger", "approve", "kept_snapshots", "load_ledger", "pay", "read", "release",
    "return_", "submit", "verify", "verify_ledger",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import the module of a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
