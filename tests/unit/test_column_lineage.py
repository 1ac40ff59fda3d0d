"""What a column is computed from: read from the SQL once, kept, and never needed by a night."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.defs import models
from dagster_project.orchestration import column_lineage, dbt_runner

ABOVE: dict[str, Any] = {
    name: {
        "name": name, "resource_type": "model", "language": "sql", "schema": "intermediate",
        "alias": name, "relation_name": f'"warehouse"."intermediate"."{name}"',
        "columns": {key: {} for key in columns}, "depends_on": {"nodes": []},
    }
    for name, columns in {"a": ["id", "x"], "b": ["id", "y", "x"]}.items()
}  # fmt: skip


def manifest(*columns: str) -> dict[str, Any]:
    """Two models and one that reads both, with these columns."""
    made = {
        **ABOVE["a"], "name": "made", "alias": "made", "columns": {key: {} for key in columns},
        "relation_name": '"warehouse"."intermediate"."made"',
        "depends_on": {"nodes": ["a", "b"]},
    }  # fmt: skip
    return {"nodes": {**ABOVE, "made": made}}


def found(sql: str, *columns: str) -> Any:
    named = {"made": sql}
    return column_lineage._find(manifest(*columns), named, {})["made"]["columns"]


A, B = '"warehouse"."intermediate"."a"', '"warehouse"."intermediate"."b"'


# Rule P.asset
def test_a_column_is_followed_through_ctes_and_joins_and_a_constant_has_no_source() -> None:
    sql = f"""
        with one as (select id, x from {A}), two as (select id, y from {B}),
        final as (
            select one.id, one.x + two.y as total, 'new' as kind, count(*) as number
            from one inner join two on one.id = two.id group by all
        )
        select * from final
    """
    assert found(sql, "id", "total", "kind", "number") == {
        "id": [["a", "id"]], "total": [["a", "x"], ["b", "y"]], "kind": [], "number": [],
    }  # fmt: skip


# Rule P.asset
def test_a_union_by_name_is_read_by_name_whatever_the_order_and_what_one_side_lacks() -> None:
    one, two = f"select id, x from {A}", f"select x as y, y as x, id from {B}"
    assert found(f"{one} union all by name {two}", "id", "x", "y") == {
        "id": [["a", "id"], ["b", "id"]], "x": [["a", "x"], ["b", "y"]], "y": [["b", "x"]],
    }  # fmt: skip
    two = f"select x, y from {B}"
    assert found(f"{one} union all {two}", "id") == {"id": [["a", "id"], ["b", "x"]]}


# Rule P.asset
def test_a_model_is_read_anew_only_if_its_sql_or_columns_are_others() -> None:
    sql = {"made": f"select id, x from {A}"}
    first = column_lineage._find(manifest("id"), sql, {})["made"]
    known: dict[str, Any] = {first["key"]: {"id": [["kept", "kept"]]}}
    again = column_lineage._find(manifest("id"), sql, known)["made"]
    assert again == {"key": first["key"], "columns": {"id": [["kept", "kept"]]}}
    other = column_lineage._find(manifest("id"), {"made": sql["made"] + " where x > 0"}, known)
    assert other["made"]["columns"] == {"id": [["a", "id"]]}
    wider = column_lineage._find(manifest("id", "x"), sql, known)["made"]
    assert wider["columns"] == {"id": [["a", "id"]], "x": [["a", "x"]]}


@pytest.mark.parametrize("kept", [None, "", "[]", '{"settlement": 1}', '{"settlement": {}}'])
# Rule P.asset
def test_where_nothing_usable_is_kept_no_lineage_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str | None
) -> None:
    if kept is not None:
        (tmp_path / "columns.json").write_text(kept, encoding="utf-8")
    monkeypatch.setattr(dbt_runner, "parsed_folder", lambda _home=None: tmp_path)
    column_lineage.of_models.cache_clear()
    assert column_lineage.of_models() == {}
    column_lineage.of_models.cache_clear()


# Rule P.asset
def test_an_asset_tells_the_sources_of_each_column_and_how_many_more_there_are() -> None:
    schema = dg.TableSchema([dg.TableColumn(name, description=name.upper()) for name in "abc"])
    spec = dg.AssetSpec("made", metadata={"dagster/column_schema": schema})
    keys = {"one": dg.AssetKey(["mart", "one"])}
    columns = {"a": [["one", str(number)] for number in range(6)], "b": [["one", "x"]], "c": []}
    made = models.with_lineage(spec, columns, keys)
    told = [column.description for column in made.metadata["dagster/column_schema"].columns]
    assert told == ["A ← one.0, one.1, one.2, one.3, 2 more", "B ← one.x", "C"]
    lineage = made.metadata["dagster/column_lineage"].deps_by_column
    assert lineage["b"] == [dg.TableColumnDep(keys["one"], "x")]
    assert (len(lineage["a"]), lineage["c"]) == (6, [])


@pytest.mark.slow
# Rule P.asset
def test_every_source_of_a_column_of_the_project_is_a_column_of_a_model_that_it_reads() -> None:
    column_lineage.install()
    kept = dbt_runner.parsed_folder() / "columns.json"
    lineage = {name: one["columns"] for name, one in json.loads(kept.read_text("utf-8")).items()}
    nodes = dbt_runner.manifest_json()["nodes"]
    made = {node["name"]: node for node in nodes.values() if node["resource_type"] == "model"}
    assert lineage.keys() == {name for name, node in made.items() if node["language"] == "sql"}
    for name, columns in lineage.items():
        assert columns.keys() == made[name]["columns"].keys()
        above = {nodes[key]["name"] for key in made[name]["depends_on"]["nodes"] if key in nodes}
        for sources in columns.values():
            assert all(model in above and one in made[model]["columns"] for model, one in sources)
    assert lineage["settlement"]["payment_dkk"] == [["int_payments__settle_periods", "payment_dkk"]]
