"""A statement as it reads: its sections in their order, made from its content.

What belongs here: the order, and the sections that surround the figures: shares, claims, what is
missing, reservations, deliveries, how to verify. What does not: the first page (``front``), the
arithmetic (``arithmetic``), layout (``web``, ``paper``, ``workbook`` lay out the same view) and any
figure that the content does not hold.

Rules: S.statement, C.title.
Decides: C.title.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.keys.signatures import fingerprint
from dagster_project.lib.reference import words
from dagster_project.lib.statement import arithmetic, foreseen, front
from dagster_project.lib.statement.sheet import (
    SOURCES,
    Content,
    Section,
    Table,
    View,
    count,
    day,
    hidden,
    kr,
    money,
    part_title,
    share,
    text_cell,
)


def build(content: Content, pictures: Mapping[str, str | None] | None = None) -> View:
    """The view of a settlement's document (``documents.document_of``); it names no course.

    Args:
        content: the document.
        pictures: its charts (``charted.charts_of``) as drawn; what is missing is shown as a table.
    """
    figures, terms = content["figures"], content["provenance"]["terms"]
    totals = content["shown"]["totals"]
    return View(
        title=terms["title"],
        subtitle=f"Opgørelse af resultatbetaling, {totals['period_label']}",
        period=front.period_of(content),
        state=words.label("state", content["state"]["state"]),
        sentence=front.sentence(content),
        payment_label=front.payment_label(content),
        payment=front.cell_of(content),
        statement_sha256=content["statement_sha256"],
        parties=front.parties(content),
        facts=front.facts(content),
        sections=_sections(content),
        pictures={name: svg for name, svg in (pictures or {}).items() if svg is not None},
        footer=f"Opgørelsens sha256: {content['statement_sha256']} · nøgle"
        f" {fingerprint(content['public_key'])} · periode {figures['period']}",
    )


def _sections(content: Content) -> list[Section]:
    made = [
        front.the_way(content),
        front.people(content),
        arithmetic.basis(content),
        arithmetic.true_ups(content),
        arithmetic.tiers(content),
        arithmetic.limits(content),
        arithmetic.readings(content),
        arithmetic.variants(content),
        _shares(content),
        _claims(content),
        *arithmetic.reductions(content),
        *arithmetic.relapses(content),
        foreseen.section(content),
        _missing(content),
        _reservations(content),
        _calendar(content),
        _proof(content),
        _deliveries(content),
    ]
    return [section for section in made if section is not None]


def _shares(content: Content) -> Section | None:
    rows = [
        [
            text_cell(part_title(content, row["part_id"])), text_cell(row["price_group"]),
            share(row["achieved_share"], hidden(row)), share(row["historical_share"], "ukendt"),
            *_target(content, row),
        ]
        for row in content["shown"]["parts"]
        if row["kind"] == "person_months"
    ]  # fmt: skip
    if not rows:
        return None
    targets = [
        f"Mål: {danish.number(Decimal(target['points_above_history']), 1)} procentpoint over"
        f" historikken, svarende til {danish.number(Decimal(target['weeks_in_two_years']), 1)} uger"
        " på to år."
        for part in content["provenance"]["terms"]["parts"]
        if (target := part.get("target")) and "points_above_history" in target
    ]
    headings = ("Del", "Prisgruppe", ">Opnået andel selvforsørgende", ">Historisk andel",
                ">Mål")  # fmt: skip
    said = [*targets, "Andelen vises; den ændrer intet beløb."]
    return Section("Opnået mod historik og mål", said, table=Table(headings, rows))


def _target(content: Content, row: Mapping[str, Any]) -> Any:
    """The share that is aimed at: history and the agreed points above it."""
    part = next(
        p for p in content["provenance"]["terms"]["parts"] if p["part_id"] == row["part_id"]
    )
    target = part.get("target") or {}
    if row["historical_share"] is None or "points_above_history" not in target:
        yield text_cell(None)
        return
    points = Decimal(target["points_above_history"]) / 100
    yield share(Decimal(row["historical_share"]) + points)


def _claims(content: Content) -> Section | None:
    # what was approved before the matches stood whole has their reasons only
    whole = [{**row, "reason": ""} for row in content["shown"].get("matches", ())]
    told = sorted([*whole, *content["shown"]["claims"]], key=lambda r: (r["match"], r["reason"]))
    rows = [
        [
            text_cell(words.label("match", row["match"])),
            text_cell(words.label("reason", row["reason"]) if row["reason"] else "i alt"),
            count(row["month_count"], hidden(row)),
            money(row["amount_dkk"], hidden(row)),
        ]
        for row in told
    ]
    if not rows:
        return None
    headings = ("Krav mod register", "Begrundelse", ">Måneder", ">Kr.")
    return Section("Leverandørens krav mod registret", table=Table(headings, rows))


def _missing(content: Content) -> Section:
    rows = [
        [
            text_cell(words.label("blocker", row["kind"])), count(row["item_count"]),
            money(row["amount_dkk"]), text_cell(row["owner"]),
            text_cell(row["remedy"]), text_cell(_until(content, row["kind"])),
        ]
        for row in content["shown"]["blockers"]
    ]  # fmt: skip
    title = "Hvad der mangler"
    if not rows:
        return Section(title, ["Intet mangler."])
    headings = ("Hvad", ">Antal", ">Kr. på spil", "Hvem", "Hvad der skal gøres", "Indtil")
    return Section(title, table=Table(headings, rows))


def _until(content: Content, kind: str) -> str:
    """How long a blocker stands."""
    terms = content["provenance"]["terms"]
    end = dt.date.fromisoformat(content["shown"]["totals"]["period_end"])
    lagged = end + dt.timedelta(days=terms["register_lag_days"])
    return {
        "register_not_observed": f"et udtræk fra tidligst {danish.date(lagged)} er modtaget",
        "claims_pending": f"et udtræk fra tidligst {danish.date(lagged)} er modtaget",
        "person_status_missing": f"et udtræk fra efter {danish.date(end)} er modtaget",
        "statistics_missing": "månederne er offentliggjort og modtaget",
        "earlier_period_open": "de tidligere perioder er godkendt",
        "amount_held": "beløbet er frigivet ved navn",
        "delivery_refused": "en rettet fil er modtaget",
        "delivery_held": "leveringen er godkendt eller erstattet",
    }.get(kind, danish.NONE)


def _reservations(content: Content) -> Section:
    young, totals = content["shown"]["young"], content["shown"]["totals"]
    said = [
        (
            f"Foreløbige data: {kr(young['amount_dkk'])} ({young['line_count']} linjer) hviler på "
            f"udtræk, der er lavet mindre end {young['days']} dage før den dag, tallene er gjort "
            "op, og kan flytte sig."
        )
    ]
    if any(part["kind"] == "fte_reduction" for part in content["provenance"]["terms"]["parts"]):
        said.append(
            f"Overlap: {kr(totals['overlap_dkk'])} er selvforsørgende måneder i "
            "evalueringsperioden for færre fuldtidspersoner. Samme borgers måned kan være betalt i "
            "begge dele. Beløbet er et notat og trækkes ikke fra."
        )
    return Section("Forbehold", said)


def _calendar(content: Content) -> Section | None:
    """Until when each step is to be taken, and what is disputed."""
    shown = content["shown"]
    rows = [
        [
            text_cell(words.label("deadline_step", row["step"])),
            text_cell(words.label("role", row["owner"])),
            text_cell(day(row["due_on"])), text_cell(day(row["done_on"])),
        ]
        for row in shown.get("deadlines", ())
    ]  # fmt: skip
    said = []
    if still_open := shown.get("open_disputes"):
        kroner = kr(still_open["amount_dkk"])
        said.append(
            f"Åbne indsigelser: {still_open['month_count']} måneder, {kroner}. "
            "Et medhold bliver en efterregulering i en senere opgørelse."
        )
    if not rows and not said:
        return None
    table = Table(("Trin", "Hvem handler", "Senest", "Gjort"), rows) if rows else None
    return Section("Frister og indsigelser", said, table=table)


def _deliveries(content: Content) -> Section:
    rows = [
        [
            text_cell(row["source"]), text_cell(row["file_name"]), text_cell(row["extracted_on"]),
            text_cell(f"{row['covers_from']} – {row['covers_to']}" if row["covers_from"] else None),
            text_cell(row["sha256"][:16]),
        ]
        for row in content["provenance"]["deliveries"]
    ]  # fmt: skip
    headings = ("Kilde", "Fil", "Udtrukket", "Dækker", "sha256 (begyndelse)")
    told = content["provenance"]
    said = [
        f"Opgjort pr. {day(told['as_of_date'])}.",
        f"Udgivelse {told['snapshot_id']}, program {told['code_version']}.",
        f"Kontraktens vilkår: sha256 {told['terms_sha256']}.",
        f"Ydelseskoder: sha256 {told['benefit_codes_sha256']}.",
    ]
    return Section(
        "Leveringer, som kontraktens tal hviler på", said,
        table=Table(headings, rows, is_dense=True), sheet=SOURCES,
    )  # fmt: skip


def _proof(content: Content) -> Section:
    """What a reader compares to know that the document is the municipality's."""
    lines = content["figures"]["lines"]
    rows = [
        [text_cell("Opgørelsens sha256"), text_cell(content["statement_sha256"])],
        [text_cell("Linjernes sha256"), text_cell(lines["sha256"])],
        [text_cell("Linjer"), count(lines["count"])],
        *(
            [text_cell(label), text_cell(head_text(content["provenance"]["heads"][name]))]
            for name, label in HEADS.items()
        ),
        [text_cell("Nøglens fingeraftryk"), text_cell(fingerprint(content["public_key"]))],
    ]
    said = [
        "Sammenlign nøglens fingeraftryk med det, kommunen har oplyst.",
        "Efterprøv uden kommunens data: effekt statement --verify FIL --key FINGERAFTRYK.",
        "Linjerne står i bilaget, som kommunen og leverandøren har; efterprøv dem med --annex.",
        "Gem dokumentet: hovederne viser senere, om kommunens kæder er skrevet om.",
    ]
    return Section(
        "Sådan efterprøves opgørelsen", said, table=Table(("Hvad", "Værdi"), rows), sheet=SOURCES,
        starts_page=True,
    )  # fmt: skip


HEADS = {"ledger": "Hovedbogens hoved", "register": "Leveringsregistrets hoved"}


def head_text(head: Mapping[str, Any] | None) -> str:
    """The head of a chain as it is printed; an empty chain has none."""
    return "tom" if head is None else f"nr. {head['sequence']}: {head['hash']}"
