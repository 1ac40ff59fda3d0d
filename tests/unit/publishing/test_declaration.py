"""The declaration of the published tables is sound in itself, and follows the naming law."""

from __future__ import annotations

import fnmatch

import pytest

from dagster_project.lib.publishing.tables import FOLDERS, MARTS_DIR, Table, declared_tables

NAMING_LAW = {
    "BOOLEAN": "is_*",
    "DECIMAL(18,2)": "*_dkk",
    "DECIMAL(18,4)": "*_fte fte_*",
    "DECIMAL(12,6)": "*_weeks *_points *_relapses",
    "DECIMAL(9,6)": "*_share *_rate",
    "DECIMAL(9,1)": "amount_mio index_*",
    "DATE": "month period_start period_end corrected_period_start starts_on ends_on extracted_on"
    " covers_from covers_to visited_on exit_date entry_date follow_up_date first_return_date"
    " first_day last_day as_of_date valid_from *_first_month *_last_month due_on done_on opened_on"
    " decided_on",
    "BIGINT": "year gate goal persons persons_* with_placement with_hours with_either"
    " missing_to_target cases_ended company_contacts entries observed retained relapsed any_return"
    " at_risk returned months_since_entry treated_n control_n evaluated unexpected *_count"
    " payback_year_* stated_payback_* person_months_payable rejected_rows case_days quota_rank"
    " support_days line_no evidence_no row_number tier_no publication_no sequence sort_order days"
    " effort_months max_participants days_late",
    "TIMESTAMP": "published_at",
    "VARCHAR": "*",
}
"""The first type with a pattern that fits a column's name is its type (M.types)."""
TABLES = declared_tables()


def lawful_type(column: str) -> str:
    """The type that the naming law gives a column of this name."""
    return next(
        kind
        for kind, patterns in NAMING_LAW.items()
        if any(fnmatch.fnmatchcase(column, pattern) for pattern in patterns.split())
    )


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_columns_name_says_its_type(table: Table) -> None:
    assert table.columns == tuple((name, lawful_type(name)) for name, _ in table.columns)


BILL = {
    "settlement", "settlement_part", "settlement_reading", "settlement_blocker", "payment_curve",
    "fte_effect", "claim_match_period", "contract", "contract_part", "contract_rate",
    "contract_tier", "settlement_event", "settlement_history", "settlement_deadline",
    "settlement_variant", "settlement_forecast", "contract_outlook",
}  # fmt: skip
PERSONLESS = {
    "business_case_summary", "business_case_year", "data_quality", "delivery", "erratum",
    "expenditure_index", "potential", "publication", "label", "calendar_month",
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_key_and_what_is_hidden_name_columns_and_the_key_stands_first(table: Table) -> None:
    names = [name for name, _ in table.columns]
    assert set(table.key) <= set(names)
    assert (table.hides is not None) == ("is_suppressed" in names)
    assert table.comment
    assert all(table.comments.values())


@pytest.mark.parametrize(
    "table", [t for t in TABLES.values() if t.hides], ids=lambda table: table.name
)
# Rule M.suppression
def test_a_table_of_statistics_says_who_stands_behind_its_rows_and_which_measures_it_hides(
    table: Table,
) -> None:
    assert table.hides is not None
    names = {name for name, _ in table.columns}
    measures = set(table.hides.measures)
    assert bool(table.hides.persons) != bool(table.hides.member)
    assert measures <= names - set(table.key) - {"is_suppressed"}
    for group in table.hides.together:
        assert set(group.counts) & names <= measures
        assert set(group.computed) <= measures
    if table.hides.member:
        assert table.hides.member in table.key
    if table.hides.total:
        total = TABLES["mart", table.hides.total]
        assert measures <= {name for name, _ in total.columns}
        assert set(table.key) - {table.hides.member} <= set(total.key)


# Rule M.bill
def test_a_table_of_the_mart_is_of_the_bill_or_of_statistics_or_has_no_person_behind_it() -> None:
    statistics = {name for (room, name), t in TABLES.items() if room == "mart" and t.hides}
    tables = {name for room, name in TABLES if room == "mart"}
    assert tables == statistics | BILL | PERSONLESS
    assert not statistics & (BILL | PERSONLESS)


def test_every_mart_model_is_declared_and_every_declaration_has_its_model() -> None:
    models = {
        (room, path.stem)
        for folder, room in FOLDERS.items()
        for path in (MARTS_DIR / folder).glob("*.sql")
    }
    assert models == TABLES.keys()


# Rule M.name
def test_five_tables_stand_outside_the_snapshots_name() -> None:
    outside = {
        name for (room, name), table in TABLES.items() if room == "mart" and not table.is_in_id
    }
    assert outside == {
        "data_quality", "delivery", "publication", "settlement_history", "label",
    }  # fmt: skip


# Rule M.described
@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_number_that_is_no_key_says_over_what_it_adds_up(table: Table) -> None:
    numbers = {
        name
        for name, kind in table.columns
        if kind.startswith(("DECIMAL", "BIGINT")) and name not in table.key
    }
    assert table.adds_up.keys() == numbers
    assert table.told().endswith(f"Grain: {table.grain}.")
    for name in numbers:
        assert " up" in table.told_of(name)


# Rule M.null_reason
@pytest.mark.parametrize(
    "table", [t for t in TABLES.values() if t.hides], ids=lambda table: table.name
)
def test_the_last_column_of_a_table_of_statistics_is_the_reason_of_its_nulls(table: Table) -> None:
    assert table.columns[-1] == ("null_reason", "VARCHAR")
    assert table.hides is not None
    assert table.hides.nulls.keys() <= set(table.hides.measures)
