"""What must hold before an action on a settlement is written down; else it is refused (exit 3).

What belongs here: what a decision is taken on, who may do what and when, what may be typed. What
does not: writing the event (``commands``).

Rules: S.steps, S.people, S.release, S.blockers, S.fresh, S.typed.
Decides: S.steps, S.people, S.fresh, S.typed.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import person_names
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.contracts import Contract, list_periods
from dagster_project.lib.contracts.who_acts import Acting
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.publishing import snapshot
from dagster_project.settings import Home, Settings

EARLIER_OPEN = "earlier_period_open"
ORE = Decimal("0.01")
NO_AMOUNT = Decimal(0)
_TELLING_DIGITS = 3
_TOO_MUCH = Decimal(10) ** 15  # kroner; amounts are stored as DECIMAL(18,2)


@dataclass(frozen=True)
class Step:
    """All that a decision is taken on: snapshot, ledger, terms and the period's row."""

    settings: Settings
    snapshot: snapshot.Snapshot
    ledger: Ledger
    contract: Contract
    acting: Acting
    action: str

    @property
    def home(self) -> Home:
        """The home."""
        return self.settings.home

    def settlement(self, period: dt.date) -> dict[str, Any]:
        """The period's published row."""
        rows = self.snapshot.of_period("mart.settlement", self.contract.contract_id, period)
        if not rows:
            raise UsageError(
                f"{self.contract.contract_id} has no period that begins {period:%Y-%m}",
                remedy="name the first month of one of its periods, YYYY-MM",
            )
        return rows[0]

    def events(self, period: dt.date) -> list[Event]:
        """The period's steps so far."""
        return states.of_period(self.ledger, self.contract.contract_id, period)

    def event(self, period: dt.date, **values: Any) -> Event:
        """An event of this action, not yet written."""
        fields: dict[str, Any] = {
            "statement_sha256": None, "amount_dkk": None, "reason": None, "reference": None,
            "paid_on": None, "frozen_sha256": None, **values,
        }  # fmt: skip
        return Event(
            sequence=0, recorded_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            as_of_date=self.snapshot.as_of, actor=self.acting.name, role=self.acting.role,
            os_user=self.acting.os_user, is_confirmed=self.acting.is_confirmed,
            action=self.action, contract_id=self.contract.contract_id,
            period_start=period, snapshot_id=self.snapshot.snapshot_id, key_fingerprint=None,
            prev="", hash="", **fields,
        )  # fmt: skip


def require_other_user(step: Step, start: dt.date) -> None:
    """Two names of one settlement that are confirmed are of two users."""
    name = person_names.same(step.acting.name)
    for event in step.events(start):
        if (
            step.acting.is_confirmed
            and event.is_confirmed
            and event.os_user == step.acting.os_user
            and person_names.same(event.actor) != name
        ):
            raise NotAllowedError(
                "SAME_USER",
                f"{event.os_user} har gjort {event.action} under et andet navn",
                remedy="hvert navn i en opgørelse er en person med sin egen bruger",
            )


def require_newest(step: Step) -> None:
    """The snapshot is not of an earlier date than the ledger's last event."""
    last = step.ledger.events[-1] if step.ledger.events else None
    if last is not None and step.snapshot.as_of < last.as_of_date:
        raise NotAllowedError(
            "SNAPSHOT_EARLIER",
            f"the newest snapshot is as of {step.snapshot.as_of}, "
            f"the ledger's last event as of {last.as_of_date}",
            remedy="run `effekt run` with a later as-of date first",
        )


def first_unapproved(step: Step) -> dt.date | None:
    """First day of the contract's first unapproved period; None where all are approved."""
    approved = states.approved_periods(step.ledger, step.contract.contract_id)
    starts = (period.period_start for period in list_periods(step.contract))
    return next((start for start in starts if start not in approved), None)


def require_first_unapproved(step: Step, start: dt.date, row: dict[str, Any]) -> None:
    """The period is the first unapproved one, and closed."""
    first = first_unapproved(step)
    if first != start:
        then = "all periods are approved" if first is None else f"the next one is {first:%Y-%m}"
        raise NotAllowedError("PERIOD_ORDER", f"periods are settled in order; {then}")
    if not row["is_closed"]:
        raise NotAllowedError(
            "PERIOD_OPEN",
            f"the period ends {row['period_end']}, which is not before the as-of date",
            remedy="wait until the period is over and run again",
        )


def require_state(step: Step, start: dt.date, row: dict[str, Any]) -> None:
    """The settlement is in a state in which the action may be done."""
    wanted = states.BEFORE[step.action]
    found = states.state_of(step.events(start), row["statement_sha256"])
    if found.name in wanted:
        return
    because = " because the figures have changed since" if found.is_superseded else ""
    raise NotAllowedError(
        "STATE",
        f"{step.action} needs a settlement that is {' or '.join(wanted)}; "
        f"this one is {found.name}{because}",
    )


def require_unmoved(step: Step, start: dt.date) -> None:
    """Refuse where the ledger has moved the period's figures since the snapshot.

    A release does, for the figures name what has been released; an approval does where other
    figures were approved than those that the snapshot shows.
    """
    mine = [event for event in step.ledger.since(step.snapshot.ledger_head)
            if event.contract_id == step.contract.contract_id]  # fmt: skip
    moved = any(event.action == "release" for event in mine)
    for event in mine:
        if event.is_approval and event.period_start < start:
            seen = step.settlement(event.period_start)["statement_sha256"]
            moved = moved or seen != event.statement_sha256
    if moved:
        raise NotAllowedError(
            "SNAPSHOT_STALE",
            "the ledger has moved the period's figures since the newest snapshot",
            remedy="run `effekt run` and look at the figures again",
        )


def require_no_blockers(step: Step, start: dt.date, reason: str | None) -> None:
    """Refuse while the snapshot shows a blocker; what is open before it the ledger tells."""
    found = step.snapshot.of_period(
        "mart.settlement_blocker", step.contract.contract_id, start, order="kind"
    )
    rows = [row for row in found if row["kind"] != EARLIER_OPEN]
    if rows and reason is None:
        kinds = ", ".join(f"{row['kind']} ({row['item_count']})" for row in rows)
        raise NotAllowedError(
            "BLOCKED",
            f"the settlement is not complete: {kinds}",
            remedy="remove what blocks it, or submit with --incomplete and a reason",
        )


def require_other_person(step: Step, start: dt.date) -> None:
    """The actor did none of the earlier steps that take another person."""
    steps = step.events(start)
    for action in states.OTHER_PERSON[step.action]:
        last = next((e for e in reversed(steps) if e.action == action), None)
        if last is not None and person_names.same(last.actor) == person_names.same(
            step.acting.name
        ):
            raise NotAllowedError(
                "SAME_PERSON",
                f"the person who did {action} may not {step.action} as well",
                remedy="submit, verify and approve take three different people",
            )


def require_earlier_paid(step: Step, start: dt.date) -> None:
    """Every approved period before this one is paid."""
    contract_id = step.contract.contract_id
    for earlier in sorted(states.approved_periods(step.ledger, contract_id)):
        if earlier < start and not any(e.action == "pay" for e in step.events(earlier)):
            raise NotAllowedError(
                "PERIOD_ORDER", f"periods are settled in order; {earlier:%Y-%m} is not paid yet"
            )


def require_correction(step: Step, start: dt.date, paid_on: dt.date, reference: str) -> None:
    """Day or reference differ from those that are recorded."""
    told = [event for event in step.events(start) if event.action in ("pay", "correct")][-1]
    if (told.paid_on, told.reference) == (paid_on, reference):
        raise NotAllowedError(
            "NOTHING_CORRECTED", "betalingen er allerede registreret med denne dag og reference"
        )


def require_storable(step: Step, authorised: Decimal, amount: Decimal) -> None:
    """An event is never rewritten, so a maximum that no column can hold must not come about."""
    released = [
        event.amount_dkk
        for event in step.ledger.events
        if event.action == "release" and event.contract_id == step.contract.contract_id
    ]
    if authorised + amount + sum(filter(None, released), NO_AMOUNT) >= _TOO_MUCH:
        raise UsageError("the authorised maximum would be larger than any amount can be")


def require_no_course(step: Step, text: str) -> None:
    """A typed text names no course of the contract: it stands in documents that leave the house.

    Compared as whole words, as names are: case, blanks and kinds of dashes tell nothing apart. An
    id of a digit or two is the number of many things, and names no course.
    """
    words = person_names.same(text)
    for course_id in step.snapshot.course_ids(step.contract.contract_id):
        wanted = person_names.same(course_id)
        if wanted.isdigit() and len(wanted) < _TELLING_DIGITS:
            continue
        if wanted in words and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", words):
            raise UsageError(
                "teksten nævner et forløb i kontrakten, men den kommer til at stå i opgørelsen, "
                "som forlader kommunen",
                remedy="skriv den uden forløbets id",
            )


def require_kroner(amount: Decimal) -> None:
    """A number of kroner that a column of money can hold, to the øre."""
    is_kroner = amount.is_finite() and abs(amount) < _TOO_MUCH
    if not is_kroner or amount != amount.quantize(ORE):
        raise UsageError("the amount must be kroner with at most two decimals")
