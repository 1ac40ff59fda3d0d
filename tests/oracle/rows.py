"""The oracle's answer as rows keyed like the published tables; money as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle import (
    blockers,
    calendar,
    civil,
    courses,
    curve,
    follow,
    forecast,
    fte,
    home_fte,
    mismatch,
    money,
    parts,
    settlement,
    tracked,
    variants,
)
from tests.oracle.home import Delivery, Knowledge, know, read_contracts

Rows = list[dict[str, Any]]


def date_or_none(day: int | None) -> str | None:
    """A day as text."""
    return None if day is None else civil.day_text(day)


def participant_rows(contract_id: str, found: list[courses.Participant]) -> Rows:
    """``restricted.participant``."""
    return [
        {
            "contract_id": contract_id,
            "course_id": one.course.course,
            "visited_on": civil.day_text(one.course.visited_on),
            "stated_group": one.course.stated_group,
            "price_group": one.price_group,
            "case_days": one.case_days,
            "quota_rank": one.quota_rank,
            "eligibility": one.eligibility,
            "exit_date": date_or_none(one.exit_date),
        }
        for one in found
    ]


def person_month_rows(contract_id: str, found: list[courses.PersonMonth]) -> Rows:
    """``restricted.person_month``."""
    return [
        {
            "contract_id": contract_id,
            "course_id": row.course,
            "month": civil.month_text(row.month),
            "price_group": row.price_group,
            "support_days": row.support_days,
            "status": row.status,
            "is_claimed": row.is_claimed,
            "is_payable": row.is_payable,
            "rate_dkk": None if row.price_group is None else money.dkk(row.rate),
            "amount_dkk": money.dkk(row.amount),
            "match": row.match,
            "reason": row.reason,
            "is_no_income": row.is_no_income,
        }
        for row in found
    ]


def settlement_rows(contract_id: str, found: list[settlement.Period]) -> Rows:
    """``mart.settlement``: closed periods with figures, open ones with nulls."""
    measures = [
        "basis", "basis_cumulative", "entitlement_cumulative", "payment_cumulative", "payment",
        "held_cumulative", "carried_forward", "repayable", "municipality_share_cumulative",
        "headroom_to_next_tier", "headroom_to_ceiling", "overlap",
    ]  # fmt: skip
    rows = []
    for period in found:
        row: dict[str, Any] = {
            "contract_id": contract_id,
            "period_start": civil.day_text(period.start),
            "period_end": civil.day_text(period.end),
            "period_label": period.label,
            "is_closed": period.is_closed,
        }
        for measure in measures:
            value = period.figures.get(measure)
            row[f"{measure}_dkk"] = None if value is None else money.dkk(value)
        rows.append(row)
    return rows


def reading_rows(contract: dict[str, Any], found: list[settlement.Period]) -> Rows:
    """``mart.settlement_reading`` of the closed periods."""
    chosen = contract["payment"]["readings"]["chosen"]
    return [
        {
            "contract_id": contract["contract_id"],
            "period_start": civil.day_text(period.start),
            "reading_id": reading,
            "is_chosen": reading == chosen,
            "entitlement_cumulative_dkk": money.dkk(amount),
            "difference_to_chosen_dkk": money.dkk(amount - period.readings[chosen]),
        }
        for period in found
        for reading, amount in period.readings.items()
    ]


def fte_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.fte_effect``."""
    return [
        {
            "contract_id": contract["contract_id"],
            "part_id": row.part_id,
            "benefit_group": row.group,
            "rate_dkk": money.dkk(row.rate),
            # an unfinished group has no amount yet; what the part books is 0 (settlement.bookings)
            "amount_dkk": money.dkk(row.amount) if row.status == "complete" else None,
            "status": row.status,
        }
        for part in contract["parts"]
        if part["kind"] == "fte_reduction"
        for row in fte.effects(knowledge, contract, part)
    ]


def line_rows(contract_id: str, found: list[settlement.Period]) -> Rows:
    """``restricted.settlement_line`` without line numbers and causes."""
    return [
        {
            "contract_id": contract_id,
            "period_start": civil.day_text(period.start),
            "line_kind": line.kind,
            "part_id": line.part_id,
            "course_id": line.course,
            "month": civil.month_text(line.month),
            "price_group": line.price_group,
            "old_amount_dkk": money.dkk(line.old),
            "new_amount_dkk": money.dkk(line.new),
            "difference_dkk": money.dkk(line.difference),
        }
        for period in found
        for line in period.lines
    ]


@dataclass(frozen=True)
class Decided:
    """The courses of a contract and their months."""

    participants: list[courses.Participant]
    months: list[courses.PersonMonth]


def decide(knowledge: Knowledge, contract: dict[str, Any], approved: set[str]) -> Decided:
    """R2 and R3; ``approved``: courses with any approved line."""
    found = courses.participants(knowledge, contract, approved)
    return Decided(found, courses.person_months(knowledge, contract, found))


def contract_rows(
    knowledge: Knowledge,
    contract: dict[str, Any],
    decided: Decided,
    approved: list[settlement.Approved] | None = None,
    releases: list[tuple[int, int]] | None = None,
) -> dict[str, Rows]:
    """Every table of R1 to R4 and of the settlement, for one contract."""
    contract_id = contract["contract_id"]
    answer = {
        "participant": participant_rows(contract_id, decided.participants),
        "person_month": person_month_rows(contract_id, decided.months),
        "fte_effect": fte_rows(knowledge, contract),
    }
    if contract.get("payment"):
        months = decided.months
        settled = settlement.settle(knowledge, contract, months, approved, releases)
        answer["settlement"] = settlement_rows(contract_id, settled)
        answer["settlement_reading"] = reading_rows(contract, settled)
        answer["settlement_line"] = line_rows(contract_id, settled)
        answer["settlement_variant"] = variants.variant_rows(knowledge, contract)
        whole, by_reason = tracked.match_rows(contract, months, settled)
        answer["claim_match_period"], answer["claim_match"] = whole, by_reason
        answer["settlement_part"] = parts.part_rows(contract, months, settled)
        answer["payment_curve"] = curve.curve_rows(contract)
        moment = forecast.Moment(knowledge, contract, months)
        known = (approved or [], releases or [])
        answer["settlement_forecast"] = forecast.forecast_rows(moment, *known)
        answer["contract_outlook"] = forecast.outlook_rows(moment, answer["settlement"], *known)
        answer["settlement_blocker"] = blockers.blocker_rows(
            knowledge, contract, months, settled, approved or []
        )
    answer.update(side_rows(knowledge, contract, decided.participants))
    return answer


def side_rows(
    knowledge: Knowledge, contract: dict[str, Any], found: list[courses.Participant]
) -> dict[str, Rows]:
    """The tables of R5, R6, R8 and R9 that the contract asks for."""
    answer = {
        "employment_entry": tracked.entry_rows(knowledge, contract),
        "relapse_summary": tracked.relapse_rows(knowledge, contract),
        "relapse_curve": tracked.curve_rows(knowledge, contract),
    }
    if "focus_goal" in contract:
        answer["focus_goal"] = tracked.focus_rows(knowledge, contract)
    if "follow_up" in contract:
        answer["follow_up_month"] = tracked.follow_up_rows(knowledge, contract)
        answer["cases_ended_month"] = tracked.ended_rows(knowledge, contract)
    if "screening" in contract:
        answer["screening_funnel"] = tracked.funnel_rows(knowledge, contract)
    if "effect" in contract:
        answer["effect"] = tracked.effect_rows(knowledge, contract, found)
    if "potential" in contract:
        answer["potential"] = follow.potential(contract)
    return answer


def answer(
    home: Path,
    seeds: Path,
    as_of: str,
    contracts: Path | None = None,
    deliveries: list[Delivery] | None = None,
) -> dict[str, Rows]:
    """All tables of all contracts of a home as of a day (nothing approved)."""
    knowledge = know(home, seeds, as_of, deliveries)
    tables: dict[str, Rows] = {}
    known = read_contracts(contracts or home / "contracts")
    decided = {one["contract_id"]: decide(knowledge, one, set()) for one in known}
    for contract in known:
        own = contract_rows(knowledge, contract, decided[contract["contract_id"]])
        for table, rows in own.items():
            tables.setdefault(table, []).extend(rows)
    tables |= home_rows(knowledge, known, decided)
    return tables | {"calendar_month": calendar.month_rows(known, tables)}


def home_rows(
    knowledge: Knowledge, contracts: list[dict[str, Any]], decided: dict[str, Decided]
) -> dict[str, Rows]:
    """The tables that no contract has alone."""
    found = {name: (one.participants, one.months) for name, one in decided.items()}
    return {
        "mismatch": mismatch.mismatch_rows(knowledge, contracts, found),
        "fte_month": home_fte.month_rows(knowledge, contracts),
    }
