"""What became of a person in the figures of the newest snapshot: courses, months, kroner, disputes.

What belongs here: reading what is published of the person's pseudonyms. What does not: rows of
files (``rows``), words (``document``).

Rules: F.person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.publishing import snapshot as snapshots
from dagster_project.lib.publishing.snapshot import Rows, Snapshot
from dagster_project.settings import Home

# a contract that is computed no more has lines of approved periods, and no participants
_COURSES = """
with own as (
    select contract_id, course_id from restricted.participant
    where person_key in (select unnest(?::varchar[]))
    union
    select contract_id, course_id from restricted.settlement_line
    where list_contains(?::varchar[], contract_id || chr(31) || course_id)
)
select
    own.contract_id, own.course_id, visited_on, stated_group, eligibility, exit_date, exit_reason,
    contract.title, contract.provider
from own
left join restricted.participant as participant using (contract_id, course_id)
left join mart.contract as contract using (contract_id)
order by contract_id, course_id
"""
_MONTHS = """
select * from restricted.person_month
where contract_id = ? and course_id = ? order by month
"""
_LINES = """
select line.*, settlement.period_label, settlement.state
from restricted.settlement_line as line
inner join mart.settlement as settlement using (contract_id, period_start)
where contract_id = ? and course_id = ?
order by period_start, line_no
"""
_DISPUTES = """
select month, wants, opened_on, outcome, decided_on, amount_dkk from restricted.dispute
where contract_id = ? and course_id = ? order by month, opened_on, dispute_id
"""
_ENTRIES = """
select entry.*, contract.title
from restricted.employment_entry as entry
left join mart.contract as contract using (contract_id)
where person_key in (select unnest(?::varchar[])) order by contract_id, part_id, entry_date
"""


@dataclass(frozen=True)
class CourseFigures:
    """A course with its months, the lines of settlements that name it, and its disputes."""

    course: dict[str, Any]
    months: Rows
    lines: Rows
    disputes: Rows


@dataclass(frozen=True)
class Figures:
    """What the newest snapshot tells of a person.

    Args:
        as_of: its business date, null before the first publication.
        courses: the person's courses.
        entries: employments that a part of a contract counts.
    """

    as_of: dt.date | None
    courses: tuple[CourseFigures, ...] = ()
    entries: tuple[dict[str, Any], ...] = ()


def figures_of(home: Home, keys: Collection[str], named: Collection[tuple[str, str]]) -> Figures:
    """The person's courses, months and kroner, as they are published now.

    Args:
        home: the home.
        keys: the pseudonyms of the person.
        named: contract and course of courses that the person alone has.
    """
    try:
        with snapshots.open_current(home) as current:
            return _figures(current, sorted(keys), ["\x1f".join(one) for one in sorted(named)])
    except EffektError as error:
        if error.code == "NO_SNAPSHOT":
            return Figures(None)
        raise


def _figures(current: Snapshot, keys: list[str], named: list[str]) -> Figures:
    courses = [
        CourseFigures(
            row,
            current.rows(_MONTHS, [row["contract_id"], row["course_id"]]),
            current.rows(_LINES, [row["contract_id"], row["course_id"]]),
            current.rows(_DISPUTES, [row["contract_id"], row["course_id"]]),
        )
        for row in current.rows(_COURSES, [keys, named])
    ]
    return Figures(current.as_of, tuple(courses), tuple(current.rows(_ENTRIES, [keys])))
