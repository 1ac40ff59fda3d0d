"""What people do to a settlement: submit, verify, approve, pay, return, release.

What belongs here: who may do what, when, on which figures; refusals (exit 3). What does not: the
chain (``chain``), what an approval freezes (``freezing``), any amount.

Every command acts on the newest published snapshot, reads and appends under the ledger's lock, and
returns the event it wrote.

Rules: S.steps, S.people, S.release, S.blockers, S.fresh.
Decides: S.fresh, S.release.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dagster_project.lib.base.environment import os_user
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.base.person_numbers import holds_person_number
from dagster_project.lib.contracts import Contract, list_periods, read_contract
from dagster_project.lib.ledger import chain, frozen
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.life import freezing
from dagster_project.lib.publishing import snapshot
from dagster_project.settings import Home, Settings

ROLES = {
    "submit": "provider",
    "verify": "municipality",
    "approve": "municipality",
    "return": "municipality",
    "release": "municipality",
    "pay": "finance",
}
EARLIER_OPEN = "earlier_period_open"
_MAX_TEXT = 500
_ORE = Decimal("0.01")
_NO_AMOUNT = Decimal(0)
_TOO_MUCH = Decimal(10) ** 15  # kroner; amounts are stored as DECIMAL(18,2)


@dataclass(frozen=True)
class _Desk:
    """All that a decision is taken on: snapshot, ledger, terms and the period's row."""

    settings: Settings
    snapshot: snapshot.Snapshot
    ledger: Ledger
    contract: Contract
    actor: str
    action: str

    @property
    def home(self) -> Home:
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
            as_of_date=self.snapshot.as_of, actor=self.actor, role=ROLES[self.action],
            os_user=os_user(), action=self.action, contract_id=self.contract.contract_id,
            period_start=period, snapshot_id=self.snapshot.snapshot_id, key_fingerprint=None,
            prev="", hash="", **fields,
        )  # fmt: skip


def submit(
    settings: Settings, contract: str, period: str, actor: str, incomplete_reason: str | None = None
) -> Event:
    """The provider submits the draft of the first unapproved, closed period.

    Args:
        settings: home and contracts.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``.
        actor: name of who acts.
        incomplete_reason: submit in spite of blockers, and why.

    Raises:
        NotAllowedError: state, order, actor, blockers or a stale snapshot (exit 3).
        UsageError: an unknown contract or period, an empty name (exit 2).
    """
    start = states.parse_month(period)
    with _desk(settings, contract, actor, "submit") as desk:
        row = desk.settlement(start)
        _require_first_unapproved(desk, start, row)
        _require_state(desk, start, row, states.DRAFT)
        _require_unmoved(desk, start, row)
        reason = _clean(incomplete_reason, "reason") if incomplete_reason is not None else None
        _require_no_blockers(desk, start, reason)
        return _write(desk, start, row, reason=reason)


def verify(settings: Settings, contract: str, period: str, actor: str) -> Event:
    """The municipality verifies a submitted settlement; another person than who submitted it."""
    start = states.parse_month(period)
    with _desk(settings, contract, actor, "verify") as desk:
        row = desk.settlement(start)
        _require_state(desk, start, row, states.SUBMITTED)
        _require_unmoved(desk, start, row)
        _require_other_person(desk, start, "submit")
        return _write(desk, start, row)


def approve(settings: Settings, contract: str, period: str, actor: str) -> Event:
    """The municipality approves a verified settlement, a third person; the figures are frozen."""
    start = states.parse_month(period)
    with _desk(settings, contract, actor, "approve") as desk:
        row = desk.settlement(start)
        _require_state(desk, start, row, states.VERIFIED)
        _require_first_unapproved(desk, start, row)
        _require_unmoved(desk, start, row)
        _require_other_person(desk, start, "submit", "verify")
        document = freezing.freeze(desk.snapshot, desk.contract, start)
        if document["statement_sha256"] != row["statement_sha256"]:
            raise EffektError(
                "SNAPSHOT_DIFFERS",
                "the published lines do not add up to the statement_sha256 of the settlement",
                remedy="run `effekt run` again; nothing was approved",
            )
        return _write(desk, start, row, frozen_sha256=frozen.write(desk.home, document))


def pay(
    settings: Settings, contract: str, period: str, actor: str, paid_on: dt.date, reference: str
) -> Event:
    """Finance records the payment of an approved settlement, also one of 0 kroner.

    Args:
        settings: home and contracts.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``.
        actor: name of who acts.
        paid_on: day of the payment.
        reference: finance's own reference.
    """
    start = states.parse_month(period)
    text = _clean(reference, "reference")
    with _desk(settings, contract, actor, "pay") as desk:
        row = desk.settlement(start)
        _require_state(desk, start, row, states.APPROVED)
        _require_earlier_paid(desk, start)
        approval = states.approvals_of(desk.ledger)[contract, start]
        event = desk.event(
            start,
            statement_sha256=approval.statement_sha256,
            amount_dkk=approval.amount_dkk,
            reference=text,
            paid_on=paid_on,
        )
        return chain.append(desk.home, event)


def return_(settings: Settings, contract: str, period: str, actor: str, reason: str) -> Event:
    """The municipality sends a submitted or verified settlement back to draft, with a reason."""
    start = states.parse_month(period)
    text = _clean(reason, "reason")
    with _desk(settings, contract, actor, "return") as desk:
        row = desk.settlement(start)
        _require_state(desk, start, row, states.SUBMITTED, states.VERIFIED)
        return _write(desk, start, row, reason=text)


def release(settings: Settings, contract: str, amount: Decimal, actor: str, reason: str) -> Event:
    """The municipality raises the authorised maximum, from the first unapproved period on.

    Args:
        settings: home and contracts.
        contract: contract_id.
        amount: kroner, more than 0, at most two decimals.
        actor: name of who acts.
        reason: the decision behind it.
    """
    text = _clean(reason, "reason")
    _require_kroner(amount)
    with _desk(settings, contract, actor, "release") as desk:
        payment = desk.contract.payment
        if payment is None or payment.authorised_max is None:
            raise NotAllowedError(
                "NO_AUTHORISED_MAX", f"{contract} has no authorised maximum that could be raised"
            )
        if amount <= _NO_AMOUNT:
            raise NotAllowedError("RELEASE_AMOUNT", "a release must be of more than 0 kroner")
        start = _first_unapproved(desk)
        if start is None:
            raise NotAllowedError(
                "ALL_APPROVED", f"every period of {contract} is approved; nothing can be released"
            )
        _require_storable(desk, payment.authorised_max, amount)
        return chain.append(
            desk.home, desk.event(start, amount_dkk=amount.quantize(_ORE), reason=text)
        )


# the desk -----------------------------------------------------------------------------------------


@contextmanager
def _desk(settings: Settings, contract_id: str, actor: str, action: str) -> Iterator[_Desk]:
    """Open snapshot and ledger under the ledger's lock, and check what every action must meet."""
    name = _clean(actor, "name")
    home = settings.home
    with snapshot.open_current(home) as current, chain.lock(home):
        chain.set_torn_line_aside(home)
        ledger = chain.read(home)
        chain.check(home, ledger, current.ledger_head)
        terms = _terms(settings, current, contract_id)
        desk = _Desk(settings, current, ledger, terms, name, action)
        _require_role(desk)
        _require_newest(desk)
        yield desk


def _terms(settings: Settings, current: snapshot.Snapshot, contract_id: str) -> Contract:
    published = current.rows("select terms_sha256 from mart.contract where contract_id = ?",
                             [contract_id])  # fmt: skip
    if not published:
        raise UsageError(
            f"the newest snapshot has no contract {contract_id!r}",
            remedy="name a contract_id of this home",
        )
    contract = read_contract(settings.contracts_dir / f"{contract_id}.yml", None)
    if contract.terms_sha256 != published[0]["terms_sha256"]:
        raise NotAllowedError(
            "SNAPSHOT_STALE",
            f"{contract_id}.yml has changed since the newest snapshot",
            remedy="run `effekt run` and look at the figures again",
        )
    return contract


def _write(desk: _Desk, start: dt.date, row: dict[str, Any], **values: Any) -> Event:
    """Append a step that names the figures of the published row."""
    return chain.append(
        desk.home,
        desk.event(
            start,
            statement_sha256=row["statement_sha256"],
            amount_dkk=row["payment_dkk"],
            **values,
        ),
    )


# what must hold -----------------------------------------------------------------------------------


def _require_role(desk: _Desk) -> None:
    actors = desk.contract.actors
    if actors is None:
        return
    role = ROLES[desk.action]
    names = {states.same_name(name) for name in getattr(actors, role)}
    if states.same_name(desk.actor) not in names:
        raise NotAllowedError(
            "ACTOR_ROLE",
            f"the name given is not listed as {role} in the contract's actors",
            remedy=f"{desk.action} is done by one of the names under actors.{role}",
        )


def _require_newest(desk: _Desk) -> None:
    last = desk.ledger.events[-1] if desk.ledger.events else None
    if last is not None and desk.snapshot.as_of < last.as_of_date:
        raise NotAllowedError(
            "SNAPSHOT_EARLIER",
            f"the newest snapshot is as of {desk.snapshot.as_of}, "
            f"the ledger's last event as of {last.as_of_date}",
            remedy="run `effekt run` with a later as-of date first",
        )


def _first_unapproved(desk: _Desk) -> dt.date | None:
    approved = states.approved_periods(desk.ledger, desk.contract.contract_id)
    starts = (period.period_start for period in list_periods(desk.contract))
    return next((start for start in starts if start not in approved), None)


def _require_first_unapproved(desk: _Desk, start: dt.date, row: dict[str, Any]) -> None:
    first = _first_unapproved(desk)
    if first != start:
        then = "all periods are approved" if first is None else f"the next one is {first:%Y-%m}"
        raise NotAllowedError("PERIOD_ORDER", f"periods are settled in order; {then}")
    if not row["is_closed"]:
        raise NotAllowedError(
            "PERIOD_OPEN",
            f"the period ends {row['period_end']}, which is not before the as-of date",
            remedy="wait until the period is over and run again",
        )


def _require_state(desk: _Desk, start: dt.date, row: dict[str, Any], *wanted: str) -> None:
    found = states.state_of(desk.events(start), row["statement_sha256"])
    if found.name in wanted:
        return
    because = " because the figures have changed since" if found.is_superseded else ""
    raise NotAllowedError(
        "STATE",
        f"{desk.action} needs a settlement that is {' or '.join(wanted)}; "
        f"this one is {found.name}{because}",
    )


def _require_unmoved(desk: _Desk, start: dt.date, row: dict[str, Any]) -> None:
    """Refuse where the ledger has moved the period's figures since the snapshot.

    A release moves them where payment is held; an approval where other figures were approved
    than those that the snapshot shows.
    """
    mine = [event for event in desk.ledger.since(desk.snapshot.ledger_head)
            if event.contract_id == desk.contract.contract_id]  # fmt: skip
    is_released = any(event.action == "release" for event in mine)
    moved = is_released and row["held_cumulative_dkk"] > 0
    for event in mine:
        if event.is_approval and event.period_start < start:
            seen = desk.settlement(event.period_start)["statement_sha256"]
            moved = moved or seen != event.statement_sha256
    if moved:
        raise NotAllowedError(
            "SNAPSHOT_STALE",
            "the ledger has moved the period's figures since the newest snapshot",
            remedy="run `effekt run` and look at the figures again",
        )


def _require_no_blockers(desk: _Desk, start: dt.date, reason: str | None) -> None:
    """Refuse while the snapshot shows a blocker; earlier open periods stand in the ledger."""
    found = desk.snapshot.of_period(
        "mart.settlement_blocker", desk.contract.contract_id, start, order="kind"
    )
    rows = [row for row in found if row["kind"] != EARLIER_OPEN]
    if rows and reason is None:
        kinds = ", ".join(f"{row['kind']} ({row['item_count']})" for row in rows)
        raise NotAllowedError(
            "BLOCKED",
            f"the settlement is not complete: {kinds}",
            remedy="remove what blocks it, or submit with --incomplete and a reason",
        )


def _require_other_person(desk: _Desk, start: dt.date, *actions: str) -> None:
    steps = desk.events(start)
    for action in actions:
        last = next((e for e in reversed(steps) if e.action == action), None)
        if last is not None and states.same_name(last.actor) == states.same_name(desk.actor):
            raise NotAllowedError(
                "SAME_PERSON",
                f"the person who did {action} may not {desk.action} as well",
                remedy="submit, verify and approve take three different people",
            )


def _require_earlier_paid(desk: _Desk, start: dt.date) -> None:
    contract_id = desk.contract.contract_id
    for earlier in sorted(states.approved_periods(desk.ledger, contract_id)):
        if earlier < start and not any(e.action == "pay" for e in desk.events(earlier)):
            raise NotAllowedError(
                "PERIOD_ORDER", f"periods are settled in order; {earlier:%Y-%m} is not paid yet"
            )


def _require_storable(desk: _Desk, authorised: Decimal, amount: Decimal) -> None:
    """An event is never rewritten, so a maximum that no column can hold must not come about."""
    released = [
        event.amount_dkk
        for event in desk.ledger.events
        if event.action == "release" and event.contract_id == desk.contract.contract_id
    ]
    if authorised + amount + sum(filter(None, released), _NO_AMOUNT) >= _TOO_MUCH:
        raise UsageError("the authorised maximum would be larger than any amount can be")


# what is typed ------------------------------------------------------------------------------------


def _clean(text: str, what: str) -> str:
    """A typed text, trimmed: not empty, one line, and no person number in it."""
    trimmed = text.strip()
    if not trimmed or len(trimmed) > _MAX_TEXT or not trimmed.isprintable():
        raise UsageError(f"the {what} must be one line of 1 to {_MAX_TEXT} characters")
    if holds_person_number(trimmed):
        raise UsageError(
            f"the {what} seems to contain a person number, which may stand nowhere here",
            remedy="write it without",
        )
    return trimmed


def _require_kroner(amount: Decimal) -> None:
    """A number of kroner that a column of money can hold, to the øre."""
    is_kroner = amount.is_finite() and abs(amount) < _TOO_MUCH
    if not is_kroner or amount != amount.quantize(_ORE):
        raise UsageError("the amount must be kroner with at most two decimals")
