"""S.basis, M.bill: a period's lines by part and group; nothing of it is hidden."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.oracle import civil, money
from tests.oracle.courses import PersonMonth, optional
from tests.oracle.settlement import Line, Period

Rows = list[dict[str, Any]]
FOLLOWED = ("self_supporting", "on_support")


def groups_of(part: dict[str, Any]) -> list[str]:
    """The price groups of a part; a relapse part has one without a name."""
    if part["kind"] == "person_months":
        return [group["benefit_group"] for group in part["price_groups"]]
    if part["kind"] == "fte_reduction":
        return [group["benefit_group"] for group in part["groups"]]
    return [""]


def historical_share(part: dict[str, Any], group: str) -> str | None:
    """The share that the contract states for a group, six decimals."""
    stated = part.get("historical_success_rate")
    share = optional(stated.get(group)) if isinstance(stated, dict) else None
    return None if share is None else money.decimal_text(Fraction(share), 6)


def payable_months(lines: list[Line]) -> int:
    """Months that became payable, less those that ceased to be."""
    return sum((line.new != 0) - (line.old != 0) for line in lines if line.course is not None)


def part_rows(contract: dict[str, Any], months: list[PersonMonth], settled: list[Period]) -> Rows:
    """``mart.settlement_part`` of the closed periods; an approved one keeps its approved row."""
    rows: Rows = []
    for period in settled:
        if not period.is_closed:
            continue
        for part in contract["parts"]:
            for group in groups_of(part):
                lines = [
                    line
                    for line in period.lines
                    if (line.part_id, line.price_group) == (part["part_id"], group)
                ]
                # the status of an eligible course's month stands as its reason
                followed = [
                    row
                    for row in months
                    if part["kind"] == "person_months"
                    and row.price_group == group
                    and row.is_eligible
                    and row.status in FOLLOWED
                    and not period.is_final
                    and period.start <= civil.first_day(row.month) <= period.end
                ]
                earning = [row for row in followed if row.is_earned]
                share = Fraction(len(earning), len(followed)) if followed else None
                history = historical_share(part, group)
                rows.append({
                    "contract_id": contract["contract_id"],
                    "period_start": civil.day_text(period.start),
                    "part_id": part["part_id"],
                    "price_group": group,
                    "kind": part["kind"],
                    "person_months_payable": payable_months(lines),
                    "basis_dkk": money.dkk(sum(line.difference for line in lines)),
                    "achieved_share": None if share is None else money.decimal_text(share, 6),
                    "historical_share": history,
                })  # fmt: skip
    return rows
