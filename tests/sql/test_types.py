"""Types of every column of every model: no floating point, and one type for each kind of name."""

from __future__ import annotations

import re

import duckdb
import pytest

from tests.sql.conftest import Manifest

pytestmark = pytest.mark.xdist_group("empty_world")
TYPES = {
    "_dkk": {"DECIMAL(18,2)"},
    "_fte": {"DECIMAL(18,4)"},
    "_share": {"DECIMAL(9,6)"},
    "_rate": {"DECIMAL(9,6)"},
}
"""What M.types says of names that end so; days of a share count in ten-thousandths."""
FLOATING = re.compile(r"DOUBLE|FLOAT|REAL")


def _columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str]]:
    return connection.execute(
        """
        select table_schema, table_name, column_name, data_type
        from information_schema.columns
        where table_schema in ('staging', 'intermediate', 'mart', 'restricted')
        """
    ).fetchall()


# Rule R0.exact
def test_no_column_of_any_model_is_floating_point(built: duckdb.DuckDBPyConnection) -> None:
    wrong = [row for row in _columns(built) if FLOATING.search(row[3])]
    assert wrong == []


# Rule M.types
def test_money_full_time_persons_and_shares_are_decimals_of_one_size(
    built: duckdb.DuckDBPyConnection,
) -> None:
    wrong = [
        row
        for row in _columns(built)
        for ending, types in TYPES.items()
        if row[2].endswith(ending) and row[3] not in types
    ]
    assert wrong == []


def test_the_columns_that_others_build_on_have_their_types(
    built: duckdb.DuckDBPyConnection,
) -> None:
    types = {(table, column): kind for _, table, column, kind in _columns(built)}
    assert types["int_fte__sum_register_months", "benefit_day_parts"] == "HUGEINT"
    assert types["int_fte__sum_register_months", "fte"] == "DECIMAL(18,4)"
    assert types["int_spells__clip_to_windows", "share"] == "DECIMAL(5,4)"
    assert types["int_spells__clip_to_windows", "starts_on"] == "DATE"
    assert types["int_courses__decide_eligibility", "case_days"] == "INTEGER"
    assert types["stg_benefit_codes__groups", "group_no"] == "UTINYINT"


def test_every_model_is_built_where_nothing_is_known(
    built: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    there = {(schema, table) for schema, table, _, _ in _columns(built)}
    wanted = {
        (node["schema"], node["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    assert wanted - there == set()


@pytest.mark.parametrize(
    "model",
    [
        "int_courses__decide_eligibility",
        "int_person_months__price",
        "int_fte__measure_reduction",
        "int_spells__clip_to_windows",
    ],
)
def test_an_empty_world_has_no_row(built: duckdb.DuckDBPyConnection, model: str) -> None:
    assert built.execute(f"select count(*) from intermediate.{model}").fetchall() == [(0,)]
