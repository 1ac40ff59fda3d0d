"""The data dictionary, ``docs/data-dictionary.md``: what each published column means.

What belongs here: setting the declared tables as one page. What does not: a description; it has
one home, the yml beside the model, and goes from there into the published files as well.
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.lib.publishing.tables import MART, RESTRICTED, Table, declared_tables
from dagster_project.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "data-dictionary.md"
PURPOSES = {
    MART: "aggregates for the municipality's BI; small counts are suppressed",
    RESTRICTED: "one row per course, month and line, for the controller",
}


def page_text() -> str:
    """The whole page."""
    origin = (
        "Set from the dbt yml by `python -m dagster_project.lib.publishing.dictionary`;"
        " the same words stand in the published DuckDB files as comments."
    )
    parts = ["# Data dictionary", "", origin, ""]
    for room, purpose in PURPOSES.items():
        parts += [f"## `{room}`: {purpose}", ""]
        for (own, _), table in sorted(declared_tables().items()):
            parts += _table(table) if own == room else []
    return "\n".join(parts)


def _table(table: Table) -> list[str]:
    lines = [
        f"### `{table.room}.{table.name}`",
        "",
        table.comment,
        "",
        f"Grain: {table.grain}. Rules: {', '.join(table.rules)}. Key: {', '.join(table.key)}.",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
    ]
    for name, kind in table.columns:
        meaning = table.comments[name].replace("|", "\\|")
        if name in table.words:
            meaning += f" (codes: `{table.words[name]}` in `seeds/words.csv`)"
        lines.append(f"| {name} | {kind.lower()} | {meaning} |")
    return [*lines, ""]


def write(path: Path = PAGE) -> Path:
    """Write the page anew."""
    path.write_text(page_text(), encoding="utf-8")
    return path


if __name__ == "__main__":
    write()
