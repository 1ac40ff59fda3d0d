"""The heads that the home's own settlements print: its records went as far as those, at least.

What belongs here: reading them out of ``reports/``. What does not: other people's copies
(``effekt verify --against``).

A document is written after the lines that it names, and a manifest may come much later: what was
decided since the newest snapshot is told by documents alone. One that cannot be read, or is not
signed with a key of this home, tells nothing here.

Rules: S.heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.lib.base.chained import Head
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.base.strict_json import parse_strictly
from dagster_project.lib.keys import sealing
from dagster_project.lib.keys.statement_key import read_statement_key
from dagster_project.settings import Home

_SETTLEMENTS = "statements/*/????-??.json"


@dataclass(frozen=True)
class Printed:
    """The heads of one settlement's document."""

    path: Path
    ledger: Head | None
    register: Head | None


def printed_heads(home: Home) -> list[Printed]:
    """The heads of the settlements in ``reports/``, whoever may have written them (``is_own``)."""
    found = []
    for path in sorted(home.reports.glob(_SETTLEMENTS)):
        provenance = _read(path).get("provenance")
        heads = provenance.get("heads") if isinstance(provenance, dict) else None
        if isinstance(heads, dict):
            found.append(Printed(path, _head(heads.get("ledger")), _head(heads.get("register"))))
    return found


def is_own(home: Home, printed: Printed) -> bool:
    """Whether the document is signed with a key that this home has or had."""
    document = _read(printed.path)
    try:
        key = read_statement_key(home)
    except EffektError:
        return False
    is_known = document.get("public_key") in (key.public_key, *key.earlier)
    return is_known and sealing.is_sealed(document)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = parse_strictly(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _head(told: Any) -> Head | None:
    if not isinstance(told, dict):
        return None
    sequence, line_hash = told.get("sequence"), told.get("hash")
    if not isinstance(sequence, int) or not isinstance(line_hash, str):
        return None
    return Head(sequence=sequence, hash=line_hash)
