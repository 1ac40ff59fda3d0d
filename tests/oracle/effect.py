"""R9: weeks of self-support of the treated against the control group (Welch)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Any

from tests.oracle import civil, courses, register
from tests.oracle.home import Knowledge


@dataclass(frozen=True)
class Effect:
    """Both groups' outcomes in weeks."""

    treated: list[int]
    control: list[int]


def outcome(
    knowledge: Knowledge, contract: dict[str, Any], part: dict[str, Any], person: str, day_0: int
) -> int | None:
    """Weeks without a support day; null unless all days are observed."""
    weeks = int(contract["effect"]["weeks"])
    source = knowledge.registers[contract["register"]]
    if not source.all_observed(range(day_0, day_0 + 7 * weeks)):
        return None
    blocks = part["subsidised_job_blocks"] == "true"
    return sum(
        register.support_days(
            knowledge, source, person, range(day_0 + 7 * i, day_0 + 7 * i + 7),
            subsidised_blocks=blocks,
        ) == 0
        for i in range(weeks)
    )  # fmt: skip


def control_day_0(
    knowledge: Knowledge, contract: dict[str, Any], part: dict[str, Any], person: str
) -> int | None:
    """First day of the month after the qualifying day of the person's first case that has one.

    The day must lie in the stated window; a later case of the same person does not count.
    """
    source, stated = knowledge.registers[contract["register"]], contract["effect"]["control"]
    groups, gap = set(part["case_groups"]), int(part["case_max_gap_days"])
    for first, last in register.cases(source, person, groups, gap):
        qualifies_on = first + int(part["min_case_days"]) + 1
        stated_days = range(civil.day(stated["first_day"]), civil.day(stated["last_day"]) + 1)
        if last >= qualifies_on:
            day_0 = civil.first_day(civil.month_of(qualifies_on) + 1)
            return day_0 if qualifies_on in stated_days else None
    return None


def effect(
    knowledge: Knowledge, contract: dict[str, Any], found: list[courses.Participant]
) -> Effect:
    """R9 for the part that the effect section names."""
    part = courses.person_month_part(contract)
    if part is None:
        raise ValueError("an effect needs a part of kind person_months")
    treated = []
    for one in found:
        if one.eligibility == "eligible":
            months = courses.effort_months(contract, part, one.course)
            if months:
                day_0 = civil.first_day(months[0])
                treated.append(outcome(knowledge, contract, part, one.course.person, day_0))
    participants = {one.course.person for one in found}
    control = []
    for person in knowledge.registers[contract["register"]].rows:
        if person not in participants:
            day = control_day_0(knowledge, contract, part, person)
            if day is not None:
                control.append(outcome(knowledge, contract, part, person, day))
    return Effect([w for w in treated if w is not None], [w for w in control if w is not None])


def mean(values: list[int]) -> Fraction:
    """Exact mean."""
    return Fraction(sum(values), len(values))


def variance(values: list[int]) -> float:
    """Sample variance."""
    centre = mean(values)
    return float(sum((value - centre) ** 2 for value in values) / (len(values) - 1))


def welch_interval(first: list[int], second: list[int]) -> tuple[float, float] | None:
    """95 % interval of the difference of means (Welch); null below two in a group or no spread."""
    if min(len(first), len(second)) < 2:
        return None
    a, b = variance(first) / len(first), variance(second) / len(second)
    difference = float(mean(first) - mean(second))
    if a + b == 0:
        return difference, difference
    freedom = (a + b) ** 2 / (a**2 / (len(first) - 1) + b**2 / (len(second) - 1))
    half = t_quantile(0.975, freedom) * sqrt(a + b)
    return difference - half, difference + half


def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t."""
    from scipy.stats import t

    return float(t.ppf(probability, freedom))
