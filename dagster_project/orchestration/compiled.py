"""The project's models run again in side homes: by dbt, or as the night compiled them.

What belongs here: finding what dbt compiled tonight, in the order of its graph, and running it.
What does not: SQL of its own. The statements are those that dbt ran in the home's warehouse; a side
warehouse has the same catalogue name, so that they run there unchanged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.trace import side_home
from dagster_project.orchestration import dbt_runner
from dagster_project.settings import Home

_CREATED_AS = ("table", "view")


class CompiledModels:
    """The models that one model is built from, as compiled in a home's last night."""

    def __init__(self, home: Home, target: str) -> None:
        """Find the models.

        Args:
            home: the home whose night compiled them.
            target: name of the model that is wanted in the end.
        """
        nodes: Mapping[str, Any] = dbt_runner.manifest_json(home)["nodes"]
        self._root = home.work / "dbt" / "target" / "compiled"
        self._by_name = {
            node["name"]: node for node in nodes.values() if node["resource_type"] == "model"
        }
        self._parents = {
            name: [
                nodes[parent]["name"]
                for parent in node["depends_on"]["nodes"]
                if parent in nodes and nodes[parent]["resource_type"] == "model"
            ]
            for name, node in self._by_name.items()
        }
        self.target = target
        self.order = self._ancestors(target)

    def _ancestors(self, name: str) -> list[str]:
        """A model and what it is built from, parents first."""
        found: dict[str, None] = {}

        def visit(one: str) -> None:
            if one not in found:
                for parent in sorted(self._parents[one]):
                    visit(parent)
                found[one] = None

        visit(name)
        return list(found)

    def _behind(self, models: Collection[str]) -> set[str]:
        """The models that are built from any of some models, these left out."""
        behind: set[str] = set()
        for name in self.order:
            if any(parent in models or parent in behind for parent in self._parents[name]):
                behind.add(name)
        return behind

    @property
    def _is_complete(self) -> bool:
        """Whether the home's last night has left the SQL of every model."""
        nodes = [self._by_name[name] for name in self.order]
        return all(
            node["config"]["materialized"] in _CREATED_AS and self._path(node).is_file()
            for node in nodes
        )

    def rebuild(
        self, side: Home, *, behind: Collection[str] = (), until: str | None = None
    ) -> None:
        """Build the models anew in a side home (``lib.trace.runner.Compiled``)."""
        until = until or self.target
        if self._is_complete:
            with side_home.opened(side) as connection:
                self._run(connection, behind, until)
        elif not behind:
            dbt_runner.run_selected(side, [f"+{until}"])
        else:
            dbt_runner.run_selected(side, [f"{one}+,+{until}" for one in behind], [*behind])

    def _run(
        self, connection: duckdb.DuckDBPyConnection, behind: Collection[str], until: str
    ) -> None:
        wanted = set(self._ancestors(until))
        if behind:
            wanted &= self._behind(behind)
        for name in self.order:
            if name in wanted:
                self._build(connection, self._by_name[name])

    def _build(self, connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any]) -> None:
        kind = node["config"]["materialized"]
        path = self._path(node)
        place = f'"{node["schema"]}"."{node["alias"]}"'
        query = path.read_text(encoding="utf-8").rstrip().rstrip(";")
        connection.execute(f"create or replace {kind} {place} as (\n{query}\n)")

    def _path(self, node: Mapping[str, Any]) -> Path:
        return Path(self._root / node["package_name"] / node["original_file_path"])
