"""The layering law as rules with an empty baseline: who may read whom, what no model has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import pytest

from dagster_project.settings import DBT_DIR, Owner
from tests.sql.conftest import Manifest

pytestmark = pytest.mark.xdist_group("empty_world")
AREAS = (
    "coverage", "participation", "person_months", "fte", "relapse", "follow_up", "screening",
    "effect", "reconciliation", "business_case", "calendar", "settlement", "verification",
    "evidence",
)  # fmt: skip
"""Areas of intermediate/ in their order: a model reads its own area and earlier ones."""
READABLE = {
    "staging": {"raw", "gate", "staging"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"staging", "intermediate"},
}
"""Rooms that each room may read; staging reads staging only to number groups."""
NAMES = {
    "staging": re.compile(r"stg_[a-z_]+?(__[a-z_]+)?"),
    "intermediate": re.compile(r"int_[a-z_]+?__[a-z_]+"),
    "marts": re.compile(r"[a-z][a-z_]*"),
}
HEADER = re.compile(
    r"\A(\{\{ config\(.*?\) \}\}\s*)?-- grain: .+\n(--.*\n)*?-- counts: .+\n(--.*\n)*?"
    r"-- rules: .+\n(--.*\n)*?-- left out: .+\n"
)
CLOCK = re.compile(
    r"\b(current_date|current_timestamp|current_time|localtimestamp)\b"
    r"|\b(now|today|get_current_timestamp|random|uuid|gen_random_uuid|setseed)\s*\("
)
NUMBER = re.compile(r"(?<![\w.'])(\d{2,}|\d+\.\d+)(?![\w.'])")
LONGEST = 200
"""Lines of a model; a longer one holds rules of more than one kind."""
NOT_RULES = re.compile(r"--[^\n]*|'[^']*'|decimal\(\d+, \d+\)|interval \d+ (day|week|month)s?")

Node = dict[str, object]


def _models(manifest: Manifest) -> Iterator[tuple[str, list[str], Node]]:
    """Name, path below models/ and node of each model of the project."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            yield node["name"], str(node["original_file_path"]).split("/")[1:], node


def _room(manifest: Manifest, key: str) -> str:
    if key in manifest["sources"]:
        return str(manifest["sources"][key]["schema"])
    return str(manifest["nodes"][key]["original_file_path"]).split("/")[1]


def _parents(node: Node) -> list[str]:
    depends_on = node["depends_on"]
    assert isinstance(depends_on, dict)
    return list(depends_on["nodes"])


def _text(node: Node) -> str:
    """A model's SQL without comments, text, types and calendar units."""
    return NOT_RULES.sub(" ", str(node["raw_code"]))


def test_each_room_reads_only_the_rooms_before_it(manifest: Manifest) -> None:
    wrong = [
        (name, parent)
        for name, path, node in _models(manifest)
        for parent in _parents(node)
        if _room(manifest, parent) not in READABLE[path[0]]
    ]
    assert wrong == []


def test_each_raw_table_is_staged_once(manifest: Manifest) -> None:
    readers: dict[str, set[str]] = {key: set() for key in manifest["sources"]}
    for name, _, node in _models(manifest):
        for parent in _parents(node):
            if parent in readers:
                readers[parent].add(name.split("__")[0])
    assert {key: names for key, names in readers.items() if len(names) > 1} == {}


def test_areas_read_only_areas_before_them(manifest: Manifest) -> None:
    area_of = {
        f"model.effekt.{name}": path[1]
        for name, path, _ in _models(manifest)
        if path[0] == "intermediate"
    }
    wrong = [
        (name, parent)
        for name, path, node in _models(manifest)
        if path[0] == "intermediate"
        for parent in _parents(node)
        if parent in area_of and AREAS.index(area_of[parent]) > AREAS.index(path[1])
    ]
    assert wrong == []


def test_marts_read_no_marts(manifest: Manifest) -> None:
    wrong = [
        (name, parent)
        for name, path, node in _models(manifest)
        if path[0] == "marts"
        for parent in _parents(node)
        if _room(manifest, parent) == "marts"
    ]
    assert wrong == []


def test_a_name_says_its_room(manifest: Manifest) -> None:
    wrong = [name for name, path, _ in _models(manifest) if not NAMES[path[0]].fullmatch(name)]
    assert wrong == []


def test_each_model_says_grain_counts_rules_and_what_is_left_out(manifest: Manifest) -> None:
    wrong = [
        name
        for name, _, node in _models(manifest)
        if node["language"] == "sql" and not HEADER.match(str(node["raw_code"]))
    ]
    assert wrong == []


def test_each_owner_is_one_that_the_project_knows(manifest: Manifest) -> None:
    owners = {name: _meta(node).get("owner") for name, _, node in _models(manifest)}
    assert owners
    assert {name for name, owner in owners.items() if owner not in get_args(Owner)} == set()


def test_each_rule_has_grain_rules_and_owner_in_its_yml(manifest: Manifest) -> None:
    wrong = [
        name
        for name, path, node in _models(manifest)
        if path[0] in ("staging", "intermediate")
        and not {"grain", "rules", "owner"} <= set(_meta(node))
    ]
    assert wrong == []


def _meta(node: Node) -> dict[str, object]:
    config = node["config"]
    assert isinstance(config, dict)
    return dict(config["meta"])


def test_each_model_and_column_is_described(manifest: Manifest) -> None:
    wrong = []
    for name, _, node in _models(manifest):
        columns = node["columns"]
        assert isinstance(columns, dict)
        if not node["description"] or not columns:
            wrong.append(name)
        wrong += [f"{name}.{key}" for key, item in columns.items() if not item["description"]]
    assert wrong == []


def test_each_macro_and_each_of_its_arguments_is_described(manifest: Manifest) -> None:
    wrong = []
    for macro in manifest["macros"].values():
        if macro["package_name"] != "effekt":
            continue
        told = {item["name"]: item["description"] for item in macro["arguments"]}
        if list(told) != _parameters(macro) or not all([macro["description"], *told.values()]):
            wrong.append(macro["name"])
    assert wrong == []


def _parameters(macro: Node) -> list[str]:
    """Names of a macro's parameters; a materialization has none."""
    found = re.search(r"\{%-? (?:macro|test) \w+\((.*?)\)", str(macro["macro_sql"]))
    return [one.split("=")[0].strip() for one in found[1].split(",") if one] if found else []


def test_the_marts_are_public_and_nothing_else_is(manifest: Manifest) -> None:
    wrong = [
        (name, node["access"])
        for name, path, node in _models(manifest)
        if node["access"] != ("public" if path[0] == "marts" else "protected")
    ]
    assert wrong == []


# Rule P.as_of
def test_no_model_reads_the_clock_or_chance(manifest: Manifest) -> None:
    wrong = [
        name
        for name, _, node in _models(manifest)
        if node["language"] == "sql" and CLOCK.search(_text(node))
    ]
    assert wrong == []


# Rule C.only_place
def test_no_number_of_a_rule_stands_in_a_model(manifest: Manifest) -> None:
    wrong = [
        (name, found)
        for name, _, node in _models(manifest)
        if node["language"] == "sql" and (found := NUMBER.findall(_text(node)))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("select 28 as gap", True),
        ("select amount * 0.5", True),
        ("select case_max_gap_days + 1", False),
        ("select 'text of 2023' -- clause 30", False),
        ("select (a)::decimal(18, 2) + interval 11 months", False),
    ],
)
def test_the_search_for_numbers_finds_what_it_should(text: str, is_wrong: bool) -> None:
    assert bool(NUMBER.search(NOT_RULES.sub(" ", text))) is is_wrong


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("select current_date", True),
        ("select now()", True),
        ("select random()", True),
        ("select known_on from today where today.snow (1)", False),
    ],
)
def test_the_search_for_clocks_finds_what_it_should(text: str, is_wrong: bool) -> None:
    assert bool(CLOCK.search(NOT_RULES.sub(" ", text))) is is_wrong


CTE = re.compile(r"^([a-z_]+) as \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
REF = re.compile(r"\{\{ (?:ref|source)\(")
THOUGHT = re.compile(r"\b(join|over|distinct|qualify|unnest)\b|\b(sum|count|min|max|bool_or)\(")
EVERY_COLUMN = re.compile(r"^\s*(select )?([a-z_]+\.)?\*", re.MULTILINE)


def _import_faults(raw_code: str, macros: str = "") -> list[str]:
    """What stands against the law of imports in a model's text and the macros that it calls."""
    text = re.sub(r"--[^\n]*", "", raw_code)
    found = CTE.findall(text)
    faults = []
    if len(REF.findall(text)) != sum(len(REF.findall(body)) for _, body in found):
        faults.append("a ref outside a CTE")
    is_thinking = False
    for name, body in found:
        if not REF.search(body):
            is_thinking = True
        elif is_thinking or name == "final":
            faults.append(f"{name} is imported after a thought")
        elif len(REF.findall(body)) > 1 or THOUGHT.search(body):
            faults.append(f"{name} does more than to import")
        elif EVERY_COLUMN.search(body):
            faults.append(f"{name} imports every column")
        else:
            faults += _unread_columns(name, body, text.replace(body, "") + macros)
    return faults


def _unread_columns(name: str, body: str, rest: str) -> list[str]:
    """Columns of an import that no later CTE names, where none takes all of them.

    A macro that is given a CTE takes all of them.
    """
    whole = rf"\bselect \* from {name}\b|\*,?[^()]*\bfrom {name}\b|\b{name}\.\*|, '{name}'\) \}}\}}"
    if re.search(whole, rest):
        return []
    columns = re.findall(r"([a-z_0-9]+)(?:,\n|\s*\Z)", body.split("from {{")[0])
    return [
        f"{name} imports {column}, which nothing reads"
        for column in columns
        if not re.search(rf"\b{column}\b", rest)
    ]


def _called_macros(manifest: Manifest, node: Node) -> str:
    depends_on = node["depends_on"]
    assert isinstance(depends_on, dict)
    return "".join(manifest["macros"][key]["macro_sql"] for key in depends_on["macros"])


def test_models_are_imported_by_ctes_that_do_nothing_else(manifest: Manifest) -> None:
    wrong = {
        name: faults
        for name, path, node in _models(manifest)
        if path[0] != "staging"
        and node["language"] == "sql"
        and (faults := _import_faults(str(node["raw_code"]), _called_macros(manifest, node)))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a as (\n    select x\n    from {{ ref('a') }}\n),\nb as (\n    select x from a\n)", []),
        (
            "b as (\n    select 1\n),\na as (\n    select x from {{ ref('a') }}\n)",
            ["a is imported after a thought"],
        ),
        (
            "a as (\n    select x from {{ ref('a') }} inner join b\n)",
            ["a does more than to import"],
        ),
        ("a as (\n    select * from {{ ref('a') }}\n)", ["a imports every column"]),
        (
            "a as (\n    select x from {{ ref('a') }}\n)",
            ["a imports x, which nothing reads"],
        ),
        ("select x from {{ ref('a') }}", ["a ref outside a CTE"]),
    ],
)
def test_the_search_for_imports_finds_what_it_should(text: str, faults: list[str]) -> None:
    assert _import_faults(text) == faults


def test_no_model_is_longer_than_can_be_read_at_once(manifest: Manifest) -> None:
    wrong = [
        (name, lines)
        for name, path, node in _models(manifest)
        if (lines := len((DBT_DIR / "models" / "/".join(path)).read_text("utf-8").splitlines()))
        > LONGEST
    ]
    assert wrong == []
