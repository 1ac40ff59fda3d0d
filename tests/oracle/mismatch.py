"""R3.mismatch: where list, claim, register and contract disagree."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.oracle import civil, courses, money
from tests.oracle.courses import Participant, PersonMonth
from tests.oracle.home import Knowledge

Rows = list[dict[str, Any]]
Found = dict[str, tuple[list[Participant], list[PersonMonth]]]
"""Per contract: its courses and their months."""
TOLD = ("claimed_denied", "claimed_pending", "unclaimed")


def mismatch_rows(knowledge: Knowledge, contracts: list[dict[str, Any]], found: Found) -> Rows:
    """``restricted.mismatch`` of all contracts; texts are only present."""
    rows: Rows = []
    where_earned = earned_months(found)
    for contract in contracts:
        name = contract["contract_id"]
        participants, months = found[name]
        said = [
            *month_findings(name, months, where_earned),
            *course_findings(knowledge, name, participants, months),
            *claim_findings(knowledge, contract, participants),
            *decision_findings(knowledge, name, months),
        ]
        rows += [
            {
                "contract_id": name, "course_id": course, "month": civil.month_text(month),
                "kind": kind, "amount_dkk": money.dkk(amount),
            }
            for course, month, kind, amount in said
        ]  # fmt: skip
    return rows


def earned_months(found: Found) -> dict[tuple[str, int], set[str]]:
    """The contracts under which each person's month is one of an eligible, self-supporting one."""
    earned: dict[tuple[str, int], set[str]] = defaultdict(set)
    for name, (_, months) in found.items():
        for row in months:
            if row.is_earned:
                earned[row.person, row.month].add(name)
    return earned


def month_findings(
    name: str, months: list[PersonMonth], where_earned: dict[tuple[str, int], set[str]]
) -> list[tuple[str, int, str, int]]:
    """Claims against the register, months without income, and months that two contracts count."""
    said = []
    for row in months:
        if row.is_decided:
            continue
        if row.match in TOLD:
            said.append((row.course, row.month, row.match, row.rate))
        if row.is_no_income:
            said.append((row.course, row.month, "no_income", row.amount))
        if row.is_earned and where_earned[row.person, row.month] - {name}:
            said.append((row.course, row.month, "two_contracts", row.amount))
    return said


def decision_findings(
    knowledge: Knowledge, name: str, months: list[PersonMonth]
) -> list[tuple[str, int, str, int]]:
    """S.decided: decisions about months that are no effort months any more."""
    there = {(row.course, row.month) for row in months}
    return [
        (course, month, "decision_without_month", amount)
        for (contract, course, month), (_, _, amount) in knowledge.decisions.items()
        if contract == name and (course, month) not in there
    ]


def course_findings(
    knowledge: Knowledge, name: str, participants: list[Participant], months: list[PersonMonth]
) -> list[tuple[str, int, str, int]]:
    """Where the list differs about the referral from the register, or from what it held before."""
    said = []
    for one in participants:
        course, month = one.course.course, civil.month_of(one.course.visited_on)
        stated = one.course.stated_group
        if stated and one.price_group is not None and stated != one.price_group:
            said.append((course, month, "group_differs", 0))
        if len(knowledge.listed[name, course]) > 1:
            amount = sum(row.amount for row in months if row.course == course)
            said.append((course, month, "participant_changed", amount))
    return said


def claim_findings(
    knowledge: Knowledge, contract: dict[str, Any], participants: list[Participant]
) -> list[tuple[str, int, str, int]]:
    """Claims of no known course, and of months that are no effort months of theirs."""
    part = courses.person_month_part(contract)
    by_course = {one.course.course: one for one in participants}
    said = []
    for (name, course, month), is_claimed in knowledge.claims.items():
        if name != contract["contract_id"] or not is_claimed:
            continue
        one = by_course.get(course)
        if one is None or part is None:
            said.append((course, month, "claim_without_course", 0))
        elif month not in courses.effort_months(contract, part, one.course):
            rate = courses.rate_on(part, one.price_group, month)
            said.append((course, month, "claim_outside_effort", rate))
    return said
