"""The published tables as the dbt yml of the marts declares them.

What belongs here: reading ``dbt/models/marts/<folder>/_*models.yml``, the only declaration of a
table: columns in order with their types, and under ``meta`` its key, what suppression means, and
whether it stands outside the snapshot's name. What does not: any SQL, and any decision about what
a figure is.

Rules: M.tables, M.types.
Decides: M.tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from dagster_project.lib.base.strict_yaml import load_typed
from dagster_project.settings import DBT_DIR

MART = "mart"
RESTRICTED = "restricted"
MARTS_DIR = DBT_DIR / "models" / "marts"
FOLDERS = {"payout": MART, "restricted": RESTRICTED}
"""Room (schema) of each folder under ``marts``."""


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
        comment: what the table is.
        comments: what each column means.
        grain: what one row stands for.
        rules: ids of the rules that the table follows (docs/rules).
        words: domain in ``seeds/words.csv`` of each column that holds codes.
    """

    room: str
    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    person_counts: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    is_in_id: bool = True
    comment: str = ""
    comments: dict[str, str] = field(default_factory=dict, hash=False)
    grain: str = ""
    rules: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict, hash=False)


@cache
def declared_tables() -> dict[tuple[str, str], Table]:
    """All declared tables by (room, name)."""
    return {
        (room, model["name"]): _table(room, model)
        for folder, room in FOLDERS.items()
        for path in sorted((MARTS_DIR / folder).glob("_*models.yml"))
        for model in load_typed(path.read_text("utf-8"))["models"]
    }


def _table(room: str, model: dict[str, Any]) -> Table:
    meta, columns = model["config"]["meta"], model["columns"]
    suppression = meta.get("suppression", {})
    return Table(
        room=room,
        name=model["name"],
        key=tuple(meta["key"]),
        columns=tuple((column["name"], _type(column["data_type"])) for column in columns),
        person_counts=tuple(suppression.get("person_counts", ())),
        measures=tuple(suppression.get("measures", ())),
        is_in_id=room == MART and not meta.get("is_outside_id", False),
        comment=_one_line(model["description"]),
        comments={column["name"]: _one_line(column["description"]) for column in columns},
        grain=meta["grain"],
        rules=tuple(meta["rules"]),
        words={
            column["name"]: column["config"]["meta"]["words"]
            for column in columns
            if "config" in column
        },
    )


def _type(declared: str) -> str:
    """``decimal(18, 2)`` as DuckDB says it: ``DECIMAL(18,2)``."""
    return declared.upper().replace(" ", "")


def _one_line(text: str) -> str:
    return " ".join(text.split())
