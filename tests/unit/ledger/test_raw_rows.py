"""The ledger in a run: known events, frozen rows, terms that move what is approved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import duckdb
import pytest

from dagster_project.lib import ledger, life
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.contracts import Contract, list_periods, load_contracts
from dagster_project.lib.ledger import frozen
from dagster_project.lib.publishing.tables import declared_tables
from dagster_project.lib.warehouse import create_raw
from tests.support.published import CONTRACT, World

AS_OF = dt.date(2023, 5, 1)
DECIDED_BY_APPROVAL = {"is_closed", "state", "is_superseded"}
"""Columns of a settlement that are the same in every approved one."""


def terms(world: World, *changes: tuple[str, str]) -> list[Contract]:
    """Today's contracts, after some changes of the file."""
    path = world.settings.contracts_dir / f"{CONTRACT}.yml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return load_contracts(world.settings.contracts_dir, None)


def loaded(world: World, as_of: dt.date, contracts: list[Contract]) -> duckdb.DuckDBPyConnection:
    """A raw room with the ledger in it."""
    connection = duckdb.connect()
    create_raw(connection)
    ledger.load_ledger(connection, world.home, as_of, contracts)
    return connection


# Rule S.frozen
def test_approved_rows_come_back_as_they_were_published(
    world: World, approved: Callable[[str], None]
) -> None:
    approved("2023-01")
    life.release(world.settings, CONTRACT, Decimal("5.50"), "Kai", "grund")
    connection = loaded(world, AS_OF, terms(world))
    assert connection.execute(
        "select period_start, basis_dkk, payment_dkk from raw.frozen_settlement"
    ).fetchall() == [(dt.date(2023, 1, 1), Decimal("300.00"), Decimal("300.00"))]
    assert connection.execute(
        "select course_id, line_no, new_amount_dkk, cause from raw.frozen_line"
    ).fetchall() == [("f1", 1, Decimal("300.00"), None)]
    assert connection.execute("select * from raw.ledger_release").fetchall() == [
        (CONTRACT, dt.date(2023, 4, 1), Decimal("5.50"))
    ]
    assert connection.execute("select count(*) from raw.ledger_event").fetchone() == (4,)


# Rule M.event
def test_an_event_is_loaded_with_its_step_its_role_and_whether_its_name_is_confirmed(
    world: World, approved: Callable[[str], None]
) -> None:
    approved("2023-01")
    found = loaded(world, AS_OF, terms(world)).execute(
        "select sequence, action, role, amount_dkk, is_confirmed from raw.ledger_event order by all"
    )
    assert found.fetchall() == [
        (1, "submit", "provider", Decimal("300.00"), False),
        (2, "verify", "municipality", Decimal("300.00"), False),
        (3, "approve", "municipality", Decimal("300.00"), False),
    ]


@pytest.mark.parametrize(("day", "known"), [(30, 0), (1, 3)])
def test_a_run_of_an_earlier_day_does_not_know_later_events(
    world: World, approved: Callable[[str], None], day: int, known: int
) -> None:
    approved("2023-01")
    as_of = dt.date(2023, 4 if day == 30 else 5, day)
    connection = loaded(world, as_of, terms(world))
    assert connection.execute("select count(*) from raw.ledger_event").fetchone() == (known,)
    found = connection.execute("select count(*) from raw.frozen_settlement").fetchone()
    assert found == (1 if known else 0,)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("months_per_period: 3", "months_per_period: 6", "settlement.months_per_period"),
        ("anchor_month: 1", "anchor_month: 2", "settlement.anchor_month"),
        ("starts_on: 2023-01-01", "starts_on: 2022-12-01", "term.starts_on"),
    ],
)
# Rule S.bounds
def test_terms_that_move_an_approved_period_are_refused(
    world: World, approved: Callable[[str], None], old: str, new: str, key: str
) -> None:
    approved("2023-01")
    changes = [(old, new)]
    if "2022" in new:
        changes.append(("valid_from: 2023-01-01", "valid_from: 2022-12-01"))
    contracts = terms(world, *changes)
    with pytest.raises(EffektError, match=f"TERMS_MOVE_APPROVED.*{key} flytter") as found:
        loaded(world, AS_OF, contracts)
    assert found.value.exit_code == 1


def test_terms_that_move_only_later_periods_are_taken(
    world: World, approved: Callable[[str], None]
) -> None:
    approved("2023-01")
    contracts = terms(world, ("ends_on: 2023-12-31", "ends_on: 2024-12-31"))
    loaded(world, AS_OF, contracts)
    assert len(list_periods(contracts[0])) == 8


# Rule S.bounds
def test_a_contract_with_approved_periods_may_not_vanish(
    world: World, approved: Callable[[str], None]
) -> None:
    approved("2023-01")
    with pytest.raises(EffektError, match="CONTRACT_MISSING"):
        loaded(world, AS_OF, [])


def test_a_closing_settlement_follows_the_last_ordinary_period(world: World) -> None:
    contracts = terms(world, ("anchor_month: 1}", "anchor_month: 1, final_on: 2024-03-15}"))
    last = list_periods(contracts[0])[-1]
    assert (last.period_start, last.period_end) == (dt.date(2024, 1, 1), dt.date(2024, 3, 15))


@pytest.mark.parametrize(("raw_table", "published"), frozen.TABLES.items())
# Rule S.frozen
def test_a_frozen_table_has_the_columns_and_types_of_the_published_one(
    raw_table: str,
    published: str,
) -> None:
    (declared,) = (t.columns for (_, name), t in declared_tables().items() if name == published)
    with duckdb.connect() as connection:
        create_raw(connection)
        described = connection.execute(f"describe raw.{raw_table}").fetchall()
    assert [(name, kind) for name, kind, *_ in described] == [
        (name, kind) for name, kind in declared if name not in DECIDED_BY_APPROVAL | {"null_reason"}
    ]
