"""What people do to a settlement: submit, verify, approve, pay, correct, return, release.

What belongs here: the actions. What does not: what must hold before one (``refusals``), the chain
(``chain``), what an approval freezes (``freezing``), any amount.

Every command acts on the newest published snapshot, reads and appends under the ledger's lock, and
returns the event it wrote.

Rules: S.steps, S.people, S.user, S.release, S.correct, S.blockers, S.fresh.
Decides: S.release, S.correct.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from dagster_project.lib import records
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.contracts import Contract, read_contract, who_acts
from dagster_project.lib.ledger import chain, frozen
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.life import freezing, refusals
from dagster_project.lib.publishing import require_not_after_today, snapshot
from dagster_project.lib.statement import posting
from dagster_project.settings import Settings


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
        refusals.require_first_unapproved(desk, start, row)
        refusals.require_state(desk, start, row)
        refusals.require_unmoved(desk, start)
        reason = (
            refusals.clean(incomplete_reason, "reason") if incomplete_reason is not None else None
        )
        refusals.require_no_blockers(desk, start, reason)
        refusals.require_other_user(desk, start)
        return _write(desk, start, row, reason=reason)


def verify(settings: Settings, contract: str, period: str, actor: str) -> Event:
    """The municipality verifies a submitted settlement; another person than who submitted it."""
    start = states.parse_month(period)
    with _desk(settings, contract, actor, "verify") as desk:
        row = desk.settlement(start)
        refusals.require_state(desk, start, row)
        refusals.require_unmoved(desk, start)
        refusals.require_other_person(desk, start)
        refusals.require_other_user(desk, start)
        return _write(desk, start, row)


def approve(settings: Settings, contract: str, period: str, actor: str) -> Event:
    """The municipality approves a verified settlement, a third person; the figures are frozen."""
    start = states.parse_month(period)
    with _desk(settings, contract, actor, "approve") as desk:
        row = desk.settlement(start)
        refusals.require_state(desk, start, row)
        refusals.require_first_unapproved(desk, start, row)
        refusals.require_unmoved(desk, start)
        refusals.require_other_person(desk, start)
        refusals.require_other_user(desk, start)
        document = freezing.freeze(desk.snapshot, desk.contract, start, desk.ledger)
        if document["statement_sha256"] != row["statement_sha256"]:
            raise EffektError(
                "SNAPSHOT_DIFFERS",
                "the published lines do not add up to the statement_sha256 of the settlement",
                remedy="run `effekt run` again; nothing was approved",
            )
        evidence = freezing.evidence(desk.snapshot, desk.contract, start)
        event = _write(
            desk, start, row,
            evidence_sha256=frozen.write_evidence(desk.home, contract, start, evidence),
            frozen_sha256=frozen.write(desk.home, document),
        )  # fmt: skip
        posting.write_postings(desk.home, Ledger((event,)))
        return event


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
    text = refusals.clean(reference, "reference")
    require_not_after_today(paid_on, "the day of the payment")
    with _desk(settings, contract, actor, "pay") as desk:
        row = desk.settlement(start)
        refusals.require_state(desk, start, row)
        refusals.require_earlier_paid(desk, start)
        refusals.require_other_user(desk, start)
        return _write_payment(desk, start, paid_on, text)


def correct(
    settings: Settings, contract: str, period: str, actor: str, paid_on: dt.date, reference: str
) -> Event:
    """Finance corrects day or reference of a recorded payment: an event of its own.

    The payment's event stays as it is, and the amount is the approved one in both. Arguments as of
    ``pay``.
    """
    start = states.parse_month(period)
    text = refusals.clean(reference, "reference")
    require_not_after_today(paid_on, "the day of the payment")
    with _desk(settings, contract, actor, "correct") as desk:
        refusals.require_state(desk, start, desk.settlement(start))
        refusals.require_other_user(desk, start)
        refusals.require_correction(desk, start, paid_on, text)
        return _write_payment(desk, start, paid_on, text)


def return_(settings: Settings, contract: str, period: str, actor: str, reason: str) -> Event:
    """The municipality sends a submitted or verified settlement back to draft, with a reason."""
    start = states.parse_month(period)
    text = refusals.clean(reason, "reason")
    with _desk(settings, contract, actor, "return") as desk:
        row = desk.settlement(start)
        refusals.require_state(desk, start, row)
        refusals.require_other_user(desk, start)
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
    text = refusals.clean(reason, "reason")
    refusals.require_kroner(amount)
    with _desk(settings, contract, actor, "release") as desk:
        payment = desk.contract.payment
        if payment is None or payment.authorised_max is None:
            raise NotAllowedError(
                "NO_AUTHORISED_MAX", f"{contract} has no authorised maximum that could be raised"
            )
        if amount <= refusals.NO_AMOUNT:
            raise NotAllowedError("RELEASE_AMOUNT", "a release must be of more than 0 kroner")
        start = refusals.first_unapproved(desk)
        if start is None:
            raise NotAllowedError(
                "ALL_APPROVED", f"every period of {contract} is approved; nothing can be released"
            )
        refusals.require_storable(desk, payment.authorised_max, amount)
        return chain.append(
            desk.home, desk.event(start, amount_dkk=amount.quantize(refusals.ORE), reason=text)
        )


# the desk -----------------------------------------------------------------------------------------


@contextmanager
def _desk(settings: Settings, contract_id: str, actor: str, action: str) -> Iterator[refusals.Desk]:
    """Open snapshot and ledger under the ledger's lock, and check what every action must meet."""
    home = settings.home
    who_acts.require_at_home(home)
    with snapshot.open_current(home) as current, chain.lock(home):
        ledger = records.check(home).ledger
        chain.set_torn_line_aside(home)
        posting.write_postings(home, ledger)
        terms = _terms(settings, current, contract_id)
        acting = who_acts.for_contract(home, actor, states.ROLES[action], terms.actors)
        desk = refusals.Desk(settings, current, ledger, terms, acting, action)
        refusals.require_newest(desk)
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


def _write(desk: refusals.Desk, start: dt.date, row: dict[str, Any], **values: Any) -> Event:
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


def _write_payment(desk: refusals.Desk, start: dt.date, paid_on: dt.date, reference: str) -> Event:
    """Append a payment, or its correction: of the approved figures and their amount."""
    approval = states.approvals_of(desk.ledger)[desk.contract.contract_id, start]
    event = desk.event(
        start,
        statement_sha256=approval.statement_sha256,
        amount_dkk=approval.amount_dkk,
        reference=reference,
        paid_on=paid_on,
    )
    return chain.append(desk.home, event)
