"""A statement that a party kept, as data: what it says of the home that it came from.

What belongs here: getting the document out of a file, whatever kind the file is. What does not:
whether it is authentic (``authenticity``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.statement import web
from dagster_project.lib.statement.authenticity import MAX_BYTES

Document = dict[str, Any]


def read_kept(path: Path) -> Document | None:
    """The document in a file; none where it has none that can be read.

    Raises:
        UsageError: there is no such file, or it is too large to be a statement.
    """
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise UsageError(f"{path.name} er ingen opgørelse", remedy="angiv en fil, som en part har")
    reader = _READERS.get(path.suffix.lower())
    for text in reader(path) if reader else ():
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            return document
    return None


def heads_of(document: Document) -> Document | None:
    """The heads of ledger and register that a statement or an annex prints, if it prints any."""
    provenance = document.get("provenance")
    told = provenance.get("heads") if isinstance(provenance, dict) else document.get("heads")
    return told if isinstance(told, dict) else None


def _of_json(path: Path) -> Iterator[str]:
    yield path.read_bytes().decode("utf-8", "replace")


def _of_html(path: Path) -> Iterator[str]:
    yield web.document_of(path.read_bytes().decode("utf-8", "replace")) or ""


_READERS: dict[str, Callable[[Path], Iterator[str]]] = {".json": _of_json, ".html": _of_html}
