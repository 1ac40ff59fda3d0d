"""What the tests of the SQL share: the parsed project and a warehouse built from an empty world.

What belongs here: dbt, run once for a session in a folder of the test. What does not: any figure.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.lib import reference, warehouse
from dagster_project.orchestration import dbt_runner
from dagster_project.settings import DBT_DIR

Manifest = dict[str, Any]


def invoke_dbt(folder: Path, *words: str) -> dict[str, str]:
    """Run dbt in process on the folder's warehouse; the status of each node that it ran."""
    from dbt.cli.main import dbtRunner

    _show_declarations_to_unit_tests()
    before = os.environ.get("EFFEKT_WAREHOUSE")
    os.environ["EFFEKT_WAREHOUSE"] = str(folder / "warehouse.duckdb")
    try:
        result = dbtRunner().invoke(
            [
                "--quiet", "--no-use-colors", "--no-send-anonymous-usage-stats", *words,
                "--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR),
                "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
            ]
        )  # fmt: skip
    finally:
        dbt_runner.close_connections()
        if before is None:
            del os.environ["EFFEKT_WAREHOUSE"]
        else:
            os.environ["EFFEKT_WAREHOUSE"] = before
    if result.result is None:
        return {"dbt": type(result.exception).__name__}
    return {str(one.node.name): str(one.status) for one in result.result}


def _show_declarations_to_unit_tests() -> None:
    """Give the manifest of unit tests the graph of the project.

    The macros that hide small numbers read a table's declaration from ``graph``, which dbt leaves
    empty while it compiles a unit test.
    """
    from dbt.parser.unit_tests import UnitTestManifestLoader

    load = UnitTestManifestLoader.load
    if getattr(load, "has_graph", False):
        return

    def load_with_graph(self: Any) -> Any:
        manifest = load(self)
        manifest.flat_graph = self.manifest.flat_graph
        return manifest

    load_with_graph.has_graph = True  # type: ignore[attr-defined]
    UnitTestManifestLoader.load = load_with_graph  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def empty_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a warehouse of no contract and no delivery, all models built."""
    folder = tmp_path_factory.mktemp("empty-world")
    with warehouse.connect(folder / "warehouse.duckdb") as connection:
        warehouse.create_raw(connection)
        reference.write_reference(connection, reference.load_reference())
        connection.execute("insert into raw.run_context values (date '2024-01-31', 'Ingen')")
    assert set(invoke_dbt(folder, "run").values()) == {"success"}
    dbt_runner.assert_closed(folder / "warehouse.duckdb")
    return folder


@pytest.fixture(scope="session")
def manifest(empty_world: Path) -> Manifest:
    """dbt's own picture of the project."""
    loaded: Manifest = json.loads((empty_world / "target" / "manifest.json").read_text("utf-8"))
    return loaded


@pytest.fixture
def built(empty_world: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The built empty world, to read."""
    with warehouse.connect(empty_world / "warehouse.duckdb", read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty DuckDB for queries without tables: opening one costs more than such a query."""
    with duckdb.connect() as connection:
        yield connection
