"""The life of a settlement: submit, verify, approve, pay, return, release.

What belongs here: who may do what and when, and what an approval freezes. What does not: the chain
of events and the frozen files themselves (``ledger``). Everything is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.life.commands import approve, pay, release, return_, submit, verify
    from dagster_project.lib.life.documents import write_documents

_HOMES = dict.fromkeys(("approve", "pay", "release", "return_", "submit", "verify"), "commands") | {
    "write_documents": "documents"
}

__all__ = ["approve", "pay", "release", "return_", "submit", "verify", "write_documents"]

__getattr__ = attributes(__name__, _HOMES)
