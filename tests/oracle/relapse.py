"""R5: employment entries, relapse after 12 months, saving, and the curve."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle import civil, money, register
from tests.oracle.home import Knowledge, Windowed

FOLLOW_UP_DAYS = 365


@dataclass(frozen=True)
class Entry:
    """One employment entry that counts."""

    person: str
    entry_date: int
    follow_up: int
    is_observed: bool
    is_retained: bool | None
    is_relapsed: bool | None
    is_any_return: bool | None
    first_return: int | None


@dataclass(frozen=True)
class Summary:
    """One part's summary; money in øre."""

    entries: int
    observed: int
    retained: int
    relapsed: int
    any_return: int
    expected: Fraction
    avoided: Fraction
    target_relapses: Fraction
    saving: int
    net_saving: int
    is_complete: bool

    @property
    def booked(self) -> int:
        """The saving, once the part is complete."""
        return self.saving if self.is_complete else 0


def entry_months(part: dict[str, Any]) -> tuple[int, int]:
    """First and last month of the entries that are considered."""
    return civil.month(part["entries"]["first_month"]), civil.month(part["entries"]["last_month"])


def last_follow_up(part: dict[str, Any]) -> int:
    """Last day of entries.last_month + 365 days."""
    return civil.last_day(entry_months(part)[1]) + FOLLOW_UP_DAYS


def booking_month(part: dict[str, Any]) -> int:
    """The month on which the saving is booked."""
    return civil.month_of(last_follow_up(part))


def is_supported(knowledge: Knowledge, source: Windowed, person: str, day: int) -> bool:
    """A public-support spell covers the day."""
    return bool(register.groups_on(source, person, day) & knowledge.support_groups)


def ordinary_hours(knowledge: Knowledge, person: str, month: int) -> Fraction:
    """Ordinary wage hours of a month; an unobserved month has none."""
    return knowledge.hours.get((person, month), Fraction(0))


def is_entry(
    knowledge: Knowledge, source: Windowed, part: dict[str, Any], person: str, end: int
) -> bool:
    """R5.entry: the case that ends on ``end`` leads to employment."""
    gap, wanted = int(part["case_max_gap_days"]), part.get("match_group")
    groups = set(part["target_groups"])
    if wanted:
        on_last_day = [r for r in source.days(person)[end] if r.group in groups]
        if not any(
            r.code and knowledge.codes[r.code].match_group == wanted for r in on_last_day
        ):  # fmt: skip
            return False
    month = civil.month_of(end + 1)
    return source.all_observed(range(end + 1, end + 1 + gap)) and any(
        ordinary_hours(knowledge, person, m) > 0 for m in (month, month + 1)
    )


def entries(knowledge: Knowledge, contract: dict[str, Any], part: dict[str, Any]) -> list[Entry]:
    """R5.entry: every counted employment entry, by person and date."""
    source = knowledge.registers[contract["register"]]
    first, last = entry_months(part)
    found = []
    for person in sorted(source.rows):
        counted: int | None = None
        groups = set(part["target_groups"])
        for _, end in register.cases(source, person, groups, int(part["case_max_gap_days"])):
            date = end + 1
            if not first <= civil.month_of(date) <= last:
                continue
            if counted is not None and date - counted <= FOLLOW_UP_DAYS:
                continue
            if is_entry(knowledge, source, part, person, end):
                counted = date
                found.append(follow_up(knowledge, source, person, date))
    return found


def follow_up(knowledge: Knowledge, source: Windowed, person: str, date: int) -> Entry:
    """R5.follow_up: what became of one entry on day 365."""
    end = date + FOLLOW_UP_DAYS
    is_observed = source.all_observed(range(date, end + 1)) and knowledge.income.all_observed(
        civil.days_of(civil.month_of(end))
    )
    later = [day for day in source.days(person) if day >= date]
    returns = [day for day in later if is_supported(knowledge, source, person, day)]
    seen = any(day <= end for day in returns)
    retained = ordinary_hours(knowledge, person, civil.month_of(end)) > 0 and not is_supported(
        knowledge, source, person, end
    )
    return Entry(
        person,
        date,
        end,
        is_observed,
        retained if is_observed else None,
        not retained if is_observed else None,
        seen if is_observed or seen else None,
        min(returns, default=None),
    )


def is_complete(knowledge: Knowledge, contract: dict[str, Any], part: dict[str, Any]) -> bool:
    """R5.complete: D after the last follow-up day, and everything up to it observed."""
    start, end = civil.first_day(entry_months(part)[0]), last_follow_up(part)
    months = range(entry_months(part)[0], civil.month_of(end) + 1)
    return (
        knowledge.as_of > end
        and knowledge.registers[contract["register"]].all_observed(range(start, end + 1))
        and all(knowledge.income.all_observed(civil.days_of(month)) for month in months)
    )


def summary(knowledge: Knowledge, contract: dict[str, Any], part: dict[str, Any]) -> Summary:
    """R5.saving: counts, expected and avoided relapses, saving and net saving."""
    found = entries(knowledge, contract, part)
    observed = [entry for entry in found if entry.is_observed]
    relapsed = sum(bool(entry.is_relapsed) for entry in observed)
    baseline = part["baseline"]
    expected = Fraction(len(observed) * int(baseline["relapsed"]), int(baseline["entries"]))
    avoided = expected - relapsed
    saving = max(0, money.half_away(avoided * money.oere(part["cost_per_relapse"])))
    first, last = entry_months(part)
    investment = Fraction(money.oere(part["yearly_investment"]) * (last - first + 1), 12)
    return Summary(
        entries=len(found),
        observed=len(observed),
        retained=sum(bool(entry.is_retained) for entry in observed),
        relapsed=relapsed,
        any_return=sum(bool(entry.is_any_return) for entry in found),
        expected=expected,
        avoided=avoided,
        target_relapses=expected * (1 - Fraction(part["target"]["reduction"])),
        saving=saving,
        net_saving=money.half_away(saving - investment),
        is_complete=is_complete(knowledge, contract, part),
    )


def last_day_without_hole(source: Windowed, date: int) -> int:
    """The last day observed without a hole from the entry date on."""
    day = date
    while source.is_observed(day):
        day += 1
    return day - 1


def timed(source: Windowed, found: list[Entry]) -> list[tuple[Entry, int, bool]]:
    """Each entry, its completed months, and whether they end with a return."""
    times = []
    for entry in found:
        end = last_day_without_hole(source, entry.entry_date)
        has_returned = entry.first_return is not None and entry.first_return <= end
        until = entry.first_return if has_returned and entry.first_return is not None else end
        months = max(0, civil.completed_months(entry.entry_date, until))
        times.append((entry, months, has_returned))
    return times


def at_risk(source: Windowed, found: list[Entry], month: int) -> set[str]:
    """The persons at risk in a month after their entry."""
    return {entry.person for entry, time, _ in timed(source, found) if time >= month}


def survival(source: Windowed, found: list[Entry]) -> list[tuple[int, int, int, Fraction]]:
    """R5.curve: (months, at risk, returned, still-out share) for m = 0 … greatest time."""
    times = [(time, back) for _, time, back in timed(source, found)]
    curve = []
    share = Fraction(1)
    for m in range(max((time for time, _ in times), default=-1) + 1):
        still = sum(time >= m for time, _ in times)
        returned = sum(time == m and back for time, back in times)
        share *= 1 - Fraction(returned, still)
        curve.append((m, still, returned, share))
    return curve
