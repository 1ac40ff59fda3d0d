"""A statement that a party kept, as data: what it says of the home that it came from.

What belongs here: getting the document out of a file, whatever kind the file is. What does not:
whether it is authentic (``authenticity``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.base.person_numbers import shown
from dagster_project.lib.base.strict_json import parse_strictly
from dagster_project.lib.statement import paper, web
from dagster_project.lib.statement.authenticity import MAX_BYTES

Document = dict[str, Any]


def read_kept(path: Path) -> Document | None:
    """The document in a file; none where it has none that can be read.

    Raises:
        UsageError: there is no such file, or it is too large to be a statement.
    """
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise UsageError(
            f"{shown(path.name)} er ingen opgørelse", remedy="angiv en fil, som en part har"
        )
    reader = _READERS.get(path.suffix.lower())
    found = reader(path.read_bytes()) if reader else []
    if len(found) != 1:
        return None
    try:
        document = parse_strictly(found[0])
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def heads_of(document: Document) -> Document | None:
    """The heads of ledger and register that a statement or an annex prints, if it prints any."""
    provenance = document.get("provenance")
    told = provenance.get("heads") if isinstance(provenance, dict) else document.get("heads")
    return told if isinstance(told, dict) else None


def _of_json(raw: bytes) -> list[str]:
    return [raw.decode("utf-8-sig", "replace")]


def _of_html(raw: bytes) -> list[str]:
    return web.documents_of(raw.decode("utf-8-sig", "replace")) or []


_READERS: dict[str, Callable[[bytes], list[str]]] = {
    ".json": _of_json, ".html": _of_html, ".pdf": paper.documents_of,
}  # fmt: skip
READABLE = frozenset(_READERS)
"""Endings of the files whose document is read: a workbook has cells, and no document in it."""
