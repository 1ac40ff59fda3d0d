"""Why: a krone of a settlement, followed to clause, rule, person-month, file and row.

A line of an approved period is told as it was approved, from what the approval stored; what today's
knowledge says stands beside it where that differs, and so do the true-up lines that settled the
difference.
What belongs here: reading the newest published snapshot and what approvals stored. What does not:
computing anything, words (``telling``). Imports neither Dagster, dbt nor Great Expectations, and
answers within two seconds.

Rules: S.why, S.variant.
Decides: S.why.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.lib.base.canonical import plain_row
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.contracts import contract_from_json
from dagster_project.lib.ledger import access, chain, frozen
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.publishing import named
from dagster_project.lib.publishing import snapshot as snapshots
from dagster_project.lib.publishing.line_evidence import LineEvidence
from dagster_project.lib.publishing.shown_terms import read_shown_terms, require_own_format
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.statement.content import variants_of
from dagster_project.lib.statement.sheet import variant_title
from dagster_project.lib.trace import telling
from dagster_project.lib.trace.way import way_of
from dagster_project.settings import Settings

_PLAIN_WIDTH = 240
_NOT_OF_A_LINE = ("contract_id", "period_start")
# words may be written otherwise today, and an approval itself moves a course forward in the row for
# places; whether it has one is its eligibility
_NO_FACTS = ("clause", "remedy", "quota_rank")

_TRUE_UPS = """
select
    period_start, part_id, course_id, month, price_group, old_amount_dkk, new_amount_dkk,
    difference_dkk, cause, cause_delivery_sha256
from restricted.settlement_line
where contract_id = ? and line_kind = 'true_up' and period_start > ?
order by period_start, line_no
"""


@dataclass(frozen=True)
class Answer:
    """The chain of every line asked for, as plain data."""

    document: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The answer as plain data."""
        return self.document

    def print(self) -> None:
        """The answer for a person, coloured where the terminal can."""
        from rich.console import Console

        width = None if sys.stdout.isatty() else _PLAIN_WIDTH
        telling.tell(self.document, Console(highlight=False, width=width))


def explain(
    settings: Settings, contract: str, period: str, course: str | None = None,
    month: str | None = None,
) -> Answer:  # fmt: skip
    """Follow the lines of a period, or of one course or month, to the rows they rest on.

    Args:
        settings: home and contracts.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``, or its label.
        course: only this course; also its months without a line.
        month: only this month, ``YYYY-MM``.

    Raises:
        UsageError: no such contract, period, course or month (exit 2).
        NotAllowedError: ``SNAPSHOT_STALE``: the snapshot is of an older format, or the period is
            not approved and the contract file has changed since (exit 3).
    """
    only = None if month is None else named.parse_month(month)
    with snapshots.open_current(settings.home) as snapshot:
        require_own_format(snapshot)
        start = named.find_period(snapshot, contract, period)
        rows = snapshot.of_period("mart.settlement", contract, start)
        question = _Question(settings, snapshot, contract, rows[0], course, only)
        answer = Answer(question.answer())
    access.note(
        settings.home, "why", contract=contract, period=f"{start:%Y-%m}", course=course, month=month
    )
    return answer


class _Question:
    """One question to the newest snapshot and to what its approval stored."""

    def __init__(
        self, settings: Settings, snapshot: Snapshot, contract: str, settlement: Mapping[str, Any],
        course: str | None, month: dt.date | None,
    ) -> None:  # fmt: skip
        self.snapshot = snapshot
        self.course = course
        self.month = month
        self.start: dt.date = settlement["period_start"]
        self.end: dt.date = settlement["period_end"]
        known = chain.read(settings.home).known(snapshot.as_of)
        self.state = states.state_of(
            states.of_period(known, contract, self.start), settlement["statement_sha256"]
        ).name
        self.approvals = approvals_of(known)
        self.approval = self.approvals.get((contract, self.start))
        self.stored: dict[int, dict[str, Any]] | None = None
        self.is_removed = False
        if self.approval is None:
            self.settlement = plain_row(settlement)
            self.contract = read_shown_terms(settings, snapshot, contract)
            self.lines = self._asked(
                snapshot.of_period(
                    "restricted.settlement_line", contract, self.start, order="line_no"
                )
            )
            shown = variants_of(snapshot, self.contract, self.start)
            then = known.events[: _length(known, snapshot.ledger_head)]
            self.statement_sha256 = settlement["statement_sha256"]
        else:
            approved = frozen.read(settings.home, self.approval)
            (self.settlement,) = approved["published"]["settlement"]
            self.contract = contract_from_json(json.dumps(approved["provenance"]["terms"]))
            self.lines = self._asked(
                [
                    {**row, "month": dt.date.fromisoformat(row["month"])}
                    for row in approved["published"]["settlement_line"]
                ]
            )
            self.stored = frozen.read_evidence(settings.home, self.approval)
            self.is_removed = self.stored is None and chain.is_evidence_removed(
                settings.home, self.approval
            )
            shown = approved["shown"]
            then = known.events[: self.approval.sequence - 1]
            self.statement_sha256 = self.approval.statement_sha256
        self.variants: Sequence[Mapping[str, Any]] = shown.get("variants", ())
        self.releases = [event for event in then if self._is_released(event)]
        self.terms: dict[str, Any] = json.loads(self.contract.terms_json())
        self.today = LineEvidence(snapshot, contract, self.terms)

    def _is_released(self, event: Event) -> bool:
        is_mine = event.contract_id == self.contract.contract_id
        return is_mine and event.action == "release" and event.period_start <= self.start

    def answer(self) -> dict[str, Any]:
        """The settlement, its lines, and the months without a line that were asked for."""
        told = self._told_lines()
        silent = self._silent_months()
        if self.course is not None and not told and not silent:
            raise UsageError(
                "forløbet har ingen måned i denne periode, der passer",
                remedy="angiv et forløb og en af periodens indsatsmåneder",
            )
        row = self.settlement
        return {
            "contract": self.contract.contract_id,
            "title": self.terms["title"],
            "period": f"{self.start:%Y-%m}",
            "period_label": row.get("period_label", self.start.isoformat()),
            "state": self.state,
            "payment_dkk": row["payment_dkk"],
            "basis_dkk": row["basis_dkk"],
            "way": way_of(row, self.contract, self.releases),
            "statement_sha256": self.statement_sha256,
            "snapshot_id": self.snapshot.snapshot_id,
            "approved_as_of": self.approval.as_of_date.isoformat() if self.approval else None,
            "is_evidence_stored": self.stored is not None,
            "is_evidence_removed": self.is_removed,
            "disputes": self._disputes(),
            "forecast": self._forecast(),
            "variants": self._variants(),
            "lines": told,
            "months_without_line": silent,
        }

    def _forecast(self) -> list[dict[str, Any]]:
        """What each scenario says of the period; nothing where it is approved."""
        rows = self.snapshot.of_period(
            "mart.settlement_forecast", self.contract.contract_id, self.start,
            order="list_position(['earned', 'unchanged', 'historical', 'all'], scenario)",
        )  # fmt: skip
        return [
            plain_row({k: v for k, v in row.items() if k not in _NOT_OF_A_LINE})
            for row in rows
            if self.approval is None
        ]

    def _variants(self) -> list[dict[str, Any]]:
        """What other terms come to, the contract's own row first; if approved, as was frozen."""
        return [
            {"title": variant_title(self.terms, row["variant_id"])}
            | {name: value for name, value in row.items() if name not in _NOT_OF_A_LINE}
            for row in self.variants
        ]

    def _disputes(self) -> list[dict[str, Any]]:
        """The disputes about the period's months that were asked for, open and decided."""
        rows = self.snapshot.of_period(
            "restricted.dispute", self.contract.contract_id, self.start,
            order="opened_on, course_id, month, dispute_id",
        )  # fmt: skip
        return [
            plain_row({k: v for k, v in row.items() if k not in _NOT_OF_A_LINE})
            for row in self._asked(rows)
        ]

    def _asked(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [
            row
            for row in rows
            if self.course in (None, row["course_id"]) and self.month in (None, row["month"])
        ]

    def _told_lines(self) -> list[dict[str, Any]]:
        now = self.today.of_lines(self.lines)
        later = self._true_ups()
        told = []
        for line, today in zip(self.lines, now, strict=True):
            stored = None if self.stored is None else self.stored[line["line_no"]]
            row = plain_row({k: v for k, v in line.items() if k not in _NOT_OF_A_LINE})
            row["clause"] = self._clause(line["part_id"], line["price_group"])
            row |= today if stored is None else stored
            row["today"] = None if stored is None else _difference(stored, today)
            row["settled_by"] = later.get(_key(line), [])
            told.append(row)
        return told

    def _true_ups(self) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
        """The later lines that settle what has changed about this period's lines, by their key."""
        found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        if self.approval is None:
            return found
        contract_id = self.contract.contract_id
        for row in self.snapshot.rows(_TRUE_UPS, [contract_id, self.start]):
            key, start = _key(row), row.pop("period_start")
            told = plain_row({k: v for k, v in row.items() if k.endswith("_dkk") or "cause" in k})
            is_approved = (contract_id, start) in self.approvals
            told |= {"period": f"{start:%Y-%m}", "is_approved": is_approved}
            found.setdefault(key, []).append(told)
        return found

    def _silent_months(self) -> list[dict[str, Any]]:
        """The asked course's months of the period that have no line, as they are known today."""
        if self.course is None:
            return []
        with_line = {line["month"] for line in self.lines}
        return [
            {
                "course_id": self.course, "month": month.isoformat(),
                "price_group": told["rule"]["price_group"], **told,
            }
            for month, told in self.today.of_course(self.course).items()
            if month not in with_line
            and (month == self.month if self.month else self.start <= month <= self.end)
        ]  # fmt: skip

    def _clause(self, part_id: str, group: str) -> dict[str, Any]:
        """The contract's words for part, price group and price."""
        parts: list[dict[str, Any]] = self.terms["parts"]
        part: dict[str, Any] = next((one for one in parts if one["part_id"] == part_id), {})
        groups = [*part.get("price_groups", []), *part.get("groups", [])]
        priced: dict[str, Any] = next((g for g in groups if g["benefit_group"] == group), {})
        return {
            "document": self.terms["document"],
            "document_title": self.terms.get("document_title"),
            "part": part.get("clause"),
            "price_group": priced.get("clause"),
            "rates": priced.get("rates") or priced.get("rate") or part.get("cost_per_relapse"),
        }


def _length(known: chain.Ledger, head: str | None) -> int:
    """How many of the events the snapshot was made with."""
    return 0 if head is None else len(known.events) - len(known.since(head))


def _key(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """What identifies the amount behind a line; a course has one price group at a time."""
    group = line["price_group"] if line["course_id"] is None else ""
    return (line["part_id"], line["course_id"], line["month"], group)


def _difference(stored: Mapping[str, Any], today: Mapping[str, Any]) -> dict[str, Any] | None:
    """What of today's knowledge is other than what was stored; null where nothing is."""
    differs = {name: today[name] for name in today if _facts(stored[name]) != _facts(today[name])}
    return differs or None


def _facts(value: Any) -> Any:
    """A rule without what may be told otherwise of the same facts."""
    if not isinstance(value, Mapping):
        return value
    return {name: fact for name, fact in value.items() if name not in _NO_FACTS}
