"""S.blockers: what stands in the way of each closed period not yet approved."""

from __future__ import annotations

from typing import Any

from tests.oracle import civil, fte, money, register, relapse
from tests.oracle.courses import PersonMonth, person_month_part
from tests.oracle.home import Knowledge
from tests.oracle.settlement import Approved, Period

Rows = list[dict[str, Any]]
Found = tuple[str, int, int]
"""Kind, number of items, øre at stake."""


def months_of(period: Period) -> list[int]:
    """The months of a period; the closing one has none of its own."""
    if period.is_final:
        return []
    return list(range(civil.month_of(period.start), civil.month_of(period.end) + 1))


def term_months(contract: dict[str, Any]) -> range:
    """The months that the term touches."""
    first, last = (civil.month_of(civil.day(contract["term"][k])) for k in ("starts_on", "ends_on"))
    return range(first, last + 1)


def needed_months(contract: dict[str, Any]) -> set[int]:
    """Months that the register decides: those of the term, and a relapse part's follow-up."""
    term = term_months(contract)
    needed = set(term) if person_month_part(contract) is not None else set()
    for part in contract["parts"]:
        if part["kind"] == "relapse_reduction":
            needed |= set(range(term[0], relapse.booking_month(part) + 1))
    return needed


def silent_months(
    knowledge: Knowledge, contract: dict[str, Any], months: list[int], rows: list[PersonMonth]
) -> list[Found]:
    """Register or person status unknown for months of the period, with the kroner at stake."""
    alone = {**contract, "requires_person_status": "false"}
    silent = {
        month
        for month in months
        if month in needed_months(contract)
        and not register.is_month_observed(knowledge, alone, month)
    }
    statusless = {
        month
        for month in months
        if contract["requires_person_status"] == "true"
        and month in needed_months(contract)
        and not any(on > civil.last_day(month) for on in knowledge.status_extracts)
    }
    return [
        (kind, len(missing), sum(
            row.rate for row in rows if row.month in missing and row.reason == "not_observed"
        ))
        for kind, missing in (
            ("register_not_observed", silent), ("person_status_missing", statusless),
        )
    ]  # fmt: skip


def missing_figures(knowledge: Knowledge, contract: dict[str, Any], months: list[int]) -> Found:
    """Published figures that the fte parts booked in the period still lack, each part's own."""
    missing = [
        (part["part_id"], group["benefit_group"], month)
        for part in contract["parts"]
        if part["kind"] == "fte_reduction" and fte.span(part["evaluation"])[-1] in months
        for group in part["groups"]
        for month in {*fte.span(part["baseline"]), *fte.span(part["evaluation"])}
        if (contract["area"], group["benefit_group"], month) not in knowledge.statistics
    ]
    return ("statistics_missing", len(missing), 0)


def blocker_rows(
    knowledge: Knowledge,
    contract: dict[str, Any],
    rows: list[PersonMonth],
    settled: list[Period],
    approved: list[Approved],
) -> Rows:
    """``mart.settlement_blocker``; texts are only present."""
    answer: Rows = []
    open_periods = [period for period in settled if period.is_closed][len(approved) :]
    held_before = approved[-1].held if approved else 0  # as it was approved
    for position, period in enumerate(open_periods):
        months = months_of(period)
        pending = [row for row in rows if row.month in months and row.match == "claimed_pending"]
        held = period.figures["held_cumulative"] or 0
        found = [
            *silent_months(knowledge, contract, months, rows),
            missing_figures(knowledge, contract, months),
            ("earlier_period_open", position, period.figures["payment"] or 0),
            ("amount_held", int(held > 0), max(0, held - held_before)),
            ("claims_pending", len(pending), sum(row.rate for row in pending)),
        ]
        answer += [
            {
                "contract_id": contract["contract_id"],
                "period_start": civil.day_text(period.start),
                "kind": kind, "is_root_cause": kind != "earlier_period_open",
                "item_count": items, "amount_dkk": money.dkk(amount),
            }
            for kind, items, amount in found
            if items
        ]  # fmt: skip
        held_before = held
    return answer
