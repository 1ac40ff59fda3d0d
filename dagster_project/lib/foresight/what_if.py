"""What if: a contract now and then, each computed in a copy of the warehouse by the night's models.

What belongs here: the two sides, and what differs between them. What does not: a rule, reading the
question (``question``), how the answer is told (``telling``). The home is only read.

As if nothing had been approved, a side is computed without the ledger's approvals; what would be
paid next is computed with them (S.unapproved).

Rules: S.what_if, S.unapproved, F.access_log.
Decides: S.what_if.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import duckdb

from dagster_project.lib import contracts, receiving
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.lib.contracts import Contract
from dagster_project.lib.foresight import copied
from dagster_project.lib.foresight.question import Question
from dagster_project.lib.foresight.telling import Answer
from dagster_project.lib.ledger import access, chain, frozen
from dagster_project.lib.ledger.chain import Ledger
from dagster_project.lib.ledger.frozen_bounds import refuse_moved_bounds
from dagster_project.lib.ledger.raw_rows import load_events
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.trace import side_home
from dagster_project.lib.trace.runner import Compiled, FindCompiled
from dagster_project.lib.trace.side_home import opened
from dagster_project.lib.warehouse.rows import fetch_rows, replace_rows
from dagster_project.settings import Home, Settings

SETTLED = "int_payments__settle_periods"
_APPROVED = ("stg_ledger__frozen_settlements", "stg_ledger__frozen_lines")
_TERMS = (
    *_APPROVED, "stg_ledger__releases", "stg_contracts__contracts", "stg_contracts__parts",
    "stg_contracts__periods", "stg_contracts__price_groups", "stg_contracts__rates",
    "stg_contracts__case_groups", "stg_contracts__exit_reasons", "stg_contracts__fte_groups",
    "stg_contracts__tiers", "stg_contracts__readings",
)  # fmt: skip
"""What reads terms and ledger: where the deliveries are those of the last whole night, nothing
else has to be built anew (the register is read once a side, not four times)."""
_MOST_LINES = 20

_PERIODS = """
select listed.period_start, listed.period_label, basis.basis_dkk, chosen.entitlement_cumulative_dkk
from intermediate.int_periods__list as listed
inner join intermediate.int_basis__sum_periods as basis using (contract_id, period_start)
inner join intermediate.int_payments__apply_readings as chosen using (contract_id, period_start)
where listed.contract_id = $contract and listed.is_closed and not listed.is_final
    and chosen.is_chosen
order by listed.period_start
"""
_MONTHS = """
create or replace table what_if.{side}_month as
select course_id, month, status, match, amount_dkk
from intermediate.int_person_months__price
where contract_id = $contract
"""
_LINES = """
create or replace table what_if.{side}_line as
select part_id, coalesce(course_id, '') as course_id, month,
    case when course_id is null then price_group else '' end as group_key, amount_dkk
from intermediate.int_lines__book_new
where contract_id = $contract and is_closed
"""
_NEXT = """
select listed.period_start, listed.period_label, settled.payment_dkk
from intermediate.int_periods__list as listed
inner join intermediate.int_payments__settle_periods as settled using (contract_id, period_start)
where listed.contract_id = $contract and listed.is_next
"""
_MOVED = """
select
    now.status as now_status, now.match as now_match,
    other.status as then_status, other.match as then_match,
    count(*) as months,
    sum(coalesce(other.amount_dkk, 0) - coalesce(now.amount_dkk, 0))::decimal(18, 2)
        as difference_dkk
from what_if.now_month as now
full outer join what_if.then_month as other using (course_id, month)
where now.status is distinct from other.status or now.match is distinct from other.match
    or now.amount_dkk is distinct from other.amount_dkk
group by all
order by abs(difference_dkk) desc, months desc, now_status, now_match, then_status, then_match
"""
_LARGEST = f"""
select
    part_id, nullif(course_id, '') as course_id, month, nullif(group_key, '') as price_group,
    now.amount_dkk as now_dkk, other.amount_dkk as then_dkk,
    (coalesce(other.amount_dkk, 0) - coalesce(now.amount_dkk, 0))::decimal(18, 2)
        as difference_dkk
from what_if.now_line as now
full outer join what_if.then_line as other using (part_id, course_id, month, group_key)
where now.amount_dkk is distinct from other.amount_dkk
order by abs(difference_dkk) desc, part_id, course_id nulls first, month, price_group
limit {_MOST_LINES}
"""  # noqa: S608 - a number from code


def answer(
    settings: Settings, question: Question, find: FindCompiled, wait: float = copied.WAIT_SECONDS
) -> Answer:
    """Compute both sides and what differs between them.

    Args:
        settings: the home, which stays as it is.
        question: what is compared.
        find: finds the models that the night compiled.
        wait: so many seconds a night's hold on the warehouse is waited for.

    Raises:
        EffektError: the warehouse is held or missing, or a record of the home is broken (exit 1).
        NotAllowedError: a file would be refused (exit 3).
        UsageError: no known delivery has a sha256 that is left out (exit 2).
    """
    with side_home.side_home(settings.home) as side:
        copied.copy_warehouse(settings.home, side.warehouse, wait)
        found = _Both(settings, side, question, find(settings.home, SETTLED)).answer()
    access.note(settings.home, "what-if", contract=question.now.contract_id)
    return found


class _Both:
    """The two sides of a question, computed one after the other in one side warehouse."""

    def __init__(
        self, settings: Settings, side: Home, question: Question, models: Compiled
    ) -> None:
        self.home = settings.home
        self.area = settings.area or question.now.area
        self.side = side
        self.question = question
        self.models = models
        self.contract_id = question.now.contract_id
        self.built_on: set[str] | None = None
        known = chain.read(settings.home).known(question.as_of)
        self.ledger = Ledger(
            tuple(event for event in known.events if event.contract_id == self.contract_id)
        )
        self.approved = [
            frozen.read(settings.home, event) for event in approvals_of(self.ledger).values()
        ]

    def answer(self) -> Answer:
        """Both sides, and what differs."""
        asked = self.question
        copied.load_deliveries_of(self.home, self.side)
        with opened(self.side) as connection:
            connection.execute("create schema if not exists what_if")
            # nobody's variants are asked about: their participants need not be looked up
            connection.execute("delete from shadow.int_courses__join_terms")
            built_on = copied.ids_of_the_night(connection, self.home, asked.as_of)
            known = copied.known_ids(connection, self.home, asked.as_of)
        gone = copied.left_out(known, asked.without)
        own = {delivery_id for ids in known.values() for delivery_id in ids}
        self.built_on = built_on
        added = copied.take_in(self.home, self.side, asked.added, asked.contract_ids)
        register = self.side if asked.added else self.home
        self._require_known_by_then(register, added)
        now = self._side("now", asked.now, self.home, own)
        then = self._side("then", asked.then, register, (own - gone) | added)
        with opened(self.side) as connection:
            moved, lines = fetch_rows(connection, _MOVED), fetch_rows(connection, _LARGEST)
        return Answer(asked, now, then, moved, lines, len(added))

    def _require_known_by_then(self, register: Home, added: Collection[str]) -> None:
        for record in receiving.load_register(register).accepted():
            is_late = record.extracted_on is not None and record.extracted_on > self.question.as_of
            if record.delivery_id in added and is_late:
                raise UsageError(
                    f"{record.file_name} er udtrukket efter den dag, der spørges om",
                    remedy="udelad --as-of, eller kør en nat med en senere dato først",
                )

    def _side(
        self, name: str, contract: Contract, register: Home, ids: Collection[str]
    ) -> dict[str, Any]:
        """Periods as if nothing had been approved, and what would be paid next."""
        with opened(self.side) as connection:
            contracts.write_contracts(connection, [contract])
            receiving.keep_known(connection, register, ids)
            row = {"as_of_date": self.question.as_of, "area": self.area}
            replace_rows(connection, "raw.run_context", [row])
            frozen.load(connection, [])
            load_events(connection, self.ledger)
        self.models.rebuild(self.side, behind=_TERMS if set(ids) == self.built_on else ())
        self.built_on = set(ids)
        with opened(self.side) as connection:
            periods = self._rows(connection, _PERIODS)
            for query in (_MONTHS, _LINES):
                connection.execute(query.format(side=name), {"contract": self.contract_id})
        return {"periods": periods, "next": self._next(contract)}

    def _next(self, contract: Contract) -> dict[str, Any] | None:
        """The first period that is not approved, if it is closed, and what it would pay."""
        if self.approved:
            if not _keeps_bounds(contract, self.approved):
                return None
            with opened(self.side) as connection:
                frozen.load(connection, self.approved)
            self.models.rebuild(self.side, behind=_APPROVED)
        with opened(self.side) as connection:
            found = self._rows(connection, _NEXT)
        return found[0] if found else None

    def _rows(self, connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
        return fetch_rows(connection, query, {"contract": self.contract_id})


def _keeps_bounds(contract: Contract, approved: list[frozen.Document]) -> bool:
    """Whether terms leave the approved periods their bounds: others settle nothing."""
    rows = sorted(
        (document["published"]["settlement"][0] for document in approved),
        key=lambda row: str(row["period_start"]),
    )
    bounds = [
        (dt.date.fromisoformat(row["period_start"]), dt.date.fromisoformat(row["period_end"]))
        for row in rows
    ]
    try:
        refuse_moved_bounds(contract, bounds, approved[-1]["provenance"]["terms"])
    except EffektError:
        return False
    return True
