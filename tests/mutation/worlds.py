"""Worlds: warehouses of whole nights, in which what hangs below a mutant is built again.

What belongs here: a night's warehouse opened to read, the changed models built beside it, and the
published tables compared where a test compares them. What does not: which worlds there are
(tests/mutation/nights.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from tests.mutation import sources
from tests.mutation.limits import REFUSED, WRONG_SQL, interrupted, open_memory
from tests.mutation.sources import Renderer
from tests.scenarios import build, test_scenarios
from tests.support import night

SECONDS = 30.0
"""A changed model that runs longer than this is noticed: a night has a limit too."""
Relations = Mapping[str, str]
"""``"schema"."name"`` by model."""


class _Refs:
    """What a Python model sees as ``dbt``."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, relation: Callable[[str], str]
    ) -> None:
        self._connection = connection
        self._relation = relation

    def ref(self, name: str) -> Any:
        """A model that it reads."""
        return self._connection.sql(f"select * from {self._relation(name)}")

    def config(self, **_: Any) -> None:
        """Nothing: how it is stored is no matter here."""


@dataclass(frozen=True)
class Compared:
    """What a test compares of one published table.

    Args:
        columns: the columns of the expected rows.
        is_closed: only rows of closed periods, where the table has any.
    """

    columns: tuple[str, ...]
    is_closed: bool


class World:
    """One night's warehouse."""

    def __init__(self, folder: Path, relations: Relations) -> None:
        note = json.loads((folder / "compared.json").read_text(encoding="utf-8"))
        self.name = folder.name
        self._relations = relations
        self.compared = {
            table: Compared(tuple(said["columns"]), said["is_closed"])
            for table, said in note["tables"].items()
        }
        self._is_scenarios = note["is_scenarios"]
        self.connection = open_memory()
        path = folder / "warehouse.duckdb"
        self.size = path.stat().st_size
        self.connection.execute(f"attach '{path}' as warehouse (read_only)")
        self._marks: dict[str, tuple[Any, ...]] = {}
        self._wanted = _above(set(self.compared))

    def base(self, model: str) -> str:
        """Where a model of the night stands."""
        return f"warehouse.{self._relations[model]}"

    def binds(self, models: list[str], renderer: Renderer) -> bool:
        """Whether changed models are SQL that the warehouse understands."""
        for model in models:
            try:
                self.connection.execute("explain " + renderer.sql(model, self.base)).fetchall()
            except WRONG_SQL:
                return False
            except REFUSED:
                continue  # folding a constant may refuse what a night would refuse
        return True

    def rebuilt_differently(self) -> list[str]:
        """Models whose plain SQL gives other rows than the night's: they are rendered wrongly."""
        wrong = []
        for model in sources.order():
            if model in self._wanted and sources.models()[model].area != "staging":
                self._create(model, sources.plain(), self.base)
                if self._mark(f'memory.main."{model}"') != self._base_mark(model):
                    wrong.append(model)
                self.connection.execute(f'drop table memory.main."{model}"')
        return wrong

    def killer(self, changed: set[str], renderer: Renderer) -> str | None:
        """The first compared table that a change reaches, or what refuses it; or None."""
        different: set[str] = set()
        try:
            with interrupted(self.connection, SECONDS):
                for model in self._below(changed, different):
                    noticed = self._build(model, renderer, different)
                    if noticed:
                        return noticed
        except REFUSED as error:
            return type(error).__name__
        finally:
            for model in different:
                self.connection.execute(f'drop table if exists memory.main."{model}"')
        return None

    def _below(self, changed: set[str], different: set[str]) -> Iterator[str]:
        """What must be built, parents first, compared tables as soon as they can be."""
        waiting = [name for name in sources.below(changed) if name in self._wanted]
        while waiting:
            pending = set(waiting)
            ready = [name for name in waiting if not sources.parents(name) & pending]
            name = min(ready, key=lambda one: one not in self.compared)
            waiting.remove(name)
            if name in changed or sources.parents(name) & different:
                yield name

    def _build(self, model: str, renderer: Renderer, different: set[str]) -> str | None:
        self._create(
            model,
            renderer,
            lambda name: f'memory.main."{name}"' if name in different else self.base(name),
        )
        if self._mark(f'memory.main."{model}"') == self._base_mark(model):
            self.connection.execute(f'drop table memory.main."{model}"')
            return None
        different.add(model)
        if model in self.compared and self._is_noticed(model):
            return model
        return None

    def _create(self, model: str, renderer: Renderer, relation: Callable[[str], str]) -> None:
        if sources.models()[model].kind == "python":
            built = sources.python_model(model)(_Refs(self.connection, relation), self.connection)
            built.create(f'memory.main."{model}"')
            return
        query = renderer.sql(model, relation)
        self.connection.execute(f'create or replace table memory.main."{model}" as (\n{query}\n)')

    def _is_noticed(self, table: str) -> bool:
        """Whether the test that compares the table sees the difference."""
        if self._is_scenarios:
            return self._breaks_a_scenario(table)
        said = self.compared[table]
        columns = ", ".join(f'"{name}"' for name in said.columns)
        where = "where is_closed" if said.is_closed else ""
        query = f"(select {columns} from {{place}} {where})"
        try:
            return self._mark(query.format(place=f'memory.main."{table}"')) != self._mark(
                query.format(place=self.base(table))
            )
        except WRONG_SQL:
            return True

    def _breaks_a_scenario(self, table: str) -> bool:
        found = {**self._published, table: self._rows(f'memory.main."{table}"')}
        return any(
            test_scenarios.violations(scenario, found, set())
            for scenario in _scenarios()
            if table in scenario["expect"] or table in scenario["expect"].get("absent", {})
        )

    @cached_property
    def _published(self) -> dict[str, list[dict[str, Any]]]:
        return {table: self._rows(self.base(table)) for table in self.compared}

    def _rows(self, place: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(f"select * from {place}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, map(night.as_text, row), strict=True)) for row in cursor.fetchall()]

    def _mark(self, place: str) -> tuple[Any, ...]:
        """Two tables with the same rows have the same mark."""
        ((count, total, mixed),) = self.connection.execute(
            f"select count(*), sum(hash(told)::hugeint), bit_xor(hash(told)) from {place} as told"
        ).fetchall()
        return count, total, mixed

    def _base_mark(self, model: str) -> tuple[Any, ...]:
        if model not in self._marks:
            self._marks[model] = self._mark(self.base(model))
        return self._marks[model]


class Worlds:
    """All worlds, those first that killed most for the time they took."""

    def __init__(self, folder: Path, relations: Relations) -> None:
        names = sorted(path.parent for path in folder.glob("*/compared.json"))
        self.all = [World(path, relations) for path in names]
        self.kills: dict[tuple[str, str], int] = {}
        self.seconds: dict[str, float] = {}
        self.asked: dict[str, int] = {}

    def _rank(self, world: World, source: str) -> tuple[float, float]:
        """Kills of this source, then kills of all, each for the time that the world takes."""
        own = self.kills.get((world.name, source), 0)
        every = sum(n for (name, _), n in self.kills.items() if name == world.name)
        cost = self.seconds.get(world.name, 0.0) / max(1, self.asked.get(world.name, 0)) + 0.05
        asked = max(1, self.asked.get(world.name, 0))
        return (-own / cost, -(every / asked) / cost)

    def killer(self, source: str, changed: set[str], renderer: Renderer) -> str | None:
        """``world:table`` of the first world that notices, or None."""
        for world in sorted(self.all, key=lambda one: self._rank(one, source)):
            began = time.perf_counter()
            noticed = world.killer(changed, renderer)
            self.asked[world.name] = self.asked.get(world.name, 0) + 1
            self.seconds[world.name] = (
                self.seconds.get(world.name, 0.0) + time.perf_counter() - began
            )
            if noticed:
                key = (world.name, source)
                self.kills[key] = self.kills.get(key, 0) + 1
                return f"{world.name}: {noticed}"
        return None


def _above(tables: set[str]) -> set[str]:
    """The tables and everything that they are built from."""
    found: set[str] = set()

    def visit(name: str) -> None:
        if name not in found:
            found.add(name)
            for parent in sources.parents(name):
                visit(parent)

    for name in tables:
        visit(name)
    return found


def _scenarios() -> list[dict[str, Any]]:
    return test_scenarios.SCENARIOS or build.scenarios()
