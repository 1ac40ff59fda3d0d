"""Check of published figures of gate 10: a figure against its neighbours and what it was before.

What belongs here: when a figure holds the delivery that brings it. What does not: which figures are
known (``loading.figures``), and opening a delivery (``accept``). The decision is made once, when
the delivery is received, and stands in its line of the register: what becomes known or withdrawn
later moves no delivery in or out (docs/adr/0030-unusual-figures.md).

Rules: G.figures.
Decides: G.figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from dagster_project.lib.receiving.judging.declarations import Figures

FIGURE_CHECK = "figure"

Series = tuple[str, ...]
"""What a figure is about beside its month: area and benefit group."""
Months = Mapping[int, Decimal]
"""Published figures of a series by month, counted from the year 0; a suppressed one is left out."""
Published = Mapping[Series, Months]


def is_unusual(own: Published, known: Published, rule: Figures) -> bool:
    """Whether a figure of a delivery is unusual enough to hold it.

    A figure that is known already as it is says nothing new and is not judged again.

    Args:
        own: the delivery's figures.
        known: the figures that were known when it came, as of the delivery.
        rule: the declared thresholds.
    """
    return any(
        _is_series_unusual(figures, known.get(series, {}), rule) for series, figures in own.items()
    )


def _is_series_unusual(own: Months, known: Months, rule: Figures) -> bool:
    after = {**known, **own}
    for month, figure in own.items():
        before = known.get(month)
        if before == figure:
            continue
        if before is not None and _is_far(figure, [before], rule.moved_share, rule.persons):
            return True
        near = list(_neighbours(after, month, rule.months))
        if len(near) < rule.least_known:
            continue
        if known and _is_far(figure, near, rule.neighbour_share, rule.persons):
            return True
        if not known and _is_misplaced(figure, near, rule):
            return True
    return False


def _neighbours(figures: Months, month: int, months: int) -> Iterator[Decimal]:
    for step in range(-months, months + 1):
        figure = figures.get(month + step)
        if step and figure is not None:
            yield figure


def _is_far(figure: Decimal, others: list[Decimal], share: Decimal, persons: Decimal) -> bool:
    """Further from the mean than a share of it, and than so many persons; nothing is divided."""
    count, total = len(others), sum(others)
    distance = abs(count * figure - total)
    return distance > share * total and distance > persons * count


def _is_misplaced(figure: Decimal, others: list[Decimal], rule: Figures) -> bool:
    """So many times the mean, or so small a part of it, that a decimal mark is misplaced."""
    count, total, times = len(others), sum(others), rule.unknown_series.factor
    is_far = abs(count * figure - total) > rule.unknown_series.persons * count
    return is_far and (count * figure >= times * total or count * figure * times <= total)
