"""dbt's unit tests run again on changed SQL, without dbt.

What belongs here: the given rows as tables of an in-memory database, typed by the columns of the
models that they stand in for, and the comparison that dbt makes: the columns of the first expected
row, rows in any order. What does not: any row; they are those of the project's own unit tests.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import duckdb

from tests.mutation.limits import REFUSED, interrupted, open_memory
from tests.mutation.sources import Renderer, plain

SECONDS = 15.0
"""A unit test takes a hundredth of one; a mutant may make a recursion endless."""
Columns = Mapping[str, Mapping[str, str]]
"""Type by column by model."""
_REF = re.compile(r"ref\('(\w+)'\)")


def literal(value: Any) -> str:
    """A value of a fixture as SQL, as dbt writes it."""
    if value is None:
        return "null"
    if isinstance(value, (bool, int, float)):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def select_rows(rows: list[dict[str, Any]], columns: list[str], types: Mapping[str, str]) -> str:
    """SQL that gives rows in typed columns; a column that a row leaves out is null."""
    one_row = [
        "select "
        + ", ".join(f'cast({literal(row.get(name))} as {types[name]}) as "{name}"'
                    for name in columns)
        for row in rows
    ]  # fmt: skip
    if not rows:
        nulls = ", ".join(f'cast(null as {types[name]}) as "{name}"' for name in columns)
        return f"select {nulls} limit 0"
    return " union all ".join(one_row)


def frozen(value: Any) -> Any:
    """A value that can be counted."""
    if isinstance(value, list):
        return tuple(frozen(one) for one in value)
    if isinstance(value, dict):
        return tuple((key, frozen(one)) for key, one in value.items())
    return value


class UnitTest:
    """One unit test, its given rows laid in a schema of their own."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, number: int, test: Mapping[str, Any],
        types: Columns,
    ) -> None:  # fmt: skip
        self.name = str(test["name"])
        self.model = str(test["model"])
        self._connection = connection
        self._schema = f"given_{number}"
        connection.execute(f"create schema {self._schema}")
        for given in test["given"]:
            (name,) = _REF.findall(given["input"])
            query = self._query(given, types[name])
            connection.execute(f'create table {self._schema}."{name}" as ({query})')
        expect = test["expect"]
        rows = expect["rows"] or []
        is_sql = expect["format"] == "sql"
        own = types[self.model]
        self._columns = list(own) if is_sql or not rows else [key.lower() for key in rows[0]]
        names = ", ".join(f'"{name}"' for name in self._columns)
        query = plain().text(rows, str) if is_sql else select_rows(rows, self._columns, own)
        if is_sql:
            told = connection.execute(f"describe ({query})").fetchall()
            self._columns = [str(row[0]) for row in told]
            names = ", ".join(f'cast("{name}" as {own[name]})' for name in self._columns)
        self._expected = self._count(f"select {names} from ({query})")

    def _query(self, given: Mapping[str, Any], types: Mapping[str, str]) -> str:
        rows = given["rows"]
        if given["format"] == "sql":
            return plain().text(rows, str).strip().rstrip(";")
        lowered = [{key.lower(): value for key, value in row.items()} for row in rows or []]
        return select_rows(lowered, list(types), types)

    def _count(self, query: str) -> Counter[Any]:
        rows = self._connection.execute(query).fetchall()
        return Counter(tuple(frozen(value) for value in row) for row in rows)

    def passes(self, renderer: Renderer) -> bool:
        """Whether the model, as rendered, gives the expected rows."""
        query = renderer.sql(self.model, lambda name: f'{self._schema}."{name}"')
        names = ", ".join(f'"{name}"' for name in self._columns)
        try:
            with interrupted(self._connection, SECONDS):
                return self._count(f"select {names} from (\n{query}\n)") == self._expected
        except REFUSED:
            return False


class UnitTests:
    """Every unit test of the project, laid out when its model is first asked for."""

    def __init__(self, tests: list[Mapping[str, Any]], types: Columns) -> None:
        self.connection = open_memory()
        self._types = types
        self._waiting = list(tests)
        self._laid: dict[str, list[UnitTest]] = {}
        self.kills: Counter[str] = Counter()

    def of(self, model: str) -> list[UnitTest]:
        """The unit tests of a model, those first that killed most."""
        if model not in self._laid:
            self._laid[model] = [
                UnitTest(self.connection, number, test, self._types)
                for number, test in enumerate(self._waiting)
                if test["model"] == model
            ]
        return sorted(self._laid[model], key=lambda test: -self.kills[test.name])

    def killer(self, models: list[str], renderer: Renderer) -> str | None:
        """The first unit test that fails, if any."""
        for model in models:
            for test in self.of(model):
                if not test.passes(renderer):
                    self.kills[test.name] += 1
                    return test.name
        return None
