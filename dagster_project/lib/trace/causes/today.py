"""What tonight knows about a contract, and where it differs from an approval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import duckdb

from dagster_project.lib.contracts.terms import hash_terms
from dagster_project.lib.trace.causes.changes import Change, Key, Past, Row
from dagster_project.lib.warehouse.rows import fetch_rows

PLACED = ("eligible", "over_quota")
DECISION = "int_courses__decide_eligibility"

# the deliveries that are known today, and those that were known then: some may be withdrawn since
KNOWN_TODAY_AND_THEN = """
(
    select delivery_no, delivery_rank, false as is_then from raw.known_delivery
    union all
    select
        delivery_no,
        row_number() over (
            partition by source order by extracted_on, coalesce(version_no, 1), file_name
        ) as delivery_rank,
        true as is_then
    from raw.delivery
    where list_contains($deliveries, delivery_id)
)
"""

# the newest row of each course of the contract: as it is known today, and as it was then
COURSE_ROWS = f"""
create or replace temp table course_row as
select
    list.course_id,
    known.is_then,
    last(list.delivery_no order by known.delivery_rank) as delivery_no,
    last(list.row_number order by known.delivery_rank) as row_number,
    last(list.person_no order by known.delivery_rank) as person_no,
    last(list.visited_on order by known.delivery_rank) as visited_on,
    last(list.stated_group order by known.delivery_rank) as stated_group,
    last(list.ended_on order by known.delivery_rank) as ended_on,
    last(list.end_reason order by known.delivery_rank) as end_reason
from raw.deltagere as list
inner join {KNOWN_TODAY_AND_THEN} as known using (delivery_no)
where list.contract_id = $contract
group by list.course_id, known.is_then
"""  # noqa: S608 - a query from code


class Today:
    """What tonight knows about a contract, and where it differs from an approval."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, past: Past) -> None:
        self.past = past
        self.old = set(past.deliveries)
        self.known: Sequence[Row] = fetch_rows(
            connection,
            """
            select known.*, delivery.delivery_id
            from raw.known_delivery as known
            inner join raw.delivery as delivery using (delivery_no)
            order by known.source, known.delivery_rank
            """,
        )
        self.then: Sequence[Row] = fetch_rows(
            connection,
            f"""
            select delivery.*
            from {KNOWN_TODAY_AND_THEN} as known
            inner join raw.delivery as delivery using (delivery_no)
            where known.is_then
            order by delivery.source, known.delivery_rank
            """,  # noqa: S608 - a query from code
            {"deliveries": past.deliveries},
        )
        contract = fetch_rows(
            connection, "from raw.contract where contract_id = ?", [past.contract_id]
        )[0]
        self.terms_sha256 = contract["terms_sha256"]
        self.register = contract["register"]
        self.listed_otherwise = _listed_otherwise(connection, past)
        self.decided_since = _decided_since(connection, past)
        self.claimed_otherwise = _claimed_otherwise(connection, past)
        self.is_renumbered = self._is_renumbered(connection)
        self.courses = {
            row["course_id"]: row
            for row in fetch_rows(
                connection,
                f"""
                select course_id, eligibility, exit_date, visited_on
                from intermediate.{DECISION} where contract_id = ?
                """,  # noqa: S608 - a name from code
                [past.contract_id],
            )
        }

    @property
    def withdrawn(self) -> list[Row]:
        """Deliveries that were known then and have been withdrawn since."""
        return [row for row in self.then if row["is_withdrawn"]]

    def has_new(self, *sources: str) -> bool:
        """Whether other deliveries of a source are known than at the approval."""
        now = {row["delivery_id"] for row in self.known if row["source"] in sources}
        then = {row["delivery_id"] for row in self.past.told["deliveries"]
                if row["source"] in sources}  # fmt: skip
        return now != then

    def differs(self, kind: str, keys: Iterable[Key]) -> bool:
        """Whether a kind of input is another than at the approval, as far as a key shows."""
        if kind == "terms_changed":
            return bool(self.terms_sha256 != hash_terms(self.past.told["terms"]))
        if kind == "codes_changed":
            from dagster_project.lib import reference

            today = reference.load_reference().sha256["benefit_codes"]
            return bool(today != self.past.told["benefit_codes_sha256"])
        if kind == "delivery_withdrawn":
            return bool(self.withdrawn)
        if kind == "register_changed":
            return self.has_new(self.register, "eindkomst", "personstatus")
        if kind == "statistics_revised":
            return self.has_new("jobindsats") and any(key[2] is None for key in keys)
        return any(self._course_differs(kind, key[2], key[3]) for key in keys if key[2])

    def _course_differs(self, kind: str, course_id: str, month: dt.date) -> bool:
        """Whether a course's own list row, exit, claim or place is another than then."""
        if kind == "participant_changed":
            return self.is_renumbered or course_id in self.listed_otherwise
        if kind == "decision_made":
            return (course_id, month) in self.decided_since
        if kind == "claim":
            return (course_id, month) in self.claimed_otherwise
        if kind == "exit_added":
            return self._exit_differs(course_id)
        return self.place_differs(course_id)

    def _is_renumbered(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether the newest person status has other new numbers than the one of then."""
        rows = [row for row in self.known if row["source"] == "personstatus"]
        then = [row for row in self.then if row["source"] == "personstatus"]
        told = [
            connection.execute(
                "select person_no, new_person_no from raw.personstatus"
                " where delivery_no = ? and event = 'nyt_cpr' order by all",
                [one[-1]["delivery_no"] if one else None],
            ).fetchall()
            for one in (rows, then)
        ]
        return bool(told[0] != told[1])

    def _exit_differs(self, course_id: str) -> bool:
        now = self.courses.get(course_id, {}).get("exit_date")
        then = self.past.participants.get(course_id, {}).get("exit_date")
        return (now.isoformat() if now else None) != then

    def place_differs(self, course_id: str) -> bool:
        """Whether a course has a place where it had none, or the other way round."""
        now, then = self.eligibility(course_id)
        return now != then and {now, then} <= {*PLACED, "duplicate_person"}

    def eligibility(self, course_id: str) -> tuple[str | None, str | None]:
        """What decides a course today, and what decided it then."""
        now = self.courses.get(course_id, {}).get("eligibility")
        return now, self.past.participants.get(course_id, {}).get("eligibility")

    def sources_that_differ(self, course_id: str, month: dt.date) -> list[str]:
        """Sources that say something else about a course's month than then, the likeliest first."""
        is_listed = course_id in self.courses
        told = {
            "resultatkrav": (course_id, month) in self.claimed_otherwise,
            "deltagere": course_id in self.listed_otherwise or not is_listed
            or self.place_differs(course_id),
            "personstatus": self.is_renumbered or self._exit_differs(course_id),
        }  # fmt: skip
        return [source for source, differs in told.items() if differs]

    def last_resort(self, change: Change) -> str:
        """The likeliest kind where no single one changes the amount at all."""
        if change.course_id is None:
            return "statistics_revised" if self.has_new("jobindsats") else "register_changed"
        if self.place_differs(change.course_id):
            return "quota_changed"
        return "register_changed"


def _listed_otherwise(connection: duckdb.DuckDBPyConnection, past: Past) -> set[str]:
    """Courses whose person, referral or stated group is another on today's list than then."""
    connection.execute(COURSE_ROWS, {"contract": past.contract_id, "deliveries": past.deliveries})
    rows = connection.execute(
        """
        select today.course_id
        from course_row as today
        left join course_row as past on today.course_id = past.course_id and past.is_then
        where
            not today.is_then
            and (
                past.course_id is null
                or today.person_no is distinct from past.person_no
                or today.visited_on is distinct from past.visited_on
                or today.stated_group is distinct from past.stated_group
            )
        """
    ).fetchall()
    return {row[0] for row in rows}


def _decided_since(connection: duckdb.DuckDBPyConnection, past: Past) -> set[tuple[str, dt.date]]:
    """Courses and months about which a dispute has been upheld since."""
    rows = connection.execute(
        """
        select dispute.course_id, dispute.month
        from raw.ledger_event as decision
        inner join raw.ledger_event as dispute
            on decision.dispute_id = dispute.contract_id || '-' || dispute.sequence
        where
            decision.contract_id = ? and decision.sequence > ? and decision.outcome = 'upheld'
        """,
        [past.contract_id, past.sequence],
    ).fetchall()
    return set(rows)


def _claimed_otherwise(
    connection: duckdb.DuckDBPyConnection, past: Past
) -> set[tuple[str, dt.date]]:
    """Courses and months whose newest claim is another than then."""
    rows = connection.execute(
        f"""
        select claim.course_id, claim.month
        from raw.resultatkrav as claim
        inner join {KNOWN_TODAY_AND_THEN} as known using (delivery_no)
        where claim.contract_id = $contract
        group by all
        having
            last(claim.is_claimed order by known.delivery_rank) filter (where not known.is_then)
            is distinct from last(claim.is_claimed order by known.delivery_rank)
                filter (where known.is_then)
        """,  # noqa: S608 - a query from code
        {"contract": past.contract_id, "deliveries": past.deliveries},
    ).fetchall()
    return set(rows)
