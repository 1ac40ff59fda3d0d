"""F: what the open months may bring, scenario by scenario, and when a threshold is reached."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle import civil, fte, money, relapse, settlement
from tests.oracle.courses import PersonMonth, optional, person_month_part, rate_on
from tests.oracle.home import Knowledge

Rows = list[dict[str, Any]]
SCENARIOS = ("earned", "unchanged", "historical", "all")
WEIGHT = 5


@dataclass(frozen=True)
class Moment:
    """A contract with what is known of it today."""

    knowledge: Knowledge
    contract: dict[str, Any]
    months: list[PersonMonth]


def eligible(months: list[PersonMonth]) -> dict[str, list[PersonMonth]]:
    """The effort months of each eligible course, in order: the place is the month's number."""
    found: dict[str, list[PersonMonth]] = {}
    for row in sorted(months, key=lambda one: (one.course, one.month)):
        if row.is_eligible:
            found.setdefault(row.course, []).append(row)
    return found


def shares(months: list[PersonMonth]) -> dict[tuple[str, int], Fraction]:
    """S.share: p(g, k) of every group and number of an effort month."""
    free: Counter[tuple[str, int]] = Counter()
    seen: Counter[tuple[str, int]] = Counter()
    numbers: set[tuple[str, int]] = set()
    for course in eligible(months).values():
        for k, row in enumerate(course, start=1):
            key = (row.price_group or "", k)
            numbers.add(key)
            free[key] += row.status == "self_supporting"
            seen[key] += row.status in ("self_supporting", "on_support")
    answer = {}
    for group, k in numbers:
        all_free = sum(count for (name, _), count in free.items() if name == group)
        all_seen = sum(count for (name, _), count in seen.items() if name == group)
        own = (group, k)
        answer[own] = (
            Fraction(
                free[own] * all_seen + WEIGHT * all_free,
                all_seen * (seen[own] + WEIGHT),
            )
            if all_seen
            else Fraction(0)
        )
    return answer


def claimed_anyway(moment: Moment, row: PersonMonth, scenario: str) -> bool:
    """S.assumed_claims: an earned month without a claim that the scenario takes for claimed."""
    if row.status != "self_supporting" or row.is_payable or row.is_decided:
        return False
    said = moment.knowledge.claims.get((moment.contract["contract_id"], row.course, row.month))
    if said is None:
        return scenario in ("unchanged", "historical", "all")
    return scenario == "all"


def goes_on(course: list[PersonMonth]) -> bool:
    """The course's latest observed effort month is self-supporting; one after the exit is not."""
    seen = [row.status for row in course if row.support_days is not None]
    return bool(seen) and seen[-1] == "self_supporting"


def person_month_amounts(moment: Moment, scenario: str) -> Counter[int]:
    """Øre by month of the part that pays for person-months."""
    part = person_month_part(moment.contract)
    amounts: Counter[int] = Counter()
    if part is None:
        return amounts
    for row in moment.months:
        amounts[row.month] += row.amount
    chance = shares(moment.months)
    waiting: Counter[tuple[str, int, int]] = Counter()
    for course in eligible(moment.months).values():
        for k, row in enumerate(course, start=1):
            if claimed_anyway(moment, row, scenario):
                amounts[row.month] += row.rate
            # S.open_months: a decided month books what was decided, in every scenario
            if row.status != "not_observed" or row.is_decided:
                continue
            is_paid = scenario == "all" or (scenario == "unchanged" and goes_on(course))
            if is_paid:
                amounts[row.month] += row.rate
            if scenario == "historical":
                waiting[row.price_group or "", k, row.month] += 1
    for (group, k, month), count in waiting.items():
        expected = count * rate_on(part, group, month) * chance[group, k]
        amounts[month] += money.half_away(expected)
    return amounts


def reduction_amount(moment: Moment, part: dict[str, Any], scenario: str) -> int:
    """S.fte_stand_in: what the part books, or the stand-in of one that is not complete."""
    found = fte.effects(moment.knowledge, moment.contract, part)
    if found[0].status == "complete":
        return sum(one.booked for one in found)
    if scenario == "earned":
        return 0
    area = moment.contract["area"]
    before, after = fte.span(part["baseline"]), fte.span(part["evaluation"])
    amounts: dict[str, int] = {}
    for group in part["groups"]:
        name = group["benefit_group"]
        baseline = fte.mean_of(moment.knowledge, area, name, before)
        if baseline is None:
            return 0
        known = [moment.knowledge.statistics.get((area, name, month)) for month in after]
        published = [figure for figure in known if figure is not None]
        amounts[name] = 0
        if published:
            mean = sum(published, Fraction(0)) / len(published)
            exact = (baseline - mean) * len(after) * money.oere(group["rate"])
            amounts[name] = money.half_away(exact)
    return sum(fte.net(part["netting"], amount, amounts) for amount in amounts.values())


def saving_amount(moment: Moment, part: dict[str, Any], scenario: str) -> int:
    """S.relapse_stand_in: what the part books, or the stand-in of one that is not complete."""
    found = relapse.summary(moment.knowledge, moment.contract, part)
    if found.is_complete:
        return found.saving
    if scenario == "earned" or not found.observed:
        return 0
    usual = Fraction(int(part["baseline"]["relapsed"]), int(part["baseline"]["entries"]))
    avoided = found.entries * (usual - Fraction(found.relapsed, found.observed))
    return max(0, money.half_away(avoided * money.oere(part["cost_per_relapse"])))


def amounts_of(moment: Moment, scenario: str) -> Counter[int]:
    """Øre by the month that they are booked on."""
    amounts = person_month_amounts(moment, scenario)
    for part in moment.contract["parts"]:
        if part["kind"] == "fte_reduction":
            amounts[fte.span(part["evaluation"])[-1]] += reduction_amount(moment, part, scenario)
        if part["kind"] == "relapse_reduction":
            amounts[relapse.booking_month(part)] += saving_amount(moment, part, scenario)
    return amounts


@dataclass(frozen=True)
class Foreseen:
    """One period in one scenario, in øre."""

    start: int
    basis: int
    basis_cumulative: int
    entitlement: int
    payment: int


def foresee(
    moment: Moment,
    scenario: str,
    approved: list[settlement.Approved],
    releases: list[tuple[int, int]],
) -> list[Foreseen]:
    """S.forecast: the periods from the first that is not approved on."""
    found = settlement.periods(moment.contract, moment.knowledge.as_of)
    amounts = amounts_of(moment, scenario)
    settled = found[: len(approved)]
    waiting = found[len(approved) :]
    listed = [one for place, one in enumerate(waiting) if not one.is_final or place == 0]
    cumulative = sum(line.difference for one in approved for line in one.lines)
    corrected = sum(booked_in(one, amounts) for one in settled) - cumulative
    authorised = optional(moment.contract["payment"].get("authorised_max"))
    reading = settlement.chosen_reading(moment.contract)
    answer = []
    for place, period in enumerate(listed):
        basis = booked_in(period, amounts) + (corrected if place == 0 else 0)
        cumulative += basis
        entitled = settlement.entitlement(cumulative, moment.contract, reading)
        paid = entitled
        if authorised is not None:
            released = sum(amount for _, amount in releases)
            paid = min(entitled, money.oere(authorised) + released)
        answer.append(Foreseen(period.start, basis, cumulative, entitled, paid))
    return answer


def booked_in(period: settlement.Period, amounts: Counter[int]) -> int:
    """Øre booked on the months of a period; the closing one has none of its own."""
    return sum(
        amount
        for month, amount in amounts.items()
        if not period.is_final and period.start <= civil.first_day(month) <= period.end
    )


def forecast_rows(
    moment: Moment,
    approved: list[settlement.Approved],
    releases: list[tuple[int, int]],
) -> Rows:
    """``mart.settlement_forecast``."""
    return [
        {
            "contract_id": moment.contract["contract_id"],
            "scenario": scenario,
            "period_start": civil.day_text(one.start),
            "basis_dkk": money.dkk(one.basis),
            "basis_cumulative_dkk": money.dkk(one.basis_cumulative),
            "entitlement_cumulative_dkk": money.dkk(one.entitlement),
            "payment_cumulative_dkk": money.dkk(one.payment),
        }
        for scenario in SCENARIOS
        for one in foresee(moment, scenario, approved, releases)
    ]


def thresholds_of(
    contract: dict[str, Any], releases: list[tuple[int, int]]
) -> dict[str, tuple[int, str]]:
    """S.outlook: kroner of each threshold, and what is held against them."""
    found: dict[str, tuple[int, str]] = {}
    for number, (above, _) in enumerate(settlement.tiers_of(contract), start=1):
        if above > 0:
            found[f"tier_{number}"] = (above, "basis")
    reading = settlement.chosen_reading(contract)
    authorised = optional(contract["payment"].get("authorised_max"))
    if authorised is not None:
        released = sum(amount for _, amount in releases)
        found["authorised_max"] = (money.oere(authorised) + released, "entitlement")
    for name, measure in (("payment_ceiling", "entitlement"), ("basis_ceiling", "basis")):
        ceiling = optional(reading.get(name))
        if ceiling is not None:
            found[name] = (money.oere(ceiling), measure)
    return found


def outlook_rows(
    moment: Moment,
    settled: Rows,
    approved: list[settlement.Approved],
    releases: list[tuple[int, int]],
) -> Rows:
    """``mart.contract_outlook``; ``settled``: rows of ``settlement``, those approved as frozen."""
    starts = {civil.day_text(one.period_start) for one in approved}
    before = [
        (
            civil.day(row["period_start"]),
            money.oere(row["basis_cumulative_dkk"]),
            money.oere(row["entitlement_cumulative_dkk"]),
        )
        for row in settled
        if row["period_start"] in starts
    ]
    rows: Rows = []
    for scenario in SCENARIOS:
        to_come = [
            (one.start, one.basis_cumulative, one.entitlement)
            for one in foresee(moment, scenario, approved, releases)
        ]
        for name, (amount, measure) in thresholds_of(moment.contract, releases).items():
            reached = [
                start
                for start, basis, entitled in [*before, *to_come]
                if (basis if measure == "basis" else entitled) >= amount
            ]
            rows.append({
                "contract_id": moment.contract["contract_id"],
                "scenario": scenario,
                "threshold": name,
                "amount_dkk": money.dkk(amount),
                "period_start": civil.day_text(min(reached)) if reached else None,
            })  # fmt: skip
    return rows
