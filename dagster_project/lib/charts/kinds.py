"""The kinds of charts, each a pure function of figures that gives a ``Chart``.

What belongs here: which figures a kind of chart takes, and what it says in words. What does not:
how it looks (``looks``), drawing it (``drawing``), a home, a mart.

A chart is plain data, so that describing one needs no library and two equal ones are one picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from dagster_project.lib.base.canonical import sha256_text
from dagster_project.lib.base.danish import number, percent

WIDE, NARROW = 720, 340
"""Widths in pixels: of a page or a screen, and of a phone; letters are as large in both."""
_MIO = Decimal(1_000_000)


@dataclass(frozen=True)
class Chart:
    """What is to be drawn.

    Args:
        kind: one of the functions of this module, by name.
        title: what the picture shows.
        description: the same figures in words, for whoever cannot see the picture.
        figures: what is drawn, as plain data.
        width: in pixels, ``WIDE`` or ``NARROW``.
    """

    kind: str
    title: str
    description: str
    figures: Mapping[str, Any]
    width: int = WIDE

    def narrow(self) -> Chart:
        """The same picture for a phone."""
        return replace(self, width=NARROW)

    def as_json(self) -> dict[str, Any]:
        """The chart as plain data."""
        return asdict(self)

    @property
    def sha256(self) -> str:
        """What tells charts apart."""
        return sha256_text(json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False))


@dataclass(frozen=True)
class Bar:
    """One row of the way from a basis to a payment, in kroner.

    ``kind``: ``basis``, ``total`` and ``here`` begin at 0, ``step`` goes on from where the last one
    ended. ``short`` is the label on a phone.
    """

    label: str
    amount: Decimal
    kind: str
    short: str = ""


def way(bars: Sequence[Bar], title: str) -> Chart:
    """The way from the basis through tiers, ceiling, hold and earlier periods to the payment."""
    spans = spans_of(bars)
    rows = [
        {
            "order": place, "label": bar.label, "short": bar.short or bar.label, "kind": bar.kind,
            "amount": number(bar.amount), "is_loss": bar.amount < 0,
            "begin": float(begin), "end": float(end),
        }
        for place, (bar, (begin, end)) in enumerate(zip(bars, spans, strict=True))
    ]  # fmt: skip
    told = "; ".join(f"{bar.label}: {number(bar.amount)} kr." for bar in bars)
    return Chart("way", title, told, {"rows": rows})


def spans_of(bars: Sequence[Bar]) -> list[tuple[Decimal, Decimal]]:
    """Where each bar begins and ends, in kroner."""
    spans = []
    level = Decimal(0)
    for bar in bars:
        begin = level if bar.kind == "step" else Decimal(0)
        end = begin + bar.amount
        spans.append((begin, end))
        level = Decimal(0) if bar.kind == "basis" else end
    return spans


def payment_curve(
    points: Sequence[tuple[Decimal, Decimal]], here: tuple[Decimal, Decimal],
    marks: Sequence[tuple[Decimal, str]], limit: tuple[Decimal, str] | None, title: str,
) -> Chart:  # fmt: skip
    """The payment curve: basis to the right, entitlement upwards, and where we are.

    Args:
        points: corners of the curve in kroner, in order of the basis.
        here: cumulative basis and entitlement.
        marks: bases worth a dashed line, with what they are.
        limit: an amount that no payment goes over for now, with what it is.
        title: what the picture shows.
    """
    figures = {
        "points": [_in_mio(point) for point in points],
        "here": _in_mio((max(here[0], Decimal(0)), here[1])),
        "marks": [{"x": float(at / _MIO), "label": label} for at, label in marks],
        "limit": None if limit is None else {"y": float(limit[0] / _MIO), "label": limit[1]},
    }
    told = f"Et grundlag på {number(here[0])} kr. giver en betalingsret på {number(here[1])} kr."
    if limit is not None:
        told += f" {limit[1]}: {number(limit[0])} kr."
    return Chart("payment_curve", title, told, figures)


@dataclass(frozen=True)
class Spot:
    """A place on the payment curve with its name, in kroner."""

    label: str
    basis: Decimal
    entitlement: Decimal


def with_spots(curve: Chart, spots: Sequence[Spot]) -> Chart:
    """The payment curve with places to come beside where we are; the same where there are none."""
    if not spots:
        return curve
    told = "; ".join(
        f"{one.label}: {number(one.basis)} kr. giver {number(one.entitlement)} kr." for one in spots
    )
    shown = [
        {**_in_mio((max(one.basis, Decimal(0)), one.entitlement)), "label": one.label}
        for one in spots
    ]
    return replace(
        curve,
        title=f"{curve.title}, med prognosen",
        figures={**curve.figures, "spots": shown},
        description=f"{curve.description} Prognose – {told}.",
    )


def _in_mio(point: tuple[Decimal, Decimal]) -> dict[str, float]:
    return {"x": float(point[0] / _MIO), "y": float(point[1] / _MIO)}


@dataclass(frozen=True)
class PeriodBar:
    """The payment of one period in kroner; ``kind``: ``paid``, ``settled``, ``draft``, ``here``."""

    label: str
    amount: Decimal
    kind: str


def period_bars(periods: Sequence[PeriodBar], title: str) -> Chart:
    """The payments of the periods, in their order."""
    rows = [
        {"order": place, "label": one.label, "amount": float(one.amount / _MIO), "kind": one.kind}
        for place, one in enumerate(periods)
    ]
    told = "; ".join(f"{one.label}: {number(one.amount)} kr." for one in periods)
    return Chart("period_bars", title, told, {"rows": rows})


@dataclass(frozen=True)
class SpanOfMonths:
    """Months of one benefit group: baseline and evaluation, null where not published."""

    group: str
    baseline: Sequence[Decimal | None]
    evaluation: Sequence[Decimal | None]
    labels: Sequence[str]


def span_months(groups: Sequence[SpanOfMonths], title: str) -> Chart:
    """The evaluation's months against those of the baseline, one panel for each group."""
    panels = [
        {
            "group": one.group, "labels": list(one.labels),
            "before": [None if v is None else float(v) for v in one.baseline],
            "now": [None if v is None else float(v) for v in one.evaluation],
            "before_mean": mean_text(one.baseline), "now_mean": mean_text(one.evaluation),
        }
        for one in groups
    ]  # fmt: skip
    told = "; ".join(
        f"{one.group}: gennemsnit før {mean_text(one.baseline)}, nu {mean_text(one.evaluation)}"
        " fuldtidspersoner"
        for one in groups
    )
    return Chart("span_months", title, told, {"panels": panels})


def mean_text(values: Sequence[Decimal | None]) -> str:
    """The mean of the known months with one decimal; a dash where none is known."""
    known = [value for value in values if value is not None]
    return number(sum(known, Decimal(0)) / len(known), 1) if known else "–"


def relapse_curve(
    shares: Sequence[tuple[int, Decimal]], marks: Sequence[tuple[int, Decimal, str]], title: str
) -> Chart:
    """The share that is still out, by months since entry.

    Args:
        shares: month and share, in order; a month holds until the next.
        marks: shares to compare with, at their month, with what they are.
        title: what the picture shows.
    """
    figures = {
        "points": [{"x": month, "y": float(share)} for month, share in shares],
        "marks": [{"x": at, "y": float(share), "label": label} for at, share, label in marks],
    }
    told = "; ".join(f"efter {month} måneder {percent(share)}" for month, share in shares)
    return Chart("relapse_curve", title, told, figures)
