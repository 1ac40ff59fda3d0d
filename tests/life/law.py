"""What must hold after every night, computed from the published rows and the ledger's files.

Written from docs/rules/settlement.md alone, in plain Python: lines, sums, tiers, payments, approved
bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

from dagster_project.lib import ledger, publishing
from dagster_project.lib.statement import authenticate, write_statement
from dagster_project.lib.statement.documents import NIGHTLY_LIMIT
from tests.life.world import Town

ZERO = Decimal(0)
AUTHORISED = Decimal(7000)
TERM_ENDS = dt.date(2023, 12, 31)
APPROVED = ("approved", "paid")
ROLES = {"participant", "coverage", "referral_spell", "claim"}
Key = tuple[str, str, dt.date]


def entitlement(basis: Decimal) -> Decimal:
    """W(B) of the test's contract: everything up to 5,000, half above, at most 20,000."""
    counted = max(basis, ZERO)
    paid = min(counted, Decimal(5000)) + max(counted - 5000, ZERO) / 2
    return min(paid, Decimal(20000)).quantize(Decimal("0.01"))


class Witness:
    """Remembers what was approved, and compares every night with it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.frozen: dict[str, str] = {}
        self.rows: dict[dt.date, dict[str, Any]] = {}
        self.lines: dict[dt.date, list[dict[str, Any]]] = {}
        self.is_purged = False

    def is_ended(self) -> bool:
        """Whether the contract's retention has ended as of what is published (F.retention)."""
        years = self.town.retention_years
        current = publishing.current_snapshot(self.town.settings.home)
        if self.is_purged or years is None or current is None:
            return self.is_purged
        as_of = dt.date.fromisoformat(current.manifest["as_of_date"])
        events = ledger.read(self.town.settings.home).events
        paid = [event.as_of_date for event in events
                if (event.action, event.contract_id) == ("pay", self.town.contract_id)]  # fmt: skip
        since = max(paid, default=TERM_ENDS)
        has_passed = as_of.timetuple()[:3] >= (since.year + years, since.month, since.day)
        return as_of > TERM_ENDS and has_passed

    def remember(self) -> None:
        """Note the bytes of the frozen statements; those noted before must not have changed."""
        folder = self.town.root / "ledger" / "statements" / self.town.contract_id
        for path in folder.glob("*.json"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert self.frozen.setdefault(path.name, digest) == digest, f"{path.name} has changed"
        assert all((folder / name).is_file() for name in self.frozen)

    def check(self, *, documents: bool = True) -> None:
        """Everything that holds after a night, whatever happened before it.

        Args:
            documents: the night wrote its statements; they are authenticated too.
        """
        self.remember()
        chain = ledger.check_chain(self.town.settings.home, None)
        settlement = {r["period_start"]: r for r in self.town.rows("mart.settlement")}
        lines = self.town.rows("restricted.settlement_line", order="period_start, line_no")
        closed = [row for row in settlement.values() if row["is_closed"]]
        is_ended = self.is_ended()
        self._approved_stay(settlement, lines)
        self._lines_add_up(closed, lines)
        self._lines_are_todays_amounts(closed, lines)
        self._payments(closed, chain)
        self._radar(closed, lines)
        self._stored_evidence(closed, lines)
        if is_ended:
            self._ended(settlement)
        else:
            self._evidence(lines)
            self._decided(chain)
        if documents:
            self._documents(closed)

    def _approved_stay(
        self, settlement: dict[dt.date, dict[str, Any]], lines: list[dict[str, Any]]
    ) -> None:
        is_prefix = [row["state"] in APPROVED for row in settlement.values()]
        assert is_prefix == sorted(is_prefix, reverse=True), "approved periods are no prefix"
        for start, row in settlement.items():
            if row["state"] not in APPROVED:
                continue
            shown = {name: value for name, value in row.items() if name != "state"}
            own = [line for line in lines if line["period_start"] == start]
            assert self.rows.setdefault(start, shown) == shown
            assert self.lines.setdefault(start, own) == own

    def _lines_add_up(self, closed: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
        total = ZERO
        for row in closed:
            own = [line for line in lines if line["period_start"] == row["period_start"]]
            basis = sum((line["difference_dkk"] for line in own), ZERO)
            total += basis
            assert [line["line_no"] for line in own] == list(range(1, len(own) + 1))
            assert (row["basis_dkk"], row["basis_cumulative_dkk"]) == (basis, total)
            for line in own:
                change = line["new_amount_dkk"] - line["old_amount_dkk"]
                assert line["difference_dkk"] == change != 0

    def _todays_amounts(self) -> dict[Key, Decimal]:
        """Amounts other than 0 under tonight's knowledge, by part, course (or group) and month."""
        found = {
            ("indsats", row["course_id"], row["month"]): row["amount_dkk"]
            for row in self.town.rows("restricted.person_month")
        }
        for row in self.town.rows("mart.fte_effect"):
            amount = max(row["amount_dkk"] or ZERO, ZERO)
            found["statistik", row["benefit_group"], dt.date(2023, 2, 1)] = amount
        return {key: amount for key, amount in found.items() if amount}

    def _lines_are_todays_amounts(
        self, closed: list[dict[str, Any]], lines: list[dict[str, Any]]
    ) -> None:
        """Σ of a key's lines up to the first unapproved closed period is today's amount."""
        drafts = [row["period_start"] for row in closed if row["state"] not in APPROVED]
        if not drafts:
            return
        sums: dict[Key, Decimal] = defaultdict(Decimal)
        for line in lines:
            sums[_key(line)] += line["difference_dkk"]
        last = max(row["period_end"] for row in closed)
        today = {k: v for k, v in self._todays_amounts().items() if k[2] <= last}
        assert {key: amount for key, amount in sums.items() if amount} == today

    def _payments(self, closed: list[dict[str, Any]], chain: ledger.Ledger) -> None:
        released = [(event.period_start, event.amount_dkk) for event in chain.events
                    if event.action == "release" and event.amount_dkk
                    and event.contract_id == self.town.contract_id]  # fmt: skip
        paid, frozen, open_most = ZERO, ZERO, ZERO
        for row in closed:
            start = row["period_start"]
            if row["state"] in APPROVED:
                frozen += row["payment_dkk"]
            else:
                limit = AUTHORISED + sum((a for since, a in released if since <= start), ZERO)
                entitled = entitlement(row["basis_cumulative_dkk"])
                assert row["entitlement_cumulative_dkk"] == entitled
                assert row["payment_cumulative_dkk"] == min(entitled, limit)
                assert row["held_cumulative_dkk"] == entitled - min(entitled, limit)
                open_most = max(open_most, row["payment_cumulative_dkk"])
            through = max(frozen, open_most)
            assert row["payment_dkk"] == through - paid >= 0
            paid = through
            carried = row["carried_forward_dkk"]
            assert paid == row["payment_cumulative_dkk"] + carried
            share = row["basis_cumulative_dkk"] - row["payment_cumulative_dkk"]
            assert row["municipality_share_cumulative_dkk"] == share

    def _radar(self, closed: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
        """Tonight's radar equals the next true-up, or that of a period that is not closed yet."""
        radar = self.town.asked(
            "select part_id, coalesce(course_id, price_group), month, new_amount_dkk"
            " from intermediate.int_lines__true_up"
            f" where contract_id = '{self.town.contract_id}' order by all"
        )
        drafts = [row["period_start"] for row in closed if row["state"] not in APPROVED]
        if drafts:
            shown = [
                (line["part_id"], line["course_id"] or line["price_group"], line["month"],
                 line["new_amount_dkk"])
                for line in lines
                if line["line_kind"] == "true_up" and line["period_start"] == min(drafts)
            ]  # fmt: skip
            assert sorted(shown) == radar
        counted = {row["corrected_period_start"] for row in self.town.rows("mart.restatement")}
        assert bool(counted) == bool(radar)
        for line in lines:
            if line["line_kind"] == "true_up":
                assert line["cause"] not in (None, "unknown"), line

    def _ended(self, settlement: dict[dt.date, dict[str, Any]]) -> None:
        """What is approved stands as it was frozen, and nothing is computed (F.retention)."""
        assert settlement.keys() == self.rows.keys()
        for table in ("restricted.person_month", "mart.settlement_forecast", "mart.restatement"):
            assert self.town.rows(table) == [], table

    def _evidence(self, lines: list[dict[str, Any]]) -> None:
        """Every krone of a person-month that is paid today leads to file rows."""
        today, decided = self._todays_amounts(), self._upheld()
        rows = self.town.rows("restricted.case_line_evidence")
        found: dict[tuple[str, dt.date], set[str]] = defaultdict(set)
        for row in rows:
            found[row["course_id"], row["month"]].add(row["role"])
            assert (row["row_number"] is None) == (row["row_hmac"] is None)
        for line in lines:
            key = (line["course_id"], line["month"])
            is_paid = line["new_amount_dkk"] and _key(line) in today
            if line["course_id"] is not None and is_paid and key not in decided:
                assert found[key] >= ROLES

    def _stored_evidence(self, closed: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
        """So does every krone that was approved, in what its approval stored (S.frozen)."""
        folder = self.town.root / "ledger" / "statements" / self.town.contract_id
        for row in closed:
            path = folder / f"{row['period_start']:%Y-%m}.evidence.jsonl"
            is_stored = row["state"] in APPROVED and not self.is_purged
            assert path.is_file() == is_stored
            if not is_stored:
                continue
            told = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            stored = {one["line_no"]: one for one in told}
            for line in lines:
                is_own = line["period_start"] == row["period_start"] and line["new_amount_dkk"]
                if not is_own or line["course_id"] is None:
                    continue
                found = stored[line["line_no"]]
                roles = {one["role"] for one in found["evidence"]}
                assert found["rule"]["reason"] == "decided" or roles >= ROLES

    def _upheld(self) -> set[tuple[str, dt.date]]:
        """Courses and months of disputes that were upheld."""
        return {
            (row["course_id"], row["month"])
            for row in self.town.rows("restricted.dispute")
            if row["outcome"] == "upheld"
        }

    def _decided(self, chain: ledger.Ledger) -> None:
        """A month is as the newest event decided that upheld a dispute about it, and no mismatch.

        Where it is no effort month any more, that decision is a row of its own.
        """
        own = [event for event in chain.events if event.contract_id == self.town.contract_id]
        opened = {f"{e.contract_id}-{e.sequence}": e for e in own if e.action == "dispute"}
        decided: dict[tuple[str | None, dt.date | None], str | None] = {}
        for event in own:
            if event.action == "decide" and event.outcome == "upheld":
                about = opened[event.dispute_id or ""]
                decided[about.course_id, about.month] = about.wants
        months = {
            (row["course_id"], row["month"]): row
            for row in self.town.rows("restricted.person_month")
        }
        mismatches: dict[tuple[str | None, dt.date | None], set[str]] = defaultdict(set)
        for row in self.town.rows("restricted.mismatch"):
            mismatches[row["course_id"], row["month"]].add(row["kind"])
        known = {row["course_id"] for row in self.town.rows("restricted.participant")}
        for key, row in months.items():
            assert (row["reason"] == "decided") == (key in decided), key
        for key, wants in decided.items():
            if key not in months:
                # whoever is on no list any more may still be claimed for
                claimed = set() if key[0] in known else {"claim_without_course"}
                assert mismatches[key] - claimed == {"decision_without_month"}, key
                continue
            amount = Decimal(self.town.rate) if wants == "paid" else ZERO
            assert (months[key]["is_payable"], months[key]["amount_dkk"]) == (
                wants == "paid", amount
            ), key  # fmt: skip
            assert key not in mismatches, key

    def _documents(self, closed: list[dict[str, Any]]) -> None:
        folder = self.town.root / "reports" / "statements" / self.town.contract_id
        kept = list(folder.parent.glob("*/????-??.json"))
        for row in closed:
            period = f"{row['period_start']:%Y-%m}"
            if len(kept) >= NIGHTLY_LIMIT and folder / f"{period}.json" not in kept:
                # a night makes so many unasked; one that lies there must be today's all the same
                write_statement(self.town.settings, self.town.contract_id, period)
            verdict = authenticate(folder / f"{period}.json")
            assert verdict.is_valid, verdict.text()
            assert verdict.statement_sha256 == row["statement_sha256"]
            assert verdict.state == row["state"]
            self._figures(row, json.loads((folder / verdict.file_name).read_text("utf-8")))

    def _figures(self, row: dict[str, Any], document: dict[str, Any]) -> None:
        """The figures prove the published lines, and no course is named beside them (S.hash)."""
        lines = [
            line
            for line in self.town.rows("restricted.settlement_line", order="line_no")
            if line["period_start"] == row["period_start"]
        ]
        told = [
            {
                "line_kind": line["line_kind"], "part": line["part_id"],
                "course": line["course_id"], "month": f"{line['month']:%Y-%m}",
                "price_group": line["price_group"], "old": f"{line['old_amount_dkk']:.2f}",
                "new": f"{line['new_amount_dkk']:.2f}",
                "difference": f"{line['difference_dkk']:.2f}",
            }
            for line in lines
        ]  # fmt: skip
        figures = document["figures"]
        assert figures["lines"] == {"count": len(told), "sha256": _sha256(told)}
        assert document["statement_sha256"] == _sha256(figures)
        months: dict[tuple[str, str, str], dict[str, int]] = {}
        for line in told:
            key = (line["line_kind"], line["part"], line["price_group"])
            rates = months.setdefault(key, {})
            rates[line["difference"]] = rates.get(line["difference"], 0) + 1
        shown = {
            (part["line_kind"], part["part"], part["price_group"]): {
                rate["rate"]: rate["months"] for rate in part["rates"]
            }
            for part in figures["parts"]
        }
        assert shown == months
        released = sum(
            (
                event.amount_dkk or ZERO
                for event in ledger.read(self.town.settings.home).events
                if event.action == "release"
                and event.contract_id == self.town.contract_id
                and event.period_start <= row["period_start"]
            ),
            ZERO,
        )
        authorised = {"maximum": f"{AUTHORISED:.2f}", "released": f"{released:.2f}"}
        assert figures["authorised"] == authorised
        courses = {line["course"] for line in told} - {None}
        assert not courses & texts_of(document)


def _sha256(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def texts_of(value: Any) -> set[str]:
    """Every text that stands anywhere in a document."""
    if isinstance(value, dict):
        return {text for item in value.values() for text in texts_of(item)}
    if isinstance(value, list):
        return {text for item in value for text in texts_of(item)}
    return {value} if isinstance(value, str) else set()


def _key(line: dict[str, Any]) -> Key:
    return (line["part_id"], line["course_id"] or line["price_group"], line["month"])
