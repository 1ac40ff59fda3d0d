"""Validated contracts → the raw.contract* tables: one row per mapping, amounts in kroner.

What belongs here: which key stands in which column (lib/warehouse). What does not: any rule.

Rules: C.terms, M.contract, S.variant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import duckdb

from dagster_project.lib.contracts.loader import list_shadows
from dagster_project.lib.contracts.model import (
    Contract,
    FteReductionPart,
    PersonMonthsPart,
    RelapsePart,
    Section,
)
from dagster_project.lib.contracts.periods import list_periods
from dagster_project.lib.warehouse.rows import replace_rows

Row = dict[str, Any]
_BESIDE = "~"
"""Between the ids of contract and variant in the shadow; no id holds it."""


def write_contracts(
    connection: duckdb.DuckDBPyConnection,
    contracts: Sequence[Contract],
    ended: Mapping[str, Collection[dt.date]] | None = None,
) -> dict[str, int]:
    """Replace the rows of every raw.contract* table by those of these contracts.

    The variants of those that are computed take the same rows into the shadow.

    Args:
        connection: an open warehouse with its raw tables.
        contracts: the validated contracts.
        ended: contracts whose retention has ended, with the first days of their approved periods.
            Of them stand the contract, its parts and these periods, and nothing that a rule
            computes with.

    Returns:
        rows written, by table.
    """
    over = ended or {}
    computed = [contract for contract in contracts if contract.contract_id not in over]
    rest = [contract for contract in contracts if contract.contract_id in over]
    rows = {table: _rows(rows_of, computed) for table, rows_of in _TABLES.items()}
    rows |= {table: _rows(rows_of, rest) for table, rows_of in _ENDED_TABLES.items()}
    rows["raw.contract_period"] += [
        row for row in _rows(_periods, rest) if row["period_start"] in over[row["contract_id"]]
    ]
    _write_shadows(connection, computed)
    return {table: replace_rows(connection, table, found) for table, found in rows.items()}


def _rows(rows_of: Callable[[Contract], Iterator[Row]], contracts: Sequence[Contract]) -> list[Row]:
    return [
        {"contract_id": contract.contract_id, **row}
        for contract in contracts
        for row in rows_of(contract)
    ]


def _write_shadows(connection: duckdb.DuckDBPyConnection, contracts: Sequence[Contract]) -> None:
    """Replace the rows of the shadow: each contract with variants unchanged, and each variant."""
    shadows = [(one.contract_id, shadow) for one in contracts for shadow in list_shadows(one)]
    rows: dict[str, list[Row]] = {table: [] for table in _SHADOWED}
    linked = []
    for number, (of, shadow) in enumerate(shadows, start=1):
        name = f"{of}{_BESIDE}{shadow.variant_id}"
        linked.append({
            "contract_id": name, "of_contract_id": of, "variant_id": shadow.variant_id,
            "variant_no": number,
        })  # fmt: skip
        for table in _SHADOWED:
            for row in _TABLES[table](shadow.contract):
                rows[table].append({"contract_id": name, **row})
    replace_rows(connection, "raw.contract_variant", linked)
    for table, own in rows.items():
        replace_rows(connection, table.replace("raw.", "shadow."), own)


def _named(section: Section, names: str) -> Row:
    """The values that stand in columns of their own name."""
    return {name: getattr(section, name) for name in names.split()}


def _contract(contract: Contract) -> Iterator[Row]:
    settlement, payment = contract.settlement, contract.payment
    row = _named(
        contract,
        "title area document document_title register register_lag_days requires_person_status"
        " terms_sha256",
    )
    row |= _named(contract.parties, "municipality provider investor")
    row |= _named(contract.term, "starts_on ends_on") | {"term_clause": contract.term.clause}
    row["has_payment"] = payment is not None
    if settlement:
        row |= _named(settlement, "months_per_period anchor_month final_on young_data_days")
    if payment:
        row["authorised_max_dkk"] = payment.authorised_max
        row["chosen_reading"] = payment.readings.chosen
        row["chosen_reason"] = payment.readings.chosen_reason
    yield row


def _parts(contract: Contract) -> Iterator[Row]:
    for number, part in enumerate(contract.parts, start=1):
        row = {"part_no": number, **_named(part, "part_id title kind clause")}
        if isinstance(part, PersonMonthsPart):
            yield row | _person_months_columns(part)
        elif isinstance(part, FteReductionPart):
            yield row | _fte_columns(part)
        else:
            yield row | _relapse_columns(part)


def _person_months_columns(part: PersonMonthsPart) -> Row:
    return {
        **_named(
            part,
            "min_case_days case_max_gap_days effort_months max_support_days"
            " subsidised_job_blocks pay_on",
        ),
        "target_points": part.target and part.target.points_above_history,
        "target_weeks": part.target and part.target.weeks_in_two_years,
    }


def _fte_columns(part: FteReductionPart) -> Row:
    return {
        "netting": part.netting,
        "baseline_first_month": part.baseline.first_month,
        "baseline_last_month": part.baseline.last_month,
        "evaluation_first_month": part.evaluation.first_month,
        "evaluation_last_month": part.evaluation.last_month,
        "booking_month": part.booking_month,
    }


def _relapse_columns(part: RelapsePart) -> Row:
    return {
        **_named(
            part,
            "case_max_gap_days match_group follow_up_days last_follow_up_on booking_month",
        ),
        "entries_first_month": part.entries.first_month,
        "entries_last_month": part.entries.last_month,
        "baseline_entries": part.baseline.entries,
        "baseline_relapsed": part.baseline.relapsed,
        "target_reduction": part.target.reduction,
        "target_by": part.target.by,
        "cost_per_relapse_dkk": part.cost_per_relapse,
        "yearly_investment_dkk": part.yearly_investment,
    }


def _periods(contract: Contract) -> Iterator[Row]:
    if contract.payment:
        for period in list_periods(contract):
            yield asdict(period)


def _calendar_steps(contract: Contract) -> Iterator[Row]:
    if contract.payment and contract.settlement and contract.settlement.calendar:
        steps = contract.settlement.calendar.days_by_step
        for number, (step, days) in enumerate(steps.items(), start=1):
            yield {"step_order": number, "step": step, "within_days": days}


def _price_groups(contract: Contract) -> Iterator[Row]:
    if part := contract.person_months_part:
        history = part.historical_success_rate.by_group if part.historical_success_rate else {}
        for number, group in enumerate(part.price_groups, start=1):
            yield {
                "part_id": part.part_id,
                "precedence": number,
                **_named(group, "benefit_group max_participants"),
                "historical_success_rate": history.get(group.benefit_group),
            }


def _rates(contract: Contract) -> Iterator[Row]:
    if part := contract.person_months_part:
        for group in part.price_groups:
            ends = [rate.valid_from for rate in group.rates[1:]]
            for rate, valid_before in zip(group.rates, [*ends, None], strict=True):
                yield {
                    "part_id": part.part_id,
                    "benefit_group": group.benefit_group,
                    "valid_from": rate.valid_from,
                    "valid_before": valid_before,
                    "rate_dkk": rate.amount,
                    "clause": rate.clause or group.clause or part.clause,
                }


def _case_groups(contract: Contract) -> Iterator[Row]:
    for part in contract.parts:
        if isinstance(part, FteReductionPart):
            continue
        groups = part.case_groups if isinstance(part, PersonMonthsPart) else part.target_groups
        for group in groups:
            yield {"part_id": part.part_id, "benefit_group": group}


def _exit_reasons(contract: Contract) -> Iterator[Row]:
    if part := contract.person_months_part:
        for reason in part.exit_reasons:
            yield {"part_id": part.part_id, "reason": reason}


def _fte_groups(contract: Contract) -> Iterator[Row]:
    for part in contract.parts:
        if not isinstance(part, FteReductionPart):
            continue
        for number, group in enumerate(part.groups, start=1):
            yield {
                "part_id": part.part_id,
                "group_order": number,
                "benefit_group": group.benefit_group,
                "rate_dkk": group.rate,
                "clause": group.clause or part.clause,
            }


def _tiers(contract: Contract) -> Iterator[Row]:
    for number, tier in enumerate(contract.payment.tiers if contract.payment else (), start=1):
        yield {
            "tier_no": number,
            "above_dkk": tier.above,
            **_named(tier, "provider_share clause"),
        }


def _readings(contract: Contract) -> Iterator[Row]:
    if contract.payment is None:
        return
    readings = contract.payment.readings
    for number, reading in enumerate(readings.alternatives, start=1):
        yield {
            "reading_order": number,
            **_named(reading, "reading_id clause"),
            "is_chosen": reading.reading_id == readings.chosen,
            "payment_ceiling_dkk": reading.payment_ceiling,
            "basis_ceiling_dkk": reading.basis_ceiling,
        }


def _potential(contract: Contract) -> Iterator[Row]:
    if potential := contract.potential:
        for number, group in enumerate(potential.groups, start=1):
            yield {
                "group_order": number,
                **_named(group, "benefit_group refund_share reduced_fte"),
                "gross_dkk": group.gross,
                "weeks_per_year": potential.weeks_per_year,
                "clause": group.clause or potential.clause,
            }


def _focus_goal(contract: Contract) -> Iterator[Row]:
    if goal := contract.focus_goal:
        names = "case_days case_max_gap_days window_months hours target_share"
        for group in goal.benefit_groups:
            yield {"benefit_group": group, **_named(goal, names)}


def _follow_up(contract: Contract) -> Iterator[Row]:
    if follow := contract.follow_up:
        for group in follow.benefit_groups:
            yield {"benefit_group": group, **_named(follow, "case_max_gap_days end_window_days")}


def _screening(contract: Contract) -> Iterator[Row]:
    if contract.screening:
        names = "benefit_group case_days case_max_gap_days status_after_days"
        yield _named(contract.screening, names)


def _screening_goals(contract: Contract) -> Iterator[Row]:
    goals = contract.screening.goals.by_step if contract.screening else {}
    for step, goal in goals.items():
        yield {"step": step, "goal": goal}


def _effect(contract: Contract) -> Iterator[Row]:
    if effect := contract.effect:
        yield {
            **_named(effect, "part_id weeks"),
            "control_first_day": effect.control.first_day,
            "control_last_day": effect.control.last_day,
            "confidence_share": effect.confidence,
        }


def _business_case(contract: Contract) -> Iterator[Row]:
    if case := contract.business_case:
        yield {
            **_named(case, "price_level unit horizon_years"),
            "stated_payback_total": case.stated_payback.total,
            "stated_payback_service": case.stated_payback.service,
        }


def _business_case_lines(contract: Contract) -> Iterator[Row]:
    case = contract.business_case
    if case is None:
        return
    for number, line in enumerate(case.lines, start=1):
        for year, amount in zip(case.years, line.amounts, strict=True):
            yield {
                "line_no": number,
                **_named(line, "name category area"),
                "year": year,
                "amount_dkk": amount * case.unit,
            }


def _ended(contract: Contract) -> Iterator[Row]:
    """What the mart shows of a contract that is computed no more."""
    shown = (
        "title area municipality provider investor document document_title starts_on ends_on"
        " chosen_reading authorised_max_dkk terms_sha256"
    )
    (row,) = _contract(contract)
    chosen = [reading for reading in _readings(contract) if reading["is_chosen"]]
    ceilings = "payment_ceiling_dkk basis_ceiling_dkk"
    yield {name: row.get(name) for name in shown.split()} | {
        name: chosen[0][name] if chosen else None for name in ceilings.split()
    }


def _ended_parts(contract: Contract) -> Iterator[Row]:
    shown = (
        "part_id title kind clause effort_months baseline_first_month baseline_last_month"
        " evaluation_first_month evaluation_last_month"
    )
    for row in _parts(contract):
        yield {name: row.get(name) for name in shown.split()}


_TABLES: dict[str, Callable[[Contract], Iterator[Row]]] = {
    "raw.contract": _contract,
    "raw.contract_part": _parts,
    "raw.contract_period": _periods,
    "raw.contract_calendar_step": _calendar_steps,
    "raw.contract_price_group": _price_groups,
    "raw.contract_rate": _rates,
    "raw.contract_case_group": _case_groups,
    "raw.contract_exit_reason": _exit_reasons,
    "raw.contract_fte_group": _fte_groups,
    "raw.contract_tier": _tiers,
    "raw.contract_reading": _readings,
    "raw.contract_potential": _potential,
    "raw.contract_focus_goal": _focus_goal,
    "raw.contract_follow_up": _follow_up,
    "raw.contract_screening": _screening,
    "raw.contract_screening_goal": _screening_goals,
    "raw.contract_effect": _effect,
    "raw.contract_business_case": _business_case,
    "raw.contract_business_case_line": _business_case_lines,
}
_ENDED_TABLES: dict[str, Callable[[Contract], Iterator[Row]]] = {
    "raw.ended_contract": _ended,
    "raw.ended_contract_part": _ended_parts,
}


_SHADOWED = tuple(
    f"raw.contract{suffix}"
    for suffix in (
        "", "_part", "_period", "_price_group", "_rate", "_case_group", "_exit_reason",
        "_fte_group", "_tier", "_reading",
    )
)  # fmt: skip
"""What bears on basis and entitlement; the other sections have no rows in the shadow."""
