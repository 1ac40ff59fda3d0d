"""The layering law as rules with an empty baseline: who may read whom, and what no model says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.sql.conftest import Manifest

pytestmark = pytest.mark.xdist_group("empty_world")
AREAS = (
    "coverage", "participation", "person_months", "fte", "relapse", "follow_up", "screening",
    "effect", "reconciliation", "business_case", "settlement", "verification", "evidence",
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
    r"-- clause: .+\n(--.*\n)*?-- left out: .+\n"
)
CLOCK = re.compile(
    r"\b(current_date|current_timestamp|current_time|localtimestamp)\b"
    r"|\b(now|today|get_current_timestamp|random|uuid|gen_random_uuid|setseed)\s*\("
)
NUMBER = re.compile(r"(?<![\w.'])(\d{2,}|\d+\.\d+)(?![\w.'])")
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


def test_each_model_says_grain_what_counts_clause_and_what_is_left_out(manifest: Manifest) -> None:
    wrong = [
        name
        for name, _, node in _models(manifest)
        if node["language"] == "sql" and not HEADER.match(str(node["raw_code"]))
    ]
    assert wrong == []


def test_each_rule_has_grain_clause_and_owner_in_its_yml(manifest: Manifest) -> None:
    wrong = [
        name
        for name, path, node in _models(manifest)
        if path[0] in ("staging", "intermediate")
        and not {"grain", "clause", "owner"} <= set(_meta(node))
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


def test_no_model_reads_the_clock_or_chance(manifest: Manifest) -> None:
    wrong = [
        name
        for name, _, node in _models(manifest)
        if node["language"] == "sql" and CLOCK.search(_text(node))
    ]
    assert wrong == []


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
