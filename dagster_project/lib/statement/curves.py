"""The figures of a statement's pictures: bars, the payment curve, months of a reduction.

What belongs here: which figures a picture shows, read from the content. What does not: drawing
(``pictures``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish, months
from dagster_project.lib.statement import pictures
from dagster_project.lib.statement.tiers import Reading, Tier, entitlement

Content = Mapping[str, Any]


def draw(content: Content) -> dict[str, str]:
    """The drawn pictures of a statement by their names; a part without statistics has none."""
    drawn = {
        "waterfall": pictures.waterfall(_bars(content), "Fra grundlag til betaling, kr."),
        "curve": _curve(content),
    }
    if series := _series(content):
        drawn["months"] = pictures.months(series, "Fuldtidspersoner: nu mod basisåret")
    return drawn


def _bars(content: Content) -> list[pictures.Bar]:
    figures = content["figures"]
    way, payment = figures["tiers"], figures["payment"]
    bars = [pictures.Bar("Grundlag i alt", Decimal(figures["basis"]["cumulative"]), "basis")]
    for number, step in enumerate(way["steps"], start=1):
        share = danish.percent(Decimal(step["provider_share"]), 0)
        label = f"Trin {number}: {share} af {danish.number(Decimal(step['basis']), 0)}"
        bars.append(pictures.Bar(label, Decimal(step["amount"]), "step"))
    entitled = Decimal(figures["entitlement"]["cumulative"])
    cut = entitled - sum((Decimal(step["amount"]) for step in way["steps"]), Decimal(0))
    carried = Decimal(payment["carried_forward"])
    earlier = Decimal(payment["cumulative"]) + carried - Decimal(payment["period"])
    optional = [
        pictures.Bar("Loft over betalingen", cut, "step"),
        pictures.Bar("Betalingsret i alt", entitled, "total"),
        pictures.Bar("Tilbageholdt over bevillingen", -Decimal(figures["held"]["cumulative"]),
                     "step"),
        pictures.Bar("Betalt for meget, fremført", carried, "step"),
        pictures.Bar("Betalt for tidligere perioder", -earlier, "step"),
    ]  # fmt: skip
    bars += [bar for bar in optional if bar.amount or bar.kind == "total"]
    return [*bars, pictures.Bar("Betaling for perioden", Decimal(payment["period"]), "here")]


def _curve(content: Content) -> str:
    figures = content["figures"]
    terms = content["provenance"]["terms"]["payment"]
    tiers = [Tier(Decimal(t["above"]), Decimal(t["provider_share"])) for t in terms["tiers"]]
    reading = _reading(terms, figures["tiers"]["reading"])
    rows = [row for row in content["shown"]["curve"] if row["reading_id"] == reading.reading_id]
    bases = sorted({Decimal(row["basis_dkk"]) for row in rows} | {Decimal(0)})
    basis = Decimal(figures["basis"]["cumulative"])
    reach = max(bases[-1], basis) * Decimal("1.1") or Decimal(1)
    points = [(at, entitlement(at, tiers, reading)) for at in [*bases, reach]]
    marks = [(tier.above_dkk, f"trin {number}") for number, tier in enumerate(tiers, start=1)
             if tier.above_dkk > 0]  # fmt: skip
    bends = _ceiling_bend(bases, tiers, reading)
    if bends is not None:
        marks.append((bends, "loft"))
    here = (basis, Decimal(figures["entitlement"]["cumulative"]))
    return pictures.curve(points, here, marks, "Betalingsret efter grundlag, mio. kr.")


def _ceiling_bend(
    bases: Sequence[Decimal], tiers: Sequence[Tier], reading: Reading
) -> Decimal | None:
    """The least basis of the curve from where no further krone is paid."""
    if not tiers or (reading.payment_ceiling_dkk is None and reading.basis_ceiling_dkk is None):
        return None
    most = entitlement(max(bases) + 1, tiers, reading)
    return next((at for at in bases if at > 0 and entitlement(at, tiers, reading) == most), None)


def _reading(terms: Mapping[str, Any], name: str) -> Reading:
    found = next(r for r in terms["readings"]["alternatives"] if r["reading_id"] == name)
    ceilings = [
        None if found[key] is None else Decimal(found[key])
        for key in ("payment_ceiling", "basis_ceiling")
    ]
    return Reading(name, ceilings[0], ceilings[1])


def _series(content: Content) -> list[pictures.Series]:
    rows = content["shown"]["statistics"]
    made = []
    for part in content["provenance"]["terms"]["parts"]:
        if part["kind"] != "fte_reduction":
            continue
        for group in (entry["benefit_group"] for entry in part["groups"]):
            spans = {
                span: _span_values(rows, part, group, span) for span in ("baseline", "evaluation")
            }
            labels = [danish.short_month(month)[:3] for month, _ in spans["evaluation"]]
            made.append(
                pictures.Series(
                    group,
                    [value for _, value in spans["baseline"]],
                    [value for _, value in spans["evaluation"]],
                    labels,
                )
            )
    return made if rows else []


def _span_values(
    rows: Sequence[Mapping[str, Any]], part: Mapping[str, Any], group: str, span: str
) -> list[tuple[dt.date, Decimal | None]]:
    """Every month of a span with its published figure, null where there is none."""
    known = {
        row["month"]: row["fte_published"]
        for row in rows
        if (row["part_id"], row["span"], row["benefit_group"]) == (part["part_id"], span, group)
    }
    first, last = (months.parse_month(part[span][name]) for name in ("first_month", "last_month"))
    found = []
    for month in months.months_between(first, last):
        text = known.get(month.isoformat())
        found.append((month, None if text is None else Decimal(text)))
    return found
