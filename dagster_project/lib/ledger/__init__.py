"""The ledger: the append-only, hash-chained record of settlements and decisions."""

from dagster_project.lib.ledger.chain import Event, Ledger, read, verify_ledger
from dagster_project.lib.ledger.loading import load_ledger

__all__ = ["Event", "Ledger", "load_ledger", "read", "verify_ledger"]
