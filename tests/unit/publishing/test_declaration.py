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
    " first_day last_day",
    "BIGINT": "year gate goal persons persons_* with_placement with_hours with_either"
    " missing_to_target cases_ended company_contacts entries observed retained relapsed any_return"
    " at_risk returned months_since_entry treated_n control_n evaluated unexpected *_count"
    " payback_year_* stated_payback_* person_months_payable rejected_rows case_days quota_rank"
    " support_days line_no evidence_no row_number",
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


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_key_and_suppression_name_columns_and_the_key_stands_first(table: Table) -> None:
    names = [name for name, _ in table.columns]
    assert set(table.key) | set(table.measures) <= set(names)
    assert set(table.person_counts) <= set(table.measures)
    assert not set(table.key) & set(table.measures)
    assert bool(table.measures) == ("is_suppressed" in names)
    assert table.comment
    assert all(table.comments.values())


def test_every_mart_model_is_declared_and_every_declaration_has_its_model() -> None:
    models = {
        (room, path.stem)
        for folder, room in FOLDERS.items()
        for path in (MARTS_DIR / folder).glob("*.sql")
    }
    assert models == TABLES.keys()


def test_two_tables_stand_outside_the_snapshots_name() -> None:
    outside = {
        name for (room, name), table in TABLES.items() if room == "mart" and not table.is_in_id
    }
    assert outside == {"data_quality", "delivery"}
