"""The arithmetic of a statement in full: what its parts, tiers and limits are computed from.

What belongs here: the sections from which a reader recomputes the basis and the entitlement. What
does not: the first page (``front``), what surrounds the figures (``view``), any rule.

Rules: S.statement, S.parts_in_full, S.variant.
Decides: S.parts_in_full.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.reference import words
from dagster_project.lib.statement import charted, money_way
from dagster_project.lib.statement.sheet import (
    Cell,
    Content,
    Section,
    Table,
    amount,
    count,
    day,
    fte,
    hidden,
    kr,
    kroner,
    money,
    one_sentence,
    part_title,
    parts_of,
    reading_title,
    share,
    standing,
    text_cell,
    tier_title,
    total,
    variant_title,
)

NOTHING = Decimal(0)


def line_parts(content: Content, kind: str) -> list[Mapping[str, Any]]:
    """The sums of the lines by part and price group; figures of format 1 have them beside them."""
    parts = content["figures"].get("parts") or content["shown"].get("line_parts", [])
    return [part for part in parts if part["line_kind"] == kind]


def trued(content: Content) -> Decimal:
    """What the true-ups of the period come to."""
    return sum((Decimal(part["sum"]) for part in line_parts(content, "true_up")), NOTHING)


def booked_dkk(content: Content, part_id: str) -> Decimal:
    """What the period's new lines of a part come to."""
    own = [part for part in line_parts(content, "new") if part["part"] == part_id]
    return sum((Decimal(part["sum"]) for part in own), NOTHING)


def basis(content: Content) -> Section:
    """The period's basis by part and price group, person-months × rate."""
    parts = parts_of(content)
    rows = [
        [
            text_cell(part_title(content, part["part"])), text_cell(words.label("part_kind", kind)),
            text_cell(part["price_group"] or None),
            count(rate["months"] if kind == "person_months" else None),
            money(rate["rate"] if kind == "person_months" else None),
            money(rate["months"] * Decimal(rate["rate"])),
        ]
        for part in line_parts(content, "new")
        for rate in part["rates"]
        for kind in [parts.get(part["part"], {}).get("kind", "")]
    ]  # fmt: skip
    if sum_of := trued(content):
        label = words.label("line_kind", "true_up")
        rows.append([text_cell(label), *[text_cell(None)] * 4, money(sum_of)])
    clauses = [one_sentence(f"{part_title(content, name)}: {part['clause']}")
               for name, part in sorted(parts.items())]  # fmt: skip
    headings = ("Del", "Hvad der måles", "Prisgruppe", ">Personmåneder", ">Pris, kr.",
                ">Beløb, kr.")  # fmt: skip
    last = total(5, content["figures"]["basis"]["period"])
    table = Table(headings, rows, last)
    return Section("Periodens grundlag", clauses, table=table, starts_page=True)


def true_ups(content: Content) -> Section | None:
    """What is settled again, by corrected period and cause."""
    rows = [
        [
            text_cell(danish.month(dt.date.fromisoformat(row["corrected_period_start"]))),
            text_cell(words.label("cause", row["cause"])),
            count(row["line_count"], hidden(row)),
            money(row["difference_dkk"], hidden(row)),
        ]
        for row in content["shown"]["true_ups"]
    ]
    if not rows:
        return None
    headings = ("Perioden, der begynder", "Årsag", ">Linjer", ">Forskel, kr.")
    said = ["Godkendte perioder ændres aldrig; forskellen afregnes i denne."]
    table = Table(headings, rows, total(3, trued(content)))
    return Section("Efterreguleringer", said, table=table)


def tiers(content: Content) -> Section:
    """The way of the basis through the tiers, with the clause beside each."""
    figures, terms = content["figures"], content["provenance"]["terms"]
    clauses = [tier["clause"] for tier in terms["payment"]["tiers"]]
    found = figures["tiers"]
    rows = [
        [
            text_cell(tier_title(content, place)), text_cell(_span(step)),
            share(step["provider_share"]), money(step["basis"]), money(step["amount"]),
            text_cell(clause),
        ]
        for place, (step, clause) in enumerate(zip(found["steps"], clauses, strict=True))
    ]  # fmt: skip
    walked = sum((amount(step["amount"]) for step in found["steps"]), NOTHING)
    entitled = amount(figures["entitlement"]["cumulative"])
    blank = Cell("")
    if entitled != walked:
        chosen = next((one["clause"] for one in terms["payment"]["readings"]["alternatives"]
                       if one["reading_id"] == found["reading"]), None)  # fmt: skip
        rows.append([text_cell("Loft over betalingen"), blank, blank, blank,
                     money(entitled - walked), text_cell(chosen)])  # fmt: skip
    said = [
        (
            f"Grundlag i alt: {kr(figures['basis']['cumulative'])}, heraf tæller"
            f" {kr(found['basis_counted'])} med."
        ),
    ]
    headings = ("Trin", "Af grundlaget", ">Andel", ">Grundlag i trinnet, kr.", ">Beløb, kr.",
                "Kontraktens ord")  # fmt: skip
    last = [Cell("Betalingsret i alt"), blank, blank, blank, money(entitled), blank]
    curve = [
        [money(row["basis_dkk"]), money(row["payment_dkk"]), share(row["marginal_share"])]
        for row in _corners(content, found["reading"])
    ]
    return Section(
        "Betalingsretten gennem trinnene", said, picture=charted.CURVE,
        table=Table(headings, rows, last),
        behind=Table((">Grundlag, kr.", ">Betalingsret, kr.", ">Andel af den næste krone"), curve),
    )  # fmt: skip


def _corners(content: Content, reading: str) -> list[Mapping[str, Any]]:
    """The published rows of the payment curve, without those a krone beside a threshold."""
    rows = [row for row in content["shown"]["curve"] if row["reading_id"] == reading]
    bases = {Decimal(row["basis_dkk"]) for row in rows}
    return [row for row in rows if {(at := Decimal(row["basis_dkk"])) - 1, at + 1} <= bases]


def _span(step: Mapping[str, Any]) -> str:
    above = danish.number(Decimal(step["above"]), 0)
    if step["up_to"] is None:
        return f"over {above} kr."
    return f"{above} – {danish.number(Decimal(step['up_to']), 0)} kr."


def limits(content: Content) -> Section:
    """Ceiling, authorised maximum with every release, what is held, and headroom."""
    figures, totals = content["figures"], content["shown"]["totals"]
    found, way = money_way.limits(content), figures["tiers"]
    ceilings = [
        [text_cell(f"Loft over {name}"), kroner(way[key])]
        for key, name in (("basis_ceiling", "grundlaget"), ("payment_ceiling", "betalingen"))
        if way[key] is not None
    ]  # fmt: skip
    rows = [
        *(ceilings or [[text_cell("Loft"), text_cell("intet loft")]]),
        [text_cell("Plads til loftet"),
         kroner(totals["headroom_to_ceiling_dkk"], "intet loft")],
        [text_cell("Plads til næste trin"),
         kroner(totals["headroom_to_next_tier_dkk"], "sidste trin er nået")],
        [text_cell("Bevilling"), kroner(found.maximum, "ingen grænse")],
    ]  # fmt: skip
    if found.maximum is not None and found.ceiling is not None:
        left = found.ceiling - amount(figures["payment"]["cumulative"])
        rows += [
            [text_cell("Frigivet ud over bevillingen"), kroner(found.released)],
            [text_cell("Bevilling med frigivelser"), kroner(found.ceiling)],
            [text_cell("Plads i bevillingen"), kroner(left)],
            [text_cell("Tilbageholdt over bevillingen"), kroner(found.held)],
        ]
    said = []
    if found.pending:
        said.append(
            f"{kr(found.pending)} er frigivet, efter at tallene blev gjort op; frigivelsen er med i"
            " tallene efter næste kørsel."
        )
    made = Table(("Hvad", ">Kr."), rows)
    freed = [
        [
            text_cell(day(one["as_of_date"])), text_cell(one["actor"]),
            text_cell(standing(one)),
            text_cell(one["reason"]), text_cell("ja" if one["is_counted"] else "nej, først senere"),
            money(one["amount_dkk"]),
        ]
        for one in money_way.releases(content)
    ]  # fmt: skip
    if not freed:
        if found.released:
            said.append("Hvem der frigav, står i hovedbogen.")
        elif found.maximum is not None:
            said.append("Intet er frigivet ud over bevillingen.")
        return Section("Loft, bevilling og plads", said, table=made)
    headings = ("Dato", "Navn", "Navnet er", "Begrundelse", "Talt med", ">Kr.")
    sum_of = sum((amount(one["amount_dkk"]) for one in money_way.releases(content)), NOTHING)
    more = Table(headings, freed, total(5, sum_of), caption="Frigivelser")
    return Section("Loft, bevilling og plads", said, table=made, more=[more])


def readings(content: Content) -> Section:
    """Every reading of the contract, with its difference in kroner."""
    terms = content["provenance"]["terms"]["payment"]["readings"]
    clauses = {one["reading_id"]: one["clause"] for one in terms["alternatives"]}
    rows = [
        [
            text_cell(reading_title(content, row["reading"])
                      + (" (valgt)" if row["is_chosen"] else "")),
            money(row["entitlement"]), money(row["difference"]),
            text_cell(clauses.get(row["reading"])),
        ]
        for row in content["figures"]["readings"]
    ]  # fmt: skip
    headings = ("Fortolkning", ">Betalingsret, kr.", ">Forskel til den valgte, kr.",
                "Kontraktens ord")  # fmt: skip
    several = "Kontraktens tekst kan læses på flere måder. Sådan ville hver have talt, uden"
    only = "Kontrakten har én fortolkning. Sådan tæller den, uden"
    said = [
        f"{several if len(rows) > 1 else only} bevillingens grænse.",
        one_sentence(f"Begrundelse for den valgte: {terms['chosen_reason']}"),
    ]
    return Section("Fortolkninger af kontrakten", said, table=Table(headings, rows))


def variants(content: Content) -> Section | None:
    """Other terms beside the contract's own, as if nothing had been approved; none without any."""
    shown = content["shown"].get("variants", ())
    if not shown:
        return None
    terms = content["provenance"]["terms"]
    clauses = {one["variant_id"]: one.get("clause") for one in terms.get("variants", ())}
    rows = [
        [
            text_cell(variant_title(terms, row["variant_id"])), money(row["basis_cumulative_dkk"]),
            money(row["entitlement_cumulative_dkk"]),
            money(row["difference_dkk"]) if row["variant_id"] else text_cell(None),
            text_cell(clauses.get(row["variant_id"])),
        ]
        for row in shown
    ]  # fmt: skip
    headings = ("Vilkår", ">Grundlag i alt, kr.", ">Betalingsret i alt, kr.",
                ">Forskel til kontraktens egne, kr.", "Kontraktens ord")  # fmt: skip
    said = [
        "Andre vilkår, regnet af den samme viden. De betales aldrig, og de flytter ingen krone.",
        (
            "Alle rækker er regnet, som om intet var godkendt: uden reguleringer, og uden at et "
            "godkendt forløb beholder sin plads."
        ),
    ]
    return Section("Hvis vilkårene var andre", said, table=Table(headings, rows))


# parts that are computed from statistics or entries -----------------------------------------------


def reductions(content: Content) -> Iterator[Section]:
    """Each fte part: means, months, rate; and the months that the means are of."""
    for part in content["provenance"]["terms"]["parts"]:
        if part["kind"] != "fte_reduction":
            continue
        effects = [r for r in content["shown"]["effects"] if r["part_id"] == part["part_id"]]
        spans = {
            group["benefit_group"]: [
                charted.span_values(content["shown"]["statistics"], part, group["benefit_group"], s)
                for s in ("baseline", "evaluation")
            ]
            for group in part["groups"]
        }
        rows = [_reduction(row, spans[row["benefit_group"]]) for row in effects]
        said = [
            one_sentence(part["clause"]),
            (
                "Beløb = (gennemsnit før − gennemsnit nu) × måneder nu × pris, regnet med de"
                " uafrundede gennemsnit og afrundet én gang."
            ),
            _netting(content, part),
            *_until_fte(part, effects),
        ]
        headings = ("Ydelse", ">Før i alt", ">Mdr.", ">Gns. før", ">Nu i alt", ">Mdr.",
                    ">Gns. nu", ">Fald", ">Pris, kr.", ">Beløb, kr.")  # fmt: skip
        has_months = bool(content["shown"]["statistics"])
        behind = Table(
            ("Måned før", *(f">{group}, før" for group in spans), "Måned nu",
             *(f">{group}, nu" for group in spans)),
            list(_months(list(spans.values()))),
            caption="Offentliggjorte fuldtidspersoner, måned for måned",
        )  # fmt: skip
        yield Section(
            f"{part_title(content, part['part_id'])}: færre fuldtidspersoner", said,
            picture=charted.MONTHS if has_months else "", table=Table(headings, rows),
            more=[behind] if has_months else [],
        )  # fmt: skip


def _reduction(row: Mapping[str, Any], spans: list[list[tuple[dt.date, Decimal | None]]]) -> Any:
    sums = [[value for _, value in span if value is not None] for span in spans]
    before, now = (fte(str(sum(values, NOTHING)) if values else None) for values in sums)
    return [
        text_cell(row["benefit_group"]), before, count(len(sums[0])), fte(row["baseline_mean_fte"]),
        now, count(len(sums[1])), fte(row["evaluation_mean_fte"]), fte(row["reduction_fte"]),
        money(row["rate_dkk"]), money(row["amount_dkk"]),
    ]  # fmt: skip


def _netting(content: Content, part: Mapping[str, Any]) -> str:
    booked = booked_dkk(content, part["part_id"])
    how = (
        "Ydelserne lægges sammen, og er summen under 0, er delens beløb 0"
        if part["netting"] == "across_groups"
        else "En ydelse, hvis beløb er under 0, tæller som 0"
    )
    return f"{how}. I denne periode indgår {kr(booked)} fra delen."


def _until_fte(part: Mapping[str, Any], effects: list[Mapping[str, Any]]) -> list[str]:
    if effects and all(row["status"] == "complete" for row in effects):
        return []
    last = danish.month(dt.date.fromisoformat(f"{part['evaluation']['last_month'][:7]}-01"))
    return [(f"Delen er ikke komplet, før statistikken for alle måneder til og med {last} er kendt;"
            " indtil da er dens beløb 0.")]  # fmt: skip


def _months(groups: list[list[list[tuple[dt.date, Decimal | None]]]]) -> Iterator[list[Cell]]:
    """The months of both spans beside each other, with the figure of each group."""
    spans = [[group[side] for group in groups] for side in (0, 1)]
    for place in range(max(len(span[0]) for span in spans)):
        row = []
        for span in spans:
            has_month = place < len(span[0])
            row.append(text_cell(danish.month(span[0][place][0]) if has_month else None))
            for values in span:
                value = values[place][1] if has_month else None
                row.append(fte(None if value is None else str(value)))
        yield row


def relapses(content: Content) -> Iterator[Section]:
    """Each relapse part: entries, observed, relapsed, baseline, price, and what follows."""
    parts = parts_of(content)
    for row in content["shown"].get("relapses", ()):
        part = parts[row["part_id"]]
        before = part["baseline"]
        none = hidden(row)
        rate = Decimal(before["relapsed"]) / Decimal(before["entries"])
        rows = [
            [text_cell("Ansættelser i målgruppen"), count(row["entries"], none)],
            [text_cell(f"– heraf fulgt i alle {part['follow_up_days']} dage"),
             count(row["observed"], none)],
            [text_cell("– heraf fastholdt"), count(row["retained"], none)],
            [text_cell("– heraf tilbagefald"), count(row["relapsed"], none)],
            [text_cell("Andel tilbagefald nu"), share(row["relapse_rate"], none)],
            [text_cell("Ansættelser før (basisår)"), count(before["entries"])],
            [text_cell("Tilbagefald før (basisår)"), count(before["relapsed"])],
            [text_cell("Andel tilbagefald før"), share(rate)],
            [text_cell("Ventede tilbagefald = fulgte × andelen før"),
             fte(row["expected_relapses"], none)],
            [text_cell("Undgåede tilbagefald = ventede − tilbagefald"),
             fte(row["avoided_relapses"], none)],
            [text_cell("Pris for et tilbagefald"), kroner(part["cost_per_relapse"])],
            [text_cell("Besparelse = undgåede × pris, mindst 0"),
             kroner(row["saving_dkk"], none)],
            [text_cell("Mål for antal tilbagefald"), fte(row["target_relapses"], none)],
            [text_cell("Status"), text_cell(words.label("completeness", row["status"]))],
        ]  # fmt: skip
        booked = booked_dkk(content, row["part_id"])
        said = [
            one_sentence(part["clause"]),
            (
                "Besparelsen regnes med den uafrundede andel før og afrundes én gang."
                f" I denne periode indgår {kr(booked)} fra delen."
            ),
            *_until_relapse(part, row),
        ]
        rows_of_curve = [
            [count(one["months_since_entry"]), count(one["at_risk"], hidden(one)),
             count(one["returned"], hidden(one)), share(one["still_out_share"], hidden(one))]
            for one in content["shown"].get("relapse_curve", ())
            if one["part_id"] == row["part_id"]
        ]  # fmt: skip
        curve = Table(
            (">Måneder siden ansættelsen", ">Fulgt", ">Tilbage siden rækken før",
             ">Stadig uden forsørgelse"),
            rows_of_curve, caption="Hvornår tilbagefaldene kom",
        )  # fmt: skip
        yield Section(
            f"{part_title(content, row['part_id'])}: færre tilbagefald", said,
            picture=charted.RELAPSE if rows_of_curve else "",
            table=Table(("Hvad", ">Tal"), rows), more=[curve] if rows_of_curve else [],
        )  # fmt: skip


def _until_relapse(part: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    if row["status"] == "complete":
        return []
    last = dt.date.fromisoformat(f"{part['entries']['last_month'][:7]}-01")
    ends = (last + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
    known = danish.date(ends + dt.timedelta(days=part["follow_up_days"]))
    return [(f"Delen er ikke komplet: den sidste ansættelse er fulgt {known}, og register og"
            " eIndkomst skal dække til og med den dag. Indtil da er dens beløb 0.")]  # fmt: skip
