"""What the gates found last, ``reports/.gates.json``: counts, for the pages and for ``status``.

What belongs here: keeping and reading it, beside every declared check. What does not: judging
(``judge``), the page (``lib.pages``). It is not read from the warehouse, which a night may hold.

Rules: G.quality.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.lib.base import files
from dagster_project.lib.gates.suites import DeclaredCheck, declared_checks
from dagster_project.settings import Home

_FILE = ".gates.json"
PASSED, WARNED, STOPPED, WAITING = "passed", "warned", "stopped", "waiting"


@dataclass(frozen=True)
class Kept:
    """What is known of a declared check.

    Args:
        check: as it is declared.
        result: ``passed``, ``warned``, ``stopped``, or ``waiting`` where it was not reached.
        evaluated: facts that were judged; null where it was not reached.
        unexpected: those that fail; null where it was not reached.
    """

    check: DeclaredCheck
    result: str
    evaluated: int | None = None
    unexpected: int | None = None


def write(home: Home, rows: Sequence[Sequence[Any]]) -> None:
    """Keep the results: gate, check id, evaluated, unexpected and success of each (0600)."""
    files.make_dir(home.reports)
    text = json.dumps([list(row) for row in sorted(rows, key=lambda row: (row[0], row[1]))])
    files.write_atomic(home.reports / _FILE, text + "\n")


def read(home: Home) -> list[Kept]:
    """Every declared check with its last result; none was reached where nothing is kept."""
    found = {(row[0], row[1]): row for row in _rows(home)}
    return [_kept(check, found.get((check.gate, check.check_id))) for check in declared_checks()]


def _rows(home: Home) -> list[Any]:
    try:
        rows = json.loads((home.reports / _FILE).read_text(encoding="utf-8"))
        return [row for row in rows if len(row) == 5]
    except (OSError, ValueError, TypeError):
        return []


def _kept(check: DeclaredCheck, row: Sequence[Any] | None) -> Kept:
    if row is None:
        return Kept(check, WAITING)
    failed = STOPPED if check.is_critical else WARNED
    return Kept(check, PASSED if row[4] else failed, row[2], row[3])
