"""The worked homes of ``tests/worlds/examples``: landing, contracts and the rows to come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "worlds" / "examples"
ALL = [
    (home.name, expected.stem.removeprefix("expected-"))
    for home in sorted(FOLDER.iterdir())
    for expected in sorted(home.glob("expected-*.json"))
]


def home_of(name: str) -> Path:
    """The folder with ``landing/`` and ``contracts/`` of one example."""
    return FOLDER / name


def expected(name: str, as_of: str) -> dict[str, list[dict[str, Any]]]:
    """The rows that must come out at an as-of date."""
    text = (FOLDER / name / f"expected-{as_of}.json").read_text(encoding="utf-8")
    return {
        table: [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]
        for table, content in json.loads(text).items()
    }


def closed_only(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Without the periods that are still open: they have no figures yet."""
    return {
        table: [row for row in rows if row.get("is_closed", True)] for table, rows in tables.items()
    }
