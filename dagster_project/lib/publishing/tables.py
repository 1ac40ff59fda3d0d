"""The declared published tables: names, columns, keys, types, suppression (50-mart.md).

What belongs here: reading ``tables.yml`` and the descriptions of the dbt yml. What does not: any
SQL, and any decision about what a figure is.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.settings import DBT_DIR

MART = "mart"
RESTRICTED = "restricted"
MARTS_DIR = DBT_DIR / "models" / "marts"
# the same safe loader, in C where PyYAML was built with it
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FILE = Path(__file__).with_name("tables.yml")


@dataclass(frozen=True)
class Table:
    """One published table.

    Args:
        room: schema, ``mart`` or ``restricted``.
        key: columns that identify a row, in the order of the file.
        columns: pairs of name and DuckDB type, in order.
        person_counts: measures that themselves count persons.
        measures: columns that are null in a suppressed row (empty: the table has no suppression).
        is_in_id: the table's hash is part of the snapshot's name.
    """

    room: str
    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    person_counts: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    is_in_id: bool = True


@cache
def declared_tables() -> dict[tuple[str, str], Table]:
    """All tables of 50-mart.md by (room, name)."""
    declared = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - safe
    return {
        (room, name): _table(room, name, body, declared["types"])
        for room, tables in declared["rooms"].items()
        for name, body in tables.items()
    }


def _table(room: str, name: str, body: dict[str, Any], law: list[dict[str, Any]]) -> Table:
    return Table(
        room=room,
        name=name,
        key=tuple(body["key"]),
        columns=tuple((column, _type_of(column, law)) for column in body["columns"]),
        person_counts=tuple(body.get("person_counts", ())),
        measures=tuple(body.get("measures", ())),
        is_in_id=room == MART and not body.get("outside_id", False),
    )


def _type_of(column: str, law: list[dict[str, Any]]) -> str:
    for rule in law:
        if any(fnmatch.fnmatchcase(column, pattern) for pattern in rule["names"]):
            return str(rule["type"])
    raise ValueError(f"no type is declared for column {column}")


def modelled_tables(marts_dir: Path = MARTS_DIR) -> set[tuple[str, str]]:
    """The declared tables that a dbt model builds: those that a candidate must hold."""
    models = {path.stem for path in marts_dir.rglob("*.sql")}
    return {(room, name) for room, name in declared_tables() if name in models}


@dataclass(frozen=True)
class Description:
    """What the dbt yml says about a table and its columns."""

    text: str
    columns: dict[str, str]


@cache
def descriptions(marts_dir: Path = MARTS_DIR) -> dict[str, Description]:
    """Table and column descriptions of every mart model, by model name."""
    found: dict[str, Description] = {}
    for path in sorted(marts_dir.rglob("*.yml")):
        loaded = yaml.load(path.read_text("utf-8"), Loader=_LOADER) or {}  # noqa: S506 - safe
        for model in loaded.get("models") or ():
            found[model["name"]] = Description(
                text=_one_line(model.get("description")),
                columns={
                    column["name"]: _one_line(column.get("description"))
                    for column in model.get("columns") or ()
                },
            )
    return found


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
