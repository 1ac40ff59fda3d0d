"""The first page of a statement, for a council: what is paid and why, by whom, and the way there.

What belongs here: its words and figures. What does not: the arithmetic (``arithmetic``), layout.

Drafts never speak of money as paid that nobody has paid: what the periods before came to is
*settled*, and of it what finance has recorded, *paid* (S.words).

Rules: S.first_page, S.words.
Decides: S.first_page, S.words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.reference import words
from dagster_project.lib.statement import charted, money_way
from dagster_project.lib.statement.sheet import (
    FRONT,
    Cell,
    Content,
    Fact,
    Section,
    Table,
    amount,
    day,
    document_title,
    kr,
    kroner,
    money,
    standing,
    text_cell,
)
from dagster_project.settings import TIME_ZONE


def period_of(content: Content) -> str:
    """First and last day of the period."""
    totals = content["shown"]["totals"]
    start = dt.date.fromisoformat(totals["period_start"])
    end = dt.date.fromisoformat(totals["period_end"])
    return f"{danish.date(start)} – {danish.date(end)}"


def payment_label(content: Content) -> str:
    """What the amount of the period is called in the state that it has."""
    return {
        "approved": "Skal betales for perioden",
        "paid": "Betalt for perioden",
    }.get(content["state"]["state"], "Opgjort til betaling for perioden, ikke godkendt")


# the sentence -------------------------------------------------------------------------------------


def sentence(content: Content) -> str:
    """One plain sentence that says what is paid and why."""
    paid = amount(content["figures"]["payment"]["period"])
    return f"{_what(content, paid)}, {_why(content, paid)}."


def _what(content: Content, paid: Decimal) -> str:
    parties = content["provenance"]["terms"]["parties"]
    payer = parties["municipality"]
    payee = parties.get("provider") or parties.get("investor") or "leverandøren"
    state, label = content["state"]["state"], content["shown"]["totals"]["period_label"]
    if state == "paid":
        event = [e for e in content["events"] if e["action"] in ("pay", "correct")][-1]
        when = f" den {day(event['paid_on'])}" if event["paid_on"] else ""
        if not paid:
            return f"{payer} har intet betalt {payee} for {label}"
        return f"{payer} har betalt {payee} {kr(paid)} for {label}{when}"
    must = (
        f"skal {payer} betale {payee} {kr(paid)}"
        if paid
        else (f"skal {payer} ikke betale noget til {payee}")
    )
    how = "Efter den godkendte opgørelse" if state == "approved" else "Bliver opgørelsen godkendt,"
    return f"{how} {must} for {label}"


def _why(content: Content, paid: Decimal) -> str:
    figures = content["figures"]
    basis, entitled = (amount(figures[n]["cumulative"]) for n in ("basis", "entitlement"))
    before, found = money_way.earlier(content), money_way.limits(content)
    carried = amount(figures["payment"]["carried_forward"])
    if basis <= 0:
        told = f"fordi resultaterne indtil nu er opgjort til {kr(basis)}"
    else:
        told = (
            f"fordi resultaterne indtil nu er opgjort til {kr(basis)}, der giver ret til"
            f" {kr(entitled)} i alt"
        )
    above = [
        f"{kr(kroner_of)} over bevillingen {what}"
        for kroner_of, what in ((found.used, "er frigivet"), (found.held, "holdes tilbage"))
        if kroner_of
    ]
    if above:
        told += f", hvoraf {' og '.join(above)}"
    if before.settled:
        told += f", og {kr(before.settled)} er afregnet i tidligere perioder"
    elif not paid and not basis:
        told += ", og intet er afregnet før"
    if carried:
        told += f"; {kr(carried)} er afregnet for meget og trækkes fra i senere perioder"
    return told


# facts --------------------------------------------------------------------------------------------


def parties(content: Content) -> list[Fact]:
    """Who and what the contract is."""
    terms = content["provenance"]["terms"]
    named = terms["parties"]
    found = [
        Fact("municipality", "Kommune", text_cell(named["municipality"])),
        Fact("provider", "Leverandør", text_cell(named.get("provider"))),
        Fact("investor", "Investor", text_cell(named.get("investor"))),
        Fact("document", "Kontraktens dokument", text_cell(document_title(content))),
        Fact("period", "Periode", text_cell(period_of(content))),
        Fact("state", "Status", text_cell(words.label("state", content["state"]["state"]))),
        Fact("as_of_date", "Opgjort pr.", text_cell(day(content["provenance"]["as_of_date"]))),
    ]
    return [fact for fact in found if fact.cell.text != danish.NONE]


def facts(content: Content) -> list[Fact]:
    """The figures of the first page, beside the payment."""
    figures, totals = content["figures"], content["shown"]["totals"]
    found, before = money_way.limits(content), money_way.earlier(content)
    told = [
        Fact("basis_dkk", "Periodens grundlag", kroner(figures["basis"]["period"])),
        Fact("basis_cumulative_dkk", "Grundlag i alt", kroner(figures["basis"]["cumulative"])),
        Fact("entitlement_cumulative_dkk", "Betalingsret i alt",
             kroner(figures["entitlement"]["cumulative"])),
        Fact("authorised_max_dkk", "Bevilling",
             kroner(found.maximum, "ingen grænse")),
        Fact("released_dkk", "Frigivet ud over bevillingen", kroner(found.released)),
        Fact("held_cumulative_dkk", "Tilbageholdt over bevillingen", kroner(found.held)),
        Fact("settled_before_dkk", "Afregnet i tidligere perioder", kroner(before.settled)),
        Fact("paid_before_dkk", "– heraf betalt", kroner(before.paid)),
        Fact("carried_forward_dkk", "Afregnet for meget, overføres",
             kroner(figures["payment"]["carried_forward"])),
        Fact("municipality_share_cumulative_dkk", "Kommunens egen andel i alt",
             kroner(totals["municipality_share_cumulative_dkk"])),
    ]  # fmt: skip
    if Decimal(figures["payment"]["repayable"]) > 0:
        told.append(Fact("repayable_dkk", "Skal betales tilbage",
                         kroner(figures["payment"]["repayable"])))  # fmt: skip
    always = ("basis_dkk", "basis_cumulative_dkk", "entitlement_cumulative_dkk",
              "held_cumulative_dkk", "settled_before_dkk", "paid_before_dkk")  # fmt: skip
    return [one for one in told if one.name in always or one.cell.value != 0]


def _recorded(text: str) -> str:
    """When an event was recorded, by the clock on the wall in Denmark."""
    return danish.moment(dt.datetime.fromisoformat(text).astimezone(TIME_ZONE))


# sections -----------------------------------------------------------------------------------------


def people(content: Content) -> Section:
    """Who did what when, each name confirmed or merely stated."""
    rows = [
        [
            text_cell(words.label("action", event["action"])),
            text_cell(event["actor"]),
            text_cell(standing(event)),
            text_cell(words.label("role", event["role"])),
            text_cell(event["os_user"]),
            text_cell(day(event["as_of_date"])),
            text_cell(_recorded(event["recorded_at"])),
            money(event["amount_dkk"]),
            text_cell(remark(event) or None),
        ]
        for event in content["events"]
    ]  # fmt: skip
    said = []
    if content["provenance"]["terms"].get("actors") is None:
        said.append("Kontrakten nævner ingen navne; enhver har kunnet handle.")
    title = "Hvem gjorde hvad hvornår"
    if not rows:
        state = words.label("state", content["state"]["state"])
        said = [f"Ingen har handlet på opgørelsen endnu; den er en {state}.", *said]
        return Section(title, said, sheet=FRONT)
    said.append(
        "Et navn er bekræftet, når det er bundet til brugeren, eller skranken har set, hvem der"
        " kom; ellers er det angivet. Hvert trin bærer opgørelsens sha256."
    )
    headings = ("Trin", "Navn", "Navnet er", "Rolle", "Bruger", "Data pr.", "Registreret", ">Kr.",
                "Bemærkning")  # fmt: skip
    return Section(title, said, table=Table(headings, rows), sheet=FRONT)


def remark(event: Mapping[str, Any]) -> str:
    """Reason, reference and day of payment of an event."""
    told = [event["reason"], event["reference"]]
    if event["paid_on"]:
        told.append(f"betalt {day(event['paid_on'])}")
    return "; ".join(part for part in told if part)


def the_way(content: Content) -> Section:
    """The way through the tiers as a picture, with release, hold and what is carried forward."""
    bars = money_way.bars(content)
    rows = [[text_cell(bar.label), money(bar.amount)] for bar in bars]
    table = Table(("Fra grundlag til betaling", ">Kr."), rows)
    said = list(_way_words(content))
    return Section("Vejen til betalingen", said, picture=charted.WAY, behind=table, sheet=FRONT)


def _way_words(content: Content) -> Any:
    """What hold, release, earlier periods and what is carried forward come to, in words."""
    found, before = money_way.limits(content), money_way.earlier(content)
    carried = amount(content["figures"]["payment"]["carried_forward"])
    basis = amount(content["figures"]["basis"]["period"])
    if found.over:
        yield (
            f"Betalingsretten er {kr(found.over)} over bevillingen; {kr(found.used)} af"
            f" det er frigivet ved navn, og {kr(found.held)} holdes tilbage."
        )
    if basis < 0:
        yield (
            f"Periodens eget grundlag er {kr(basis)}: efterreguleringer af godkendte perioder"
            " eller rettede data gør det samlede grundlag mindre."
        )
    if before.settled:
        yield (
            f"I tidligere perioder er {kr(before.settled)} afregnet; heraf er"
            f" {kr(before.approved)} godkendt og {kr(before.paid)} betalt."
        )
    if carried:
        yield (
            f"{kr(carried)} er afregnet for meget. Beløbet kræves ikke tilbage nu, men gør senere"
            " perioders betaling mindre."
        )


def cell_of(content: Content) -> Cell:
    """The payment of the period."""
    return kroner(content["figures"]["payment"]["period"])
