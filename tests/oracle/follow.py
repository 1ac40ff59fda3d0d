"""R6: focus goal, follow-up, ended cases, potential."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle import civil, money, register
from tests.oracle.home import Knowledge, Windowed

GAP = 28
END_WINDOW = 28
DIRECTED = ("virksomhedspraktik", "løntilskud")


def term_months(contract: dict[str, Any]) -> range:
    """The months that the term touches."""
    first, last = (civil.month_of(civil.day(contract["term"][k])) for k in ("starts_on", "ends_on"))
    return range(first, last + 1)


def observed_term_months(knowledge: Knowledge, contract: dict[str, Any]) -> list[int]:
    """The months of the term all of whose days are observed."""
    source = knowledge.registers[contract["register"]]
    return [m for m in term_months(contract) if source.all_observed(civil.days_of(m))]


def overlaps(activity: dict[str, str], first: int, last: int) -> bool:
    """The activity overlaps the days; without slutdato it runs on."""
    starts_before_end = civil.day(activity["startdato"]) <= last
    return starts_before_end and (
        not activity["slutdato"] or civil.day(activity["slutdato"]) >= first
    )


def is_directed(knowledge: Knowledge, person: str, first: int, last: int) -> bool:
    """The person has a company placement or subsidised job that overlaps the days."""
    return any(
        activity["type"] in DIRECTED and overlaps(activity, first, last)
        for _, activity in knowledge.activities_of(person)
    )


@dataclass(frozen=True)
class FocusGoal:
    """One group and month."""

    month: int
    group: str
    persons: int
    with_placement: int
    with_hours: int
    with_either: int
    missing: int


def focus_goals(knowledge: Knowledge, contract: dict[str, Any]) -> list[FocusGoal]:
    """R6.focus_goal, per group and observed month of the term."""
    goal = contract["focus_goal"]
    found = []
    for month in observed_term_months(knowledge, contract):
        first = civil.first_day(month - int(goal["window_months"]) + 1)
        for group in goal["benefit_groups"]:
            persons = long_cases(knowledge, contract, group, month, int(goal["case_days"]))
            placed = {p for p in persons if is_directed(knowledge, p, first, civil.last_day(month))}
            worked = {
                p for p in persons
                if sum(
                    knowledge.hours.get((p, m), Fraction(0))
                    for m in range(month - int(goal["window_months"]) + 1, month + 1)
                ) >= Fraction(goal["hours"])
            }  # fmt: skip
            wanted = Fraction(goal["target_share"]) * len(persons)
            missing = max(0, -(-wanted.numerator // wanted.denominator) - len(placed | worked))
            found.append(
                FocusGoal(
                    month, group, len(persons), len(placed), len(worked), len(placed | worked),
                    missing,
                )
            )  # fmt: skip
    return found


def long_cases(
    knowledge: Knowledge, contract: dict[str, Any], group: str, month: int, case_days: int
) -> set[str]:
    """Persons whose case covers the month's last day and began more than case_days before it."""
    source, end = knowledge.registers[contract["register"]], civil.last_day(month)
    return {
        person
        for person in source.rows
        if any(
            first <= end <= last and end - first > case_days
            for first, last in register.cases(source, person, {group}, GAP)
        )
    }


@dataclass(frozen=True)
class FollowUp:
    """One group and month."""

    month: int
    group: str
    persons: int | None
    fte_register: Fraction | None
    fte_published: Fraction | None
    directed: int
    ended: list[tuple[str, str]]
    contacts: int


def follow_ups(knowledge: Knowledge, contract: dict[str, Any]) -> list[FollowUp]:
    """R6.follow_up, per group and month of the term that has begun.

    Unobserved days leave the persons of a month unknown.
    """
    source = knowledge.registers[contract["register"]]
    found = []
    for month in term_months(contract):
        if civil.first_day(month) > knowledge.as_of:
            break
        is_known = source.all_observed(civil.days_of(month))
        contacts = sum(
            activity["type"] == "virksomhedskontakt"
            and civil.month_of(civil.day(activity["startdato"])) == month
            for activity in knowledge.activities.values()
        )
        days = set(civil.days_of(month))
        for group in contract["follow_up"]["benefit_groups"]:
            persons = [p for p in source.rows if source.group_days(p).get(group, set()) & days]
            directed = sum(
                is_directed(knowledge, p, civil.first_day(month), civil.last_day(month))
                for p in persons
            )
            found.append(
                FollowUp(
                    month, group, len(persons) if is_known else None,
                    register.register_fte(source, group, month),
                    knowledge.statistics.get((contract["area"], group, month)),
                    directed, ended_cases(knowledge, source, group, month), contacts,
                )
            )  # fmt: skip
    return found


def ended_cases(
    knowledge: Knowledge, source: Windowed, group: str, month: int
) -> list[tuple[str, str]]:
    """Ended cases of a group in a month: whose, and the reason."""
    found = []
    for person in source.rows:
        for _, end in register.cases(source, person, {group}, GAP):
            known_after = range(end + 1, end + END_WINDOW + 1)
            if civil.month_of(end) == month and source.all_observed(known_after):
                found.append((person, end_reason(knowledge, source, person, end)))
    return found


def end_reason(knowledge: Knowledge, source: Windowed, person: str, end: int) -> str:
    """R6.reason: stated result, else the next benefit, else a job, else unknown."""
    stated = sorted(
        (abs(civil.day(a["startdato"]) - end), civil.day(a["startdato"]), key, a["resultat"])
        for key, a in knowledge.activities_of(person)
        if a["type"] == "afsluttet forløb"
        and a["resultat"]
        and abs(civil.day(a["startdato"]) - end) <= END_WINDOW
    )
    if stated:
        return stated[0][3]
    for day in range(end + 1, end + END_WINDOW + 1):
        groups = register.groups_on(source, person, day)
        if groups:
            return min(groups)
    following = civil.month_of(end) + 1
    return "job" if knowledge.hours.get((person, following), 0) > 0 else "uoplyst"


def potential(contract: dict[str, Any]) -> list[dict[str, Any]]:
    """R6.potential: net to whole kroner, per week, saving."""
    rows = []
    for group in contract["potential"]["groups"]:
        net = money.half_away(Fraction(group["gross"]) * (1 - Fraction(group["refund_share"])))
        rows.append(
            {
                "contract_id": contract["contract_id"],
                "benefit_group": group["benefit_group"],
                "net_dkk": money.decimal_text(net, 2),
                "net_per_week_dkk": money.decimal_text(money.half_away(Fraction(net, 52)), 2),
                "saving_dkk": money.decimal_text(Fraction(group["reduced_fte"]) * net, 2),
            }
        )
    return rows
