"""The ledger in a run: checked events and frozen statements go into the raw room.

What belongs here: which events a run knows and the tables that dbt reads them from.
What does not: what a state is (``state``).

Rules: R0.known, S.frozen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb

from dagster_project.lib.ledger import chain, frozen
from dagster_project.lib.ledger.chain import Ledger
from dagster_project.lib.ledger.frozen_bounds import refuse_moved_bounds
from dagster_project.lib.ledger.retention import require_terms
from dagster_project.lib.ledger.state import Key, approvals_of, list_states
from dagster_project.lib.warehouse.rows import replace_rows
from dagster_project.settings import Home

if TYPE_CHECKING:
    from dagster_project.lib.contracts import Contract


def load_ledger(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    as_of: dt.date,
    contracts: Sequence[Contract],
) -> dict[str, int]:
    """Fill ``raw.ledger_event``, ``raw.ledger_release`` and ``raw.frozen_*``.

    Only events with an as-of date on or before the run's are known (R0.known). Call it after
    ``check_chain`` and after the contracts are validated.

    Returns:
        Rows written by table.

    Raises:
        EffektError: a frozen statement was altered, terms move an approved period, or the
            contract file of an approved period is gone (all exit 1).
    """
    known = chain.read(home).known(as_of)
    approvals = approvals_of(known)
    documents = {key: frozen.read(home, event) for key, event in approvals.items()}
    _refuse_moved_periods(contracts, documents)
    return frozen.load(connection, documents.values()) | load_events(connection, known)


def load_states(
    connection: duckdb.DuckDBPyConnection, home: Home, as_of: dt.date, hashes: Mapping[Key, str]
) -> None:
    """Replace ``raw.statement``: state and figures hash of every settlement period.

    Args:
        connection: the warehouse, its settlement models built.
        home: the home of the ledger.
        as_of: the run's business date; later events are not known.
        hashes: figures hash of each closed period that is not approved.
    """
    known = chain.read(home).known(as_of)
    replace_rows(connection, "raw.statement", list_states(connection, known, hashes))


def _refuse_moved_periods(
    contracts: Sequence[Contract], documents: dict[Key, frozen.Document]
) -> None:
    by_id = {contract.contract_id: contract for contract in contracts}
    require_terms(contracts, {contract_id for contract_id, _ in documents})
    for contract_id in sorted({contract_id for contract_id, _ in documents}):
        own = {start: document for (name, start), document in documents.items()
               if name == contract_id}  # fmt: skip
        rows = [own[start]["published"]["settlement"][0] for start in sorted(own)]
        bounds = [
            (dt.date.fromisoformat(row["period_start"]), dt.date.fromisoformat(row["period_end"]))
            for row in rows
        ]
        terms = own[max(own)]["provenance"]["terms"]
        refuse_moved_bounds(by_id[contract_id], bounds, terms)


def load_events(connection: duckdb.DuckDBPyConnection, known: Ledger) -> dict[str, int]:
    """Replace ``raw.ledger_event`` and ``raw.ledger_release``; rows written by table."""
    rows = [event.to_json() for event in known.events]
    releases = [
        {
            "contract_id": row["contract_id"],
            "from_period_start": row["period_start"],
            "amount_dkk": row["amount_dkk"],
        }
        for row in rows
        if row["action"] == "release"
    ]
    return {
        "raw.ledger_event": frozen.replace(connection, "ledger_event", rows),
        "raw.ledger_release": frozen.replace(connection, "ledger_release", releases),
    }
