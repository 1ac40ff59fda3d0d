"""The hash of a contract's terms: of what bears on kroner, and of no word beside it.

What belongs here: which keys are words. What does not: the model (``model``). Works on plain data,
so that the terms printed in a document can be hashed without the contract file.

Rules: C.terms.
Decides: C.terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster_project.lib.base.canonical import sha256_json

_WORDS = frozenset(
    {"title", "clause", "document_title", "actors", "parties", "variants", "retention"}
)
"""Keys that bear on no krone, in whatever mapping they stand."""
_SETTLEMENT_WORDS = frozenset({"calendar"})
"""Keys of the section ``settlement`` that do not either: when a step is due."""


def hash_terms(terms: Mapping[str, Any]) -> str:
    """``terms_sha256`` of terms as plain data (``Contract.terms``, or their JSON)."""
    told = _without(terms, _WORDS)
    if isinstance(told.get("settlement"), dict):
        told["settlement"] = _without(told["settlement"], _SETTLEMENT_WORDS)
    return sha256_json(told)


def _without(mapping: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {name: _deep(value, keys) for name, value in mapping.items() if name not in keys}


def _deep(value: Any, keys: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return _without(value, keys)
    return [_deep(item, keys) for item in value] if isinstance(value, list | tuple) else value
