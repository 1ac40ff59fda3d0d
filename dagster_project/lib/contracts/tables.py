"""Validated contracts → the raw.contract* tables: one row per mapping, amounts in kroner.

What belongs here: which key stands in which column (lib/warehouse.py). What does not: any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import duckdb

from dagster_project.lib.contracts.model import (
    Contract,
    FteReductionPart,
    PersonMonthsPart,
    PriceGroup,
    RelapsePart,
)
from dagster_project.lib.warehouse.rows import replace_rows

Row = dict[str, Any]


def write_contracts(
    connection: duckdb.DuckDBPyConnection, contracts: Sequence[Contract]
) -> dict[str, int]:
    """Replace the rows of every raw.contract* table by those of these contracts.

    Returns:
        rows written, by table.
    """
    counts: dict[str, int] = {}
    for table, rows_of in _TABLES.items():
        rows = [row for contract in contracts for row in rows_of(contract)]
        counts[table] = replace_rows(connection, table, rows)
    return counts


def _contract(contract: Contract) -> Iterator[Row]:
    settlement, payment = contract.settlement, contract.payment
    yield {
        "contract_id": contract.contract_id,
        "title": contract.title,
        "area": contract.area,
        "municipality": contract.parties.municipality,
        "provider": contract.parties.provider,
        "investor": contract.parties.investor,
        "document": contract.document,
        "starts_on": contract.term.starts_on,
        "ends_on": contract.term.ends_on,
        "term_clause": contract.term.clause,
        "register": contract.register,
        "register_lag_days": contract.register_lag_days,
        "requires_person_status": contract.requires_person_status,
        "has_payment": payment is not None,
        "months_per_period": settlement and settlement.months_per_period,
        "anchor_month": settlement and settlement.anchor_month,
        "final_on": settlement and settlement.final_on,
        "young_data_days": settlement and settlement.young_data_days,
        "authorised_max_dkk": payment and payment.authorised_max,
        "chosen_reading": payment and payment.readings.chosen,
        "chosen_reason": payment and payment.readings.chosen_reason,
        "terms_sha256": contract.terms_sha256,
    }


def _parts(contract: Contract) -> Iterator[Row]:
    for number, part in enumerate(contract.parts, start=1):
        row = {
            "contract_id": contract.contract_id,
            "part_no": number,
            "part_id": part.part_id,
            "kind": part.kind,
            "clause": part.clause,
        }
        if isinstance(part, PersonMonthsPart):
            yield row | _person_months_columns(part)
        elif isinstance(part, FteReductionPart):
            yield row | _fte_columns(part)
        else:
            yield row | _relapse_columns(part)


def _person_months_columns(part: PersonMonthsPart) -> Row:
    return {
        "min_case_days": part.min_case_days,
        "case_max_gap_days": part.case_max_gap_days,
        "effort_months": part.effort_months,
        "max_support_days": part.max_support_days,
        "subsidised_job_blocks": part.subsidised_job_blocks,
        "pay_on": part.pay_on,
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
    }


def _relapse_columns(part: RelapsePart) -> Row:
    return {
        "case_max_gap_days": part.case_max_gap_days,
        "match_group": part.match_group,
        "entries_first_month": part.entries.first_month,
        "entries_last_month": part.entries.last_month,
        "baseline_entries": part.baseline.entries,
        "baseline_relapsed": part.baseline.relapsed,
        "target_reduction": part.target.reduction,
        "target_by": part.target.by,
        "cost_per_relapse_dkk": part.cost_per_relapse,
        "yearly_investment_dkk": part.yearly_investment,
        "follow_up_days": part.follow_up_days,
    }


def _price_groups(contract: Contract) -> Iterator[Row]:
    part = contract.person_months_part
    if part is None:
        return
    history = part.historical_success_rate.by_group if part.historical_success_rate else {}
    for number, group in enumerate(part.price_groups, start=1):
        yield {
            "contract_id": contract.contract_id,
            "part_id": part.part_id,
            "benefit_group": group.benefit_group,
            "precedence": number,
            "max_participants": group.max_participants,
            "historical_success_rate": history.get(group.benefit_group),
        }


def _rates(contract: Contract) -> Iterator[Row]:
    part = contract.person_months_part
    if part is None:
        return
    for group in part.price_groups:
        yield from _rates_of(contract.contract_id, part, group)


def _rates_of(contract_id: str, part: PersonMonthsPart, group: PriceGroup) -> Iterator[Row]:
    ends = [rate.valid_from for rate in group.rates[1:]]
    for rate, valid_before in zip(group.rates, [*ends, None], strict=True):
        yield {
            "contract_id": contract_id,
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
            yield {
                "contract_id": contract.contract_id,
                "part_id": part.part_id,
                "benefit_group": group,
            }


def _exit_reasons(contract: Contract) -> Iterator[Row]:
    part = contract.person_months_part
    if part is None:
        return
    for reason in part.exit_reasons:
        yield {"contract_id": contract.contract_id, "part_id": part.part_id, "reason": reason}


def _fte_groups(contract: Contract) -> Iterator[Row]:
    for part in contract.parts:
        if not isinstance(part, FteReductionPart):
            continue
        for number, group in enumerate(part.groups, start=1):
            yield {
                "contract_id": contract.contract_id,
                "part_id": part.part_id,
                "group_order": number,
                "benefit_group": group.benefit_group,
                "rate_dkk": group.rate,
                "clause": group.clause or part.clause,
            }


def _tiers(contract: Contract) -> Iterator[Row]:
    for number, tier in enumerate(contract.payment.tiers if contract.payment else (), start=1):
        yield {
            "contract_id": contract.contract_id,
            "tier_no": number,
            "above_dkk": tier.above,
            "provider_share": tier.provider_share,
            "clause": tier.clause,
        }


def _readings(contract: Contract) -> Iterator[Row]:
    if contract.payment is None:
        return
    readings = contract.payment.readings
    for number, reading in enumerate(readings.alternatives, start=1):
        yield {
            "contract_id": contract.contract_id,
            "reading_order": number,
            "reading_id": reading.reading_id,
            "is_chosen": reading.reading_id == readings.chosen,
            "payment_ceiling_dkk": reading.payment_ceiling,
            "basis_ceiling_dkk": reading.basis_ceiling,
            "clause": reading.clause,
        }


def _potential(contract: Contract) -> Iterator[Row]:
    potential = contract.potential
    if potential is None:
        return
    for number, group in enumerate(potential.groups, start=1):
        yield {
            "contract_id": contract.contract_id,
            "group_order": number,
            "benefit_group": group.benefit_group,
            "gross_dkk": group.gross,
            "refund_share": group.refund_share,
            "reduced_fte": group.reduced_fte,
            "weeks_per_year": potential.weeks_per_year,
            "clause": group.clause or potential.clause,
        }


def _focus_goal(contract: Contract) -> Iterator[Row]:
    goal = contract.focus_goal
    if goal is None:
        return
    for group in goal.benefit_groups:
        yield {
            "contract_id": contract.contract_id,
            "benefit_group": group,
            "case_days": goal.case_days,
            "case_max_gap_days": goal.case_max_gap_days,
            "window_months": goal.window_months,
            "hours": goal.hours,
            "target_share": goal.target_share,
        }


def _follow_up(contract: Contract) -> Iterator[Row]:
    follow = contract.follow_up
    if follow is None:
        return
    for group in follow.benefit_groups:
        yield {
            "contract_id": contract.contract_id,
            "benefit_group": group,
            "case_max_gap_days": follow.case_max_gap_days,
            "end_window_days": follow.end_window_days,
        }


def _screening(contract: Contract) -> Iterator[Row]:
    if contract.screening:
        yield {
            "contract_id": contract.contract_id,
            "benefit_group": contract.screening.benefit_group,
            "case_days": contract.screening.case_days,
            "case_max_gap_days": contract.screening.case_max_gap_days,
            "status_after_days": contract.screening.status_after_days,
        }


def _screening_goals(contract: Contract) -> Iterator[Row]:
    goals = contract.screening.goals.by_step if contract.screening else {}
    for step, goal in goals.items():
        yield {"contract_id": contract.contract_id, "step": step, "goal": goal}


def _effect(contract: Contract) -> Iterator[Row]:
    if contract.effect:
        yield {
            "contract_id": contract.contract_id,
            "part_id": contract.effect.part_id,
            "control_first_day": contract.effect.control.first_day,
            "control_last_day": contract.effect.control.last_day,
            "weeks": contract.effect.weeks,
            "confidence_share": contract.effect.confidence,
        }


def _business_case(contract: Contract) -> Iterator[Row]:
    case = contract.business_case
    if case:
        yield {
            "contract_id": contract.contract_id,
            "price_level": case.price_level,
            "unit": case.unit,
            "stated_payback_total": case.stated_payback.total,
            "stated_payback_service": case.stated_payback.service,
            "horizon_years": case.horizon_years,
        }


def _business_case_lines(contract: Contract) -> Iterator[Row]:
    case = contract.business_case
    if case is None:
        return
    for number, line in enumerate(case.lines, start=1):
        for year, amount in zip(case.years, line.amounts, strict=True):
            yield {
                "contract_id": contract.contract_id,
                "line_no": number,
                "name": line.name,
                "category": line.category,
                "area": line.area,
                "year": year,
                "amount_dkk": amount * case.unit,
            }


_TABLES: dict[str, Callable[[Contract], Iterator[Row]]] = {
    "raw.contract": _contract,
    "raw.contract_part": _parts,
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
