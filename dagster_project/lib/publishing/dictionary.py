"""The data dictionary, ``docs/data-dictionary.md``: what each published column means.

What belongs here: setting the dbt yml of the marts as one page. What does not: a description; it
has one home, the yml beside the model, and goes from there into the published files as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dagster_project.settings import DBT_DIR, PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "data-dictionary.md"
ROOMS = {
    "payout": ("mart", "aggregates for the municipality's BI; small counts are suppressed"),
    "restricted": ("restricted", "one row per course, month and line, for the controller"),
}


def models(room: str) -> list[dict[str, Any]]:
    """The described models of one room, by name.

    Args:
        room: folder under ``dbt/models/marts``.
    """
    found: list[dict[str, Any]] = []
    for path in sorted((DBT_DIR / "models" / "marts" / room).glob("_*models.yml")):
        found += yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return sorted(found, key=lambda model: str(model["name"]))


def page_text() -> str:
    """The whole page."""
    origin = (
        "Set from the dbt yml by `python -m dagster_project.lib.publishing.dictionary`;"
        " the same words stand in the published DuckDB files as comments."
    )
    parts = ["# Data dictionary", "", origin, ""]
    for room, (schema, purpose) in ROOMS.items():
        parts += [f"## `{schema}`: {purpose}", ""]
        for model in models(room):
            parts += _table(schema, model)
    return "\n".join(parts)


def _table(schema: str, model: dict[str, Any]) -> list[str]:
    meta = model.get("config", {}).get("meta", {})
    lines = [
        f"### `{schema}.{model['name']}`",
        "",
        str(model["description"]).strip(),
        "",
        f"Grain: {meta.get('grain', '')}. Clause: {meta.get('clause', '')}.",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
    ]
    for column in model["columns"]:
        meaning = " ".join(str(column["description"]).split()).replace("|", "\\|")
        lines.append(f"| {column['name']} | {column.get('data_type', '')} | {meaning} |")
    return [*lines, ""]


def write(path: Path = PAGE) -> Path:
    """Write the page anew."""
    path.write_text(page_text(), encoding="utf-8")
    return path


if __name__ == "__main__":
    write()
