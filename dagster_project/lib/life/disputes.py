"""What people do about a month that was settled otherwise than they find right: dispute, decide.

What belongs here: opening a dispute about effort months of a course, deciding one, and the closing
settlement's waiting for both. What does not: what a decision does to an amount (dbt,
``int_decisions__choose``), when a deadline ends (dbt, ``int_deadlines__judge``).

Rules: S.dispute, S.decide, S.closing, F.access_log.
Decides: S.dispute, S.decide, S.closing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish, months, person_names
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.base.typed_text import clean
from dagster_project.lib.contracts import list_periods
from dagster_project.lib.contracts.model import Actors, Calendar
from dagster_project.lib.ledger import access, chain, disputed
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import DECIDE, DISPUTE, Event
from dagster_project.lib.ledger.disputed import PAID, REJECTED, UNPAID, UPHELD, Dispute
from dagster_project.lib.life.refusals import NO_AMOUNT, Step
from dagster_project.lib.life.standing import stand
from dagster_project.lib.publishing import named
from dagster_project.settings import Settings

_RANGE = ".."
_IDS = re.compile(r"(?P<contract>.+)-(?P<first>[0-9]{1,9})(?:\.\.(?P<last>[0-9]{1,9}))?")
_PREFERRED = {PAID: ("provider", "municipality"), UNPAID: ("municipality", "provider")}
"""In whose role a name acts that stands in both, or in no list: who gains by what is wanted."""


def dispute(
    settings: Settings, contract: str, period: str, course: str, month: str, wants: str,
    actor: str, reason: str,
) -> list[Event]:  # fmt: skip
    """Provider or municipality disputes effort months of a course in an approved settlement.

    Args:
        settings: home and contracts.
        contract: contract_id.
        period: first month of the period, ``YYYY-MM``, or its label.
        course: course_id.
        month: a month of the period, or ``YYYY-MM..YYYY-MM``.
        wants: ``paid`` or ``unpaid``.
        actor: name of who acts.
        reason: why.

    Returns:
        An event for each month that is not as wanted already.

    Raises:
        NotAllowedError: not approved, too late, nothing to change, disputed already, no price
            group, too few kroner, or an actor who may not (exit 3).
        UsageError: an unknown contract, period or course, a text that cannot be one (exit 2).
    """
    text = clean(reason, "begrundelsen")
    asked = _months(month)
    if wants not in _PREFERRED:
        raise UsageError("--wants skal være paid (skal betales) eller unpaid (skal ikke betales)")

    def role(actors: Actors | None) -> str:
        return _role(actor, wants, actors)

    with stand(settings, contract, actor, DISPUTE, text, role) as step:
        start = step.start_of(period)
        _require_approved(step, start)
        rows = _effort_months(step, start, course, asked)
        rows = _not_as_wanted(step, rows, wants)
        _require_in_time(step, start, rows)
        _require_none_open(step, rows)
        group = _price_group(step, course, rows)
        opened = [
            step.event(
                start, amount_dkk=_rate(step, group, row["month"]), reason=text, course_id=course,
                month=row["month"], wants=wants, price_group=group,
            )
            for row in rows
        ]  # fmt: skip
        _require_worth(step, opened)
        return chain.append_all(step.home, opened)


def decide(
    settings: Settings, disputes: str, actor: str, reason: str, *, uphold: bool
) -> list[Event]:
    """The municipality upholds or rejects a dispute, another person than the one who opened it.

    Args:
        settings: home and contracts.
        disputes: a dispute's id, or ``<contract_id>-<sequence>..<sequence>`` for several.
        actor: name of who acts.
        reason: why.
        uphold: the months become as the dispute wants.
    """
    text = clean(reason, "begrundelsen")
    asked = _IDS.fullmatch(disputes.strip())
    if asked is None:
        raise _unknown([])
    with stand(settings, asked["contract"], actor, DECIDE, text) as step:
        found = _asked_for(step, asked)
        for one in found:
            _require_undecided(one)
            _require_other(step, one.opened)
        outcome = UPHELD if uphold else REJECTED
        decided = [
            step.event(
                one.opened.period_start, reason=text, dispute_id=one.dispute_id, outcome=outcome
            )
            for one in found
        ]
        return chain.append_all(step.home, decided)


def name_of(events: Sequence[Event]) -> str:
    """The disputes that events opened or decided, as ``effekt decide`` takes them."""
    ids = [event.dispute_id or chain.dispute_id_of(event) for event in events]
    first, last = ids[0], ids[-1].rpartition("-")[2]
    return first if len(ids) == 1 else f"{first}{_RANGE}{last}"


def require_settled(step: Step, start: dt.date) -> None:
    """The closing settlement waits for the last period's deadline and for every open dispute."""
    periods = list_periods(step.contract)
    if not any(period.is_final and period.period_start == start for period in periods):
        return
    if still_open := _open_disputes(step):
        raise NotAllowedError(
            "DISPUTE_OPEN",
            "slutafregningen venter på, at åbne indsigelser afgøres: "
            + ", ".join(one.dispute_id for one in still_open),
            remedy="afgør dem med effekt decide, kør `effekt run`, og indsend igen",
        )
    last = max(period.period_start for period in periods if not period.is_final)
    calendar = _calendar(step)
    if calendar is None or calendar.dispute_within_days is None:
        return
    due_on = _dispute_due(step, last)
    if due_on is None or due_on >= step.snapshot.as_of:
        until = f" {danish.date(due_on)}" if due_on else ""
        raise NotAllowedError(
            "DISPUTE_TIME",
            f"fristen for indsigelser om {step.name_of(last)} er ikke udløbet{until}",
            remedy="vent, til fristen er udløbet, og kør `effekt run`",
        )


# what must hold before a dispute ----------------------------------------------------------------


def _months(typed: str) -> list[dt.date]:
    first, separator, last = typed.strip().partition(_RANGE)
    begin = named.parse_month(first)
    found = months.months_between(begin, named.parse_month(last) if separator else begin)
    if not found:
        raise UsageError("den sidste måned ligger før den første")
    return found


def _role(actor: str, wants: str, actors: Actors | None) -> str:
    """The first of the two roles in which the name is listed."""
    preferred = _PREFERRED[wants]
    if actors is None:
        return preferred[0]
    name = person_names.same(actor)
    listed = (
        role
        for role in preferred
        if name in {person_names.same(one.name) for one in actors.by_role[role]}
    )
    return next(listed, preferred[0])


def _require_approved(step: Step, start: dt.date) -> None:
    if start not in states.approved_periods(step.ledger, step.contract.contract_id):
        raise NotAllowedError(
            "NOT_APPROVED",
            f"{step.name_of(start)} er ikke godkendt; der kan kun gøres indsigelse mod det, der er",
            remedy="send opgørelsen tilbage med effekt return, hvis den er indsendt",
        )


def _effort_months(
    step: Step, start: dt.date, course: str, asked: Sequence[dt.date]
) -> list[dict[str, Any]]:
    """The published rows of the months, each an effort month of the course in the period."""
    contract_id = step.contract.contract_id
    known = step.snapshot.rows(
        "select course_id from restricted.participant where contract_id = ? and course_id = ?",
        [contract_id, course],
    )
    if not known:
        raise UsageError(
            "kontrakten har ikke det forløb", remedy="se forløbets id på deltagerlisten"
        )
    period = f"{start:%Y-%m}"
    access.note(step.home, DISPUTE, contract=contract_id, period=period, course=course)
    rows = step.snapshot.rows(
        "select * from restricted.person_month"
        " where contract_id = ? and course_id = ? and period_start = ? order by month",
        [contract_id, course, start],
    )
    found = [row for row in rows if row["month"] in asked]
    if len(found) < len(asked):
        told = ", ".join(danish.month(row["month"]) for row in rows) or "ingen"
        raise NotAllowedError(
            "NO_EFFORT_MONTH",
            f"ikke alle månederne er forløbets indsatsmåneder i {step.name_of(start)}",
            remedy=f"det er: {told}",
        )
    return found


def _not_as_wanted(step: Step, rows: Sequence[dict[str, Any]], wants: str) -> list[dict[str, Any]]:
    """The months that are not as wanted: as published, or as decided since."""
    left = []
    for row in rows:
        decided = disputed.decided_as(
            step.ledger.events, row["contract_id"], row["course_id"], row["month"]
        )
        is_payable = row["is_payable"] if decided is None else decided == PAID
        if is_payable is not (wants == PAID):
            left.append(row)
    if not left:
        already = "betales" if wants == PAID else "betales ikke"
        raise NotAllowedError("AS_WANTED", f"det er allerede sådan: måneden {already}")
    return left


def _require_in_time(step: Step, start: dt.date, rows: Sequence[dict[str, Any]]) -> None:
    calendar = _calendar(step)
    if calendar is None or calendar.dispute_within_days is None:
        return
    contract_id = step.contract.contract_id
    approved = states.approved_periods(step.ledger, contract_id)
    for row in rows:
        lines = step.snapshot.rows(
            "select distinct period_start from restricted.settlement_line"
            " where contract_id = ? and course_id = ? and month = ?",
            [contract_id, row["course_id"], row["month"]],
        )
        newest = max([start, *({line["period_start"] for line in lines} & approved)])
        due_on = _dispute_due(step, newest)
        if due_on is not None and due_on < step.snapshot.as_of:
            raise NotAllowedError(
                "DISPUTE_LATE",
                f"fristen for indsigelse om {danish.month(row['month'])} udløb "
                f"{danish.date(due_on)}",
                remedy="en uenighed efter fristen løses uden for systemet",
            )


def _dispute_due(step: Step, start: dt.date) -> dt.date | None:
    """Last day to open a dispute about a settlement's lines; null where it was approved since."""
    rows = step.snapshot.of_period(
        "mart.settlement_deadline", step.contract.contract_id, start, order="step"
    )
    return next((row["due_on"] for row in rows if row["step"] == DISPUTE), None)


def _open_disputes(step: Step) -> list[Dispute]:
    mine = step.contract.contract_id
    found = disputed.list_disputes(step.ledger.events)
    return [one for one in found if one.is_open and one.opened.contract_id == mine]


def _require_none_open(step: Step, rows: Sequence[dict[str, Any]]) -> None:
    asked = {(row["course_id"], row["month"]) for row in rows}
    for one in _open_disputes(step):
        if (one.opened.course_id, one.opened.month) in asked:
            raise NotAllowedError(
                "DISPUTE_OPEN",
                f"der er en åben indsigelse om {danish.month(one.opened.month or dt.date.min)}: "
                f"{one.dispute_id}",
                remedy="vent, til den er afgjort",
            )


def _price_group(step: Step, course: str, rows: Sequence[dict[str, Any]]) -> str:
    """Today's price group of the course, else the one that the list states, if it has a price."""
    part = step.contract.person_months_part
    priced = {group.benefit_group for group in part.price_groups} if part else set()
    listed = step.snapshot.rows(
        "select price_group, stated_group from restricted.participant"
        " where contract_id = ? and course_id = ?",
        [step.contract.contract_id, course],
    )[0]
    group = listed["price_group"] or rows[0]["price_group"] or listed["stated_group"]
    if group not in priced:
        raise NotAllowedError(
            "NO_PRICE_GROUP",
            "forløbet har ingen prisgruppe, hverken af registret eller af deltagerlisten, "
            "så måneden har ingen pris",
        )
    return str(group)


def _rate(step: Step, group: str, month: dt.date) -> Decimal:
    """The rate of a price group that is valid on the first day of a month."""
    rows = step.snapshot.rows(
        "select rate_dkk from mart.contract_rate"
        " where contract_id = ? and benefit_group = ? and valid_from <= ?"
        " order by valid_from desc limit 1",
        [step.contract.contract_id, group, month],
    )
    return Decimal(rows[0]["rate_dkk"]) if rows else NO_AMOUNT


def _require_worth(step: Step, opened: Sequence[Event]) -> None:
    calendar = _calendar(step)
    least = calendar.dispute_min_dkk if calendar else None
    at_stake = sum((event.amount_dkk or NO_AMOUNT for event in opened), NO_AMOUNT)
    if least is not None and at_stake < least:
        raise NotAllowedError(
            "DISPUTE_SMALL",
            f"der står {danish.kroner(at_stake)} på spil, og kontrakten kræver mindst "
            f"{danish.kroner(least)} (settlement.calendar.dispute_min_dkk)",
        )


def _calendar(step: Step) -> Calendar | None:
    return step.contract.settlement.calendar if step.contract.settlement else None


# what must hold before a decision ---------------------------------------------------------------


def _asked_for(step: Step, asked: re.Match[str]) -> list[Dispute]:
    """The disputes that are named."""
    mine = [
        one
        for one in disputed.list_disputes(step.ledger.events)
        if one.opened.contract_id == step.contract.contract_id
    ]
    first = int(asked["first"])
    last = int(asked["last"] or first)
    found = [one for one in mine if first <= one.opened.sequence <= last]
    if not found or len(found) != last - first + 1:
        raise _unknown(_open_disputes(step))
    return found


def _unknown(still_open: Sequence[Dispute]) -> UsageError:
    told = ", ".join(one.dispute_id for one in still_open) or "ingen"
    return UsageError("ukendt indsigelse", remedy=f"åbne indsigelser i kontrakten: {told}")


def _require_undecided(one: Dispute) -> None:
    if one.decided is not None:
        raise NotAllowedError(
            "DISPUTE_DECIDED",
            f"{one.dispute_id} er afgjort {danish.date(one.decided.as_of_date)}, "
            "og en afgørelse gøres ikke om",
            remedy="der kan gøres en ny indsigelse om måneden",
        )


def _require_other(step: Step, opened: Event) -> None:
    """Another name than the one that opened it, and another user where both are confirmed."""
    if person_names.same(opened.actor) == person_names.same(step.acting.name):
        raise NotAllowedError(
            "SAME_PERSON",
            "den, der har gjort indsigelsen, må ikke også afgøre den",
            remedy="en anden person i kommunen afgør den",
        )
    is_confirmed = bool(step.acting.is_confirmed and opened.is_confirmed)
    if is_confirmed and opened.os_user == step.acting.os_user:
        raise NotAllowedError(
            "SAME_USER",
            f"{opened.os_user} har gjort indsigelsen under et andet navn",
            remedy="den, der afgør, er en anden person med sin egen bruger",
        )
