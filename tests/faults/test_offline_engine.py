"""No DuckDB of the project fetches or loads an extension, whichever part of it opens one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dagster_project.lib import warehouse
from dagster_project.lib.receiving.formats.engine import open_parser

ROOT = Path(__file__).parents[2]
ASKS_FOR_AN_EXTENSION = [
    "select * from read_csv('https://localhost:9/a.csv')",
    "select * from sqlite_scan('a', 'b')",
    "attach 'postgres:host=localhost' as other (type postgres)",
]


def opened() -> Iterator[tuple[Path, ast.Call]]:
    """Each call of the project that opens a DuckDB."""
    for path in sorted((ROOT / "dagster_project").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "duckdb.connect":
                yield path, node


# Rule F.quiet
def test_every_engine_that_the_project_opens_is_given_the_same_settings() -> None:
    configs = [
        (path.name, next((ast.unparse(k.value) for k in call.keywords if k.arg == "config"), ""))
        for path, call in opened()
    ]
    assert len(configs) >= 10
    # candidate.py and its like spread ENGINE into a setting of their own
    assert [name for name, told in configs if not ("ENGINE" in told or told == "_CONFIG")] == []


# Rule F.quiet
def test_the_settings_are_those_of_dbts_profile_too() -> None:
    profile = yaml.safe_load((ROOT / "dbt/profiles.yml").read_text(encoding="utf-8"))
    own = profile["effekt"]["outputs"]["home"]["settings"]
    assert {name: str(own[name]).lower() for name in warehouse.ENGINE} == warehouse.ENGINE


LOST = """
    with other as (select * from empty where amount > 0)
    select * from (
        select sum(own.amount) as amount from own left join other on own.id = other.id
    ) where amount > 0"""


def test_an_amount_beside_an_empty_table_is_not_lost() -> None:
    """Without the settings DuckDB 2.0.0 gives no row: a later one may have mended it."""
    found = []
    for config in (warehouse.ENGINE, {}):
        with duckdb.connect(config=config) as connection:
            connection.execute("create table own as from (values (1, 0), (2, 5)) as t(id, amount)")
            connection.execute("create table empty (id integer, amount integer)")
            found.append(connection.execute(LOST).fetchall())
    assert found == [[(5,)], []]


@pytest.mark.parametrize("query", ASKS_FOR_AN_EXTENSION)
# Rules F.quiet, F.hostile
def test_an_extension_is_refused_before_anybody_is_asked_for_it(
    tmp_path: Path, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what the settings leave, no word of an attempt to fetch: the engine says what it lacks."""
    monkeypatch.setenv("HOME", str(tmp_path))  # where extensions would be kept
    connection = warehouse.connect(tmp_path / "warehouse.duckdb")
    try:
        assert "download" not in answer(connection, query).lower()
    finally:
        connection.close()
    with open_parser(tmp_path) as (parser, _spill):
        assert "download" not in answer(parser, query).lower()
    assert not list(tmp_path.glob(".duckdb/**/*.duckdb_extension*"))


@pytest.mark.parametrize("query", ASKS_FOR_AN_EXTENSION)
def test_an_engine_without_the_settings_tries_to_fetch(
    tmp_path: Path, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above would see: an unset engine asks for the file of the extension."""
    monkeypatch.setenv("HOME", str(tmp_path))
    local: dict[str, Any] = {"custom_extension_repository": str(tmp_path / "nothing")}
    with duckdb.connect(config=local) as connection:
        said = answer(connection, query).lower()
    assert "nothing" in said or "download" in said, said


# Rules F.quiet, F.hostile
def test_where_received_files_are_parsed_an_extension_cannot_even_be_asked_for_by_name(
    tmp_path: Path,
) -> None:
    with open_parser(tmp_path) as (parser, _spill):
        for query in ("install spatial", "load spatial", "install spatial from community"):
            assert "disabled" in answer(parser, query), query


def answer(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """What the engine says to a query that it must not be able to do."""
    with pytest.raises(duckdb.Error) as caught:
        connection.execute(query)
    return str(caught.value)
