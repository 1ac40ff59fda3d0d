"""R8: the screening funnel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle import civil, register
from tests.oracle.home import Knowledge, Windowed

STEPS = (
    "eligible", "screened", "round_table_phone", "round_table_visit", "special_course",
    "granted_flex_after", "granted_retention_after", "granted_retention_all",
)  # fmt: skip
GROUP, GAP, STATUS_DAYS = "sygedagpenge", 28, 365


def year_of(day: int) -> int:
    """Calendar year of a day."""
    return int(civil.day_text(day)[:4])


def step_of(activity: dict[str, str]) -> str | None:
    """The funnel step that an activity counts in by itself."""
    if activity["type"] == "rundbordssamtale":
        return {"telefon": "round_table_phone", "besøg": "round_table_visit"}.get(activity["kanal"])
    return {
        "screening": "screened",
        "særligt forløb": "special_course",
        "bevilling fastholdelsesfleksjob": "granted_retention_all",
    }.get(activity["type"])


def step_after_course(activity: dict[str, str]) -> str | None:
    """The step of a grant that follows a special course."""
    return {
        "bevilling fleksjob": "granted_flex_after",
        "bevilling fastholdelsesfleksjob": "granted_retention_after",
    }.get(activity["type"])


def course_starts(knowledge: Knowledge) -> dict[str, list[int]]:
    """Days on which each person entered the special course."""
    starts: dict[str, list[int]] = {}
    for activity in knowledge.activities.values():
        if activity["type"] == "særligt forløb":
            starts.setdefault(activity["person"], []).append(civil.day(activity["startdato"]))
    return starts


def eligible_years(source: Windowed, person: str, case_days: int) -> set[int]:
    """Years in which a case of the person came to last more than case_days days."""
    return {
        year_of(first + case_days + 1)
        for first, last in register.cases(source, person, {GROUP}, GAP)
        if last >= first + case_days + 1
    }


def statuses(source: Windowed, person: str, day: int) -> set[str]:
    """What covers day 365 after the entry into the special course."""
    if not source.is_observed(day):
        return {"status_1y_not_yet_observable"}
    groups = register.groups_on(source, person, day)
    return {f"status_1y_{group}" for group in groups} or {"status_1y_self_supporting"}


def funnel(knowledge: Knowledge, contract: dict[str, Any]) -> dict[tuple[int, str], set[str]]:
    """R8.funnel: the persons of each year and step."""
    source = knowledge.registers[contract["register"]]
    first, last = (year_of(civil.day(contract["term"][key])) for key in ("starts_on", "ends_on"))
    years = range(first, min(last, year_of(knowledge.as_of)) + 1)
    found: dict[tuple[int, str], set[str]] = {(y, step): set() for y in years for step in STEPS}

    def count(year: int, step: str, person: str) -> None:
        if year in years:
            found.setdefault((year, step), set()).add(person)

    for person in source.rows:
        for year in eligible_years(source, person, int(contract["screening"]["case_days"])):
            count(year, "eligible", person)
    count_activities(knowledge, count)
    for person, days in course_starts(knowledge).items():
        for year in {year_of(day) for day in days}:
            entry = min(day for day in days if year_of(day) == year)
            for status in statuses(source, person, entry + STATUS_DAYS):
                count(year, status, person)
    return found


def count_activities(knowledge: Knowledge, count: Callable[[int, str, str], None]) -> None:
    """Count the steps that activities stand for, on their startdato."""
    starts = course_starts(knowledge)
    for activity in knowledge.activities.values():
        person, on = activity["person"], civil.day(activity["startdato"])
        step, after = step_of(activity), step_after_course(activity)
        if step:
            count(year_of(on), step, person)
        if after and any(start <= on for start in starts.get(person, [])):
            count(year_of(on), after, person)
