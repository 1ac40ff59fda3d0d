"""R4: the fall in full-time persons, and what it books."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle import civil, money
from tests.oracle.home import Knowledge


@dataclass(frozen=True)
class GroupEffect:
    """One group of an fte part: means, exact reduction, and its amount in øre."""

    part_id: str
    group: str
    baseline_mean: Fraction | None
    evaluation_mean: Fraction | None
    rate: int
    amount: int
    booked: int
    status: str
    booking_month: int


def span(section: dict[str, str]) -> range:
    """The months first_month … last_month."""
    return range(civil.month(section["first_month"]), civil.month(section["last_month"]) + 1)


def mean_of(knowledge: Knowledge, area: str, group: str, months: range) -> Fraction | None:
    """Σ published / number of months; null if one is not published."""
    figures = [knowledge.statistics.get((area, group, month)) for month in months]
    if any(figure is None for figure in figures):
        return None
    return sum((figure for figure in figures if figure is not None), Fraction(0)) / len(months)


def effects(
    knowledge: Knowledge, contract: dict[str, Any], part: dict[str, Any]
) -> list[GroupEffect]:
    """R4 for one part: complete or 0; amounts exact, rounded once per group; then netting."""
    before, after = span(part["baseline"]), span(part["evaluation"])
    means = {
        group["benefit_group"]: (
            mean_of(knowledge, contract["area"], group["benefit_group"], before),
            mean_of(knowledge, contract["area"], group["benefit_group"], after),
        )
        for group in part["groups"]
    }
    is_complete = knowledge.as_of >= civil.first_day(after[-1] + 1) and all(
        b is not None and e is not None for b, e in means.values()
    )
    amounts = {}
    for group in part["groups"]:
        b, e = means[group["benefit_group"]]
        amounts[group["benefit_group"]] = (
            money.half_away((b - e) * len(after) * money.oere(group["rate"]))
            if is_complete and b is not None and e is not None
            else 0
        )
    booked = {name: net(part["netting"], amount, amounts) for name, amount in amounts.items()}
    return [
        GroupEffect(
            part["part_id"],
            group["benefit_group"],
            *means[group["benefit_group"]],
            money.oere(group["rate"]),
            amounts[group["benefit_group"]],
            booked[group["benefit_group"]],
            "complete" if is_complete else "incomplete",
            after[-1],
        )
        for group in part["groups"]
    ]


def net(netting: str, amount: int, amounts: dict[str, int]) -> int:
    """R4.netting, S.part_lines: what one group books after netting."""
    if netting == "per_group":
        return max(0, amount)
    return amount if sum(amounts.values()) > 0 else 0
