"""Disputes and decisions as the ledger's events tell them.

What belongs here: which disputes there are, how each was decided, and what is decided of a month by
now. What does not: who may open or decide one (``life.disputes``), what a decision does to an
amount (dbt, ``int_decisions__choose``).

Rules: S.dispute, S.decide.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from dagster_project.lib.ledger.chain import DECIDE, DISPUTE, Event, dispute_id_of

UPHELD, REJECTED = "upheld", "rejected"
PAID, UNPAID = "paid", "unpaid"


@dataclass(frozen=True)
class Dispute:
    """A dispute about one month of a course, and the event that decided it, if one did."""

    opened: Event
    decided: Event | None = None

    @property
    def dispute_id(self) -> str:
        """``<contract_id>-<sequence>``."""
        return dispute_id_of(self.opened)

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided it."""
        return self.decided is None

    @property
    def is_upheld(self) -> bool:
        """Whether it was decided as it wants."""
        return self.decided is not None and self.decided.outcome == UPHELD


def list_disputes(events: Iterable[Event]) -> list[Dispute]:
    """The disputes that the events opened, in order, each with its decision."""
    found: dict[str, Dispute] = {}
    for event in events:
        if event.action == DISPUTE:
            found[dispute_id_of(event)] = Dispute(event)
        elif event.action == DECIDE and event.dispute_id in found:
            found[event.dispute_id] = Dispute(found[event.dispute_id].opened, event)
    return list(found.values())


def decided_as(
    events: Iterable[Event], contract_id: str, course_id: str, month: dt.date
) -> str | None:
    """What the newest upholding decision makes of a month: ``paid``, ``unpaid`` or nothing."""
    wanted = (contract_id, course_id, month)
    upheld = [
        one
        for one in list_disputes(events)
        if one.is_upheld
        and (one.opened.contract_id, one.opened.course_id, one.opened.month) == wanted
    ]
    newest = max(upheld, key=lambda one: one.decided.sequence if one.decided else 0, default=None)
    return newest.opened.wants if newest else None
