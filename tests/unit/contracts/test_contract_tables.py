"""Contracts → raw.contract*: every key arrives in its column; writing again replaces."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

from dagster_project.lib import warehouse
from dagster_project.lib.contracts import load_contracts, write_contracts
from dagster_project.lib.warehouse.rows import replace_rows
from dagster_project.settings import SHIPPED_CONTRACTS_DIR


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty raw room in memory."""
    with duckdb.connect() as opened:
        warehouse.create_raw(opened)
        yield opened


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    """All rows of a query."""
    return connection.execute(query).fetchall()


# Rules C.readings, C.register
def test_hedensted_stands_in_the_tables_as_in_the_file(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    write_contracts(connection, load_contracts(SHIPPED_CONTRACTS_DIR, "Hedensted"))
    assert rows(connection, """
        select benefit_group, precedence, max_participants, historical_success_rate
        from raw.contract_price_group order by precedence""") == [
        ("sygedagpenge", 1, 120, None), ("jobafklaring", 2, 30, None)]  # fmt: skip
    assert rows(connection, """
        select benefit_group, valid_from, valid_before, rate_dkk from raw.contract_rate
        order by rate_dkk""") == [
        ("jobafklaring", dt.date(2022, 11, 1), None, Decimal("10981.00")),
        ("sygedagpenge", dt.date(2022, 11, 1), None, Decimal("13048.00"))]  # fmt: skip
    assert rows(connection, """
        select kind, effort_months, target_points, netting, evaluation_last_month
        from raw.contract_part order by part_no""") == [
        ("person_months", 24, Decimal("14.5"), None, None),
        ("fte_reduction", None, None, "across_groups", dt.date(2024, 10, 1))]  # fmt: skip
    assert rows(connection, """
        select tier_no, above_dkk, provider_share from raw.contract_tier order by 1""") == [
        (1, Decimal(0), Decimal(1)), (2, Decimal(4412080), Decimal("0.5"))]  # fmt: skip
    assert rows(connection, """
        select reading_id, is_chosen, payment_ceiling_dkk, basis_ceiling_dkk
        from raw.contract_reading order by reading_order""") == [
        ("loft_paa_betaling", True, Decimal(5588175), None),
        ("loft_paa_grundlag", False, None, Decimal(5588175)),
        ("samlet_loft", False, Decimal(5558000), None)]  # fmt: skip
    assert rows(connection, """
        select authorised_max_dkk, final_on, young_data_days, has_payment from raw.contract
        order by contract_id""") == [
        (Decimal(5558000), dt.date(2025, 12, 31), 60, True), (None, None, None, False)]  # fmt: skip


def test_numbers_that_the_rules_state_in_words_stand_in_the_tables(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    areas = ("Hedensted", "København", "Slagelse")
    contracts = [c for area in areas for c in load_contracts(SHIPPED_CONTRACTS_DIR, area)]
    write_contracts(connection, contracts)
    for query, expected in (
        ("select distinct case_max_gap_days from raw.contract_focus_goal", [(28,)]),
        ("select distinct case_max_gap_days, end_window_days from raw.contract_follow_up",
         [(28, 28)]),
        ("""select benefit_group, case_days, case_max_gap_days, status_after_days
            from raw.contract_screening""", [("sygedagpenge", 56, 28, 365)]),
        ("select follow_up_days from raw.contract_part where kind = 'relapse_reduction'", [(365,)]),
        ("""select horizon_years, stated_payback_total, stated_payback_service
            from raw.contract_business_case""", [(100, 4, 24)]),
        ("select distinct weeks_per_year from raw.contract_potential", [(52,)]),
        ("select weeks, confidence_share from raw.contract_effect", [(104, Decimal("0.95"))]),
    ):  # fmt: skip
        assert rows(connection, query) == expected


def test_business_case_amounts_are_kroner(connection: duckdb.DuckDBPyConnection) -> None:
    write_contracts(connection, load_contracts(SHIPPED_CONTRACTS_DIR, "København"))
    assert rows(connection, """
        select year, sum(amount_dkk) filter (category = 'permanent'), sum(amount_dkk)
        from raw.contract_business_case_line group by year order by year""") == [
        (2018, Decimal(0), Decimal(1_000_000)), (2019, Decimal(-1_270_000), Decimal(-270_000)),
        (2020, Decimal(-2_540_000), Decimal(-1_540_000)),
        (2021, Decimal(-3_810_000), Decimal(-2_810_000)),
        (2022, Decimal(-5_080_000), Decimal(-4_080_000))]  # fmt: skip


def test_a_second_writing_replaces_the_first(connection: duckdb.DuckDBPyConnection) -> None:
    contracts = load_contracts(SHIPPED_CONTRACTS_DIR, "Hedensted")
    assert write_contracts(connection, contracts) == write_contracts(connection, contracts)
    counts = write_contracts(connection, contracts[1:])
    assert counts["raw.contract"] == 1 and counts["raw.contract_tier"] == 0
    assert rows(connection, "select count(*) from raw.contract_tier") == [(0,)]


def test_rows_with_an_unknown_column_or_a_float_are_refused(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(ValueError, match="no column surprise"):
        replace_rows(connection, "raw.contract_tier", [{"surprise": 1}])
    with pytest.raises(TypeError, match="float"):
        replace_rows(connection, "raw.contract_tier", [{"above_dkk": 0.1}])


def test_large_and_small_decimals_arrive_exactly(connection: duckdb.DuckDBPyConnection) -> None:
    values = [Decimal("999999999999999.99"), Decimal("0.01"), Decimal("-0.01")]
    replace_rows(connection, "raw.contract_tier", [{"above_dkk": value} for value in values])
    assert [row[0] for row in rows(connection, "select above_dkk from raw.contract_tier")] == values
