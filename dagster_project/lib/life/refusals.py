"""What must hold before an action on a settlement is written down; else it is refused (exit 3).

What belongs here: what a decision is taken on, who may do what and when, what may be typed. What
does not: writing the event (``commands``).

Rules: S.steps, S.people, S.release, S.blockers, S.fresh, S.typed.
Decides: S.steps, S.people, S.fresh, S.typed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish, person_names
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.contracts import Contract, list_periods
from dagster_project.lib.contracts.who_acts import Acting
from dagster_project.lib.ledger import disputed
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.publishing import named, snapshot
from dagster_project.lib.reference import words
from dagster_project.settings import Home, Settings

EARLIER_OPEN = "earlier_period_open"
ORE = Decimal("0.01")
NO_AMOUNT = Decimal(0)
_NEXT_STEP = {
    states.DRAFT: "indsend den først: effekt submit",
    states.SUBMITTED: "efterprøv den først: effekt verify",
    states.VERIFIED: "godkend den først: effekt approve, eller send den tilbage: effekt return",
    states.APPROVED: "den er godkendt og ændres ikke; senere rettelser bliver efterreguleringer",
    states.PAID: "den er betalt; dag og reference rettes med effekt pay --correct",
}
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
        return rows[0]

    def start_of(self, typed: str) -> dt.date:
        """First day of the period that a person names (P.named)."""
        return named.find_period(self.snapshot, self.contract.contract_id, typed)

    def name_of(self, start: dt.date) -> str:
        """The name of one of the contract's periods, for a person."""
        labels = (p.period_label for p in list_periods(self.contract) if p.period_start == start)
        return danish.period(next(labels, start.isoformat()), start)

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
                f"{event.os_user} har gjort et tidligere trin under et andet navn "
                f"(trinnet: {words.label('action', event.action)})",
                remedy="hvert navn i en opgørelse er en person med sin egen bruger",
            )


def require_newest(step: Step) -> None:
    """The snapshot is not of an earlier date than the ledger's last event."""
    last = step.ledger.events[-1] if step.ledger.events else None
    if last is not None and step.snapshot.as_of < last.as_of_date:
        raise NotAllowedError(
            "SNAPSHOT_EARLIER",
            "det nyeste øjebliksbillede har data til og med "
            f"{danish.date(step.snapshot.as_of)}, men hovedbogens sidste hændelse er "
            f"fra {danish.date(last.as_of_date)}",
            remedy="kør først `effekt run` med en senere forretningsdato",
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
        then = "alle er godkendt" if first is None else f"den næste er {step.name_of(first)}"
        raise NotAllowedError("PERIOD_ORDER", f"perioder afregnes i rækkefølge; {then}")
    if not row["is_closed"]:
        raise NotAllowedError(
            "PERIOD_OPEN",
            f"perioden slutter {danish.date(row['period_end'])}, og data går til og med "
            f"{danish.date(step.snapshot.as_of)}",
            remedy="vent, til perioden er slut, og kør igen",
        )


def require_state(step: Step, start: dt.date, row: dict[str, Any]) -> None:
    """The settlement is in a state in which the action may be done."""
    wanted = states.BEFORE[step.action]
    found = states.state_of(step.events(start), row["statement_sha256"])
    if found.name in wanted:
        return
    because = ", fordi tallene er ændret siden" if found.is_superseded else ""
    states_ = " eller ".join(f"„{words.label('state', state)}“" for state in wanted)
    raise NotAllowedError(
        "STATE",
        f"trinnet kræver en opgørelse, der er {states_}; "
        f"denne er „{words.label('state', found.name)}“{because}",
        remedy=_NEXT_STEP.get(found.name, ""),
    )


def _blocker(row: Mapping[str, Any]) -> str:
    """What blocks, in words: how many, and the kroner at stake where they are known."""
    amount = row["amount_dkk"]
    at_stake = "" if amount is None else f", {danish.kroner(amount)}"
    return f"{words.label('blocker', row['kind'])} ({row['kind']}: {row['item_count']}{at_stake})"


def require_unmoved(step: Step, start: dt.date) -> None:
    """Refuse where the ledger has moved the period's figures since the snapshot.

    A release does, for the figures name what has been released; a decision that upholds a dispute
    does; an approval does where other figures were approved than those that the snapshot shows.
    """
    mine = [event for event in step.ledger.since(step.snapshot.ledger_head)
            if event.contract_id == step.contract.contract_id]  # fmt: skip
    moved = any(event.action == "release" or event.outcome == disputed.UPHELD for event in mine)
    for event in mine:
        if event.is_approval and event.period_start < start:
            seen = step.settlement(event.period_start)["statement_sha256"]
            moved = moved or seen != event.statement_sha256
    if moved:
        raise NotAllowedError(
            "SNAPSHOT_STALE",
            "periodens tal er flyttet af en godkendelse, en frigivelse eller en afgørelse "
            "efter det nyeste øjebliksbillede",
            remedy="kør `effekt run`, og se tallene igen",
        )


def require_no_blockers(step: Step, start: dt.date, reason: str | None) -> None:
    """Refuse while the snapshot shows a blocker; what is open before it the ledger tells."""
    found = step.snapshot.of_period(
        "mart.settlement_blocker", step.contract.contract_id, start, order="kind"
    )
    rows = [row for row in found if row["kind"] != EARLIER_OPEN]
    if rows and reason is None:
        kinds = "; ".join(_blocker(row) for row in rows)
        raise NotAllowedError(
            "BLOCKED",
            f"opgørelsen er ikke komplet: {kinds}",
            remedy="fjern det, der blokerer, eller indsend med --incomplete og en begrundelse",
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
                f"den, der har gjort trinnet „{words.label('action', action)}“, må ikke også "
                "gøre dette",
                remedy="indsendelse, efterprøvning og godkendelse kræver tre forskellige personer",
            )


def require_earlier_paid(step: Step, start: dt.date) -> None:
    """Every approved period before this one is paid."""
    contract_id = step.contract.contract_id
    for earlier in sorted(states.approved_periods(step.ledger, contract_id)):
        if earlier < start and not any(e.action == "pay" for e in step.events(earlier)):
            raise NotAllowedError(
                "PERIOD_ORDER",
                f"perioder betales i rækkefølge; {step.name_of(earlier)} er ikke betalt endnu",
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
        raise UsageError("bevillingen ville blive større, end et beløb kan være")


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
        raise UsageError("beløbet skal være kroner med højst to decimaler")
