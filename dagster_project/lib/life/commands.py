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
from decimal import Decimal
from typing import Any

from dagster_project.lib.base.errors import EffektError, NotAllowedError
from dagster_project.lib.base.typed_text import clean
from dagster_project.lib.ledger import chain, frozen
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.life import disputes, freezing, refusals
from dagster_project.lib.life.standing import stand
from dagster_project.lib.publishing import require_not_after_today
from dagster_project.lib.statement import posting
from dagster_project.settings import Settings


def submit(
    settings: Settings, contract: str, period: str, actor: str, incomplete_reason: str | None = None
) -> Event:
    """The provider submits the draft of the first unapproved, closed period.

    Args:
        settings: home and contracts.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``, or its label.
        actor: name of who acts.
        incomplete_reason: submit in spite of blockers, and why.

    Raises:
        NotAllowedError: state, order, actor, blockers or a stale snapshot (exit 3).
        UsageError: an unknown contract or period, an empty name (exit 2).
    """
    reason = None if incomplete_reason is None else clean(incomplete_reason, "begrundelsen")
    with stand(settings, contract, actor, "submit", reason) as step:
        start = step.start_of(period)
        row = step.settlement(start)
        refusals.require_first_unapproved(step, start, row)
        refusals.require_state(step, start, row)
        refusals.require_unmoved(step, start)
        refusals.require_no_blockers(step, start, reason)
        disputes.require_settled(step, start)
        refusals.require_other_user(step, start)
        return _write(step, start, row, reason=reason)


def verify(settings: Settings, contract: str, period: str, actor: str) -> Event:
    """The municipality verifies a submitted settlement; another person than who submitted it."""
    with stand(settings, contract, actor, "verify") as step:
        start = step.start_of(period)
        row = step.settlement(start)
        refusals.require_state(step, start, row)
        refusals.require_unmoved(step, start)
        refusals.require_other_person(step, start)
        refusals.require_other_user(step, start)
        return _write(step, start, row)


def approve(settings: Settings, contract: str, period: str, actor: str) -> Event:
    """The municipality approves a verified settlement, a third person; the figures are frozen."""
    with stand(settings, contract, actor, "approve") as step:
        start = step.start_of(period)
        row = step.settlement(start)
        refusals.require_state(step, start, row)
        refusals.require_first_unapproved(step, start, row)
        refusals.require_unmoved(step, start)
        refusals.require_other_person(step, start)
        refusals.require_other_user(step, start)
        document = freezing.freeze(step.snapshot, step.contract, start, step.ledger)
        if document["statement_sha256"] != row["statement_sha256"]:
            raise EffektError(
                "SNAPSHOT_DIFFERS",
                "de udgivne linjer giver ikke opgørelsens statement_sha256",
                remedy="kør `effekt run` igen; intet er godkendt",
            )
        evidence = freezing.evidence(step.snapshot, step.contract, start)
        event = _write(
            step, start, row,
            evidence_sha256=frozen.write_evidence(step.home, contract, start, evidence),
            frozen_sha256=frozen.write(step.home, document),
        )  # fmt: skip
        posting.write_postings(step.home, Ledger((event,)))
        return event


def pay(
    settings: Settings, contract: str, period: str, actor: str, paid_on: dt.date, reference: str
) -> Event:
    """Finance records the payment of an approved settlement, also one of 0 kroner.

    Args:
        settings: home and contracts.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``, or its label.
        actor: name of who acts.
        paid_on: day of the payment.
        reference: finance's own reference.
    """
    text = clean(reference, "referencen")
    require_not_after_today(paid_on, "betalingsdagen")
    with stand(settings, contract, actor, "pay", text) as step:
        start = step.start_of(period)
        row = step.settlement(start)
        refusals.require_state(step, start, row)
        refusals.require_earlier_paid(step, start)
        refusals.require_other_user(step, start)
        return _write_payment(step, start, paid_on, text)


def correct(
    settings: Settings, contract: str, period: str, actor: str, paid_on: dt.date, reference: str
) -> Event:
    """Finance corrects day or reference of a recorded payment: an event of its own.

    The payment's event stays as it is, and the amount is the approved one in both. Arguments as of
    ``pay``.
    """
    text = clean(reference, "referencen")
    require_not_after_today(paid_on, "betalingsdagen")
    with stand(settings, contract, actor, "correct", text) as step:
        start = step.start_of(period)
        refusals.require_state(step, start, step.settlement(start))
        refusals.require_other_user(step, start)
        refusals.require_correction(step, start, paid_on, text)
        return _write_payment(step, start, paid_on, text)


def return_(settings: Settings, contract: str, period: str, actor: str, reason: str) -> Event:
    """The municipality sends a submitted or verified settlement back to draft, with a reason."""
    text = clean(reason, "begrundelsen")
    with stand(settings, contract, actor, "return", text) as step:
        start = step.start_of(period)
        row = step.settlement(start)
        refusals.require_state(step, start, row)
        refusals.require_other_user(step, start)
        return _write(step, start, row, reason=text)


def release(settings: Settings, contract: str, amount: Decimal, actor: str, reason: str) -> Event:
    """The municipality raises the authorised maximum, from the first unapproved period on.

    Args:
        settings: home and contracts.
        contract: contract_id.
        amount: kroner, more than 0, at most two decimals.
        actor: name of who acts.
        reason: the decision behind it.
    """
    text = clean(reason, "begrundelsen")
    refusals.require_kroner(amount)
    with stand(settings, contract, actor, "release", text) as step:
        payment = step.contract.payment
        if payment is None or payment.authorised_max is None:
            raise NotAllowedError(
                "NO_AUTHORISED_MAX",
                f"{contract} har ingen bevilling, der kan hæves (authorised_max)",
            )
        if amount <= refusals.NO_AMOUNT:
            raise NotAllowedError("RELEASE_AMOUNT", "en frigivelse skal være på mere end 0 kr.")
        start = refusals.first_unapproved(step)
        if start is None:
            raise NotAllowedError(
                "ALL_APPROVED", f"alle perioder i {contract} er godkendt; der er intet at frigive"
            )
        refusals.require_storable(step, payment.authorised_max, amount)
        return chain.append(
            step.home, step.event(start, amount_dkk=amount.quantize(refusals.ORE), reason=text)
        )


def _write(step: refusals.Step, start: dt.date, row: dict[str, Any], **values: Any) -> Event:
    """Append a step that names the figures of the published row."""
    return chain.append(
        step.home,
        step.event(
            start,
            statement_sha256=row["statement_sha256"],
            amount_dkk=row["payment_dkk"],
            **values,
        ),
    )


def _write_payment(step: refusals.Step, start: dt.date, paid_on: dt.date, reference: str) -> Event:
    """Append a payment, or its correction: of the approved figures and their amount."""
    approval = states.approvals_of(step.ledger)[step.contract.contract_id, start]
    event = step.event(
        start,
        statement_sha256=approval.statement_sha256,
        amount_dkk=approval.amount_dkk,
        reference=reference,
        paid_on=paid_on,
    )
    return chain.append(step.home, event)
