"""A statement is signed only of figures that were published or approved, with their own terms."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.lib import life, statement
from dagster_project.lib.base.errors import EXIT_FAILED, EXIT_REFUSED, EffektError
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.trace import why
from tests.support.published import CONTRACT, PERIODS, World

Act = Callable[[World], object]


def write_statement(world: World) -> list[Path]:
    return statement.write_statement(world.settings, CONTRACT, "2023-01")


def write_documents(world: World) -> list[Path]:
    return statement.write_documents(world.home, world.settings)


def write_for_provider(world: World) -> list[Path]:
    return statement.write_statement(world.settings, CONTRACT, "2023-01", provider=True)


def explain(world: World) -> dict[str, Any]:
    return why.explain(world.settings, CONTRACT, "2023-01").as_json()


def contract_file(world: World) -> Path:
    return world.settings.contracts_dir / f"{CONTRACT}.yml"


def edit(world: World, before: str, after: str) -> None:
    path = contract_file(world)
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def approve(world: World) -> None:
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    life.approve(world.settings, CONTRACT, "2023-01", "Lea")


def refused(act: Act, world: World) -> EffektError:
    with pytest.raises(EffektError) as found:
        act(world)
    assert not list((world.home.reports).rglob("*.json"))
    return found.value


@pytest.mark.parametrize("act", [write_statement, write_documents, write_for_provider, explain])
@pytest.mark.parametrize(
    ("before", "after"),
    [("authorised_max: 1000", "authorised_max: 2000"), ("amount: 100", "amount: 101")],
)
# Rule S.fresh
def test_terms_that_the_snapshot_was_not_computed_with_are_not_told_with_its_figures(
    world: World, act: Act, before: str, after: str
) -> None:
    edit(world, before, after)
    error = refused(act, world)
    assert (error.code, error.exit_code) == ("SNAPSHOT_STALE", EXIT_REFUSED)
    assert "effekt run" in error.remedy


@pytest.mark.parametrize("act", [write_statement, write_documents, explain])
def test_words_of_a_contract_may_change_without_a_night(world: World, act: Act) -> None:
    edit(world, "title: Prøve", "title: Et andet navn")
    assert act(world)


@pytest.mark.parametrize("act", [write_statement, write_documents, explain])
def test_a_contract_file_that_is_gone_is_told_by_its_code(world: World, act: Act) -> None:
    contract_file(world).unlink()
    error = refused(act, world)
    assert (error.code, error.exit_code) == ("CONTRACT_FILE", EXIT_FAILED)


@pytest.mark.parametrize("harm", ["edited", "gone"])
@pytest.mark.parametrize("act", [write_statement, write_documents, write_for_provider, explain])
# Rule S.frozen
def test_an_approved_period_is_told_with_the_terms_that_it_was_approved_with(
    world: World, act: Act, harm: str
) -> None:
    approve(world)
    if harm == "gone":
        contract_file(world).unlink()
    else:
        edit(world, "amount: 100", "amount: 101")
    told = act(world)
    if isinstance(told, dict):
        assert told["lines"][0]["clause"]["rates"][0]["amount"] == "100.00"
    elif act is not write_for_provider:
        (path,) = [path for path in told if path.name == "2023-01.json"]
        assert statement.authenticate(path).is_valid
        terms = json.loads(path.read_text(encoding="utf-8"))["provenance"]["terms"]
        assert terms["parts"][0]["price_groups"][0]["rates"][0]["amount"] == "100.00"


@pytest.mark.parametrize("act", [write_statement, write_documents, write_for_provider, explain])
# Rules S.fresh, P.format
def test_a_snapshot_from_before_an_upgrade_asks_for_a_night(world: World, act: Act) -> None:
    path = world.home.published / "current" / manifests.MANIFEST
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(manifests.to_text(manifests.sealed({**told, "format": 1})), encoding="utf-8")
    database = (path.parent / "payout_mart.duckdb").resolve()
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop table mart.claim_match_period")
    error = refused(act, world)
    assert (error.code, error.exit_code) == ("SNAPSHOT_STALE", EXIT_REFUSED)


@pytest.mark.parametrize("act", [write_statement, write_documents])
# Rule S.hash
def test_figures_that_were_neither_published_nor_approved_are_never_signed(
    world: World, act: Act
) -> None:
    database = (world.home.published / "current" / "payout_mart.duckdb").resolve()
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update mart.settlement set payment_dkk = ? where period_start = ?",
            [Decimal(299), PERIODS[0]],
        )
    assert refused(act, world).code == "SNAPSHOT_DIFFERS"


def test_a_night_with_the_new_terms_makes_the_statement_possible_again(world: World) -> None:
    edit(world, "authorised_max: 1000", "authorised_max: 2000")
    world.publish(dt.date(2023, 5, 1))
    assert all(statement.authenticate(p).is_valid for p in write_statement(world)
               if p.suffix == ".json")  # fmt: skip
