"""R1: coverage, support days, observed months, register FTE; and cases (R2.case)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.oracle import civil
from tests.oracle.home import Knowledge, Windowed


def groups_on(register: Windowed, person: str, day: int) -> set[str]:
    """The benefit groups that cover a day."""
    return {row.group for row in register.days(person).get(day, ())}


def benefit_days(register: Windowed, person: str, group: str, days: range) -> Fraction:
    """Σ over days of min(1, Σ shares of the group)."""
    total = Fraction(0)
    for day in days:
        rows = register.days(person).get(day, ())
        total += min(Fraction(1), sum((r.share for r in rows if r.group == group), Fraction(0)))
    return total


def is_support(knowledge: Knowledge, group: str, *, subsidised_blocks: bool) -> bool:
    """Public support, or a subsidised job where the contract says that it blocks."""
    return group in knowledge.support_groups or (
        subsidised_blocks and group in knowledge.subsidised_groups
    )


def support_days(
    knowledge: Knowledge, register: Windowed, person: str, days: range, *, subsidised_blocks: bool
) -> int:
    """Days covered by at least one spell of support; the share does not matter."""
    return sum(
        any(
            is_support(knowledge, group, subsidised_blocks=subsidised_blocks)
            for group in groups_on(register, person, day)
        )
        for day in days
    )


def is_month_observed(knowledge: Knowledge, contract: dict[str, Any], month: int) -> bool:
    """Every day owned by an extract made late enough, and person status known where required."""
    register = knowledge.registers[contract["register"]]
    end = civil.last_day(month)
    earliest = end + int(contract["register_lag_days"])
    for day in civil.days_of(month):
        owner = register.owner.get(day)
        if owner is None or register.deliveries[owner].extracted_on < earliest:
            return False
    if contract["requires_person_status"] == "true":
        return any(extracted > end for extracted in knowledge.status_extracts)
    return True


def register_fte(register: Windowed, group: str, month: int) -> Fraction | None:
    """Σ benefit days / days in the month; null unless all days are observed."""
    if not register.all_observed(civil.days_of(month)):
        return None
    days = civil.days_of(month)
    total = sum((benefit_days(register, p, group, days) for p in register.rows), Fraction(0))
    return total / len(days)


def cases(register: Windowed, person: str, groups: set[str], gap: int) -> list[tuple[int, int]]:
    """The person's cases over a set of groups: (first day, last day), in order (R2.case)."""
    remembered = register.cases.get((person, frozenset(groups), gap))
    if remembered is not None:
        return remembered
    by_group = register.group_days(person)
    covered = sorted({day for group in groups for day in by_group.get(group, ())})
    found: list[tuple[int, int]] = []
    for day in covered:
        if found and day - found[-1][1] - 1 <= gap:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    register.cases[person, frozenset(groups), gap] = found
    return found
