"""The harness of the mutants on a small project of its own: what it kills, and what survives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from dagster_project.settings import DBT_DIR
from tests.mutation import generate, score, sources
from tests.mutation.fixtures import UnitTests
from tests.mutation.generate import Mutant
from tests.mutation.score import Verdict
from tests.mutation.sources import Renderer, Source
from tests.mutation.worlds import World
from tests.sql.settlement.rendered import Warehouse

PLANTED = {
    "stg_days": "select * from {{ source('raw', 'days') }}",
    "int_long": """
-- the least is 10 days
select
    person,
    days,
    case when days > 20 then 'long' else 'short' end as length
from {{ ref('stg_days') }}
where days >= 10 and days >= 5
""",
    "int_lengths": "select person, length from {{ ref('int_long') }}",
    "paid": "select person, days, 1 as note from {{ ref('int_long') }}",
}
RELATIONS = {
    "stg_days": '"staging"."stg_days"',
    "int_long": '"intermediate"."int_long"',
    "int_lengths": '"intermediate"."int_lengths"',
    "paid": '"mart"."paid"',
}


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """A world of persons with 9, 10 and 20 days; of ``paid``, persons and days are compared."""
    models = {
        name: Source(name, "intermediate", "model", tmp_path, text)
        for name, text in PLANTED.items()
    }
    cached = (sources.parents, sources.order, sources.macro_users, sources.plain)
    monkeypatch.setattr(sources, "models", lambda: models)
    for one in cached:
        one.cache_clear()
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for room in ("raw", "staging", "intermediate", "mart"):
            connection.execute(f"create schema {room}")
        connection.execute("create table raw.days (person integer, days integer)")
        connection.execute("insert into raw.days values (1, 9), (2, 10), (3, 20)")
        for name, place in RELATIONS.items():
            query = Renderer().sql(name, RELATIONS.__getitem__)
            connection.execute(f"create table {place} as ({query})")
    note = {
        "tables": {"paid": {"columns": ["person", "days"], "is_closed": False}},
        "is_scenarios": False,
    }
    (tmp_path / "compared.json").write_text(json.dumps(note))
    yield World(tmp_path, RELATIONS)
    for one in cached:
        one.cache_clear()


def mutant(source: str, kind: str, after: str, line: int = 0) -> Mutant:
    """The one mutant of a planted model."""
    (found,) = [
        one
        for one in generate.mutants(sources.models()[source])
        if (one.kind, one.after) == (kind, after) and (not line or one.line == line)
    ]
    return found


def killed_by(world: World, one: Mutant) -> str | None:
    text = one.apply(sources.models()[one.source].text)
    return world.killer({one.source}, Renderer({one.source: text}))


def test_a_world_kills_a_mutant_that_reaches_a_compared_column(planted: World) -> None:
    assert killed_by(planted, mutant("int_long", "constant", "11")) == "paid"
    assert killed_by(planted, mutant("int_long", "constant", "9")) == "paid"


def test_an_equivalent_mutant_lives(planted: World) -> None:
    assert killed_by(planted, mutant("int_long", "constant", "6")) is None


def test_what_no_test_compares_kills_nothing(planted: World) -> None:
    assert killed_by(planted, mutant("paid", "constant", "2")) is None
    assert killed_by(planted, mutant("int_long", "constant", "19")) is None


def test_a_mutant_that_is_no_sql_is_told_from_one_that_is(planted: World) -> None:
    whole = sources.models()["paid"].text
    assert planted.binds(["paid"], Renderer({"paid": whole}))
    assert not planted.binds(["paid"], Renderer({"paid": whole.replace("days", "hours")}))


def test_the_planted_world_is_rebuilt_as_it_was(planted: World) -> None:
    assert planted.rebuilt_differently() == []


def test_a_unit_test_of_the_project_passes_and_kills_a_planted_mutant() -> None:
    source = sources.models()["int_courses__rank_places"]
    yml = next((DBT_DIR / "models" / source.area).glob("_*__unit_tests.yml"))
    told = yaml.safe_load(yml.read_text(encoding="utf-8"))["unit_tests"]
    tests = [
        {**test, "given": [{"format": "dict", **one} for one in test["given"]],
         "expect": {"format": "dict", **test["expect"]}}
        for test in told if test["model"] == source.name
    ]  # fmt: skip
    warehouse = Warehouse({}, [source.name])
    warehouse.build()
    types = {
        name: {
            str(row["column_name"]): str(row["column_type"])
            for row in warehouse.rows(f"describe model.{name}")
        }
        for name, _ in warehouse.sql
    }
    unit_tests = UnitTests(tests, types)
    assert unit_tests.killer([source.name], sources.plain()) is None
    (one,) = [
        one
        for one in generate.mutants(source)
        if one.kind == "partition key" and "price_group" in one.before
    ]
    renderer = Renderer({source.name: one.apply(source.text)})
    assert unit_tests.killer([source.name], renderer) is not None


def test_the_mutants_of_the_project_are_the_same_every_time_and_each_has_an_id() -> None:
    first = [one for source in sources.targets() for one in generate.mutants(source)]
    again = [one for source in sources.targets() for one in generate.mutants(source)]
    assert first == again
    assert len({one.ident for one in first}) == len(first) > 1000
    assert {one.kind for one in first} >= {
        "comparison", "and/or", "sign", "constant", "function", "direction", "join", "conjunct",
        "partition key", "group key", "not", "default", "branch", "branch order", "truth", "word",
        "union", "unit", "list item", "distinct",
    }  # fmt: skip


def test_an_id_outlives_moved_lines_and_edits_elsewhere(tmp_path: Path) -> None:
    text = (
        "with days as (select a from t where a > 1 and b = 'x' and c) "
        "select a, count(*), sum(b) from days group by a\n"
    )
    moved = "-- a head\n\n" + text.replace(" ", "\n    ") + "where a < 2 and b = 2\n"
    plain = generate.mutants(Source("m", "a", "model", tmp_path, text))
    later = {one.ident for one in generate.mutants(Source("m", "a", "model", tmp_path, moved))}
    assert {one.ident for one in plain if one.start > len("with days as (select a ")} <= later


def test_the_and_of_a_range_and_the_width_of_a_type_are_no_mutants(tmp_path: Path) -> None:
    text = "select a::decimal(18, 2) from t where a between b and c"
    found = generate.mutants(Source("m", "a", "model", tmp_path, text))
    assert {one.kind for one in found} == {"conjunct"}


def test_every_pattern_of_a_strict_area_names_something() -> None:
    names = [f"{source.area}/{source.name}" for source in sources.targets()]
    for area, patterns in score.strict_areas().items():
        for pattern in patterns:
            assert any(score.fnmatch.fnmatch(name, pattern) for name in names), (area, pattern)


def test_every_strict_area_has_a_mutant() -> None:
    mutated = {
        score.strict_area(source.area, source.name)
        for source in sources.targets()
        if generate.mutants(source)
    }
    assert set(score.strict_areas()) - mutated == set()


def test_a_survivor_in_a_strict_area_fails_however_high_the_score(tmp_path: Path) -> None:
    def verdicts(name: str, states: list[str]) -> list[Verdict]:
        source = Source(
            name,
            "macros/arithmetic" if name == "div_round" else "a",
            "model",
            tmp_path,
            "select 1 + 1",
        )
        (one, *_) = generate.mutants(source)
        return [Verdict(one, state) for state in states]

    elsewhere = verdicts("other", ["killed"] * 95 + ["survived"] * 5 + ["invalid", "equivalent"])
    assert score.failures(elsewhere) == []
    assert len(score.failures(elsewhere + verdicts("other", ["survived"]))) == 1
    assert len(score.failures(elsewhere + verdicts("div_round", ["survived"]))) == 2
    assert score.failures(elsewhere + verdicts("div_round", ["killed", "invalid"])) == []
