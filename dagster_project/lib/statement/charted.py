"""The charts of a statement: which figures of its content stand in which picture.

What belongs here: reading them from the content. What does not: what a chart looks like and drawing
it (``charts``). No chart depends on state or events, so a step of a settlement's life finds its
pictures drawn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dagster_project.lib import charts
from dagster_project.lib.base import danish, months
from dagster_project.lib.statement import money_way
from dagster_project.lib.statement.sheet import Content, amount, tier_title
from dagster_project.lib.statement.tiers import Reading, Tier, entitlement

WAY, CURVE, MONTHS, RELAPSE = "vej", "kurve", "maaneder", "tilbagefald"
NARROW = "-smal"


def charts_of(content: Content) -> dict[str, charts.Chart]:
    """The charts of a statement by their names, each for a page and for a phone."""
    made = {
        WAY: charts.way(money_way.bars(content), "Fra grundlag til betaling, kr."),
        CURVE: _curve(content),
    }
    if groups := spans(content):
        made[MONTHS] = charts.span_months(groups, "Fuldtidspersoner nu og før, måned for måned")
    if relapse := _relapse(content):
        made[RELAPSE] = relapse
    return made | {f"{name}{NARROW}": chart.narrow() for name, chart in made.items()}


def _curve(content: Content) -> charts.Chart:
    figures = content["figures"]
    terms = content["provenance"]["terms"]["payment"]
    tiers = [Tier(Decimal(t["above"]), Decimal(t["provider_share"])) for t in terms["tiers"]]
    reading = _reading(terms, figures["tiers"]["reading"])
    rows = [row for row in content["shown"]["curve"] if row["reading_id"] == reading.reading_id]
    bases = sorted({max(Decimal(row["basis_dkk"]), Decimal(0)) for row in rows} | {Decimal(0)})
    basis = Decimal(figures["basis"]["cumulative"])
    reach = max(bases[-1], basis) * Decimal("1.1") or Decimal(1)
    points = [(at, entitlement(at, tiers, reading)) for at in [*bases, reach]]
    marks = [(tier.above_dkk, tier_title(content, place).lower())
             for place, tier in enumerate(tiers) if tier.above_dkk > 0]  # fmt: skip
    bends = _ceiling_bend(bases, tiers, reading)
    if bends is not None:
        marks.append((bends, "loft"))
    found = money_way.limits(content)
    limit = None if found.ceiling is None else (found.ceiling, _limit_words(found))
    here = (basis, amount(figures["entitlement"]["cumulative"]))
    return charts.payment_curve(points, here, marks, limit, "Betalingsret efter grundlag")


def _limit_words(found: money_way.Limits) -> str:
    extra = " med frigivelser" if found.released else ""
    return f"Bevilling{extra}: {danish.number(found.ceiling or Decimal(0), 0)}"


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


# full-time persons --------------------------------------------------------------------------------


def spans(content: Content) -> list[charts.SpanOfMonths]:
    """The months of each benefit group of the fte parts; none where no statistics are known."""
    rows = content["shown"]["statistics"]
    made = []
    for part in content["provenance"]["terms"]["parts"]:
        if part["kind"] != "fte_reduction":
            continue
        for group in (entry["benefit_group"] for entry in part["groups"]):
            before, now = (span_values(rows, part, group, s) for s in ("baseline", "evaluation"))
            labels = [danish.short_month(month)[:3] for month, _ in now]
            made.append(
                charts.SpanOfMonths(group, [v for _, v in before], [v for _, v in now], labels)
            )
    return made if rows else []


def span_values(
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


# relapses -----------------------------------------------------------------------------------------


def _relapse(content: Content) -> charts.Chart | None:
    rows = content["shown"].get("relapse_curve", ())
    known = [
        (row["months_since_entry"], Decimal(row["still_out_share"]))
        for row in rows
        if row["still_out_share"] is not None
    ]
    part = next(
        (p for p in content["provenance"]["terms"]["parts"] if p["kind"] == "relapse_reduction"),
        None,
    )
    if part is None or not known:
        return None
    baseline = part["baseline"]
    kept = 1 - Decimal(baseline["relapsed"]) / Decimal(baseline["entries"])
    at = round(part["follow_up_days"] * 12 / 365)
    marks = [(at, kept, f"før: {danish.percent(kept)}")]
    return charts.relapse_curve(known, marks, "Andel, der stadig er uden offentlig forsørgelse")
