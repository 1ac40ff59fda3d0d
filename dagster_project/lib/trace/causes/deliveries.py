"""Which delivery brought a change: provenance of its cause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb

from dagster_project.lib.base import months
from dagster_project.lib.trace.causes.changes import Change, Row
from dagster_project.lib.trace.causes.today import DECISION, Today


def delivery_of(
    connection: duckdb.DuckDBPyConnection, today: Today, kind: str, change: Change
) -> str | None:
    """sha256 of the delivery that brought the change, null where a decision did."""
    if kind == "delivery_withdrawn":
        return _withdrawn(today, change)
    numbers = BROUGHT_BY.get(kind)
    if numbers is None:
        return None
    new = [row for row in today.known if row["delivery_id"] not in today.old]
    named = {row["delivery_no"]: row["sha256"] for row in new}
    for number in numbers(connection, today, change):
        if number in named:
            return str(named[number])
    sources = _sources(today, kind)
    fitting = [row for row in new if row["source"] in sources]
    return str(fitting[-1]["sha256"]) if fitting else None


def _withdrawn(today: Today, change: Change) -> str | None:
    """The newest withdrawn delivery of the source by which the line differs, else of any."""
    course, month = change.course_id, change.month
    suspects = ["jobindsats"] if course is None else today.sources_that_differ(course, month)
    newest = sorted(today.withdrawn, key=lambda row: (row["extracted_on"], row["delivery_no"]))
    for source in (*suspects, today.register, "personstatus", "eindkomst"):
        own = [row for row in newest if row["source"] == source]
        about = [row for row in own if _covers(row, month)]
        if about or own:
            return str((about or own)[-1]["sha256"])
    return str(newest[-1]["sha256"]) if newest else None


def _covers(row: Row, month: dt.date) -> bool:
    if row["covers_from"] is None:
        return True
    return bool(row["covers_from"] <= months.last_day(month) and row["covers_to"] >= month)


def _sources(today: Today, kind: str) -> tuple[str, ...]:
    return {
        "participant_changed": ("deltagere",),
        "exit_added": ("deltagere", "personstatus"),
        "claim": ("resultatkrav",),
        "register_changed": ("personstatus", today.register),
        "statistics_revised": ("jobindsats",),
        "quota_changed": ("deltagere", today.register),
    }[kind]


def _numbers(
    connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | dict[str, Any]
) -> list[int]:
    return [row[0] for row in connection.execute(query, values).fetchall()]


def _course_deliveries(
    connection: duckdb.DuckDBPyConnection, _today: Today, change: Change
) -> list[int]:
    return _numbers(
        connection,
        "select delivery_no from intermediate.int_courses__resolve_known"
        " where contract_id = ? and course_id = ?",
        [change.contract_id, change.course_id],
    )


def _place_deliveries(
    connection: duckdb.DuckDBPyConnection, today: Today, change: Change
) -> list[int]:
    """The newest list row of another course that has been decided otherwise than then."""
    others = [course for course in today.listed_otherwise if course != change.course_id]
    moved = [course for course in others if len({*today.eligibility(course)}) > 1]
    return _numbers(
        connection,
        """
        select course.delivery_no
        from intermediate.int_courses__resolve_known as course
        inner join raw.known_delivery as known using (delivery_no)
        where course.contract_id = ? and list_contains(?, course.course_id)
        order by known.delivery_rank desc, course.course_id
        """,
        [change.contract_id, sorted(moved)],
    )


def _exit_deliveries(
    connection: duckdb.DuckDBPyConnection, today: Today, change: Change
) -> list[int]:
    """The first new person status that has the exit, else the list, else the register."""
    told = _numbers(
        connection,
        f"""
        select known.delivery_no
        from intermediate.{DECISION} as decision
        inner join raw.personstatus as event
            on event.event_date = decision.exit_date and event.event = decision.exit_reason
        inner join raw.known_delivery as known on event.delivery_no = known.delivery_no
        left join intermediate.int_persons__resolve_identity as identity
            on event.person_no = identity.person_no
        where
            decision.contract_id = ? and decision.course_id = ?
            and coalesce(identity.canonical_person_no, event.person_no) = decision.person_no
        order by known.delivery_rank
        """,  # noqa: S608 - a name from code
        [change.contract_id, change.course_id],
    )
    listed = _numbers(
        connection,
        f"""
        select course.delivery_no
        from intermediate.int_courses__resolve_known as course
        inner join intermediate.{DECISION} as decision using (contract_id, course_id)
        where
            contract_id = ? and course_id = ? and decision.exit_date = course.ended_on + 1
        """,  # noqa: S608 - a name from code
        [change.contract_id, change.course_id],
    )
    return [*told, *listed, *_register_deliveries(connection, today, change)]


def _claim_deliveries(
    connection: duckdb.DuckDBPyConnection, _today: Today, change: Change
) -> list[int]:
    return _numbers(
        connection,
        "select delivery_no from intermediate.int_claims__resolve_known"
        " where contract_id = ? and course_id = ? and month = ?",
        [change.contract_id, change.course_id, change.month],
    )


def _register_deliveries(
    connection: duckdb.DuckDBPyConnection, today: Today, change: Change
) -> list[int]:
    """Owners of the month's days, newest first, then those of the day of referral."""
    visited = today.courses.get(change.course_id or "", {}).get("visited_on")
    return _numbers(
        connection,
        """
        select owner.delivery_no
        from intermediate.int_deliveries__resolve_effective_windows as owner
        inner join raw.known_delivery as known using (delivery_no)
        where
            owner.source = $source
            and (
                (owner.starts_on <= last_day($month::date) and owner.ends_before > $month::date)
                or (owner.starts_on <= $visited::date and owner.ends_before > $visited::date)
            )
        order by
            (owner.starts_on <= last_day($month::date) and owner.ends_before > $month::date) desc,
            known.delivery_rank desc
        """,
        {"source": today.register, "month": change.month, "visited": visited},
    )


def _statistics_deliveries(
    connection: duckdb.DuckDBPyConnection, _today: Today, change: Change
) -> list[int]:
    return _numbers(
        connection,
        """
        select published.delivery_no
        from intermediate.int_fte__choose_published as published
        inner join raw.contract as contract on published.area = contract.area
        inner join raw.contract_part as part on contract.contract_id = part.contract_id
        inner join raw.known_delivery as known on published.delivery_no = known.delivery_no
        where
            contract.contract_id = ? and part.part_id = ? and published.benefit_group = ?
            and (
                published.month between part.baseline_first_month and part.baseline_last_month
                or published.month
                    between part.evaluation_first_month and part.evaluation_last_month
            )
        order by known.delivery_rank desc
        """,
        [change.contract_id, change.part_id, change.price_group],
    )


BROUGHT_BY: dict[str, Callable[[duckdb.DuckDBPyConnection, Today, Change], list[int]]] = {
    "participant_changed": _course_deliveries,
    "exit_added": _exit_deliveries,
    "claim": _claim_deliveries,
    "register_changed": _register_deliveries,
    "statistics_revised": _statistics_deliveries,
    "quota_changed": _place_deliveries,
}
