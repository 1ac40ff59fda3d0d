"""A model replaces what stands in its place, also what an earlier version built as another kind."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import reference, warehouse
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import dbt_runner
from dagster_project.settings import DBT_DIR, Home
from tests.sql import conftest

_SELECTED = ["stg_run__context", "stg_registers"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a warehouse of no delivery."""
    home = Home(tmp_path)
    home.work.mkdir()
    with warehouse.connect(home.warehouse) as connection:
        warehouse.create_raw(connection)
        reference.write_reference(connection, reference.load_reference())
        connection.execute("insert into raw.run_context values (date '2024-01-31', 'Ingen')")
    return home


def _kinds(home: Home) -> dict[str, str]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return dict(
            connection.execute(
                "select table_name, table_type from information_schema.tables"
                " where table_schema = 'staging'"
            ).fetchall()
        )


def _swap_kinds(home: Home) -> None:
    with warehouse.connect(home.warehouse) as connection:
        connection.execute("drop view staging.stg_run__context")
        connection.execute("create table staging.stg_run__context as select 1 as old")
        connection.execute("drop table staging.stg_registers")
        connection.execute("create view staging.stg_registers as select 1 as old")


def test_a_table_that_is_a_view_now_and_a_view_that_is_a_table_now_are_replaced(home: Home) -> None:
    dbt_runner.run_selected(home, _SELECTED)
    built = _kinds(home)
    assert built == {"stg_run__context": "VIEW", "stg_registers": "BASE TABLE"}

    _swap_kinds(home)
    (home.work / "dbt" / "kinds").write_text("another state of the project")
    dbt_runner.run_selected(home, _SELECTED)

    assert _kinds(home) == built
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from staging.stg_registers").fetchall() == [(3,)]


def test_a_warehouse_that_was_deleted_is_looked_at_again(home: Home) -> None:
    dbt_runner.run_selected(home, _SELECTED)
    dbt_runner.run_selected(home, _SELECTED)
    assert (home.work / "dbt" / "kinds").read_text() == dbt_runner.project_hash()
    home.warehouse.unlink()
    with pytest.raises(EffektError, match="DBT_MODEL"):
        dbt_runner.run_selected(home, _SELECTED)  # no raw tables: nothing to build on
    assert not (home.work / "dbt" / "kinds").exists()


def test_a_dbt_package_is_built_in_dbts_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    package = project / "dbt_packages" / "other"
    for name in ("dbt_project.yml", "profiles.yml", "macros"):
        copy = shutil.copytree if (DBT_DIR / name).is_dir() else shutil.copy
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        copy(DBT_DIR / name, project / name)
    (package / "models").mkdir(parents=True)
    (package / "dbt_project.yml").write_text("{name: other, version: 1.0.0, config-version: 2}")
    monkeypatch.setattr(conftest, "DBT_DIR", project)

    for kind in ("table", "view", "table"):  # only dbt's own way replaces one by the other
        for name in ("first", "second"):
            text = f"{{{{ config(materialized='{kind}') }}}} select 1 as number"
            (package / "models" / f"{name}.sql").write_text(text)
        assert conftest.invoke_dbt(tmp_path, "run") == {"first": "success", "second": "success"}
