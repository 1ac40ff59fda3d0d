"""Statements: the figures of a settlement, their hash, and the documents that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.statement.authenticity import Verdict, authenticate
    from dagster_project.lib.statement.documents import write_documents, write_statement
    from dagster_project.lib.statement.figures import hash_statements
    from dagster_project.lib.statement.posting import write_postings

_HOMES = {
    "Verdict": "authenticity",
    "hash_statements": "figures",
    "authenticate": "authenticity",
    "write_documents": "documents",
    "write_postings": "posting",
    "write_statement": "documents",
}

__all__ = [
    "Verdict", "authenticate", "hash_statements", "write_documents", "write_postings",
    "write_statement",
]  # fmt: skip

__getattr__ = attributes(__name__, _HOMES)
