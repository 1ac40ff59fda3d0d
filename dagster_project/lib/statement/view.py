"""A statement as it reads: Danish headings, tables and pictures made from its content.

What belongs here: which figures stand where, in which words. What does not: layout (``web``,
``paper``, ``workbook`` draw the same view) and any figure that the content does not hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.keys.signatures import fingerprint
from dagster_project.lib.reference import words
from dagster_project.lib.statement import curves

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and the number behind it where it is one."""

    text: str
    value: Decimal | int | None = None


@dataclass(frozen=True)
class Table:
    """Headings (a leading ``>`` aligns the column to the right), rows and an optional total."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()


@dataclass(frozen=True)
class Section:
    """A heading with text, a picture and a table."""

    title: str
    text: Sequence[str] = ()
    picture: str = ""
    table: Table | None = None


@dataclass(frozen=True)
class View:
    """A whole statement, ready to be drawn."""

    title: str
    subtitle: str
    period: str
    state: str
    payment: str
    payment_dkk: Decimal
    statement_sha256: str
    facts: Sequence[tuple[str, Cell]]
    sections: Sequence[Section]
    pictures: Mapping[str, str] = field(default_factory=dict)
    footer: str = ""


def build(content: Content) -> View:
    """The view of a settlement's document (``documents.document_of``); it names no course."""
    figures, terms = content["figures"], content["provenance"]["terms"]
    totals = content["shown"]["totals"]
    start = dt.date.fromisoformat(totals["period_start"])
    end = dt.date.fromisoformat(totals["period_end"])
    return View(
        title=terms["title"],
        subtitle=f"Opgørelse af resultatbetaling, {totals['period_label']}",
        period=f"{danish.date(start)} – {danish.date(end)}",
        state=words.label("state", content["state"]["state"]),
        payment=_kr(figures["payment"]["period"]),
        payment_dkk=Decimal(figures["payment"]["period"]),
        statement_sha256=content["statement_sha256"],
        facts=_facts(content),
        sections=_sections(content),
        pictures=curves.draw(content),
        footer=_footer(content),
    )


def _sections(content: Content) -> list[Section]:
    made = [
        Section("Vejen til betalingen", picture="waterfall"),
        Section("Betalingskurven", picture="curve"),
        _people(content),
        _basis(content),
        _true_ups(content),
        _tiers(content),
        _readings(content),
        _shares(content),
        _claims(content),
        _reduction(content),
        _missing(content),
        _reservations(content),
        _deliveries(content),
        _proof(content),
    ]
    return [section for section in made if section is not None]


# cells --------------------------------------------------------------------------------------------


def one_sentence(text: str) -> str:
    """The text with one full stop: a contract's own words may end in ``kr.``."""
    return text if text.endswith(".") else f"{text}."


def _kr(text: str | None) -> str:
    return danish.kroner(None if text is None else Decimal(text))


def _text(text: Any) -> Cell:
    return Cell(danish.NONE if text is None else str(text))


def _money(text: str | None, missing: str = danish.NONE) -> Cell:
    if text is None:
        return Cell(missing)
    return Cell(danish.number(Decimal(text)), Decimal(text))


def _count(count: int | None, missing: str = danish.NONE) -> Cell:
    return Cell(missing) if count is None else Cell(danish.number(count, 0), count)


def _share(text: str | None, missing: str = danish.NONE) -> Cell:
    if text is None:
        return Cell(missing)
    return Cell(danish.percent(Decimal(text)), Decimal(text))


def _fte(text: str | None) -> Cell:
    if text is None:
        return Cell(danish.NONE)
    return Cell(danish.number(Decimal(text), 4), Decimal(text))


def _day(text: str | None) -> str:
    return danish.NONE if not text else danish.date(dt.date.fromisoformat(text))


def _hidden(row: Mapping[str, Any]) -> str:
    return danish.HIDDEN if row.get("is_suppressed") else danish.NONE


# page one -----------------------------------------------------------------------------------------


def _facts(content: Content) -> list[tuple[str, Cell]]:
    figures, terms = content["figures"], content["provenance"]["terms"]
    totals, parties = content["shown"]["totals"], terms["parties"]
    named = [
        ("Kommune", _text(parties["municipality"])),
        ("Leverandør", _text(parties.get("provider"))),
        ("Investor", _text(parties.get("investor"))),
        ("Kontraktens grundlag", _text(terms["document"])),
        ("Resultatbetalingsgrundlag i perioden", _kroner(figures["basis"]["period"])),
        ("Resultatbetalingsgrundlag i alt", _kroner(figures["basis"]["cumulative"])),
        ("Betalingsret i alt", _kroner(figures["entitlement"]["cumulative"])),
        ("Tilbageholdt over bevillingen", _kroner(figures["held"]["cumulative"])),
        ("Betalt for meget, fremført", _kroner(figures["payment"]["carried_forward"])),
        ("Kommunens egen andel i alt", _kroner(totals["municipality_share_cumulative_dkk"])),
        ("Til næste trin", _kroner(totals["headroom_to_next_tier_dkk"], "sidste trin er nået")),
        ("Til loftet", _kroner(totals["headroom_to_ceiling_dkk"], "intet loft")),
    ]
    if Decimal(figures["payment"]["repayable"]) > 0:
        named.append(("Skal betales tilbage", _kroner(figures["payment"]["repayable"])))
    return [(label, cell) for label, cell in named if cell.text != danish.NONE]


def _kroner(text: str | None, missing: str = danish.NONE) -> Cell:
    """An amount with its unit, and the number behind it."""
    return Cell(missing) if text is None else Cell(_kr(text), Decimal(text))


def _people(content: Content) -> Section:
    events = content["events"]
    rows = [
        [
            _text(words.label("action", event["action"])),
            _text(event["actor"]),
            _text(words.label("standing", "confirmed" if event.get("is_confirmed") else "stated")),
            _text(words.label("role", event["role"])),
            _text(event["os_user"]),
            _text(_day(event["as_of_date"])),
            _text(event["recorded_at"].replace("T", " ")),
            _money(event["amount_dkk"]),
            _text(_remark(event)),
        ]
        for event in events
    ]
    said = [
        "Hvert trin bærer opgørelsens sha256 og står i kommunens hovedbog, en ubrudt kæde.",
        (
            "Et navn er bekræftet, når det er bundet til brugeren, eller skranken har set, hvem der"
            " kom; ellers er det angivet."
        ),
    ]
    if content["provenance"]["terms"].get("actors") is None:
        said.append("Kontrakten nævner ingen navne; enhver har kunnet handle.")
    if not rows:
        said = ["Ingen har handlet på opgørelsen endnu; den er en kladde.", *said[2:]]
        return Section("Hvem gjorde hvad hvornår", said)
    headings = (
        "Trin",
        "Navn",
        "Navnet er",
        "Rolle",
        "Bruger",
        "Pr.",
        "Registreret",
        ">Kr.",
        "Bemærkning",
    )
    return Section("Hvem gjorde hvad hvornår", said, table=Table(headings, rows))


def _remark(event: Mapping[str, Any]) -> str:
    parts = [event["reason"], event["reference"]]
    if event["paid_on"]:
        parts.append(f"betalt {_day(event['paid_on'])}")
    return "; ".join(part for part in parts if part)


# what it is made of -------------------------------------------------------------------------------


def _parts(content: Content, kind: str) -> list[Mapping[str, Any]]:
    """The sums of the lines by part and price group; figures of format 1 have them beside them."""
    parts = content["figures"].get("parts") or content["shown"].get("line_parts", [])
    return [part for part in parts if part["line_kind"] == kind]


def _trued(content: Content) -> Decimal:
    """What the true-ups of the period come to."""
    return sum((Decimal(part["sum"]) for part in _parts(content, "true_up")), Decimal(0))


def _basis(content: Content) -> Section:
    parts = {part["part_id"]: part for part in content["provenance"]["terms"]["parts"]}
    rows = [
        [
            _text(part["part"]), _text(words.label("part_kind", kind)),
            _text(part["price_group"] or None),
            _count(rate["months"] if kind == "person_months" else None),
            _money(rate["rate"] if kind == "person_months" else None),
            _money(str(rate["months"] * Decimal(rate["rate"]))),
        ]
        for part in _parts(content, "new")
        for rate in part["rates"]
        for kind in [parts.get(part["part"], {}).get("kind", "")]
    ]  # fmt: skip
    if trued := _trued(content):
        rows.append(
            [_text(words.label("line_kind", "true_up")), *[_text(None)] * 4, _money(str(trued))]
        )
    clauses = [f"{name}: {part['clause']}" for name, part in sorted(parts.items())]
    headings = ("Del", "Hvad der måles", "Prisgruppe", ">Antal", ">Pris, kr.", ">Beløb, kr.")
    return Section(
        "Periodens resultatbetalingsgrundlag",
        clauses,
        table=Table(headings, rows, _total(5, content["figures"]["basis"]["period"])),
    )


def _total(blanks: int, amount: str) -> list[Cell]:
    return [Cell("I alt"), *[Cell("")] * (blanks - 1), _money(amount)]


def _true_ups(content: Content) -> Section | None:
    rows = [
        [
            _text(danish.month(dt.date.fromisoformat(row["corrected_period_start"]))),
            _text(words.label("cause", row["cause"])),
            _count(row["line_count"], _hidden(row)),
            _money(row["difference_dkk"], _hidden(row)),
        ]
        for row in content["shown"]["true_ups"]
    ]
    if not rows:
        return None
    headings = ("Periode, der rettes", "Årsag", ">Linjer", ">Forskel, kr.")
    said = ["Godkendte perioder ændres aldrig; forskellen afregnes i denne."]
    return Section(
        "Efterreguleringer", said, table=Table(headings, rows, _total(3, str(_trued(content))))
    )


def _tiers(content: Content) -> Section:
    figures, terms = content["figures"], content["provenance"]["terms"]
    clauses = [tier["clause"] for tier in terms["payment"]["tiers"]]
    way = figures["tiers"]
    rows = [
        [
            _text(_span(step)), _share(step["provider_share"]), _money(step["basis"]),
            _money(step["amount"]), _text(clause),
        ]
        for step, clause in zip(way["steps"], clauses, strict=True)
    ]  # fmt: skip
    reading = next(
        r for r in terms["payment"]["readings"]["alternatives"] if r["reading_id"] == way["reading"]
    )
    ceilings = [
        f"Loft over {name}: {_kr(way[key])}"
        for key, name in (("basis_ceiling", "grundlaget"), ("payment_ceiling", "betalingen"))
        if way[key] is not None
    ]
    said = [
        f"Grundlag, der tæller med: {_kr(way['basis_counted'])}",
        *(ceilings or ["Fortolkningen har intet loft."]),
        one_sentence(f"Valgt fortolkning: {way['reading']} – {reading['clause']}"),
        one_sentence(f"Begrundelse: {terms['payment']['readings']['chosen_reason']}"),
    ]
    headings = ("Trin", ">Andel", ">Grundlag i trinnet, kr.", ">Beløb, kr.", "Kontraktens ord")
    total = [Cell("Betalingsret"), Cell(""), Cell(""),
             _money(figures["entitlement"]["cumulative"]), Cell("")]  # fmt: skip
    return Section("Vejen gennem trinnene", said, table=Table(headings, rows, total))


def _span(step: Mapping[str, Any]) -> str:
    above = danish.number(Decimal(step["above"]), 0)
    if step["up_to"] is None:
        return f"over {above} kr."
    return f"{above} – {danish.number(Decimal(step['up_to']), 0)} kr."


def _readings(content: Content) -> Section:
    terms = content["provenance"]["terms"]["payment"]["readings"]["alternatives"]
    clauses = {reading["reading_id"]: reading["clause"] for reading in terms}
    rows = [
        [
            _text(row["reading"] + (" (valgt)" if row["is_chosen"] else "")),
            _money(row["entitlement"]), _money(row["difference"]),
            _text(clauses.get(row["reading"])),
        ]
        for row in content["figures"]["readings"]
    ]  # fmt: skip
    headings = (
        "Fortolkning",
        ">Betalingsret, kr.",
        ">Forskel til den valgte, kr.",
        "Kontraktens ord",
    )
    said = ["Kontraktens tekst kan læses på flere måder. Sådan ville hver af dem have talt."]
    return Section("Fortolkninger", said, table=Table(headings, rows))


def _shares(content: Content) -> Section | None:
    rows = [
        [
            _text(row["part_id"]), _text(row["price_group"]),
            _share(row["achieved_share"], _hidden(row)), _share(row["historical_share"]),
        ]
        for row in content["shown"]["parts"]
        if row["kind"] == "person_months"
    ]  # fmt: skip
    if not rows:
        return None
    targets = [
        f"Mål: {danish.number(Decimal(target['points_above_history']), 1)} procentpoint over "
        f"historikken, svarende til {danish.number(Decimal(target['weeks_in_two_years']), 1)} uger "
        "på to år."
        for part in content["provenance"]["terms"]["parts"]
        if (target := part.get("target")) and "points_above_history" in target
    ]
    headings = ("Del", "Prisgruppe", ">Opnået andel selvforsørgende", ">Historisk andel")
    said = [*targets, "Andelen vises; den ændrer intet beløb."]
    return Section("Opnået mod historik og mål", said, table=Table(headings, rows))


def _claims(content: Content) -> Section | None:
    # what was approved before the matches stood whole has their reasons only
    whole = [{**row, "reason": ""} for row in content["shown"].get("matches", ())]
    told = sorted([*whole, *content["shown"]["claims"]], key=lambda r: (r["match"], r["reason"]))
    rows = [
        [
            _text(words.label("match", row["match"])),
            _text(words.label("reason", row["reason"]) if row["reason"] else "i alt"),
            _count(row["month_count"], _hidden(row)),
            _money(row["amount_dkk"], _hidden(row)),
        ]
        for row in told
    ]
    if not rows:
        return None
    headings = ("Krav mod register", "Begrundelse", ">Måneder", ">Kr.")
    return Section("Leverandørens krav mod registret", table=Table(headings, rows))


def _reduction(content: Content) -> Section | None:
    rows = [
        [
            _text(row["part_id"]), _text(row["benefit_group"]), _fte(row["baseline_mean_fte"]),
            _fte(row["evaluation_mean_fte"]), _fte(row["reduction_fte"]), _money(row["rate_dkk"]),
            _money(row["amount_dkk"]),
            _text(words.label("completeness", row["status"])),
        ]
        for row in content["shown"]["effects"]
    ]  # fmt: skip
    if not rows:
        return None
    headings = ("Del", "Ydelse", ">Før, fuldtidspers.", ">Nu", ">Fald", ">Pris, kr.", ">Beløb, kr.",
                "Status")  # fmt: skip
    said = ["Gennemsnit af de offentliggjorte fuldtidspersoner, måned for måned."]
    has_months = bool(content["shown"]["statistics"])
    return Section(
        "Færre fuldtidspersoner mod basisåret", said, picture="months" if has_months else "",
        table=Table(headings, rows),
    )  # fmt: skip


def _missing(content: Content) -> Section:
    rows = [
        [
            _text(words.label("blocker", row["kind"])), _count(row["item_count"]),
            _money(row["amount_dkk"]), _text(row["owner"]),
            _text(row["remedy"]),
        ]
        for row in content["shown"]["blockers"]
    ]  # fmt: skip
    if not rows:
        return Section("Hvad der mangler", ["Intet mangler."])
    headings = ("Hvad", ">Antal", ">Kr. på spil", "Hvem", "Hvad der skal gøres")
    return Section("Hvad der mangler", table=Table(headings, rows))


def _reservations(content: Content) -> Section:
    young, totals = content["shown"]["young"], content["shown"]["totals"]
    on_young = (
        f"Foreløbige data: {_kr(young['amount_dkk'])} ({young['line_count']} linjer) hviler på "
        f"udtræk, der er lavet mindre end {young['days']} dage efter månedens udløb, "
        "og kan flytte sig."
    )
    on_overlap = (
        f"Overlap: {_kr(totals['overlap_dkk'])} er selvforsørgende måneder i del 2's "
        "evalueringsperiode. Samme borgers måned kan være betalt i begge dele. Beløbet er "
        "et notat og trækkes ikke fra."
    )
    return Section("Forbehold", [on_young, on_overlap])


def _deliveries(content: Content) -> Section:
    rows = [
        [
            _text(row["source"]), _text(row["file_name"]), _text(row["extracted_on"]),
            _text(f"{row['covers_from']} – {row['covers_to']}" if row["covers_from"] else None),
            _text(row["sha256"][:16]),
        ]
        for row in content["provenance"]["deliveries"]
    ]  # fmt: skip
    headings = ("Kilde", "Fil", "Udtrukket", "Dækker", "sha256 (begyndelse)")
    told = content["provenance"]
    said = [
        f"Opgjort pr. {_day(told['as_of_date'])}.",
        f"Udgivelse {told['snapshot_id']}, program {told['code_version']}.",
        f"Kontraktens vilkår: sha256 {told['terms_sha256']}.",
        f"Ydelseskoder: sha256 {told['benefit_codes_sha256']}.",
    ]
    return Section("Leveringer, som opgørelsen hviler på", said, table=Table(headings, rows))


def _proof(content: Content) -> Section:
    """What a reader compares to know that the document is the municipality's."""
    lines = content["figures"]["lines"]
    rows = [
        [_text("Opgørelsens sha256"), _text(content["statement_sha256"])],
        [_text("Linjernes sha256"), _text(lines["sha256"])],
        [_text("Linjer"), _count(lines["count"])],
        *(
            [_text(label), _text(head_text(content["provenance"]["heads"][name]))]
            for name, label in HEADS.items()
        ),
        [_text("Nøglens fingeraftryk"), _text(fingerprint(content["public_key"]))],
    ]
    said = [
        "Sammenlign nøglens fingeraftryk med det, kommunen har oplyst.",
        "Efterprøv uden kommunens data: effekt statement --verify FIL --key FINGERAFTRYK.",
        "Linjerne står i bilaget, som kommunen og leverandøren har; efterprøv dem med --annex.",
        "Gem dokumentet: hovederne viser senere, om kommunens kæder er skrevet om.",
    ]
    return Section("Sådan efterprøves opgørelsen", said, table=Table(("Hvad", "Værdi"), rows))


HEADS = {"ledger": "Hovedbogens hoved", "register": "Leveringsregistrets hoved"}


def head_text(head: Mapping[str, Any] | None) -> str:
    """The head of a chain as it is printed; an empty chain has none."""
    return "tom" if head is None else f"nr. {head['sequence']}: {head['hash']}"


def _footer(content: Content) -> str:
    key = fingerprint(content["public_key"])
    return f"Opgørelsens sha256: {content['statement_sha256']} · nøgle {key}"
