"""What an approval rested on, and which of its amounts today's knowledge changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.lib.base.canonical import sha256_json
from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger.chain import Event
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.warehouse.rows import fetch_rows
from dagster_project.settings import Home

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
class Past:
    """What an approval rested on, and its number in the ledger."""

    contract_id: str
    told: Row
    sequence: int

    @property
    def deliveries(self) -> list[str]:
        """Ids of the deliveries that were known."""
        return [row["delivery_id"] for row in self.told["deliveries"]]

    @property
    def participants(self) -> dict[str, Row]:
        """The contract's courses as they were decided then, by id."""
        return {row["course_id"]: row for row in self.told["participants"]}


def list_changes(connection: duckdb.DuckDBPyConnection, home: Home) -> list[Change]:
    """The approved amounts that tonight's settlement changes."""
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


def state_of(connection: duckdb.DuckDBPyConnection, changes: Sequence[Change]) -> str:
    """Hash of all that the causes depend on."""
    known = connection.execute(
        "select source, sha256, delivery_rank from raw.known_delivery order by all"
    ).fetchall()
    terms = connection.execute(
        "select contract_id, terms_sha256 from raw.contract order by all"
    ).fetchall()
    decided = connection.execute(
        "select sequence from raw.ledger_event where action = 'decide' order by all"
    ).fetchall()
    return sha256_json(
        {
            "decided": [sequence for (sequence,) in decided],
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
