"""S.cause: the first input that, put back, changes the amount back.

ADR 0015 says what is held while one is put back: who has a place, and the exit as a date.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from tests.oracle import courses, settlement
from tests.oracle.courses import Participant
from tests.oracle.home import Knowledge
from tests.oracle.settlement import Approved, Line, Moment

REGISTER = ("ydelsesforloeb", "dream", "ydelsesrefusion", "eindkomst")
WITHDRAWALS = ("withdrawals",)
PLACED = ("eligible", "over_quota", "duplicate_person")
Older = Callable[[int, tuple[str, ...]], Knowledge]
"""Today's knowledge, but of these sources only what was known as of that day."""


def moment_of(approved: list[Approved], line: Line) -> Moment:
    """The last approval of the line's key, else that of the month's period."""
    with_key = [one for one in approved if any(own.key == line.key for own in one.lines)]
    period = settlement.corrected_period(approved, line.month)
    decided = with_key[-1:] or [one for one in approved if one.period_start == period]
    if decided[0].moment is None:
        raise ValueError("an approval without what it rests on has no causes")
    return decided[0].moment


def cause_of(approved: list[Approved], line: Line, now: Moment, older: Older) -> str:
    """The cause of one true-up line."""
    then = moment_of(approved, line)
    if line.course is None:
        tried = put_back_sum(line, now, then, older)
        rest = "register_changed"
        if older(then.knowledge.as_of, ("jobindsats",)).published != now.knowledge.published:
            rest = "statistics_revised"
    else:
        tried = put_back_course(line, now, then, older)
        places = [place_of(moment, line.course) for moment in (then, now)]
        changed = (places[0] == "eligible") != (places[1] == "eligible")
        rest = "quota_changed" if changed else "register_changed"
    backs = [kind for kind, amount in tried if amount == line.old]
    moves = [kind for kind, amount in tried if amount != line.new]
    return [*backs, *moves, rest][0]


def put_back_sum(
    line: Line, now: Moment, then: Moment, older: Older
) -> list[tuple[str, int]]:  # fmt: skip
    """The amount of a part that is not about persons, with each input put back in turn."""
    since = then.knowledge.as_of
    tried = []
    if then.contract != now.contract:
        tried.append(("terms_changed", booked(now.knowledge, then.contract, line)))
    tried.append(("delivery_withdrawn", booked(older(since, WITHDRAWALS), now.contract, line)))
    tried.append(("register_changed", booked(older(since, REGISTER), now.contract, line)))
    statistics = older(since, ("jobindsats",))
    tried.append(("statistics_revised", booked(statistics, now.contract, line)))
    return tried


def booked(knowledge: Knowledge, contract: dict[str, Any], line: Line) -> int:
    """What a part without persons books on the line's key."""
    found = settlement.bookings(knowledge, contract, [])
    return next((one.amount for one in found if one.key == line.key), 0)


def decide(moment: Moment, course: str | None) -> Participant | None:
    """The course as it stood at a moment."""
    found = courses.participants(moment.knowledge, moment.contract, set(moment.approved))
    return next((one for one in found if one.course.course == course), None)


def place_of(moment: Moment, course: str | None) -> str | None:
    """What the rules about places said of the course; None where an earlier rule decided."""
    one = decide(moment, course)
    return one.eligibility if one is not None and one.eligibility in PLACED else None


def put_back_course(
    line: Line, now: Moment, then: Moment, older: Older
) -> list[tuple[str, int]]:  # fmt: skip
    """The amount of a course's month, with each input put back in turn."""
    since, tried = then.knowledge.as_of, []
    if then.contract != now.contract:
        terms = dataclasses.replace(now, contract=then.contract)
        tried.append(("terms_changed", amount_at(terms, line)))
    back = dataclasses.replace(now, knowledge=older(since, WITHDRAWALS))
    tried.append(("delivery_withdrawn", amount_at(back, line)))
    key = claim_key(line, now)
    if now.knowledge.decisions.get(key) != then.knowledge.decisions.get(key):
        undecided = dataclasses.replace(now.knowledge, decisions=then.knowledge.decisions)
        back = dataclasses.replace(now, knowledge=undecided)
        tried.append(("decision_made", amount_at(back, line)))
    one, before = decide(now, line.course), decide(then, line.course)
    if one is None:
        raise ValueError(f"{line.course} has left the list, which never forgets")
    place = one.eligibility if one.eligibility in PLACED else "eligible"
    listed = decide(
        dataclasses.replace(now, knowledge=older(since, ("deltagere",))), line.course
    )  # fmt: skip
    if before is None or listed is None:
        tried.append(("participant_changed", 0))
    else:
        row = dataclasses.replace(
            listed.course, ended_on=one.course.ended_on, end_reason=one.course.end_reason
        )
        tried.append(("participant_changed", hybrid(now, row, one.exit_date, place, line)))
        tried.append(("exit_added", hybrid(now, one.course, before.exit_date, place, line)))
    was_claimed = then.knowledge.claims.get(claim_key(line, now), False)
    is_claimed = now.knowledge.claims.get(claim_key(line, now), False)
    claims = {**now.knowledge.claims, claim_key(line, now): was_claimed}
    claimed = dataclasses.replace(
        now, knowledge=dataclasses.replace(now.knowledge, claims=claims)
    )  # fmt: skip
    kind = "claim_added" if is_claimed else "claim_withdrawn"
    if was_claimed != is_claimed:
        tried.append((kind, hybrid(claimed, one.course, one.exit_date, place, line)))
    spells = older(since, REGISTER)
    spells = dataclasses.replace(spells, status_extracts=then.knowledge.status_extracts)
    silent = dataclasses.replace(now, knowledge=spells)
    tried.append(("register_changed", hybrid(silent, one.course, one.exit_date, place, line)))
    former = place_of(then, line.course) or "eligible"
    tried.append(("quota_changed", hybrid(now, one.course, one.exit_date, former, line)))
    return tried


def claim_key(line: Line, moment: Moment) -> tuple[str, str, int]:
    """The claim that a line rests on."""
    return (moment.contract["contract_id"], line.course or "", line.month)


def amount_at(moment: Moment, line: Line) -> int:
    """The amount of the line's key, everything decided at a moment."""
    found = courses.participants(moment.knowledge, moment.contract, set(moment.approved))
    months = courses.person_months(moment.knowledge, moment.contract, found)
    rows = [row for row in months if (row.course, row.month) == (line.course, line.month)]
    return rows[0].amount if rows else 0


def hybrid(moment: Moment, course: Any, exit_date: int | None, place: str, line: Line) -> int:
    """The amount of one month of a course of which exit and place are given."""
    part = courses.person_month_part(moment.contract)
    if part is None or line.month not in courses.effort_months(moment.contract, part, course):
        return 0
    one = Participant(course, exit_date=exit_date)
    courses.decide_first_five(moment.knowledge, moment.contract, part, one)
    one.eligibility = one.eligibility or place
    observed = courses.register.is_month_observed(moment.knowledge, moment.contract, line.month)
    found = courses.person_month(
        moment.knowledge, moment.contract, part, one, line.month, observed
    )  # fmt: skip
    return found.amount
