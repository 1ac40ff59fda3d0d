"""What an approval freezes: figures, the published rows, and everything they rest on.

What belongs here: gathering it from the snapshot, the terms and the reference tables.
What does not: writing the file (``frozen``) and the decision (``commands``).

Clause: 40-settlement.md, "approved is frozen": figures and provenance (terms, benefit codes, every
delivery's sha256, code version, participants' state).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from dagster_project.lib import fingerprint, reference
from dagster_project.lib.canonical import money_text
from dagster_project.lib.contracts import Contract
from dagster_project.lib.errors import NotAllowedError
from dagster_project.lib.ledger import frozen
from dagster_project.lib.ledger.snapshot import Rows, Snapshot
from dagster_project.lib.statement.figures import figures, figures_sha256
from dagster_project.lib.statement.tiers import Reading, Tier

_LAW = ("contract_id", "period_start")


def freeze(snapshot: Snapshot, contract: Contract, period_start: dt.date) -> frozen.Document:
    """The document that is frozen when the period is approved as the snapshot shows it.

    Raises:
        NotAllowedError: code or reference tables are not those of the snapshot (exit 3).
    """
    _require_same_code(snapshot)
    contract_id = contract.contract_id
    settlement = snapshot.of_period("mart.settlement", contract_id, period_start)[0]
    readings = snapshot.of_period("mart.settlement_reading", contract_id, period_start,
                                  order="reading_id")  # fmt: skip
    lines = snapshot.of_period("restricted.settlement_line", contract_id, period_start,
                               order="line_no")  # fmt: skip
    chosen, tiers = payment_terms(contract)
    shown = figures(settlement, contract.terms_sha256, readings, tiers, chosen, lines)
    return {
        "format": frozen.FORMAT,
        "statement_sha256": figures_sha256(shown),
        "figures": shown,
        "published": {
            "settlement": _plain([settlement]),
            "settlement_part": _plain(
                snapshot.of_period("mart.settlement_part", contract_id, period_start,
                                   order="part_id, price_group")
            ),
            "settlement_reading": _plain(readings),
            "settlement_true_up": _plain(
                snapshot.of_period("mart.settlement_true_up", contract_id, period_start,
                                   order="corrected_period_start, cause")
            ),
            "settlement_line": _plain(lines),
        },
        "provenance": _provenance(snapshot, contract),
    }  # fmt: skip


def payment_terms(contract: Contract) -> tuple[Reading, list[Tier]]:
    """The chosen reading and the tiers of a contract that pays."""
    if contract.payment is None:
        raise ValueError("a tracked contract has no tiers")
    readings = contract.payment.readings
    chosen = next(r for r in readings.alternatives if r.reading_id == readings.chosen)
    return (
        Reading(
            chosen.reading_id, chosen.payment_ceiling, chosen.basis_ceiling, str(chosen.clause)
        ),
        [Tier(t.above, t.provider_share, str(t.clause)) for t in contract.payment.tiers],
    )


def _provenance(snapshot: Snapshot, contract: Contract) -> dict[str, Any]:
    tables = reference.load_reference()
    return {
        "as_of_date": snapshot.as_of.isoformat(),
        "snapshot_id": snapshot.snapshot_id,
        "code_version": snapshot.manifest["code_version"],
        "terms": json.loads(contract.terms_json()),
        "terms_sha256": contract.terms_sha256,
        "benefit_codes": tables.codes_as_rows(),
        "benefit_codes_sha256": tables.sha256["benefit_codes"],
        "deliveries": deliveries(snapshot),
        "participants": _plain(
            snapshot.rows(
                "select * from restricted.participant where contract_id = ? order by course_id",
                [contract.contract_id],
            )
        ),
    }


def deliveries(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The deliveries that the snapshot knows, in the order of the manifest."""
    told = {
        row["delivery_id"]: row
        for row in _plain(snapshot.rows("select * from mart.delivery order by delivery_id"))
    }
    names = ("file_name", "extracted_on", "covers_from", "covers_to")
    return [
        {
            **{name: delivery[name] for name in ("delivery_id", "source", "sha256")},
            **{name: told.get(delivery["delivery_id"], {}).get(name) for name in names},
        }
        for delivery in snapshot.manifest["deliveries"]
    ]


def _require_same_code(snapshot: Snapshot) -> None:
    if snapshot.manifest["code_version"] != fingerprint.code_version():
        raise NotAllowedError(
            "SNAPSHOT_STALE",
            "the newest snapshot was made with other code or reference tables than today's",
            remedy="run `effekt run` and look at the figures again",
        )


def _plain(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows with money and dates as text, as they stand in the frozen file."""
    return [{name: _text(name, value) for name, value in row.items()} for row in rows]


def _text(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value) if name.endswith("_dkk") else format(value, "f")
    return value.isoformat() if isinstance(value, dt.date) else value
