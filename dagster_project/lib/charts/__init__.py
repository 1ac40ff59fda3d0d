"""Charts: from figures to SVG, the same pictures in HTML, PDF and pages.

What belongs here: the kinds of charts as pure functions of figures (``kinds``), what each looks
like (``looks``, the only module that knows altair), and the process that draws (``child``, the only
one that knows vl-convert; ``drawing`` asks it). What does not: any figure that is not handed in,
and where a picture stands.

Rules: S.charts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.charts.drawing import draw, order, standby, sweep, warm
    from dagster_project.lib.charts.kinds import (
        Bar,
        Chart,
        PeriodBar,
        SpanOfMonths,
        Spot,
        payment_curve,
        period_bars,
        relapse_curve,
        span_months,
        way,
        with_spots,
    )
    from dagster_project.lib.charts.svg import FONT_FOLDER, without_variables

_HOMES = (
    dict.fromkeys(("draw", "order", "standby", "sweep", "warm"), "drawing")
    | dict.fromkeys(("FONT_FOLDER", "without_variables"), "svg")
    | dict.fromkeys(
        (
            "Bar", "Chart", "PeriodBar", "SpanOfMonths", "Spot", "payment_curve", "period_bars",
            "relapse_curve", "span_months", "way", "with_spots",
        ),
        "kinds",
    )
)  # fmt: skip

__all__ = [
    "FONT_FOLDER", "Bar", "Chart", "PeriodBar", "SpanOfMonths", "Spot", "draw", "order",
    "payment_curve", "period_bars", "relapse_curve", "span_months", "standby", "sweep", "warm",
    "way", "with_spots", "without_variables",
]  # fmt: skip

__getattr__ = attributes(__name__, _HOMES)
