"""Causes of changed approved amounts: which kind of input, put back, changes the amount back.

What belongs here: putting one kind of input back at a time in a side warehouse, in the order of the
law, and naming the delivery that brought the change. What does not: the amounts themselves (dbt).

Clause: 40-settlement.md, "Each line has one cause and the delivery that brought it".

A kind is put back for all, but whether a course has a place among the others is held as it is today
while participant, exit, claim and register are tried: what other courses do to a course is the kind
``quota_changed``, the last one.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import sha256_json
from dagster_project.lib.ledger import chain, frozen
from dagster_project.lib.ledger.chain import Event
from dagster_project.lib.ledger.loading import approvals_of
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.trace import side_home
from dagster_project.lib.trace.side_home import opened
from dagster_project.lib.warehouse.rows import fetch_rows, insert_rows, replace_rows
from dagster_project.orchestration.compiled import CompiledModels
from dagster_project.settings import Home, Settings

if TYPE_CHECKING:
    from dagster_project.lib.contracts import Contract

AMOUNTS = "int_lines__book_new"
_CACHE = "line_causes.json"
_PLACED = ("eligible", "over_quota")
_DECISION = "int_courses__decide_eligibility"
_EXITS = "int_courses__date_exits"

Row = Mapping[str, Any]
Key = tuple[str, str, str | None, dt.date, str]


@dataclass(frozen=True)
class Change:
    """An approved amount that today's knowledge changes, and the approval it is compared with."""

    contract_id: str
    part_id: str
    course_id: str | None
    month: dt.date
    price_group: str
    old_amount_dkk: Decimal
    new_amount_dkk: Decimal
    approval: Event

    @property
    def key(self) -> Key:
        """What identifies the amount; a course has one price group at a time."""
        group = self.price_group if self.course_id is None else ""
        return (self.contract_id, self.part_id, self.course_id, self.month, group)


@dataclass(frozen=True)
class _Past:
    """What an approval rested on."""

    contract_id: str
    told: Row

    @property
    def deliveries(self) -> list[str]:
        return [row["delivery_id"] for row in self.told["deliveries"]]

    @property
    def participants(self) -> dict[str, Row]:
        return {row["course_id"]: row for row in self.told["participants"]}


def find_causes(settings: Settings) -> int:
    """Fill ``raw.line_cause`` for every approved amount that tonight's settlement changes.

    Call it when the settlement models have run and the warehouse is closed. Nothing is computed
    where nothing has changed since the causes were last found.

    Returns:
        The number of changed amounts.
    """
    home = settings.home
    with opened(home) as connection:
        changes = _list_changes(connection, home)
        state = _state(connection, changes)
    rows = _remembered(home, state)
    if rows is None:
        rows = _seek(settings, changes)
        text = json.dumps({"state": state, "rows": rows}, default=str)
        files.write_atomic(home.work / _CACHE, text)
    with opened(home) as connection:
        replace_rows(connection, "raw.line_cause", rows)
    return len(changes)


# what has changed ---------------------------------------------------------------------------------


def _list_changes(connection: duckdb.DuckDBPyConnection, home: Home) -> list[Change]:
    rows = fetch_rows(
        connection,
        """
        select
            contract_id, part_id, course_id, month, price_group, old_amount_dkk, new_amount_dkk,
            corrected_period_start
        from intermediate.int_lines__true_up
        order by all
        """,
    )
    if not rows:
        return []
    last = fetch_rows(
        connection,
        """
        select
            contract_id, part_id, course_id, month,
            case when course_id is null then price_group else '' end as price_group,
            max(period_start) as period_start
        from raw.frozen_line
        group by all
        """,
    )
    newest = {(r["contract_id"], r["part_id"], r["course_id"], r["month"], r["price_group"]):
              r["period_start"] for r in last}  # fmt: skip
    as_of = connection.execute("select as_of_date from raw.run_context").fetchall()[0][0]
    approvals = approvals_of(chain.read(home).known(as_of))
    return [_change(row, newest, approvals) for row in rows]


def _change(
    row: Row, newest: Mapping[Key, dt.date], approvals: Mapping[tuple[str, dt.date], Event]
) -> Change:
    group = row["price_group"] if row["course_id"] is None else ""
    key = (row["contract_id"], row["part_id"], row["course_id"], row["month"], group)
    period = newest.get(key, row["corrected_period_start"])
    return Change(
        row["contract_id"], row["part_id"], row["course_id"], row["month"], row["price_group"],
        row["old_amount_dkk"], row["new_amount_dkk"], approvals[row["contract_id"], period],
    )  # fmt: skip


def _state(connection: duckdb.DuckDBPyConnection, changes: Sequence[Change]) -> str:
    """Hash of all that the causes depend on."""
    known = connection.execute(
        "select source, sha256, delivery_rank from raw.known_delivery order by all"
    ).fetchall()
    terms = connection.execute(
        "select contract_id, terms_sha256 from raw.contract order by all"
    ).fetchall()
    return sha256_json(
        {
            "changes": [
                [str(part) for part in change.key]
                + [str(change.old_amount_dkk), str(change.new_amount_dkk), change.approval.hash]
                for change in changes
            ],
            "known": [list(row) for row in known],
            "terms": [list(row) for row in terms],
            "code": code_version(),
        }
    )


def _remembered(home: Home, state: str) -> list[dict[str, Any]] | None:
    try:
        kept = json.loads((home.work / _CACHE).read_text(encoding="utf-8"))
        return list(kept["rows"]) if kept["state"] == state else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


# the search ---------------------------------------------------------------------------------------


def _seek(settings: Settings, changes: Sequence[Change]) -> list[dict[str, Any]]:
    by_snapshot: dict[str, list[Change]] = {}
    for change in changes:
        by_snapshot.setdefault(change.approval.snapshot_id, []).append(change)
    rows: list[dict[str, Any]] = []
    models = CompiledModels(settings.home, AMOUNTS) if changes else None
    for group in by_snapshot.values():
        if models is not None:
            rows += _Search(settings, models, group).run()
    return rows


class _Search:
    """Seeks the causes of the changes of what was approved on one snapshot, all contracts at once.

    Approvals on one snapshot rest on the same deliveries and codes.
    """

    def __init__(
        self, settings: Settings, models: CompiledModels, changes: Sequence[Change]
    ) -> None:
        self.settings = settings
        self.models = models
        self.home = settings.home
        self.changes = {change.key: change for change in changes}
        self.exact: dict[Key, str] = {}
        self.partial: dict[Key, str] = {}
        approvals = {change.contract_id: change.approval for change in changes}
        with opened(self.home) as connection:
            self.contracts = {
                name: _Today(
                    connection, _Past(name, frozen.read(self.home, approval)["provenance"])
                )
                for name, approval in sorted(approvals.items())
            }

    def run(self) -> list[dict[str, Any]]:
        """One row of ``raw.line_cause`` for each change."""
        for kind, put_back in _KINDS:
            left = [key for key in self.changes if key not in self.exact]
            if any(
                today.differs(kind, own)
                for name, today in self.contracts.items()
                if (own := [key for key in left if key[0] == name])
            ):
                self._try(kind, put_back)
        with opened(self.home) as connection:
            return [self._row(connection, change) for change in self.changes.values()]

    def _try(self, kind: str, put_back: Callable[[_Trial], None]) -> None:
        with side_home.side_home(self.home) as side:
            shutil.copyfile(self.home.warehouse, side.warehouse)
            put_back(_Trial(self.settings, side, self.models, [*self.contracts.values()]))
            with opened(side) as connection:
                amounts = _amounts(connection, [*self.contracts])
        for key, change in self.changes.items():
            found = amounts.get(key, Decimal(0))
            if found == change.old_amount_dkk:
                self.exact.setdefault(key, kind)
            elif found != change.new_amount_dkk:
                self.partial.setdefault(key, kind)

    def _row(self, connection: duckdb.DuckDBPyConnection, change: Change) -> dict[str, Any]:
        today = self.contracts[change.contract_id]
        kind = self.exact.get(change.key) or self.partial.get(change.key)
        kind = kind or today.last_resort(change)
        cause = kind
        if kind == "claim":
            is_added = change.new_amount_dkk > change.old_amount_dkk
            cause = "claim_added" if is_added else "claim_withdrawn"
        return {
            "contract_id": change.contract_id, "part_id": change.part_id,
            "course_id": change.course_id, "month": change.month.isoformat(),
            "price_group": change.price_group, "cause": cause,
            "cause_delivery_sha256": today.delivery(connection, kind, change),
        }  # fmt: skip


def _amounts(
    connection: duckdb.DuckDBPyConnection, contract_ids: Sequence[str]
) -> dict[Key, Decimal]:
    rows = connection.execute(
        f"""
        select
            contract_id, part_id, course_id, month,
            case when course_id is null then price_group else '' end, amount_dkk
        from intermediate.{AMOUNTS}
        where list_contains(?, contract_id)
        """,  # noqa: S608 - a name from code
        [list(contract_ids)],
    ).fetchall()
    return {tuple(row[:5]): row[5] for row in rows}


class _Today:
    """What tonight knows about a contract, and where it differs from an approval."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, past: _Past) -> None:
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
        contract = fetch_rows(
            connection, "from raw.contract where contract_id = ?", [past.contract_id]
        )[0]
        self.terms_sha256 = contract["terms_sha256"]
        self.register = contract["register"]
        self.listed_otherwise = _listed_otherwise(connection, past)
        self.claimed_otherwise = _claimed_otherwise(connection, past)
        self.is_renumbered = self._is_renumbered(connection)
        self.courses = {
            row["course_id"]: row
            for row in fetch_rows(
                connection,
                f"""
                select course_id, eligibility, exit_date, visited_on
                from intermediate.{_DECISION} where contract_id = ?
                """,  # noqa: S608 - a name from code
                [past.contract_id],
            )
        }

    def has_new(self, *sources: str) -> bool:
        """Whether other deliveries of a source are known than at the approval."""
        now = {row["delivery_id"] for row in self.known if row["source"] in sources}
        then = {row["delivery_id"] for row in self.past.told["deliveries"]
                if row["source"] in sources}  # fmt: skip
        return now != then

    def differs(self, kind: str, keys: Iterable[Key]) -> bool:
        """Whether a kind of input is another than at the approval, as far as a key can tell."""
        if kind == "terms_changed":
            return bool(self.terms_sha256 != self.past.told["terms_sha256"])
        if kind == "codes_changed":
            from dagster_project.lib import reference

            today = reference.load_reference().sha256["benefit_codes"]
            return bool(today != self.past.told["benefit_codes_sha256"])
        if kind == "register_changed":
            return self.has_new(self.register, "eindkomst", "personstatus")
        if kind == "statistics_revised":
            return self.has_new("jobindsats") and any(key[2] is None for key in keys)
        return any(self._course_differs(kind, key[2], key[3]) for key in keys if key[2])

    def _course_differs(self, kind: str, course_id: str, month: dt.date) -> bool:
        """Whether a course's own list row, exit, claim or place is another than then."""
        if kind == "participant_changed":
            return self.is_renumbered or course_id in self.listed_otherwise
        if kind == "claim":
            return (course_id, month) in self.claimed_otherwise
        if kind == "exit_added":
            return self._exit_differs(course_id)
        return self._place_differs(course_id)

    def _is_renumbered(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether the newest person status tells other new numbers than that of then."""
        rows = [row for row in self.known if row["source"] == "personstatus"]
        then = [row for row in rows if row["delivery_id"] in self.old]
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

    def _place_differs(self, course_id: str) -> bool:
        now, then = self.eligibility(course_id)
        return now != then and {now, then} <= {*_PLACED, "duplicate_person"}

    def eligibility(self, course_id: str) -> tuple[str | None, str | None]:
        """What decides a course today, and what decided it then."""
        now = self.courses.get(course_id, {}).get("eligibility")
        return now, self.past.participants.get(course_id, {}).get("eligibility")

    def last_resort(self, change: Change) -> str:
        """The likeliest kind where no single one changes the amount at all."""
        if change.course_id is None:
            return "statistics_revised" if self.has_new("jobindsats") else "register_changed"
        if self._place_differs(change.course_id):
            return "quota_changed"
        return "register_changed"

    def delivery(
        self, connection: duckdb.DuckDBPyConnection, kind: str, change: Change
    ) -> str | None:
        """sha256 of the delivery that brought the change, null where a decision did."""
        numbers = _BROUGHT_BY.get(kind)
        if numbers is None:
            return None
        new = [row for row in self.known if row["delivery_id"] not in self.old]
        named = {row["delivery_no"]: row["sha256"] for row in new}
        for number in numbers(connection, self, change):
            if number in named:
                return str(named[number])
        sources = self._sources(kind)
        fitting = [row for row in new if row["source"] in sources]
        return str(fitting[-1]["sha256"]) if fitting else None

    def _sources(self, kind: str) -> tuple[str, ...]:
        return {
            "participant_changed": ("deltagere",),
            "exit_added": ("deltagere", "personstatus"),
            "claim": ("resultatkrav",),
            "register_changed": ("personstatus", self.register),
            "statistics_revised": ("jobindsats",),
            "quota_changed": ("deltagere", self.register),
        }[kind]


def _listed_otherwise(connection: duckdb.DuckDBPyConnection, past: _Past) -> set[str]:
    """Courses whose person, referral or stated group is another on today's list than then."""
    connection.execute(_COURSE_ROWS, [past.contract_id, past.deliveries])
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


def _claimed_otherwise(
    connection: duckdb.DuckDBPyConnection, past: _Past
) -> set[tuple[str, dt.date]]:
    """Courses and months whose newest claim is another than then."""
    rows = connection.execute(
        """
        select claim.course_id, claim.month
        from raw.resultatkrav as claim
        inner join raw.known_delivery as known using (delivery_no)
        inner join raw.delivery as delivery using (delivery_no)
        where claim.contract_id = ?
        group by all
        having
            last(claim.is_claimed order by known.delivery_rank)
            is distinct from last(claim.is_claimed order by known.delivery_rank)
                filter (where list_contains(?, delivery.delivery_id))
        """,
        [past.contract_id, past.deliveries],
    ).fetchall()
    return set(rows)


# which delivery brought it ------------------------------------------------------------------------


def _numbers(connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any]) -> list[int]:
    return [row[0] for row in connection.execute(query, list(values)).fetchall()]


def _course_deliveries(
    connection: duckdb.DuckDBPyConnection, _today: _Today, change: Change
) -> list[int]:
    return _numbers(
        connection,
        "select delivery_no from intermediate.int_courses__resolve_known"
        " where contract_id = ? and course_id = ?",
        [change.contract_id, change.course_id],
    )


def _place_deliveries(
    connection: duckdb.DuckDBPyConnection, today: _Today, change: Change
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
    connection: duckdb.DuckDBPyConnection, today: _Today, change: Change
) -> list[int]:
    """The first new person status that tells the exit, else the list, else the register."""
    told = _numbers(
        connection,
        f"""
        select known.delivery_no
        from intermediate.{_DECISION} as decision
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
        inner join intermediate.{_DECISION} as decision using (contract_id, course_id)
        where
            contract_id = ? and course_id = ? and decision.exit_date = course.ended_on + 1
        """,  # noqa: S608 - a name from code
        [change.contract_id, change.course_id],
    )
    return [*told, *listed, *_register_deliveries(connection, today, change)]


def _claim_deliveries(
    connection: duckdb.DuckDBPyConnection, _today: _Today, change: Change
) -> list[int]:
    return _numbers(
        connection,
        "select delivery_no from intermediate.int_claims__resolve_known"
        " where contract_id = ? and course_id = ? and month = ?",
        [change.contract_id, change.course_id, change.month],
    )


def _register_deliveries(
    connection: duckdb.DuckDBPyConnection, today: _Today, change: Change
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
        """.replace("$source", "?")
        .replace("$month", "?")
        .replace("$visited", "?"),
        [today.register, change.month, change.month, visited, visited, change.month, change.month],
    )


def _statistics_deliveries(
    connection: duckdb.DuckDBPyConnection, _today: _Today, change: Change
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


_BROUGHT_BY: dict[str, Callable[[duckdb.DuckDBPyConnection, _Today, Change], list[int]]] = {
    "participant_changed": _course_deliveries,
    "exit_added": _exit_deliveries,
    "claim": _claim_deliveries,
    "register_changed": _register_deliveries,
    "statistics_revised": _statistics_deliveries,
    "quota_changed": _place_deliveries,
}


# putting back -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Trial:
    """A side warehouse that holds tonight, in which one kind of input is put back.

    ``contracts`` were approved on one snapshot: what is not a contract's own is the same for all.
    """

    settings: Settings
    side: Home
    models: CompiledModels
    contracts: Sequence[_Today]

    @property
    def known(self) -> Sequence[Row]:
        """The deliveries that are known tonight."""
        return self.contracts[0].known

    @property
    def old(self) -> set[str]:
        """Ids of the deliveries that were known then."""
        return self.contracts[0].old

    def rerun_all(self) -> None:
        """From the raw room to the amounts."""
        if not self.models.is_complete:
            self._run_dbt([f"+{AMOUNTS}"])
        else:
            with opened(self.side) as connection:
                self.models.run(connection)

    def rerun_after(self, model: str, until: str = AMOUNTS) -> None:
        """Only what lies behind a model, whose rows have been changed by hand."""
        if not self.models.is_complete:
            self._run_dbt([f"{model}+,+{until}"], [model])
        else:
            with opened(self.side) as connection:
                self.models.run(connection, behind=model, until=until)

    def _run_dbt(self, select: Sequence[str], exclude: Sequence[str] = ()) -> None:
        """The same by dbt itself, where the night has not left all its SQL."""
        from dagster_project.orchestration import dbt_runner

        dbt_runner.run_selected(self.side, select, exclude)

    def rerun_with_places_held(self) -> None:
        """From the raw room to the amounts; who has a place stays as it is today."""
        self.rerun_all()
        self.hold_places_of_today()
        self.rerun_after(_DECISION)

    def hold_places_of_today(self) -> None:
        """Give the places to those who have one tonight."""
        self.hold_places(
            [
                (one.past.contract_id, course, row["eligibility"])
                for one in self.contracts
                for course, row in one.courses.items()
            ]
        )

    def hold_places(self, eligibility: Sequence[tuple[str, str, str]]) -> None:
        """Set who of those that could have a place has one, by contract and course."""
        names = ("contract_id", "course_id", "eligibility")
        placed = [dict(zip(names, row, strict=True)) for row in eligibility if row[2] in _PLACED]
        with opened(self.side) as connection:
            connection.execute(
                "create temp table held"
                " (contract_id varchar, course_id varchar, eligibility varchar)"
            )
            insert_rows(connection, "held", placed)
            connection.execute(
                f"""
                update intermediate.{_DECISION} as decision
                set eligibility = held.eligibility
                from held
                where
                    decision.contract_id = held.contract_id
                    and decision.course_id = held.course_id
                    and decision.eligibility in ('eligible', 'over_quota')
                """  # noqa: S608 - a name from code
            )

    def know_as_then(self, *sources: str) -> None:
        """Make the known deliveries of these sources those of the approval."""
        kept = [
            row["delivery_id"]
            for row in self.known
            if row["source"] not in sources or row["delivery_id"] in self.old
        ]
        with opened(self.side) as connection:
            side_home.keep_known(connection, kept)


def _contracts_then(trial: _Trial) -> list[Contract]:
    from dagster_project.lib.contracts import contract_from_json, load_contracts

    today = load_contracts(trial.settings.contracts_dir, trial.settings.area)
    then = {
        one.past.contract_id: contract_from_json(json.dumps(one.past.told["terms"]))
        for one in trial.contracts
    }
    return [then.get(one.contract_id, one) for one in today]


def _put_back_terms(trial: _Trial) -> None:
    from dagster_project.lib.contracts import write_contracts

    with opened(trial.side) as connection:
        write_contracts(connection, _contracts_then(trial))
    trial.rerun_all()


def _put_back_codes(trial: _Trial) -> None:
    from dagster_project.lib import reference

    codes = reference.load_reference().with_codes(trial.contracts[0].past.told["benefit_codes"])
    with opened(trial.side) as connection:
        reference.write_reference(connection, codes)
    trial.rerun_all()


# the newest row of each course of the contract: as it is known today, and as it was then
_COURSE_ROWS = """
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
inner join (
    select known.delivery_no, known.delivery_rank, unnest([false, true]) as is_then
    from raw.known_delivery as known
) as known using (delivery_no)
inner join raw.delivery as delivery using (delivery_no)
where list.contract_id = ? and (not known.is_then or list_contains(?, delivery.delivery_id))
group by list.course_id, known.is_then
"""


def _put_back_participants(trial: _Trial) -> None:
    """Person, referral and stated group as then; the stated end as today; numbers as then."""
    with opened(trial.side) as connection:
        for one in trial.contracts:
            _put_back_list(connection, one.past)
        _put_back_status(connection, trial, "event = 'nyt_cpr'")
    trial.rerun_with_places_held()


def _put_back_list(connection: duckdb.DuckDBPyConnection, past: _Past) -> None:
    connection.execute(_COURSE_ROWS, [past.contract_id, past.deliveries])
    connection.execute("delete from raw.deltagere where contract_id = ?", [past.contract_id])
    connection.execute(
        """
        insert into raw.deltagere by name
        select
            past.delivery_no, past.row_number, course.contract_id, past.course_id,
            course.course_ref, past.person_no, past.visited_on, past.stated_group, today.ended_on,
            today.end_reason
        from course_row as past
        inner join raw.course as course
            on course.contract_id = ? and past.course_id = course.course_id
        left join course_row as today on past.course_id = today.course_id and not today.is_then
        where past.is_then
        """,
        [past.contract_id],
    )


def _put_back_status(connection: duckdb.DuckDBPyConnection, trial: _Trial, condition: str) -> None:
    """Rows of tonight's person status that meet a condition, as they stood in that of then."""
    rows = [row for row in trial.known if row["source"] == "personstatus"]
    then = [row for row in rows if row["delivery_id"] in trial.old]
    if not rows or rows[-1] == (then[-1] if then else None):
        return
    now_no = rows[-1]["delivery_no"]
    connection.execute(
        f"delete from raw.personstatus where delivery_no = ? and {condition}",  # noqa: S608
        [now_no],
    )
    if then:
        connection.execute(
            f"""
            insert into raw.personstatus by name
            select * replace (? as delivery_no) from raw.personstatus
            where delivery_no = ? and {condition}
            """,  # noqa: S608 - a condition from code
            [now_no, then[-1]["delivery_no"]],
        )


def _put_back_exits(trial: _Trial) -> None:
    """Exits as the approval's participants had them; everything else as today."""
    with opened(trial.side) as connection:
        for one in trial.contracts:
            _put_back_dates(connection, one.past)
    trial.rerun_after(_EXITS, until=_DECISION)
    trial.hold_places_of_today()
    trial.rerun_after(_DECISION)


def _put_back_dates(connection: duckdb.DuckDBPyConnection, past: _Past) -> None:
    then = [
        {"course_id": course, "exit_date": row["exit_date"], "exit_reason": row["exit_reason"]}
        for course, row in past.participants.items()
        if row["exit_date"] is not None
    ]
    connection.execute(
        "create or replace temp table past_exit"
        " (course_id varchar, exit_date date, exit_reason varchar)"
    )
    insert_rows(connection, "past_exit", then)
    connection.execute(
        """
        delete from intermediate.int_courses__date_exits as today
        using intermediate.int_courses__resolve_known as course
        where today.course_no = course.course_no and course.contract_id = ?
        """,
        [past.contract_id],
    )
    connection.execute(
        """
        insert into intermediate.int_courses__date_exits by name
        select course.course_no, past_exit.exit_date, past_exit.exit_reason
        from past_exit
        inner join intermediate.int_courses__resolve_known as course
            on course.contract_id = ? and past_exit.course_id = course.course_id
        """,
        [past.contract_id],
    )


def _put_back_claims(trial: _Trial) -> None:
    trial.know_as_then("resultatkrav")
    trial.rerun_all()


def _put_back_register(trial: _Trial) -> None:
    """Registers and wages as then, and person status no newer than then; its events as today."""
    rows = [row for row in trial.known if row["source"] == "personstatus"]
    then = [row for row in rows if row["delivery_id"] in trial.old]
    if then and rows[-1] != then[-1]:
        with opened(trial.side) as connection:
            connection.execute(
                "delete from raw.personstatus where delivery_no = ?", [then[-1]["delivery_no"]]
            )
            connection.execute(
                """
                insert into raw.personstatus by name
                select * replace (? as delivery_no) from raw.personstatus where delivery_no = ?
                """,
                [then[-1]["delivery_no"], rows[-1]["delivery_no"]],
            )
    sources = ["ydelsesforloeb", "dream", "ydelsesrefusion", "eindkomst"]
    trial.know_as_then(*sources, *(["personstatus"] if then else []))
    trial.rerun_with_places_held()


def _put_back_statistics(trial: _Trial) -> None:
    trial.know_as_then("jobindsats")
    trial.rerun_all()


def _put_back_places(trial: _Trial) -> None:
    """Who has a place as it was then; everything else as today."""
    trial.hold_places(
        [
            (one.past.contract_id, course, row["eligibility"])
            for one in trial.contracts
            for course, row in one.past.participants.items()
        ]
    )
    trial.rerun_after(_DECISION)


_KINDS: tuple[tuple[str, Callable[[_Trial], None]], ...] = (
    ("terms_changed", _put_back_terms),
    ("codes_changed", _put_back_codes),
    ("participant_changed", _put_back_participants),
    ("exit_added", _put_back_exits),
    ("claim", _put_back_claims),
    ("register_changed", _put_back_register),
    ("statistics_revised", _put_back_statistics),
    ("quota_changed", _put_back_places),
)
