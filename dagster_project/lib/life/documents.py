"""The documents of a settlement after a step of its life.

What belongs here: whose documents a step writes anew. What does not: the documents
(``lib/statement``) and the step (``commands``).

Rules: S.statement.
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.lib.base.errors import EffektError, said_by_system
from dagster_project.lib.ledger.chain import Event
from dagster_project.lib.statement import write_statement
from dagster_project.settings import Settings


def write_documents(settings: Settings, event: Event) -> list[Path]:
    """Write the documents of the settlement whose state a recorded step has changed.

    A release changes no state: the next night computes what it moves.

    Raises:
        EffektError: ``DOCUMENTS_NOT_WRITTEN``: the step stands, its documents do not.
    """
    if event.action == "release":
        return []
    period = f"{event.period_start:%Y-%m}"
    try:
        return write_statement(settings, event.contract_id, period)
    except (EffektError, OSError) as error:
        why = error.message if isinstance(error, EffektError) else said_by_system(error)
        raise EffektError(
            "DOCUMENTS_NOT_WRITTEN",
            f"hændelse {event.sequence} er skrevet i hovedbogen, men dens dokumenter kunne ikke "
            f"skrives: {why}",
            remedy=f"skriv dem med effekt statement {event.contract_id} {period}",
        ) from None
