"""The documents of a settlement after a step of its life.

What belongs here: whose documents a step writes anew. What does not: the documents
(``lib/statement``) and the step (``commands``).

Rules: S.statement.
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.lib import charts
from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import EffektError, said_by_system
from dagster_project.lib.ledger.chain import Event
from dagster_project.lib.publishing import snapshot
from dagster_project.lib.statement import posting, write_statement
from dagster_project.settings import Settings


def write_documents(settings: Settings, event: Event) -> list[Path]:
    """Write the documents of the settlement whose state a recorded step has changed.

    An approval has written a posting file for finance as well, which is named with them.

    A release changes the state of none; what it moves are the drafts of the closed periods that
    nobody has approved. Their figures move with the next run, and until then they say so.

    Raises:
        EffektError: ``DOCUMENTS_NOT_WRITTEN``: the step stands, its documents do not.
    """
    written: list[Path] = []
    period = f"{event.period_start:%Y-%m}"
    try:
        with charts.standby():
            for period in _periods(settings, event):
                written += write_statement(settings, event.contract_id, period)
        if event.action == "approve":
            written.append(posting.path_of(settings.home, event))
    except (EffektError, OSError) as error:
        why = error.message if isinstance(error, EffektError) else said_by_system(error)
        raise EffektError(
            "DOCUMENTS_NOT_WRITTEN",
            f"hændelse {event.sequence} er skrevet i hovedbogen, men dens dokumenter kunne ikke "
            f"skrives: {why}",
            remedy=f"skriv dem med effekt statement {event.contract_id} {period}",
        ) from None
    return written


def period_name(settings: Settings, event: Event) -> str:
    """The name of the period that a step was taken in, for a person."""
    with snapshot.open_current(settings.home) as current:
        rows = current.of_period("mart.settlement", event.contract_id, event.period_start)
    label = rows[0]["period_label"] if rows else event.period_start.isoformat()
    return danish.period(label, event.period_start)


def _periods(settings: Settings, event: Event) -> list[str]:
    """The closed periods whose documents say something else after the step, by first month."""
    if event.action != "release":
        return [f"{event.period_start:%Y-%m}"]
    with snapshot.open_current(settings.home) as current:
        rows = current.rows(
            "select period_start from mart.settlement where contract_id = ? and is_closed"
            " and period_start >= ? order by period_start",
            [event.contract_id, event.period_start],
        )
    return [f"{row['period_start']:%Y-%m}" for row in rows]
