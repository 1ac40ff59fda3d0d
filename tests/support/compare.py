"""Compares rows keyed like the published tables, and returns every difference."""

from __future__ import annotations

from collections import Counter
from typing import Any

Rows = list[dict[str, Any]]

KEYS = {
    "participant": ("contract_id", "course_id"),
    "person_month": ("contract_id", "course_id", "month"),
    "settlement": ("contract_id", "period_start"),
    "settlement_reading": ("contract_id", "period_start", "reading_id"),
    "settlement_variant": ("contract_id", "period_start", "variant_id"),
    "settlement_part": ("contract_id", "period_start", "part_id", "price_group"),
    "settlement_line": (
        "contract_id", "period_start", "line_kind", "part_id", "course_id", "month", "price_group",
    ),
    "payment_curve": ("contract_id", "reading_id", "basis_dkk"),
    "settlement_forecast": ("contract_id", "scenario", "period_start"),
    "contract_outlook": ("contract_id", "scenario", "threshold"),
    "fte_effect": ("contract_id", "part_id", "benefit_group"),
    "settlement_true_up": ("contract_id", "period_start", "corrected_period_start", "cause"),
    "restatement": ("contract_id", "corrected_period_start", "cause"),
    "settlement_blocker": ("contract_id", "period_start", "kind"),
    "claim_match_period": ("contract_id", "period_start", "match"),
    "claim_match": ("contract_id", "period_start", "match", "reason"),
    "relapse_summary": ("contract_id", "part_id"),
    "relapse_curve": ("contract_id", "part_id", "months_since_entry"),
    "employment_entry": ("contract_id", "part_id", "person_key", "entry_date"),
    "focus_goal": ("contract_id", "month", "benefit_group"),
    "follow_up_month": ("contract_id", "month", "benefit_group"),
    "cases_ended_month": ("contract_id", "month", "benefit_group", "reason"),
    "screening_funnel": ("contract_id", "year", "step"),
    "effect": ("contract_id", "part_id"),
    "fte_month": ("area", "benefit_group", "month"),
    "calendar_month": ("month",),
    "mismatch": ("contract_id", "course_id", "month", "kind"),
    "potential": ("contract_id", "benefit_group"),
    "business_case_year": ("contract_id", "year"),
    "business_case_summary": ("contract_id",),
}  # fmt: skip


def differences(expected: dict[str, Rows], found: dict[str, Rows]) -> list[str]:
    """Every row missing, extra, twice, or with another value, in the expected tables.

    Only the columns of the expected rows are compared; a table that is expected must be found.
    """
    said: list[str] = []
    for table, rows in expected.items():
        keys = KEYS[table]
        wanted = {tuple(row[key] for key in keys): row for row in rows}
        have = {tuple(row[key] for key in keys): row for row in found.get(table, [])}
        counted = Counter(tuple(row[key] for key in keys) for row in found.get(table, []))
        said += [f"{table} {key}: found {n} times" for key, n in counted.items() if n > 1]
        said += [f"{table} {key}: missing" for key in wanted.keys() - have.keys()]
        said += [f"{table} {key}: not expected" for key in have.keys() - wanted.keys()]
        for key in wanted.keys() & have.keys():
            said += [
                f"{table} {key}: {column} is {have[key].get(column)!r}, expected {value!r}"
                for column, value in wanted[key].items()
                if have[key].get(column) != value
            ]
    return sorted(said)


def without_texts(
    found: dict[str, Rows], tables: tuple[str, ...], columns: tuple[str, ...]
) -> Rows:
    """Rows of the tables in which one of the texts is left out."""
    return [
        row
        for table in tables
        for row in found.get(table, [])
        if not all(row.get(column) for column in columns)
    ]
