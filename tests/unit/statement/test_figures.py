"""The figures and their hash: one canonical form, however it is made."""

import datetime as dt
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from dagster_project.lib.base.canonical import canonical_json, sha256_json
from dagster_project.lib.statement import figures
from dagster_project.lib.statement.tiers import Reading, Tier, counted_basis, walk
from dagster_project.lib.warehouse import create_raw

TIERS = [
    Tier(Decimal("0.00"), Decimal("1.000000"), "trin 1"),
    Tier(Decimal("4412080.00"), Decimal("0.500000"), "trin 2"),
]
CHOSEN = Reading("loft_paa_betaling", Decimal("5588175.00"), None, "")
ODD_COURSES = ["a-1", 'b"2\\', "æøå €", "tab\t", "kontrol\x0b\x1f\x1b", "\\u001F", None]
PERIOD = dt.date(2023, 1, 1)
RELEASED = Decimal("30.50")
# of these figures by the program of format 1
FORMAT_1_SHA256 = "7694fb5280b8c2d7463a58658e0ec0d507cf3ecdef62577f1afcf073ad8b688f"


def settlement_row(contract_id: str = "k", basis: str = "4425128.00") -> dict[str, object]:
    """A period's row, as ``mart.settlement`` has it."""
    return {
        "contract_id": contract_id,
        "period_start": PERIOD,
        "basis_dkk": Decimal("25128.00"),
        "basis_cumulative_dkk": Decimal(basis),
        "entitlement_cumulative_dkk": Decimal("4418604.00"),
        "payment_cumulative_dkk": Decimal("4418604.00"),
        "payment_dkk": Decimal("18604.00"),
        "held_cumulative_dkk": Decimal("0.00"),
        "carried_forward_dkk": Decimal("0.00"),
        "repayable_dkk": Decimal("0.00"),
    }


def reading_rows() -> list[dict[str, object]]:
    """A period's readings, as ``mart.settlement_reading`` has them."""
    return [
        {
            "reading_id": "loft_paa_betaling",
            "is_chosen": True,
            "entitlement_cumulative_dkk": Decimal("4418604.00"),
            "difference_to_chosen_dkk": Decimal("0.00"),
        }
    ]


def line_rows() -> list[dict[str, object]]:
    """Lines with every kind of text that JSON has to escape."""
    return [
        {
            "contract_id": "k",
            "period_start": PERIOD,
            "line_no": number,
            "line_kind": "new" if number % 2 else "true_up",
            "part_id": "del-1",
            "course_id": course,
            "month": dt.date(2023, 1 + number % 3, 1),
            "price_group": "sygedagpenge",
            "old_amount_dkk": Decimal("0.00"),
            "new_amount_dkk": Decimal("-13048.50"),
            "difference_dkk": Decimal("-13048.50"),
        }
        for number, course in enumerate(ODD_COURSES, start=1)
    ]


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    """A raw room and a schema for the settlement tables that the hash reads."""
    connection = duckdb.connect()
    create_raw(connection)
    connection.execute("create schema intermediate")
    connection.execute(
        "insert into raw.contract (contract_id, terms_sha256, chosen_reading, authorised_max_dkk)"
        " values ('k', 'terms', 'loft_paa_betaling', 5000000)"
    )
    connection.execute(
        "insert into raw.ledger_release values ('k', '2022-10-01', 10.50), ('k', ?, 20),"
        " ('k', '2023-04-01', 40), ('andet', '2022-10-01', 80)",
        [PERIOD],
    )
    connection.execute(
        "insert into raw.contract_reading values"
        " ('k', 1, 'loft_paa_betaling', true, 5588175.00, null, '')"
    )
    return connection


def fill(connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, object]]) -> None:
    """Create a table with the rows; types from the values."""
    columns = ", ".join(f"? as {name}" for name in rows[0])
    connection.execute(f"create table {table} as select {columns} limit 0", [*rows[0].values()])
    for row in rows:
        marks = ", ".join("?" for _ in row)
        connection.execute(f"insert into {table} values ({marks})", [*row.values()])


def fill_settlement(connection: duckdb.DuckDBPyConnection) -> None:
    """The settlement tables of one period."""
    key = {"contract_id": "k", "period_start": PERIOD}
    basis = Decimal(str(settlement_row()["basis_cumulative_dkk"]))
    fill(connection, figures.PAYMENTS, [settlement_row()])
    counted = {"counted_basis_dkk": counted_basis(basis, CHOSEN)}
    fill(connection, figures.READINGS, [{**key, **reading_rows()[0], **counted}])
    connection.execute(
        f"create table {figures.TIERS} (contract_id varchar, period_start date, tier_no integer,"
        " above_dkk decimal(18, 2), up_to_dkk decimal(18, 2), provider_share decimal(9, 6),"
        " basis_dkk decimal(18, 2), amount_dkk decimal(18, 2))"
    )
    for number, step in enumerate(walk(basis, TIERS, CHOSEN), start=1):
        connection.execute(
            f"insert into {figures.TIERS} values (?, ?, ?, ?, ?, ?, ?, ?)",
            [*key.values(), number, *asdict(step).values()],
        )
    fill(connection, figures.LINES, line_rows())


def printed(lines: list[dict[str, object]]) -> dict[str, Any]:
    """The figures of the same period as a document prints them."""
    terms = figures.Terms("terms", {CHOSEN.reading_id: CHOSEN}, CHOSEN, Decimal("5000000.00"))
    return figures.figures(settlement_row(), terms, RELEASED, reading_rows(), TIERS, lines)


# Rule S.hash
def test_the_streamed_hash_equals_the_hash_of_the_printed_figures(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_LINES_A_CHUNK", 3)
    fill_settlement(warehouse)
    wanted = figures.figures_sha256(printed(line_rows()))
    assert figures.hash_statements(warehouse) == {("k", PERIOD): wanted}


def test_an_approved_period_keeps_its_frozen_hash(warehouse: duckdb.DuckDBPyConnection) -> None:
    fill_settlement(warehouse)
    warehouse.execute(
        "insert into raw.frozen_settlement (contract_id, period_start) values ('k', ?)", [PERIOD]
    )
    assert figures.hash_statements(warehouse) == {}


def test_a_period_without_lines_has_a_hash_too(warehouse: duckdb.DuckDBPyConnection) -> None:
    fill_settlement(warehouse)
    warehouse.execute(f"delete from {figures.LINES}")
    wanted = figures.figures_sha256(printed([]))
    assert figures.hash_statements(warehouse) == {("k", PERIOD): wanted}


def test_one_øre_changes_the_hash() -> None:
    lines = line_rows()
    before = printed(lines)
    lines[0]["difference_dkk"] = Decimal("-13048.49")
    after = printed(lines)
    assert figures.figures_sha256(before) != figures.figures_sha256(after)


# Rule S.hash
def test_the_figures_name_no_course_and_prove_every_line() -> None:
    lines = line_rows()
    told = printed(lines)
    assert sorted(told) == [
        "authorised", "basis", "contract", "entitlement", "format", "held", "lines", "parts",
        "payment", "period", "readings", "terms_sha256", "tiers",
    ]  # fmt: skip
    shown = [figures.line_figures(line) for line in lines]
    assert told["lines"] == {"count": len(lines), "sha256": sha256_json(shown)}
    assert told["authorised"] == {"maximum": "5000000.00", "released": "30.50"}
    assert not any(course in canonical_json(told) for course in ODD_COURSES if course)


def test_a_part_says_months_by_rate_and_their_sum() -> None:
    lines = line_rows()
    lines[0]["difference_dkk"] = Decimal("5.00")
    parts = printed(lines)["parts"]
    assert parts == [
        {
            "line_kind": "new", "part": "del-1", "price_group": "sygedagpenge", "months": 4,
            "rates": [{"rate": "-13048.50", "months": 3}, {"rate": "5.00", "months": 1}],
            "sum": "-39140.50",
        },
        {
            "line_kind": "true_up", "part": "del-1", "price_group": "sygedagpenge", "months": 3,
            "rates": [{"rate": "-13048.50", "months": 3}], "sum": "-39145.50",
        },
    ]  # fmt: skip


# Rule S.frozen
def test_figures_of_format_1_hold_the_lines_and_keep_their_form() -> None:
    lines = [figures.line_figures(line) for line in line_rows()]
    told = figures.as_format_1(printed(line_rows()), lines)
    assert told["lines"] == lines
    assert figures.figures_sha256(told) == FORMAT_1_SHA256
