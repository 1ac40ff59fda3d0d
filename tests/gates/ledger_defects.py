"""Defects of the ledger's files and of what a run has loaded of them."""

from __future__ import annotations

from collections.abc import Callable

from dagster_project.lib.gates.facts import Context
from dagster_project.lib.ledger import chain


def _break_chain(context: Context) -> None:
    path = chain.ledger_file(context.home)
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"sequence": 1}\n{"sequence": 2}\n', encoding="utf-8")


def _forget_events(context: Context) -> None:
    context.connection.execute(
        "insert into raw.ledger_event (sequence, action) values (1, 'submit')"
    )


def _forget_frozen(context: Context) -> None:
    context.connection.execute("insert into raw.frozen_settlement (contract_id) values ('a')")


LEDGER_DEFECTS: dict[str, Callable[[Context], None]] = {
    "chain_is_whole": _break_chain,
    "known_events_are_loaded": _forget_events,
    "approvals_are_backed": _forget_frozen,
}
