"""What each kind of chart looks like, as a Vega-Lite specification.

What belongs here: geometry, colours and labels, by altair. What does not: a figure that the chart
does not hold. Nobody but the drawing process imports this module (altair costs 0.4 s).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import altair as alt

from dagster_project.lib.charts.kinds import NARROW
from dagster_project.lib.charts.svg import FONT, colour

Figures = Mapping[str, Any]
Weight = Literal["normal", "bold"]
_INK, _SOFT, _RULE = colour("ink"), colour("soft"), colour("rule")
_BASIS, _GAIN, _LOSS = colour("basis"), colour("gain"), colour("loss")
_DEEP, _HERE = colour("deep"), colour("here")
_SIZE = 13  # pixels of a letter; on a phone a picture is as wide as it was drawn
_SMALL = 12
_EXTENT = 46  # pixels beside a panel, so that panels stand under each other
_CONFIG: dict[str, Any] = {
    "aria": False, "background": "transparent", "font": FONT, "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": _SMALL, "titleFontSize": _SMALL, "titleFontWeight": "normal",
        "labelColor": _SOFT, "titleColor": _SOFT, "gridColor": _RULE, "domainColor": _SOFT,
        "tickColor": _RULE,
    },
    "text": {"fontSize": _SIZE, "fill": _INK},
}  # fmt: skip


def specification(
    kind: str, figures: Figures, width: int, *, is_checked: bool = True
) -> dict[str, Any]:
    """The Vega-Lite specification of a chart.

    Args:
        kind: of the chart.
        figures: what is drawn.
        width: in pixels.
        is_checked: hold the whole against the schema of Vega-Lite, which takes as long as drawing;
            tests do it for every kind.

    Raises:
        KeyError: there is no such kind.
    """
    chart = _LOOKS[kind](figures, width).configure(**_CONFIG)
    made: dict[str, Any] = chart.to_dict(validate=is_checked)
    return made


def _data(rows: list[dict[str, Any]]) -> alt.Data:
    return alt.Data(values=rows)


# the way from basis to payment --------------------------------------------------------------------


def _way(figures: Figures, width: int) -> Any:
    rows = [{**row, "next": row["order"] + 1} for row in figures["rows"]]
    is_narrow = width <= NARROW
    inner = width - 8
    first, last = (0, inner) if is_narrow else (288, inner - 108)
    ends = [0.0, *(row["begin"] for row in rows), *(row["end"] for row in rows)]
    low, high = min(ends), max(*ends, 1.0)
    step = 48 if is_narrow else 34
    scale = alt.Scale(domain=[low, high], range=[first, last], nice=False, zero=False)
    place = alt.Y("order:O", axis=None, scale=alt.Scale(padding=0))
    base = alt.Chart(_data(rows))
    lift = 9 if is_narrow else 0
    half = 8 if is_narrow else 10
    is_strong = "datum.kind == 'total' || datum.kind == 'here'"
    zero = alt.Chart(_data([{"at": 0}])).mark_rule(stroke=_RULE).encode(
        x=alt.X("at:Q", scale=scale, axis=None)
    )  # fmt: skip
    joined = base.transform_filter(
        f"datum.kind != 'basis' && datum.next < {0 if is_narrow else len(rows)}"
    ).mark_rule(stroke=_SOFT, strokeDash=[2, 2], yOffset=lift).encode(
        x=alt.X("end:Q", scale=scale, axis=None), y=place, y2=alt.Y2("next:O")
    )  # fmt: skip
    bars = base.mark_bar(height=2 * half, yOffset=lift, minBandSize=1).encode(
        x=alt.X("begin:Q", scale=scale, axis=None),
        x2=alt.X2("end:Q"),
        y=place,
        color=alt.Color(
            "tone:N",
            scale=alt.Scale(
                domain=["basis", "total", "here", "gain", "loss"],
                range=[_BASIS, _DEEP, _HERE, _GAIN, _LOSS],
            ),
            legend=None,
        ),
    )
    tone = "datum.kind == 'step' ? (datum.is_loss ? 'loss' : 'gain') : datum.kind"
    layers: list[alt.Chart] = [zero, joined, bars.transform_calculate(tone=tone)]
    weights: tuple[tuple[Weight, str], ...] = (("bold", is_strong), ("normal", f"!({is_strong})"))
    for weight, which in weights:
        chosen = base.transform_filter(which)
        mark = partial(
            chosen.mark_text, baseline="middle", fontWeight=weight, dy=-14 if is_narrow else 0
        )
        labels = mark(align="left" if is_narrow else "right")
        name, at = ("short", 0) if is_narrow else ("label", first - 12)
        layers.append(labels.encode(x=alt.XValue(at), y=place, text=f"{name}:N"))
        amounts = mark(align="right")
        layers.append(amounts.encode(x=alt.XValue(inner), y=place, text="amount:N"))
    return alt.layer(*layers).properties(width=inner, height=step * len(rows))


# the payment curve --------------------------------------------------------------------------------


def _payment_curve(figures: Figures, width: int) -> Any:
    here, points, marks = figures["here"], figures["points"], figures["marks"]
    spots = figures.get("spots", [])
    most_x = max([1e-6, here["x"], *(point["x"] for point in [*points, *spots])])
    most_y = max([1e-6, here["y"], *(point["y"] for point in [*points, *spots])])
    limit = figures["limit"]
    if limit is not None:
        most_y = max(most_y, limit["y"])
    ticks = 4 if width <= NARROW else 7
    x = alt.X(
        "x:Q", scale=alt.Scale(domain=[0, most_x], nice=False),
        axis=alt.Axis(title="Resultatbetalingsgrundlag, mio. kr.", grid=False, tickCount=ticks,
                      format=",.3~f"),
    )  # fmt: skip
    y = alt.Y(
        "y:Q", scale=alt.Scale(domain=[0, most_y * 1.08], nice=False),
        axis=alt.Axis(
            title="Betalingsret, mio. kr.", titleAngle=0, titleAlign="left", titleAnchor="end",
            titleX=0, titleY=-8, titleBaseline="bottom", tickCount=5, format=",.3~f", domain=False,
        ),
    )  # fmt: skip
    layers = []
    if marks:
        stood = [{**one, "y": most_y * (0.02 + 0.06 * (place % 3))}
                 for place, one in enumerate(marks)]  # fmt: skip
        base = alt.Chart(_data(stood))
        layers.append(base.mark_rule(stroke=_SOFT, strokeDash=[3, 3]).encode(x=x))
        layers.append(
            base.mark_text(align="left", dx=5, baseline="bottom", fill=_SOFT, fontSize=_SMALL)
            .encode(x=x, y=y, text="label:N")
        )  # fmt: skip
    if limit is not None:
        base = alt.Chart(_data([{**limit, "x": 0}]))
        layers.append(base.mark_rule(stroke=_LOSS, strokeDash=[6, 3]).encode(y=y))
        layers.append(
            base.mark_text(align="left", dx=4, dy=-4, baseline="bottom", fill=_LOSS,
                           fontSize=_SMALL).encode(x=x, y=y, text="label:N")
        )  # fmt: skip
    layers.append(
        alt.Chart(_data(points)).mark_line(stroke=_DEEP, strokeWidth=2.5).encode(x=x, y=y)
    )
    layers += _spots(spots, most_x, x, y)
    way_there = [{"x": here["x"], "y": 0}, here, {"x": 0, "y": here["y"]}]
    layers.append(
        alt.Chart(_data([{**one, "order": place} for place, one in enumerate(way_there)]))
        .mark_line(stroke=_HERE, strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=x, y=y, order="order:Q")
    )
    spot = alt.Chart(_data([{**here, "label": "Her er vi"}]))
    layers.append(spot.mark_circle(size=110, fill=_HERE, opacity=1).encode(x=x, y=y))
    is_right = here["x"] > most_x * 0.75
    layers.append(
        spot.mark_text(
            align="right" if is_right else "left", dx=-12 if is_right else 12, dy=18,
            fill=_HERE, fontWeight="bold",
        ).encode(x=x, y=y, text="label:N")
    )  # fmt: skip
    return _fitted(alt.layer(*layers), width, 290 if width > NARROW else 260)


def _spots(spots: list[Figures], most_x: float, x: Any, y: Any) -> list[Any]:
    """Places to come: rings on the curve, each with its name on a line of its own."""
    layers = []
    for place, one in enumerate(spots):
        base = alt.Chart(_data([dict(one)]))
        is_right = one["x"] > most_x / 2
        layers.append(
            base.mark_circle(size=70, fill="none", stroke=_GAIN, strokeWidth=2, opacity=1)
            .encode(x=x, y=y)
        )  # fmt: skip
        layers.append(
            base.mark_text(
                align="right" if is_right else "left", dx=-8 if is_right else 8,
                dy=-9 - (_SMALL + 2) * place, fill=_GAIN, fontSize=_SMALL,
            ).encode(x=x, y=y, text="label:N")
        )  # fmt: skip
    return layers


def _fitted(chart: Any, width: int, height: int) -> Any:
    """A chart that takes, axes and all, exactly its width."""
    sized = alt.AutoSizeParams(type="fit", contains="padding")
    return chart.properties(width=width, height=height, autosize=sized)


# periods ------------------------------------------------------------------------------------------

_PERIOD_KINDS = {"paid": _DEEP, "settled": _GAIN, "draft": _BASIS, "here": _HERE}


def _period_bars(figures: Figures, width: int) -> Any:
    rows = figures["rows"]
    order = alt.EncodingSortField(field="order", order="ascending")
    is_tight = len(rows) * 62 > width
    bars = alt.Chart(_data(rows)).mark_bar().encode(
        x=alt.X("label:O", sort=order,
                axis=alt.Axis(title=None, labelAngle=-90 if is_tight else 0, ticks=False)),
        y=alt.Y("amount:Q", axis=alt.Axis(
            title="Betaling, mio. kr.", titleAngle=0, titleAlign="left", titleAnchor="end",
            titleX=0, titleY=-8, titleBaseline="bottom", tickCount=4, format=",.3~f", domain=False,
        )),
        color=alt.Color("kind:N", legend=None, scale=alt.Scale(
            domain=list(_PERIOD_KINDS), range=list(_PERIOD_KINDS.values()))),
    )  # fmt: skip
    return _fitted(alt.layer(bars), width, 200)


# months against those before ----------------------------------------------------------------------


def _span_months(figures: Figures, width: int) -> Any:
    panels = [_panel(one, width) for one in figures["panels"]]
    return alt.vconcat(*panels, spacing=26)


def _panel(one: Figures, width: int) -> Any:
    every = max(1, round(len(one["labels"]) / (6 if width <= NARROW else 12)))
    labels = [label if place % every == 0 else "" for place, label in enumerate(one["labels"])]
    rows = [
        {"x": place, "y": value, "kind": kind}
        for kind in ("before", "now")
        for place, value in enumerate(one[kind])
    ]
    x = alt.X(
        "x:Q", scale=alt.Scale(domain=[0, max(len(labels), 2) - 1], nice=False),
        axis=alt.Axis(title=None, grid=False, values=list(range(len(labels))),
                      labelOverlap=False, labelFlush=True, labelExpr=f"{labels!r}[datum.value]"),
    )  # fmt: skip
    known = [row["y"] for row in rows if row["y"] is not None]
    is_high = bool(known) and min(known) > max(known) / 2
    y = alt.Y("y:Q", scale=alt.Scale(zero=not is_high), axis=alt.Axis(
        title=None, tickCount=4, format=",.4~f", domain=False, minExtent=_EXTENT, maxExtent=_EXTENT,
    ))  # fmt: skip
    layers: list[alt.Chart] = []
    heads: list[tuple[str, str, int, Weight]] = [(one["group"], _INK, -38, "bold")]
    for kind, word, tone, dash, rise in (
        ("now", f"nu: gennemsnit {one['now_mean']}", _DEEP, [1, 0], -22),
        ("before", f"før (stiplet): gennemsnit {one['before_mean']}", _SOFT, [5, 3], -8),
    ):
        own = [row for row in rows if row["kind"] == kind]
        layers.append(
            alt.Chart(_data(own)).mark_line(stroke=tone, strokeDash=dash, strokeWidth=2)
            .encode(x=x, y=y)
        )  # fmt: skip
        heads.append((word, tone, rise, "normal"))
    layers += [
        alt.Chart(_data([{"text": text}]))
        .mark_text(align="left", baseline="bottom", fill=tone, fontWeight=weight)
        .encode(x=alt.XValue(0), y=alt.YValue(rise), text="text:N")
        for text, tone, rise, weight in heads
    ]
    return alt.layer(*layers).properties(width=width - _EXTENT - 8, height=130)


# relapses -----------------------------------------------------------------------------------------


def _relapse_curve(figures: Figures, width: int) -> Any:
    most = max([12, *(one["x"] for one in [*figures["points"], *figures["marks"]])])
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, most], nice=False), axis=alt.Axis(
        title="Måneder siden ansættelsen", grid=False, tickMinStep=1,
        tickCount=6 if width <= NARROW else 12, format="d",
    ))  # fmt: skip
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(
        title="Stadig uden offentlig forsørgelse", titleAngle=0, titleAlign="left",
        titleAnchor="end", titleX=0, titleY=-8, titleBaseline="bottom", tickCount=5, format=".0%",
        domain=False,
    ))  # fmt: skip
    line = alt.Chart(_data(figures["points"])).mark_line(
        stroke=_DEEP, strokeWidth=2.5, interpolate="step-after"
    ).encode(x=x, y=y)  # fmt: skip
    layers = [line]
    if figures["marks"]:
        base = alt.Chart(_data(figures["marks"]))
        layers.append(base.mark_point(stroke=_HERE, size=80, filled=False).encode(x=x, y=y))
        layers.append(
            base.mark_text(align="right", dx=-10, dy=14, fill=_HERE).encode(
                x=x, y=y, text="label:N"
            )
        )
    return _fitted(alt.layer(*layers), width, 240)


_LOOKS: Mapping[str, Callable[[Figures, int], Any]] = {
    "way": _way, "payment_curve": _payment_curve, "period_bars": _period_bars,
    "span_months": _span_months, "relapse_curve": _relapse_curve,
}  # fmt: skip
