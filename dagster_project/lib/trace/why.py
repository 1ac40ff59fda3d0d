"""Why: a krone of a settlement, followed to clause, rule, person-month, file and row.

What belongs here: reading the newest published snapshot. What does not: computing anything, words
(``telling``). Imports neither Dagster, dbt nor Great Expectations, and answers within two seconds.

Rules: S.why.
Decides: S.why.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import months
from dagster_project.lib.base.canonical import money_text, plain_row
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.ledger import chain, frozen
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.state import approvals_of
from dagster_project.lib.publishing import snapshot as snapshots
from dagster_project.lib.publishing.snapshot import Rows, Snapshot
from dagster_project.lib.reference import words
from dagster_project.lib.trace import telling
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.lib.ledger.chain import Ledger

_PLAIN_WIDTH = 240

_MONTHS = """
select
    months.*, participant.eligibility, participant.case_days, participant.quota_rank,
    participant.visited_on, participant.exit_date, participant.exit_reason
from restricted.person_month as months
inner join restricted.participant as participant using (contract_id, course_id)
where contract_id = ? and ({condition})
order by months.course_id, months.month
"""
_EVIDENCE = """
select
    course_id, month, role, file_name, row_number, row_hmac, code, first_day, last_day,
    delivery_sha256
from restricted.case_line_evidence
where contract_id = ? and ({condition})
order by course_id, month, evidence_no
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
        period: first month of the period, ``YYYY-MM``.
        course: only this course; also its months without a line.
        month: only this month, ``YYYY-MM``.

    Raises:
        UsageError: no such contract, period, course or month (exit 2).
    """
    start = states.parse_month(period)
    only = None if month is None else states.parse_month(month)
    with snapshots.open_current(settings.home) as snapshot:
        rows = snapshot.of_period("mart.settlement", contract, start)
        if not rows:
            raise UsageError(f"there is no settlement of {contract} that begins {period}")
        question = _Question(settings, snapshot, contract, rows[0], course, only)
        return Answer(question.answer())


class _Question:
    """One question to the newest snapshot."""

    def __init__(
        self, settings: Settings, snapshot: Snapshot, contract: str, settlement: Mapping[str, Any],
        course: str | None, month: dt.date | None,
    ) -> None:  # fmt: skip
        self.snapshot = snapshot
        self.contract = contract
        self.settlement = settlement
        self.course = course
        self.month = month
        known = chain.read(settings.home).known(snapshot.as_of)
        start = settlement["period_start"]
        self.terms = _terms(settings, known, contract, start)
        self.state = states.state_of(
            states.of_period(known, contract, start), settlement["statement_sha256"]
        ).name

    def answer(self) -> dict[str, Any]:
        """The settlement, its lines, and the months without a line that were asked for."""
        lines = self._lines()
        months = {(row["course_id"], row["month"]): row for row in self._months(lines)}
        evidence = self._evidence(lines)
        named = {(line["course_id"], line["month"]) for line in lines}
        told = [self._line(line, months, evidence) for line in lines]
        silent = [
            self._month(row, evidence)
            for key, row in months.items()
            if key not in named and self.course is not None and self._is_asked(row)
        ]
        if self.course is not None and not told and not silent:
            raise UsageError(
                f"course {self.course} has no such month in this period",
                remedy="name a course and an effort month of the period",
            )
        row = self.settlement
        return {
            "contract": self.contract,
            "title": self.terms["title"],
            "period": f"{row['period_start']:%Y-%m}",
            "state": self.state,
            "payment_dkk": _money(row["payment_dkk"]),
            "basis_dkk": _money(row["basis_dkk"]),
            "statement_sha256": row["statement_sha256"],
            "snapshot_id": self.snapshot.snapshot_id,
            "lines": told,
            "months_without_line": silent,
        }

    def _is_asked(self, row: Mapping[str, Any]) -> bool:
        if self.month is not None:
            return bool(row["month"] == self.month)
        end = self.settlement["period_end"]
        return bool(self.settlement["period_start"] <= row["month"] <= end)

    def _lines(self) -> Rows:
        rows = self.snapshot.of_period(
            "restricted.settlement_line", self.contract, self.settlement["period_start"],
            order="line_no",
        )  # fmt: skip
        return [
            row
            for row in rows
            if self.course in (None, row["course_id"]) and self.month in (None, row["month"])
        ]

    def _condition(self, lines: Rows) -> tuple[str, list[Any]]:
        """Which courses and months are asked for."""
        if self.course is not None:
            return "course_id = ?", [self.course]
        months = sorted({line["month"] for line in lines})
        courses = sorted({line["course_id"] for line in lines if line["course_id"]})
        return "list_contains(?, month) and list_contains(?, course_id)", [months, courses]

    def _fetch(self, query: str, lines: Rows) -> Rows:
        condition, values = self._condition(lines)
        return self.snapshot.rows(query.replace("{condition}", condition), [self.contract, *values])

    def _months(self, lines: Rows) -> Rows:
        return self._fetch(_MONTHS, lines)

    def _evidence(self, lines: Rows) -> dict[tuple[str, dt.date], Rows]:
        found: dict[tuple[str, dt.date], Rows] = {}
        for row in self._fetch(_EVIDENCE, lines):
            found.setdefault((row.pop("course_id"), row.pop("month")), []).append(plain_row(row))
        return found

    def _line(
        self, line: Mapping[str, Any], months: Mapping[tuple[str, dt.date], Mapping[str, Any]],
        evidence: Mapping[tuple[str, dt.date], Rows],
    ) -> dict[str, Any]:  # fmt: skip
        key = (line["course_id"], line["month"])
        kept = ("contract_id", "period_start")
        told = plain_row({name: value for name, value in line.items() if name not in kept})
        told["clause"] = self._clause(line["part_id"], line["price_group"])
        if line["course_id"] is None:
            told["statistics"] = self._statistics(line)
            told["entries"] = self._entries(line)
            told["deliveries"] = self._deliveries(line)
        else:
            told["rule"] = _rule(months.get(key))
            told["evidence"] = evidence.get(key, [])
        return told

    def _month(
        self, row: Mapping[str, Any], evidence: Mapping[tuple[str, dt.date], Rows]
    ) -> dict[str, Any]:
        key = (row["course_id"], row["month"])
        return {
            "course_id": row["course_id"],
            "month": row["month"].isoformat(),
            "price_group": row["price_group"],
            "rule": _rule(row),
            "evidence": evidence.get(key, []),
        }

    def _clause(self, part_id: str, group: str) -> dict[str, Any]:
        """The contract's words for part, price group and price."""
        part = self._part(part_id)
        groups = [*part.get("price_groups", []), *part.get("groups", [])]
        priced: dict[str, Any] = next((g for g in groups if g["benefit_group"] == group), {})
        return {
            "document": self.terms["document"],
            "part": part.get("clause"),
            "price_group": priced.get("clause"),
            "rates": priced.get("rates") or priced.get("rate") or part.get("cost_per_relapse"),
        }

    def _part(self, part_id: str) -> dict[str, Any]:
        parts: list[dict[str, Any]] = self.terms["parts"]
        return next((part for part in parts if part["part_id"] == part_id), {})

    def _statistics(self, line: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Published figures that a line of an fte part rests on, each with its file."""
        part = self._part(line["part_id"])
        if part.get("kind") != "fte_reduction":
            return []
        found: list[dict[str, Any]] = []
        for span in ("baseline", "evaluation"):
            first, last = (str(part[span][name])[:7] for name in ("first_month", "last_month"))
            rows = self.snapshot.rows(
                """
                select statistic.month, statistic.fte_published, delivery.file_name,
                    statistic.statistics_sha256 as delivery_sha256
                from mart.fte_month as statistic
                left join (
                    select sha256, min(file_name) as file_name
                    from mart.delivery where source = 'jobindsats' group by sha256
                ) as delivery on statistic.statistics_sha256 = delivery.sha256
                where area = ? and benefit_group = ? and strftime(month, '%Y-%m') between ? and ?
                order by month
                """,
                [self.terms["area"], line["price_group"], first, last],
            )
            found += [{"span": span, **plain_row(row)} for row in rows]
        return found

    def _entries(self, line: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Employment entries that a line of a relapse part counts, each with what became of it."""
        rows = self.snapshot.rows(
            """
            select person_key, entry_date, follow_up_date, is_observed, is_retained, is_relapsed
            from restricted.employment_entry
            where contract_id = ? and part_id = ?
            order by entry_date, person_key
            """,
            [self.contract, line["part_id"]],
        )
        return [plain_row(row) for row in rows]

    def _deliveries(self, line: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Accepted files of register and wages that cover days of a relapse part."""
        part = self._part(line["part_id"])
        if part.get("kind") != "relapse_reduction":
            return []
        first = months.parse_month(part["entries"]["first_month"])
        rows = self.snapshot.rows(
            """
            select source, file_name, sha256 as delivery_sha256, covers_from, covers_to
            from mart.delivery
            where
                is_accepted and source in (?, 'eindkomst') and extracted_on <= ?
                and covers_to >= ? and covers_from <= last_day(?)
            order by source, covers_from, covers_to, file_name
            """,
            [self.terms["register"], self.snapshot.as_of, first, line["month"]],
        )
        return [plain_row(row) for row in rows]


def _terms(settings: Settings, known: Ledger, contract_id: str, start: dt.date) -> dict[str, Any]:
    """Terms of the settlement: the frozen ones where it is approved, else today's file."""
    from dagster_project.lib.contracts import read_contract

    approval = approvals_of(known).get((contract_id, start))
    if approval is not None:
        terms: dict[str, Any] = frozen.read(settings.home, approval)["provenance"]["terms"]
        return terms
    contract = read_contract(settings.contracts_dir / f"{contract_id}.yml", None)
    loaded: dict[str, Any] = json.loads(contract.terms_json())
    return loaded


def _rule(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the rules decided about a person-month, and where they stand."""
    if row is None:
        return None
    names = (
        "eligibility", "status", "support_days", "is_claimed", "is_payable", "rate_dkk",
        "amount_dkk", "match", "reason", "is_no_income", "case_days", "quota_rank", "visited_on",
        "exit_date", "exit_reason",
    )  # fmt: skip
    told = plain_row({name: row[name] for name in names})
    told["clause"] = words.rule_id("reason", row["reason"])
    told["remedy"] = None if row["is_payable"] else words.remedy("reason", row["reason"])
    return told


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else money_text(amount)
