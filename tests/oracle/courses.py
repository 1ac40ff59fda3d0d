"""R2 and R3: exit, eligibility, person-months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.oracle import civil, money, register
from tests.oracle.home import Course, Knowledge

AWAY = ("fraflyttet", "udvandret")
FINAL = ("død", "folkepension")


@dataclass
class Participant:
    """One course with what R2 and R3 decide about it."""

    course: Course
    eligibility: str = ""
    price_group: str | None = None
    case_days: int | None = None
    quota_rank: int | None = None
    exit_date: int | None = None


@dataclass(frozen=True)
class PersonMonth:
    """One effort month of a course."""

    course: str
    person: str
    month: int
    price_group: str | None
    support_days: int | None
    status: str
    is_claimed: bool
    is_payable: bool
    rate: int
    amount: int
    match: str
    reason: str
    is_no_income: bool
    is_eligible: bool = False
    is_earned: bool = False
    is_decided: bool = False


def optional(value: str | None) -> str | None:
    """A scalar of the contract file that may be null."""
    return None if value in (None, "", "null", "~") else value


def exit_date(
    knowledge: Knowledge, contract: dict[str, Any], reasons: list[str], course: Course
) -> int | None:
    """R3.exit: the earliest of the exits that count for the person and the course."""
    events = knowledge.events.get(course.person, [])
    returns = [on for kind, on in events if kind == "tilflyttet" and on <= course.visited_on]
    counting = [on for kind, on in events if kind in FINAL]
    counting += [
        on for kind, on in events if kind in AWAY and (not returns or on > max(returns))
    ]  # fmt: skip
    if not counting:
        counting = register_exit(knowledge, contract, course)
    if course.ended_on is not None and course.end_reason in reasons:
        counting.append(course.ended_on + 1)
    return min(counting, default=None)


def register_exit(knowledge: Knowledge, contract: dict[str, Any], course: Course) -> list[int]:
    """R3.exit: the earliest day ≥ visited_on under an exit code; weekly, the Sunday of the week."""
    source = knowledge.registers[contract["register"]]
    days = []
    for day, rows in source.days(course.person).items():
        if any(row.is_exit for row in rows):
            counted = next(r.last for r in rows if r.is_exit) if source.is_weekly else day
            if counted >= course.visited_on:
                days.append(counted)
    return [min(days)] if days else []


def decide_case(
    knowledge: Knowledge, contract: dict[str, Any], part: dict[str, Any], one: Participant
) -> None:
    """R2.price_group to R2.case_length: group, start, length; sets eligibility if it fails."""
    source = knowledge.registers[contract["register"]]
    person, visited = one.course.person, one.course.visited_on
    on_day = register.groups_on(source, person, visited)
    listed = [group["benefit_group"] for group in part["price_groups"]]
    one.price_group = next(group for group in listed if group in on_day)
    groups, gap = set(part["case_groups"]), int(part["case_max_gap_days"])
    found = register.cases(source, person, groups, gap)
    start = next(first for first, last in found if first <= visited <= last)
    start = move_case_start(knowledge, contract["register"], person, groups, start)
    one.case_days = visited - start
    if one.case_days <= int(part["min_case_days"]):
        before = range(start - gap - 1, start)
        known = source.all_observed(before)
        one.eligibility = "case_too_short" if known else "case_start_unknown"


def move_case_start(
    knowledge: Knowledge, name: str, person: str, groups: set[str], start: int
) -> int:
    """R2.case_start: behind an unobserved day the owner's landed ``fra_dato`` counts."""
    source = knowledge.registers[name]
    if source.is_observed(start - 1) or name != "ydelsesforloeb":
        return start
    begun = [row.first for row in source.days(person)[start] if row.group in groups]
    observed_before = [day for day in source.owner if day < start]
    bound = max(observed_before) + 1 if observed_before else None
    moved = min(begun)
    return moved if bound is None else max(moved, bound)


def decide_first_five(
    knowledge: Knowledge, contract: dict[str, Any], part: dict[str, Any], one: Participant
) -> None:
    """R2.term to R2.case_length, the first that applies; empty where all are passed."""
    source = knowledge.registers[contract["register"]]
    visited, person = one.course.visited_on, one.course.person
    term = contract["term"]
    price_groups = {group["benefit_group"] for group in part["price_groups"]}
    if not civil.day(term["starts_on"]) <= visited <= civil.day(term["ends_on"]):
        one.eligibility = "outside_term"
    elif one.exit_date is not None and one.exit_date <= visited:
        one.eligibility = "exited_before_referral"
    elif not source.is_observed(visited):
        one.eligibility = "register_silent"
    elif not price_groups & register.groups_on(source, person, visited):
        one.eligibility = "not_on_benefit"
    else:
        decide_case(knowledge, contract, part, one)


def decide_rest(part: dict[str, Any], passed: list[Participant], approved: set[str]) -> None:
    """R2.duplicate to R2.eligible: duplicates, quota ranks, eligible."""
    quota = {
        group["benefit_group"]: optional(group.get("max_participants"))
        for group in part["price_groups"]
    }
    order = sorted(
        passed,
        key=lambda one: (
            one.course.course not in approved,
            one.course.visited_on,
            one.course.course,
        ),
    )  # fmt: skip
    persons: set[str] = set()
    ranks: dict[str, int] = {}
    for one in order:
        if one.course.person in persons:
            one.eligibility = "duplicate_person"
            continue
        persons.add(one.course.person)
        group = one.price_group or ""
        ranks[group] = ranks.get(group, 0) + 1
        one.quota_rank = ranks[group]
        limit = quota[group]
        is_over = limit is not None and one.quota_rank > int(limit)
        one.eligibility = "over_quota" if is_over else "eligible"


def participants(
    knowledge: Knowledge, contract: dict[str, Any], approved: set[str]
) -> list[Participant]:
    """R2 for every known course of the contract; ``approved``: courses with any approved line."""
    part = person_month_part(contract)
    if part is None:
        return []
    found = []
    for course in knowledge.courses:
        if course.contract == contract["contract_id"]:
            one = Participant(course)
            one.exit_date = exit_date(knowledge, contract, part["exit_reasons"], course)
            decide_first_five(knowledge, contract, part, one)
            found.append(one)
    decide_rest(part, [one for one in found if not one.eligibility], approved)
    return sorted(found, key=lambda one: one.course.course)


def person_month_part(contract: dict[str, Any]) -> dict[str, Any] | None:
    """The contract's part of kind ``person_months``, if any."""
    return next((part for part in contract["parts"] if part["kind"] == "person_months"), None)


def effort_months(contract: dict[str, Any], part: dict[str, Any], course: Course) -> list[int]:
    """R3.effort: from the month after the referral, only months that end within the term."""
    first = civil.month_of(course.visited_on) + 1
    end = civil.day(contract["term"]["ends_on"])
    months = range(first, first + int(part["effort_months"]))
    return [month for month in months if civil.last_day(month) <= end]


def rate_on(part: dict[str, Any], group: str | None, month: int) -> int:
    """The rate of the price group valid on the first day of the month, in øre."""
    rate = 0
    for price_group in part["price_groups"]:
        if price_group["benefit_group"] == group:
            for entry in price_group["rates"]:
                if civil.day(entry["valid_from"]) <= civil.first_day(month):
                    rate = money.oere(entry["amount"])
    return rate


def status_of(one: Participant, month: int, part: dict[str, Any], support: int | None) -> str:
    """R3.status: status of (course, effort month), first match wins."""
    if one.eligibility not in ("eligible", "over_quota"):
        return "not_eligible"
    if one.exit_date is not None and civil.last_day(month) >= one.exit_date:
        return "exited"
    if support is None:
        return "not_observed"
    return "on_support" if support > int(part["max_support_days"]) else "self_supporting"


def match_of(one: Participant, status: str, *, claimed: bool, payable: bool) -> str:
    """R3.match: how the claim and the register agree."""
    eligible = one.eligibility == "eligible"
    if not claimed:
        return "unclaimed" if eligible and status == "self_supporting" else "none"
    if payable:
        return "agreed"
    is_pending = (eligible and status == "not_observed") or one.eligibility in (
        "register_silent",
        "case_start_unknown",
    )
    return "claimed_pending" if is_pending else "claimed_denied"


def reason_of(one: Participant, status: str, *, is_decided: bool) -> str:
    """S.decided, R3.match: what decides the month."""
    if is_decided:
        return "decided"
    return one.eligibility if one.eligibility != "eligible" else status


def person_months(
    knowledge: Knowledge, contract: dict[str, Any], found: list[Participant]
) -> list[PersonMonth]:
    """R3 for every effort month of every course."""
    part = person_month_part(contract)
    if part is None:
        return []
    observed = {}
    rows = []
    for one in found:
        for month in effort_months(contract, part, one.course):
            if month not in observed:
                observed[month] = register.is_month_observed(knowledge, contract, month)
            rows.append(person_month(knowledge, contract, part, one, month, observed[month]))
    return rows


def person_month(
    knowledge: Knowledge,
    contract: dict[str, Any],
    part: dict[str, Any],
    one: Participant,
    month: int,
    is_observed: bool,
) -> PersonMonth:
    """R3 for one effort month of one course."""
    source = knowledge.registers[contract["register"]]
    person = one.course.person
    blocks = part["subsidised_job_blocks"] == "true"
    support = (
        register.support_days(
            knowledge, source, person, civil.days_of(month), subsidised_blocks=blocks
        )
        if is_observed
        else None
    )
    status = status_of(one, month, part, support)
    claimed = knowledge.claims.get((one.course.contract, one.course.course, month), False)
    earned = one.eligibility == "eligible" and status == "self_supporting"
    by_rules = earned and (claimed or part["pay_on"] == "register")
    decision = knowledge.decisions.get((one.course.contract, one.course.course, month))
    payable, group = by_rules, one.price_group
    if decision is not None:
        payable = decision[0]
        group = group or (decision[1] if payable else None)
    rate = rate_on(part, group, month)
    income_seen = knowledge.income.all_observed(civil.days_of(month))
    hours = knowledge.hours.get((person, month), 0)
    return PersonMonth(
        course=one.course.course,
        person=person,
        month=month,
        price_group=group,
        support_days=support,
        status=status,
        is_claimed=claimed,
        is_payable=payable,
        rate=rate,
        amount=rate if payable else 0,
        match=match_of(one, status, claimed=claimed, payable=by_rules),
        reason=reason_of(one, status, is_decided=decision is not None),
        is_no_income=status == "self_supporting" and income_seen and not hours,
        is_eligible=one.eligibility == "eligible",
        is_earned=earned,
        is_decided=decision is not None,
    )
