"""The end of a record is not cut off unseen while a settlement in ``reports/`` prints it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import inspection, life, records, statement
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.errors import EXIT_FAILED, EffektError
from dagster_project.lib.keys import sealing
from dagster_project.lib.keys.statement_key import StatementKey, rotate_statement_key
from dagster_project.lib.ledger import chain
from dagster_project.lib.receiving.intake import register
from tests.support.published import CONTRACT, World, make_world
from tests.unit.inspection.test_against import add_delivery

STRANGER = StatementKey(b"x" * 32)
Document = dict[str, Any]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A submitted period and its documents; no snapshot knows of the event or the delivery."""
    world = make_world(tmp_path / "world")
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    add_delivery(world.home, 1)
    statement.write_statement(world.settings, CONTRACT, "2023-01")
    records.check(world.home)
    return world


def printed(world: World) -> Path:
    return world.home.reports / "statements" / CONTRACT / "2023-01.json"


def cut(world: World, which: str) -> None:
    path = {"ledger": chain.ledger_file(world.home),
            "register": world.home.vault / register.REGISTER_NAME}[which]  # fmt: skip
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def faults(world: World) -> dict[str, list[str]]:
    areas = inspection.inspect_home(world.home).areas
    return {area.name: [fault.code for fault in area.faults] for area in areas}


@pytest.mark.parametrize(
    ("which", "code"), [("ledger", "LEDGER_BROKEN"), ("register", "REGISTER_BROKEN")]
)
# Rules S.heads, F.verify
def test_an_end_that_no_snapshot_names_is_missed_by_the_settlement_that_prints_it(
    world: World, which: str, code: str
) -> None:
    assert faults(world)[which] == []
    cut(world, which)
    with pytest.raises(EffektError) as found:
        records.check(world.home)
    assert (found.value.code, found.value.exit_code) == (code, EXIT_FAILED)
    assert f"{CONTRACT}/2023-01.json" in found.value.message
    assert faults(world)[which] == [code]


def test_what_an_earlier_key_of_the_home_signed_counts(world: World) -> None:
    rotate_statement_key(world.home)
    cut(world, "ledger")
    assert faults(world)["ledger"] == ["LEDGER_BROKEN"]


def by_a_stranger(document: Document) -> str:
    bare = {key: document[key] for key in document if key not in ("public_key", "signature")}
    return canonical_json(sealing.signed(bare, STRANGER))


def changed(document: Document) -> str:
    return canonical_json({**document, "state": {"state": "paid"}})


def without_heads(document: Document) -> str:
    return canonical_json({**document, "provenance": {}})


@pytest.mark.parametrize(
    "forge",
    [by_a_stranger, changed, without_heads, lambda _document: "no JSON", lambda _document: "[]",
     lambda _document: "\udc80", lambda _document: '{"provenance":{"heads":{"ledger":7}}}'],
)  # fmt: skip
def test_a_document_that_is_not_the_homes_own_tells_nothing(
    world: World, forge: Callable[[Document], str]
) -> None:
    text = forge(json.loads(printed(world).read_text(encoding="utf-8")))
    printed(world).write_text(text, encoding="utf-8", errors="surrogateescape")
    cut(world, "ledger")
    cut(world, "register")
    records.check(world.home)


def test_what_the_records_grew_by_since_is_no_fault(world: World) -> None:
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    add_delivery(world.home, 2)
    records.check(world.home)
    assert inspection.inspect_home(world.home).areas[0].faults == []
