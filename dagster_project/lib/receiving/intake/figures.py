"""Check of published figures of gate 10: a figure against its neighbours and what it was before.

What belongs here: which deliveries an unusual figure holds. What does not: reading figures
(``loading.held``), and opening a delivery (``accept``). The state is a function of the accepted
deliveries, their figures and the decisions in the register, in the order of deliveries: arrival
plays no part.

Rules: G.figures.
Decides: G.figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median_high

from dagster_project.lib.receiving.intake.register import Record
from dagster_project.lib.receiving.judging.declarations import Figures

FIGURE_CHECK = "figure"

Series = tuple[str, ...]
"""What a figure is about beside its month: area and benefit group."""
Months = Mapping[int, Decimal]
"""Published figures of a series by month, counted from the year 0; a suppressed one is left out."""
Published = Mapping[Series, Months]


@dataclass
class Known:
    """What is known of a series.

    Args:
        figures: by month, the newest figure that no check has questioned.
        judged: months whose figure has been judged as it is.
        let_in: by month, a figure that is unusual and that a person has let in, and the number of
            the newest delivery that there was then.
    """

    figures: dict[int, Decimal] = field(default_factory=dict)
    judged: set[int] = field(default_factory=set)
    let_in: dict[int, tuple[Decimal, int]] = field(default_factory=dict)


def held_by_figures(
    deliveries: Iterable[tuple[Record, Published]], rule: Figures
) -> Iterator[Record]:
    """The deliveries that a figure holds.

    Args:
        deliveries: accepted deliveries of one source in their order, with their figures.
        rule: the declared thresholds.
    """
    known: dict[Series, Known] = defaultdict(Known)
    for record, published in deliveries:
        if FIGURE_CHECK in record.opened_checks:
            for series, figures in published.items():
                told = {month: (figure, record.opened_after) for month, figure in figures.items()}
                known[series].let_in.update(told)
            continue
        judged = {
            series: judge_series(figures, known[series], rule, record.delivery_no)
            for series, figures in published.items()
        }
        is_judged = FIGURE_CHECK in record.judged_checks
        if is_judged and any(one.is_unusual for one in judged.values()):
            yield record
            continue
        for series, figures in published.items():
            known[series].figures.update(figures)
            for month in figures:
                known[series].let_in.pop(month, None)
            # what was known before there was a check is not asked for now
            known[series].judged |= judged[series].judged if is_judged else set(figures)


@dataclass(frozen=True)
class Judgement:
    """One series of a delivery: months that could be judged, and whether one is unusual."""

    judged: set[int]
    is_unusual: bool


def judge_series(own: Months, known: Known, rule: Figures, delivery_no: int) -> Judgement:
    """Judge the figures of one series by what is known and by one another.

    A figure that has been judged as it is, or let in, says nothing new. One that was let in before
    this delivery came is known like any other. For a delivery that was there already it is a
    neighbour where nothing else is known of its month, so that letting an old file in moves no
    newer one.
    """
    let_in = {month: figure for month, (figure, _) in known.let_in.items()}
    decided = {month: figure for month, (figure, at) in known.let_in.items() if at < delivery_no}
    after = {**let_in, **known.figures, **decided, **own}
    judged, is_unusual = set(), False
    for month, figure in own.items():
        before = decided.get(month, known.figures.get(month))
        is_known = known.figures.get(month) == figure and month in known.judged
        if let_in.get(month) == figure or (is_known and month not in decided):
            judged.add(month)
            continue
        least = max(rule.persons, rule.usual_times * _usual_change(after, month, rule))
        near = list(_neighbours(after, month, rule.months))
        if len(near) >= rule.least_known:
            judged.add(month)
            is_unusual |= _is_far(figure, near, rule.neighbour_share, least)
        if before is not None:
            is_unusual |= _is_far(figure, [before], rule.moved_share, least)
    return Judgement(judged, is_unusual)


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


def _usual_change(figures: Months, judged: int, rule: Figures) -> Decimal:
    """The median change of the series from one month to the next, the judged month left out.

    0 where too few changes are known: then only the shares and the persons decide.
    """
    changes = [
        abs(figures[month + 1] - figure)
        for month, figure in figures.items()
        if month + 1 in figures and judged not in (month, month + 1)
    ]
    return median_high(changes) if len(changes) >= rule.usual_from else Decimal(0)
