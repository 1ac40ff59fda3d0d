"""Statements: the figures of a settlement, their hash, and the documents that show them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster_project.lib.statement.documents import write_documents, write_statement
    from dagster_project.lib.statement.figures import hash_statements
    from dagster_project.lib.statement.verify import Verdict, verify_file

_HOMES = {
    "Verdict": "verify",
    "hash_statements": "figures",
    "verify_file": "verify",
    "write_documents": "documents",
    "write_statement": "documents",
}

__all__ = ["Verdict", "hash_statements", "verify_file", "write_documents", "write_statement"]


def __getattr__(name: str) -> Any:
    """Import the module of a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
