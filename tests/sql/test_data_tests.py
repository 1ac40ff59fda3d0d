"""dbt's data tests, run on a whole night's warehouse: every one passes, and every one can fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from dagster_project.settings import Home
from tests.gates.conftest import sound_night  # noqa: F401 - a fixture
from tests.sql.conftest import Manifest, invoke_dbt

pytestmark = pytest.mark.xdist_group("empty_world")


@pytest.fixture
def night_folder(
    sound_night: Home,  # noqa: F811 - the fixture
    empty_world: Path,
    tmp_path: Path,
) -> Path:
    """A folder with the parsed project and a night's warehouse that a test may write to."""
    shutil.copytree(empty_world / "target", tmp_path / "target")
    shutil.copy(sound_night.warehouse, tmp_path / "warehouse.duckdb")
    return tmp_path


@pytest.mark.timeout(600)
def test_every_data_test_passes_on_a_sound_night_and_fails_on_repeated_rows(
    night_folder: Path, manifest: Manifest
) -> None:
    nodes = manifest["nodes"]
    declared = {
        str(test["name"]): nodes[test["attached_node"]]
        for test in nodes.values()
        if test["resource_type"] == "test"
    }
    assert declared
    passed = invoke_dbt(night_folder, "test", "--select", "test_type:data")
    assert passed == dict.fromkeys(declared, "pass")

    with duckdb.connect(str(night_folder / "warehouse.duckdb")) as connection:
        for schema, model in {(node["schema"], node["name"]) for node in declared.values()}:
            _repeat_rows(connection, schema, model)
    failed = invoke_dbt(night_folder, "test", "--select", "test_type:data")
    assert failed == dict.fromkeys(declared, "fail")


def _repeat_rows(connection: duckdb.DuckDBPyConnection, schema: str, model: str) -> None:
    """Let a model's table hold each row twice; two rows of nulls where it has none."""
    place, repeated = f"{schema}.{model}", f"{schema}.repeated"
    connection.execute(f"create table {repeated} as from {place} union all from {place}")
    if connection.execute(f"select count(*) from {repeated}").fetchone() == (0,):
        nulls = ", ".join("null" for _ in connection.execute(f"from {place}").description)
        connection.execute(f"insert into {repeated} values ({nulls}), ({nulls})")
    kind = connection.execute(
        "select table_type from information_schema.tables"
        " where table_schema = ? and table_name = ?",
        [schema, model],
    ).fetchone()
    connection.execute(f"drop {'view' if kind == ('VIEW',) else 'table'} {place}")
    connection.execute(f"alter table {repeated} rename to {model}")
