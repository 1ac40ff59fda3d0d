"""The published tables as the dbt yml of the marts declares them.

What belongs here: reading ``dbt/models/marts/<folder>/_*models.yml``, the only declaration of a
table: columns in order with their types, and under ``meta`` its key, what it hides, and whether it
stands outside the snapshot's name. What does not: any SQL, and any decision about what
a figure is.

A table of the bill hides nothing, and a table of statistics says what it hides.

Rules: M.tables, M.types, M.bill, M.described.
Decides: M.tables, M.bill, M.described.
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


_ADDITIVITY = {
    frozenset({"periods", "rows"}): "Adds up over periods and over rows.",
    frozenset({"periods"}): "Adds up over periods, not over rows.",
    frozenset({"rows"}): "Adds up over rows, not over periods.",
    frozenset[str](): "Does not add up.",
}
"""What is said of a measure, by what it adds up over."""


@dataclass(frozen=True)
class Together:
    """Counts of persons that can be subtracted from one another, and what is computed from them.

    Args:
        counts: columns of the model, published or not.
        computed: published columns that are hidden with them.
    """

    counts: tuple[str, ...]
    computed: tuple[str, ...]


@dataclass(frozen=True)
class Suppression:
    """What a table of statistics hides (M.suppression, M.family, M.adds_up).

    Args:
        measures: columns that are null in a hidden row.
        persons: column of the model with the persons behind a row; empty for a family.
        together: counts that are hidden together.
        adds_up_to: column of the model with the total of the rows that differ in the last key
            column only; empty where there is none.
        member: column by whose values rows add up to something shown; empty without family.
        total: table of the room that shows the family's measures as a whole, if one does.
        nulls: why a measure is null where nothing hides it: a reason, or a column of the model.
    """

    measures: tuple[str, ...]
    persons: str = ""
    together: tuple[Together, ...] = ()
    adds_up_to: str = ""
    member: str = ""
    total: str = ""
    nulls: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Table:
    """One published table.

    Args:
        room: schema, ``mart`` or ``restricted``.
        key: columns that identify a row, in the order of the file.
        columns: pairs of name and DuckDB type, in order.
        hides: what is hidden, of a table of statistics; nothing is in others.
        is_in_id: the table's hash is part of the snapshot's name.
        comment: what the table is.
        comments: what each column means.
        grain: what one row stands for.
        rules: ids of the rules that the table follows (docs/rules).
        words: domain in ``seeds/words.csv`` of each column that holds codes.
        adds_up: over what each measure adds up: ``periods``, ``rows``, both or neither.
        is_added: its rows come with the publication, not with the models (``history``).
    """

    room: str
    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    hides: Suppression | None = None
    is_in_id: bool = True
    comment: str = ""
    comments: dict[str, str] = field(default_factory=dict, hash=False)
    grain: str = ""
    rules: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict, hash=False)
    adds_up: dict[str, frozenset[str]] = field(default_factory=dict, hash=False)
    is_added: bool = False

    def told(self) -> str:
        """What the published files say of the table: what it is, and its grain."""
        return f"{self.comment} Grain: {self.grain}."

    def told_of(self, column: str) -> str:
        """What they say of a column: what it means, the domain of its codes, over what it adds."""
        told = [self.comments[column].rstrip(".") + "."]
        if column in self.words:
            told.append(f"Codes: domain {self.words[column]} of label.")
        if column in self.adds_up:
            told.append(_ADDITIVITY[self.adds_up[column]])
        return " ".join(told)


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
    return Table(
        room=room,
        name=model["name"],
        key=tuple(meta["key"]),
        columns=tuple((column["name"], _type(column["data_type"])) for column in columns),
        hides=_suppression(meta["suppression"]) if "suppression" in meta else None,
        is_in_id=room == MART and not meta.get("is_outside_id", False),
        comment=_one_line(model["description"]),
        comments={column["name"]: _one_line(column["description"]) for column in columns},
        grain=meta["grain"],
        rules=tuple(meta["rules"]),
        words=_said_of_columns(columns, "words"),
        adds_up={
            name: frozenset(said) for name, said in _said_of_columns(columns, "adds_up").items()
        },
        is_added=meta.get("is_added_by_publishing", False),
    )


def _said_of_columns(columns: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """What the meta of the columns says under a key, by column."""
    return {
        column["name"]: column["config"]["meta"][key]
        for column in columns
        if key in column.get("config", {}).get("meta", {})
    }


def _suppression(said: dict[str, Any]) -> Suppression:
    family = said.get("family", {})
    return Suppression(
        measures=tuple(said["measures"]),
        persons=said.get("persons", ""),
        together=tuple(
            Together(tuple(group["counts"]), tuple(group["computed"]))
            for group in said.get("together", ())
        ),
        adds_up_to=said.get("adds_up_to", ""),
        member=family.get("member", ""),
        total=family.get("total", ""),
        nulls=said.get("nulls", {}),
    )


def _type(declared: str) -> str:
    """``decimal(18, 2)`` as DuckDB says it: ``DECIMAL(18,2)``."""
    return declared.upper().replace(" ", "")


def _one_line(text: str) -> str:
    return " ".join(text.split())
