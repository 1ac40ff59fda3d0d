"""What an approval freezes: the statement's content, the published rows, and what they rest on.

What belongs here: gathering it from the snapshot, the terms and the reference tables.
What does not: writing the file (``frozen``) and the decision (``commands``).

Frozen are figures and provenance: terms, benefit codes, every delivery's sha256, code version,
participants' state without their pseudonyms, which a purge could not remove from here; and, in a
file of its own, what stands behind every line.

Rules: S.frozen.
Decides: S.frozen.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from dagster_project.lib import reference
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.contracts import Contract
from dagster_project.lib.ledger import frozen
from dagster_project.lib.ledger.chain import Ledger
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.publishing.line_evidence import LineEvidence
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.publishing.tables import declared_tables
from dagster_project.lib.statement import content as contents


def freeze(
    snapshot: Snapshot, contract: Contract, period_start: dt.date, ledger: Ledger
) -> frozen.Document:
    """The document that is frozen when the period is approved as the snapshot shows it.

    Raises:
        NotAllowedError: code or reference tables are not those of the snapshot (exit 3).
    """
    _require_same_code(snapshot)
    document = contents.gather(snapshot, contract, period_start, ledger)
    document["published"] = {
        name: contents.plain(
            snapshot.of_period(
                f"{room}.{name}", contract.contract_id, period_start, order=", ".join(table.key)
            )
        )
        for (room, name), table in declared_tables().items()
        if name in frozen.TABLES.values()
    }
    document["provenance"]["benefit_codes"] = reference.load_reference().codes_as_rows()
    document["provenance"]["participants"] = contents.plain(
        snapshot.rows(
            "select * exclude (person_key) from restricted.participant"
            " where contract_id = ? order by course_id",
            [contract.contract_id],
        )
    )
    return document


def evidence(snapshot: Snapshot, contract: Contract, period_start: dt.date) -> list[dict[str, Any]]:
    """What the snapshot shows behind every line of the period, in the order of ``line_no``."""
    lines = snapshot.of_period(
        "restricted.settlement_line", contract.contract_id, period_start, order="line_no"
    )
    shown = LineEvidence(snapshot, contract.contract_id, json.loads(contract.terms_json()))
    return [
        {"line_no": line["line_no"], **told}
        for line, told in zip(lines, shown.of_lines(lines), strict=True)
    ]


def _require_same_code(snapshot: Snapshot) -> None:
    if snapshot.manifest["code_version"] != code_version():
        raise NotAllowedError(
            "SNAPSHOT_STALE",
            "det nyeste øjebliksbillede er lavet med et andet program eller andre tabeller "
            "end dagens",
            remedy="kør `effekt run`, og se tallene igen",
        )
