"""The state of a settlement: that of the last event while its figures are those of today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import duckdb
import pytest

from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.ledger.state import list_states
from dagster_project.lib.warehouse import create_raw
from tests.unit.ledger.test_chain import event

Q1, Q2 = dt.date(2023, 1, 1), dt.date(2023, 4, 1)
Told = tuple[str, dt.date, str, str]


def ledger(*told: Told) -> Ledger:
    """A ledger of events as (contract, period, action, figures hash)."""
    return Ledger(tuple(_event(number, *one) for number, one in enumerate(told, start=1)))


def _event(number: int, contract: str, period: dt.date, action: str, sha256: str) -> Event:
    return replace(
        event(action=action), sequence=number, contract_id=contract, period_start=period,
        statement_sha256=sha256,
    )  # fmt: skip


def states(
    known: Ledger, hashes: dict[tuple[str, dt.date], str],
    frozen: Sequence[tuple[str, dt.date, str]] = (), opened: Sequence[tuple[str, dt.date]] = (),
) -> dict[tuple[str, dt.date], tuple[str, bool, str | None]]:  # fmt: skip
    """State, superseded and hash of each period of a warehouse."""
    connection = duckdb.connect()
    create_raw(connection)
    connection.execute("create schema intermediate")
    connection.execute(
        "create table intermediate.int_periods__list (contract_id varchar, period_start date)"
    )
    for key in {*hashes, *(one[:2] for one in frozen), *opened}:
        connection.execute("insert into intermediate.int_periods__list values (?, ?)", [*key])
    for contract, period, sha256 in frozen:
        connection.execute(
            "insert into raw.frozen_settlement (contract_id, period_start, statement_sha256)"
            " values (?, ?, ?)",
            [contract, period, sha256],
        )
    return {
        (row["contract_id"], row["period_start"]): (
            row["state"], row["is_superseded"], row["statement_sha256"]
        )
        for row in list_states(connection, known, hashes)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        ([], "draft"),
        (["submit"], "submitted"),
        (["submit", "verify"], "verified"),
        (["submit", "verify", "release"], "verified"),
        (["submit", "return"], "draft"),
        (["submit", "return", "submit"], "submitted"),
    ],
)
def test_the_last_event_gives_the_state(actions: list[str], state: str) -> None:
    known = ledger(*(("a", Q1, action, "s") for action in actions))
    assert states(known, {("a", Q1): "s"}) == {("a", Q1): (state, False, "s")}


@pytest.mark.parametrize("actions", [["submit"], ["submit", "verify"], ["submit", "return"]])
def test_an_event_that_saw_other_figures_leaves_a_superseded_draft(actions: list[str]) -> None:
    known = ledger(*(("a", Q1, action, "old") for action in actions))
    assert states(known, {("a", Q1): "new"}) == {("a", Q1): ("draft", True, "new")}


def test_an_approved_period_is_never_superseded_and_keeps_its_frozen_hash() -> None:
    known = ledger(
        ("a", Q1, "approve", "s1"), ("a", Q1, "pay", "other"), ("a", Q2, "approve", "s2")
    )
    assert states(known, {}, frozen=[("a", Q1, "s1"), ("a", Q2, "s2")]) == {
        ("a", Q1): ("paid", False, "s1"),
        ("a", Q2): ("approved", False, "s2"),
    }


def test_a_period_that_is_not_closed_is_open_and_has_no_hash() -> None:
    assert states(ledger(), {}, opened=[("a", Q1)]) == {("a", Q1): ("open", False, None)}


def test_states_of_two_contracts_stand_apart() -> None:
    known = ledger(("a", Q1, "submit", "s1"), ("b", Q1, "submit", "s2"), ("b", Q1, "return", "s2"))
    assert states(known, {("a", Q1): "s1", ("b", Q1): "s2"}) == {
        ("a", Q1): ("submitted", False, "s1"),
        ("b", Q1): ("draft", False, "s2"),
    }
