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
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    declared = {str(test["name"]): str(test["attached_node"]).split(".")[-1] for test in tests}
    assert declared
    passed = invoke_dbt(night_folder, "test", "--select", "test_type:data")
    assert passed == dict.fromkeys(declared, "pass")

    with duckdb.connect(str(night_folder / "warehouse.duckdb")) as connection:
        for model in set(declared.values()):
            _repeat_rows(connection, model)
    failed = invoke_dbt(night_folder, "test", "--select", "test_type:data")
    assert failed == dict.fromkeys(declared, "fail")


def _repeat_rows(connection: duckdb.DuckDBPyConnection, model: str) -> None:
    """Let a model's table hold each row twice; a row of nulls where it has none."""
    place = f"intermediate.{model}"
    connection.execute(f"create table intermediate.repeated as from {place} union all from {place}")
    if connection.execute("select count(*) from intermediate.repeated").fetchone() == (0,):
        columns = connection.execute("describe intermediate.repeated").fetchall()
        nulls = ", ".join("null" for _ in columns)
        connection.execute(f"insert into intermediate.repeated values ({nulls}), ({nulls})")
    kind = connection.execute(
        "select table_type from information_schema.tables where table_name = ?", [model]
    ).fetchone()
    connection.execute(f"drop {'view' if kind == ('VIEW',) else 'table'} {place}")
    connection.execute(f"alter table intermediate.repeated rename to {model}")
