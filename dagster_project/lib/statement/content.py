"""What a statement holds: figures, what is printed beside them, and provenance.

What belongs here: gathering it from a published snapshot and the terms, once. An approval freezes
it as it is, so that the documents of an approved period can always be made again from the ledger
alone. What does not: words (``view``), layout, files.

Rules: S.statement, S.variant.
Decides: S.statement.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from dagster_project.lib import reference
from dagster_project.lib.base.canonical import money_text, plain_row
from dagster_project.lib.contracts import Contract
from dagster_project.lib.contracts.model import FteReductionPart
from dagster_project.lib.ledger.chain import Ledger
from dagster_project.lib.ledger.state import released_dkk
from dagster_project.lib.publishing.snapshot import Rows, Snapshot
from dagster_project.lib.statement import foreseen
from dagster_project.lib.statement.figures import Terms, figures, figures_sha256
from dagster_project.lib.statement.tiers import Reading, Tier

Content = dict[str, Any]


def gather(
    snapshot: Snapshot, contract: Contract, period_start: dt.date, ledger: Ledger
) -> Content:
    """Everything that a statement of a closed period holds, but its state and events.

    Args:
        snapshot: the published snapshot that is shown.
        contract: the terms that the snapshot was computed with.
        period_start: first day of the period.
        ledger: the chain; the figures know what the snapshot knew of it.
    """
    contract_id = contract.contract_id
    settlement = snapshot.of_period("mart.settlement", contract_id, period_start)[0]
    readings = snapshot.of_period(
        "mart.settlement_reading", contract_id, period_start, order="reading_id"
    )
    lines = snapshot.of_period(
        "restricted.settlement_line", contract_id, period_start, order="line_no"
    )
    terms, tiers = payment_terms(contract)
    released = released_dkk(ledger.until(snapshot.ledger_head), contract_id, period_start)
    shown = figures(settlement, terms, released, readings, tiers, lines)
    return {
        "statement_sha256": figures_sha256(shown),
        "figures": shown,
        "shown": _shown(snapshot, contract, settlement, lines)
        | variants_of(snapshot, contract, period_start)
        | foreseen.gather(snapshot, contract_id),
        "provenance": _provenance(snapshot, contract),
    }


def payment_terms(contract: Contract) -> tuple[Terms, list[Tier]]:
    """Readings, authorised maximum and tiers of a contract that pays."""
    if contract.payment is None:
        raise ValueError("a tracked contract has no tiers")
    readings = {
        one.reading_id: Reading(
            one.reading_id, one.payment_ceiling, one.basis_ceiling, str(one.clause)
        )
        for one in contract.payment.readings.alternatives
    }
    chosen = readings[contract.payment.readings.chosen]
    terms = Terms(contract.terms_sha256, readings, chosen, contract.payment.authorised_max)
    tiers = [Tier(t.above, t.provider_share, str(t.clause)) for t in contract.payment.tiers]
    return terms, tiers


def plain(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows with money and dates as text: what canonical JSON can hold."""
    return [plain_row(row) for row in rows]


def _shown(
    snapshot: Snapshot, contract: Contract, settlement: Mapping[str, Any], lines: Rows
) -> dict[str, Any]:
    contract_id, start = settlement["contract_id"], settlement["period_start"]
    kept = ("state", "is_superseded", "statement_sha256")
    return {
        "totals": plain([{k: v for k, v in settlement.items() if k not in kept}])[0],
        "parts": _of(snapshot, "mart.settlement_part", contract_id, start, "part_id, price_group"),
        "true_ups": _of(
            snapshot, "mart.settlement_true_up", contract_id, start,
            "corrected_period_start, cause",
        ),
        "curve": _of_contract(
            snapshot, "mart.payment_curve", contract_id, "reading_id, basis_dkk"
        ),
        "matches": _of(snapshot, "mart.claim_match_period", contract_id, start, "match"),
        "claims": _of(snapshot, "mart.claim_match", contract_id, start, "match, reason"),
        "blockers": _of(snapshot, "mart.settlement_blocker", contract_id, start, "kind"),
        "effects": _of_contract(snapshot, "mart.fte_effect", contract_id, "part_id, benefit_group"),
        "statistics": _statistics(snapshot, contract),
        "relapses": _of_contract(snapshot, "mart.relapse_summary", contract_id, "part_id"),
        "relapse_curve": _of_contract(
            snapshot, "mart.relapse_curve", contract_id, "part_id, months_since_entry"
        ),
        "young": _young(snapshot, contract, lines),
        **_calendar(snapshot, contract_id, start),
    }  # fmt: skip


def _calendar(snapshot: Snapshot, contract_id: str, start: dt.date) -> dict[str, Any]:
    """Deadlines of the period and the contract's open disputes, where there are any."""
    deadlines = snapshot.rows(
        "select step, owner, due_on, done_on from mart.settlement_deadline"
        " where contract_id = ? and period_start = ? and due_on is not null order by due_on, step",
        [contract_id, start],
    )
    (still_open,) = snapshot.rows(
        "select count(*) as month_count, sum(amount_dkk) as amount_dkk from restricted.dispute"
        " where contract_id = ? and outcome is null",
        [contract_id],
    )
    found: dict[str, Any] = {"deadlines": plain(deadlines)} if deadlines else {}
    if still_open["month_count"]:
        found["open_disputes"] = plain([still_open])[0]
    return found


def variants_of(snapshot: Snapshot, contract: Contract, start: dt.date) -> dict[str, Any]:
    """What other terms would come to, the contract's own row first; nothing without variants."""
    if not contract.variants:
        return {}
    found = {
        row["variant_id"]: row
        for row in _of(
            snapshot, "mart.settlement_variant", contract.contract_id, start, "variant_id"
        )
    }
    order = ["", *(variant.variant_id for variant in contract.variants)]
    return {"variants": [found[name] for name in order if name in found]}


def _of(snapshot: Snapshot, table: str, contract_id: str, start: dt.date, order: str) -> Rows:
    return plain(snapshot.of_period(table, contract_id, start, order=order))


def _of_contract(snapshot: Snapshot, table: str, contract_id: str, order: str) -> Rows:
    """Rows of a contract in a published table (named by code, never by data)."""
    query = f"select * from {table} where contract_id = ? order by {order}"  # noqa: S608
    return plain(snapshot.rows(query, [contract_id]))


def _statistics(snapshot: Snapshot, contract: Contract) -> Rows:
    """Published statistics of the months that an fte part compares."""
    found: Rows = []
    for part in contract.parts:
        if isinstance(part, FteReductionPart):
            for span, name in ((part.baseline, "baseline"), (part.evaluation, "evaluation")):
                rows = snapshot.rows(
                    "select benefit_group, month, fte_published from mart.fte_month"
                    " where area = ? and month between ? and ? and list_contains(?, benefit_group)"
                    " order by benefit_group, month",
                    [contract.area, span.first_month, span.last_month,
                     [group.benefit_group for group in part.groups]],
                )  # fmt: skip
                found += [{"part_id": part.part_id, "span": name, **row} for row in plain(rows)]
    return found


def _young(snapshot: Snapshot, contract: Contract, lines: Rows) -> dict[str, Any]:
    """Kroner of the new lines with a deciding delivery extracted shortly before the as-of date."""
    days = contract.settlement.young_data_days if contract.settlement else 0
    new = [line for line in lines if line["line_kind"] == "new"]
    extracted = _extracted(snapshot, contract, {line["month"] for line in new if line["course_id"]})
    since = snapshot.as_of - dt.timedelta(days=days)
    statistics = _is_young(_statistics_dates(snapshot, contract), since)
    young = [
        line
        for line in new
        if (_is_young(extracted[line["month"]], since) if line["course_id"] else statistics)
    ]
    amount = sum((line["difference_dkk"] for line in young), Decimal(0))
    return {"days": days, "amount_dkk": money_text(amount), "line_count": len(young)}


def _is_young(extracted: Iterable[dt.date], since: dt.date) -> bool:
    """Whether any extract was made after that day."""
    return any(date > since for date in extracted)


def _extracted(
    snapshot: Snapshot, contract: Contract, asked: Collection[dt.date]
) -> Mapping[dt.date, list[dt.date]]:
    """Of each month, when each extract of the register that owns days of it was made."""
    rows = snapshot.rows(
        """
        select distinct evidence.month, delivery.extracted_on
        from restricted.case_line_evidence as evidence
        inner join mart.delivery as delivery
            on
                evidence.delivery_sha256 = delivery.sha256
                and evidence.file_name = delivery.file_name
        where
            evidence.contract_id = ? and evidence.role = 'coverage'
            and list_contains(?, evidence.month)
        """,
        [contract.contract_id, sorted(asked)],
    )
    found: dict[dt.date, list[dt.date]] = {month: [] for month in asked}
    for row in rows:
        found[row["month"]].append(row["extracted_on"])
    return found


def _statistics_dates(snapshot: Snapshot, contract: Contract) -> list[dt.date]:
    """When the statistics that the figures of the evaluation months come from were extracted."""
    known = [row["delivery_id"] for row in snapshot.manifest["deliveries"]]
    extracts = snapshot.rows(
        "select extracted_on, sha256 from mart.delivery where list_contains(?, delivery_id)",
        [known],
    )
    by_sha = {row["sha256"]: row["extracted_on"] for row in extracts}
    found = []
    for part in contract.parts:
        if isinstance(part, FteReductionPart):
            rows = snapshot.rows(
                "select statistics_sha256 from mart.fte_month"
                " where area = ? and month between ? and ? and list_contains(?, benefit_group)",
                [contract.area, part.evaluation.first_month, part.evaluation.last_month,
                 [group.benefit_group for group in part.groups]],
            )  # fmt: skip
            found += [by_sha[row["statistics_sha256"]] for row in rows
                      if row["statistics_sha256"] in by_sha]  # fmt: skip
    return found


def _provenance(snapshot: Snapshot, contract: Contract) -> dict[str, Any]:
    return {
        "as_of_date": snapshot.as_of.isoformat(),
        "snapshot_id": snapshot.snapshot_id,
        "code_version": snapshot.manifest["code_version"],
        "terms": json.loads(contract.terms_json()),
        "terms_sha256": contract.terms_sha256,
        "benefit_codes_sha256": _benefit_codes_sha256(),
        "deliveries": deliveries(snapshot),
    }


@cache
def _benefit_codes_sha256() -> str:
    return reference.load_reference().sha256["benefit_codes"]


def deliveries(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The deliveries that the snapshot knows, in the order of the manifest."""
    told = {
        row["delivery_id"]: row
        for row in plain(snapshot.rows("select * from mart.delivery order by delivery_id"))
    }
    names = ("file_name", "extracted_on", "covers_from", "covers_to")
    return [
        {
            **{name: delivery[name] for name in ("delivery_id", "source", "sha256")},
            **{name: told.get(delivery["delivery_id"], {}).get(name) for name in names},
        }
        for delivery in snapshot.manifest["deliveries"]
    ]
