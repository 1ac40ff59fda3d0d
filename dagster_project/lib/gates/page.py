"""``reports/data-quality.html``: what the gates found, for people; Danish, self-contained.

Rules: G.quality.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.lib.base import files
from dagster_project.lib.gates.suites import DeclaredCheck
from dagster_project.lib.publishing.manifest import GATES
from dagster_project.lib.reference import words
from dagster_project.settings import Home

FILE_NAME = "data-quality.html"
_TEMPLATE = Path(__file__).with_name("data_quality.html.j2")


def write(home: Home, declared: Sequence[DeclaredCheck], rows: Sequence[Sequence[Any]]) -> Path:
    """Write the page of tonight's results.

    Args:
        home: its ``reports`` folder receives the page (0600).
        declared: every declared check; one without a result has not been reached yet.
        rows: gate, check id, evaluated, unexpected and success of each result.
    """
    found = {(row[0], row[1]): row for row in rows}
    gates = [
        _gate(gate, [check for check in declared if check.gate == gate], found) for gate in GATES
    ]
    files.make_dir(home.reports)
    return files.write_atomic(home.reports / FILE_NAME, _template().render(gates=gates) + "\n")


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _gate(
    gate: int, checks: list[DeclaredCheck], found: dict[Any, Sequence[Any]]
) -> dict[str, Any]:
    lines = [_line(check, found.get((gate, check.check_id))) for check in checks]
    states = [line["state"] for line in lines]
    state = next((s for s in ("stopped", "waiting", "warned") if s in states), "passed")
    lines.sort(key=lambda line: _RANK[line["state"]])
    title = words.label("gate", str(gate))
    return {"number": gate, "title": title, "state": state, "lines": lines}


_RANK = {"stopped": 0, "warned": 1, "waiting": 2, "passed": 3}


def _line(check: DeclaredCheck, row: Sequence[Any] | None) -> dict[str, Any]:
    if row is None:
        return {"check": check, "state": "waiting", "evaluated": "", "unexpected": ""}
    failed = "stopped" if check.is_critical else "warned"
    return {
        "check": check,
        "state": "passed" if row[4] else failed,
        "evaluated": f"{row[2]:,}".replace(",", "."),
        "unexpected": f"{row[3]:,}".replace(",", "."),
    }
