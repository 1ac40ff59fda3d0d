"""What a published snapshot tells about lines: rule and status, landed rows, statistics, entries.

What belongs here: reading it, once for whoever asks (an approval that stores it, ``why``). What
does not: computing anything, words that a person reads.

Rules: S.evidence, S.why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.lib.base import months
from dagster_project.lib.base.canonical import plain_row
from dagster_project.lib.publishing.snapshot import Rows, Snapshot
from dagster_project.lib.reference import words

Told = dict[str, Any]
Key = tuple[str, dt.date]

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
_RULE = (
    "eligibility", "status", "support_days", "is_claimed", "is_payable", "rate_dkk",
    "amount_dkk", "match", "reason", "is_no_income", "case_days", "quota_rank", "visited_on",
    "exit_date", "exit_reason",
)  # fmt: skip


class LineEvidence:
    """What one snapshot tells about the lines of one contract under its terms."""

    def __init__(self, snapshot: Snapshot, contract_id: str, terms: Mapping[str, Any]) -> None:
        self._snapshot = snapshot
        self._contract = contract_id
        self._terms = terms

    def of_lines(self, lines: Sequence[Mapping[str, Any]]) -> list[Told]:
        """What stands behind each line, in their order.

        A line about a course has ``rule`` (null where it is no effort month any more) and
        ``evidence``; any other has ``statistics``, ``entries`` and ``deliveries``.

        Args:
            lines: rows with part_id, course_id, month and price_group.
        """
        named = sorted({line["month"] for line in lines})
        courses = sorted({line["course_id"] for line in lines if line["course_id"]})
        found = self._months(
            "month in (select unnest(?::date[])) and course_id in (select unnest(?::varchar[]))",
            [named, courses],
        )
        nothing: Told = {"rule": None, "evidence": []}
        return [
            self._of_sum(line)
            if line["course_id"] is None
            else found.get((line["course_id"], line["month"]), nothing)
            for line in lines
        ]

    def of_course(self, course_id: str) -> dict[dt.date, Told]:
        """The effort months of a course, each with its price group."""
        found = self._months("course_id = ?", [course_id])
        return {month: told for (_, month), told in found.items()}

    def _months(self, condition: str, values: list[Any]) -> dict[Key, Told]:
        rows, asked = self._snapshot.rows, [self._contract, *values]
        found: dict[Key, Told] = {
            (row["course_id"], row["month"]): {"rule": _rule(row), "evidence": []}
            for row in rows(_MONTHS.replace("{condition}", condition), asked)
        }
        for row in rows(_EVIDENCE.replace("{condition}", condition), asked):
            key = (row.pop("course_id"), row.pop("month"))
            if key in found:
                found[key]["evidence"].append(plain_row(row))
        return found

    def _of_sum(self, line: Mapping[str, Any]) -> Told:
        parts: list[Told] = self._terms["parts"]
        part: Told = next((one for one in parts if one["part_id"] == line["part_id"]), {})
        return {
            "statistics": self._statistics(part, line),
            "entries": self._entries(part),
            "deliveries": self._deliveries(part, line),
        }

    def _statistics(self, part: Mapping[str, Any], line: Mapping[str, Any]) -> Rows:
        """Published figures that a line of an fte part rests on, each with its file."""
        if part.get("kind") != "fte_reduction":
            return []
        found: Rows = []
        for span in ("baseline", "evaluation"):
            first, last = (str(part[span][name])[:7] for name in ("first_month", "last_month"))
            rows = self._snapshot.rows(
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
                [self._terms["area"], line["price_group"], first, last],
            )
            found += [{"span": span, **plain_row(row)} for row in rows]
        return found

    def _entries(self, part: Mapping[str, Any]) -> Rows:
        """Employment entries that a relapse part counts, each with what became of it."""
        if part.get("kind") != "relapse_reduction":
            return []
        rows = self._snapshot.rows(
            """
            select person_key, entry_date, follow_up_date, is_observed, is_retained, is_relapsed
            from restricted.employment_entry
            where contract_id = ? and part_id = ?
            order by entry_date, person_key
            """,
            [self._contract, part["part_id"]],
        )
        return [plain_row(row) for row in rows]

    def _deliveries(self, part: Mapping[str, Any], line: Mapping[str, Any]) -> Rows:
        """Accepted files of register and wages that cover days of a relapse part."""
        if part.get("kind") != "relapse_reduction":
            return []
        first = months.parse_month(part["entries"]["first_month"])
        rows = self._snapshot.rows(
            """
            select source, file_name, sha256 as delivery_sha256, covers_from, covers_to
            from mart.delivery
            where
                is_accepted and source in (?, 'eindkomst') and extracted_on <= ?
                and covers_to >= ? and covers_from <= last_day(?)
            order by source, covers_from, covers_to, file_name
            """,
            [self._terms["register"], self._snapshot.as_of, first, line["month"]],
        )
        return [plain_row(row) for row in rows]


def _rule(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the rules decided about a person-month, and where they stand."""
    told = plain_row({name: row[name] for name in _RULE})
    told["price_group"] = row["price_group"]
    told["clause"] = words.rule_id("reason", row["reason"])
    told["remedy"] = None if row["is_payable"] else words.remedy("reason", row["reason"])
    return told
