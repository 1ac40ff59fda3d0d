"""A night's raw room taken into memory, changed there, and every model built on it again.

What belongs here: copying, changing by SQL, building, reading tables. A change costs a second or
two where a night costs twenty, so that a law about changes can be asked for many of them. What does
not: any law (tests/end_to_end/test_remade_worlds.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.mutation import sources
from tests.mutation.limits import open_memory
from tests.mutation.worlds import _Refs

Row = dict[str, Any]
ROOMS = ("raw", "gate")


class Remade:
    """The raw room of a home's warehouse, and the models built on it.

    Args:
        warehouse: the file that a night left; it is read and left alone.
        settings: statements for the engine, before anything is built.
    """

    def __init__(self, warehouse: Path, settings: Sequence[str] = ()) -> None:
        self.connection = open_memory()
        for setting in settings:
            self.connection.execute(setting)
        execute = self.connection.execute
        execute(f"attach '{warehouse}' as told (read_only)")
        execute("attach ':memory:' as warehouse")
        for room in ROOMS:
            execute(f"create schema warehouse.{room}")
            for (table,) in execute(
                "select table_name from duckdb_tables()"
                f" where database_name = 'told' and schema_name = '{room}'"
            ).fetchall():
                place = f'{room}."{table}"'
                execute(f"create table warehouse.{place} as from told.{place}")
        self.told = dict(execute(
            "select table_name, schema_name from duckdb_tables()"
            f" where database_name = 'told' and schema_name not in {(*ROOMS, 'shadow')}"
        ).fetchall())  # fmt: skip
        self.queries: dict[str, str] = {}

    def change(self, statement: str, *values: Any) -> int:
        """Change the raw room; how many rows that were."""
        self.connection.execute("use warehouse.raw")
        try:
            given = values[0] if values and isinstance(values[0], dict) else list(values)
            found = self.connection.execute(statement, given).fetchone()
        finally:
            self.connection.execute("use memory.main")
        return int(found[0]) if found else 0

    def build(self) -> Remade:
        """Build every model, parents first."""
        for model in sources.order():
            if sources.models()[model].kind == "python":
                refs = _Refs(self.connection, self.place)
                built = sources.python_model(model)(refs, self.connection)
                built.create(self.place(model))
                continue
            query = sources.plain().sql(model, self.place)
            self.queries[model] = query
            kind = "view" if sources.models()[model].area == "staging" else "table"
            self.connection.execute(f"create {kind} {self.place(model)} as (\n{query}\n)")
        return self

    def before(self, model: str) -> str:
        """Where the night built a model."""
        return f'told.{self.told[model]}."{model}"'

    @staticmethod
    def place(model: str) -> str:
        """Where a model stands."""
        return f'memory.main."{model}"'

    def rows(self, query: str) -> list[Row]:
        """The rows of a query, each by column name."""
        cursor = self.connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def table(self, place: str, without: Sequence[str] = (), years: int = 0) -> Counter[str]:
        """The rows of a table as texts.

        Args:
            place: where it stands.
            without: columns that are left out.
            years: what every day of them is moved by.
        """
        picked = ", ".join(
            f'cast("{name}" + interval {years} year as date)'
            if years and kind == "DATE"
            else f'"{name}"'
            for name, kind, *_ in self.connection.execute(f"describe {place}").fetchall()
            if name not in without
        )
        found = self.connection.execute(f"select {picked} from {place}").fetchall()
        return Counter(map(str, found))
