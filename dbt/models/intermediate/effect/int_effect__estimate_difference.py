"""Difference in weeks without support between treated and controls, with Welch's interval (scipy).

grain: one row per contract and part with an effect section
counts: number, mean, difference in weeks and in percentage points of the weeks, 95 % interval
rules: R9.difference
decides: R9.difference
left out: the interval where a group has fewer than two persons; nothing here ever pays
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

SIX_PLACES = Decimal("0.000001")


def rounded(value: Fraction | float | None) -> Decimal | None:
    """A fraction or float as a decimal with six places, half away from zero; None stays."""
    if value is None:
        return None
    if isinstance(value, Fraction):
        sign = -1 if value < 0 else 1
        whole = (abs(value) * 1_000_000 * 2 + 1) // 2
        return Decimal(sign * int(whole)).scaleb(-6)
    return Decimal(f"{value:.12f}").quantize(SIX_PLACES, rounding=ROUND_HALF_UP)


def welch_interval(
    treated: Sequence[int], controls: Sequence[int], confidence_share: Decimal
) -> tuple[float | None, float | None]:
    """Bounds of Welch's interval; (None, None) below two persons a group.

    Args:
        treated: weeks without support of each treated person.
        controls: the same of each control.
        confidence_share: level of the interval, 0.95 for 95 %.
    """
    if len(treated) < 2 or len(controls) < 2:
        return None, None
    if len(set(treated)) == 1 and len(set(controls)) == 1:
        exact = float(treated[0] - controls[0])
        return exact, exact
    from scipy.stats import ttest_ind

    interval = ttest_ind(treated, controls, equal_var=False).confidence_interval(
        float(confidence_share)
    )
    return float(interval.low), float(interval.high)


def estimate(
    treated: Sequence[int], controls: Sequence[int], weeks: int, confidence_share: Decimal
) -> tuple[Any, ...]:
    """The row of one part: counts, means, differences and interval."""
    mean_treated = Fraction(sum(treated), len(treated)) if treated else None
    mean_controls = Fraction(sum(controls), len(controls)) if controls else None
    difference = mean_treated - mean_controls if treated and controls else None
    points = difference * 100 / weeks if difference is not None else None
    low, high = welch_interval(treated, controls, confidence_share)
    return (
        len(treated),
        len(controls),
        *(rounded(v) for v in (mean_treated, mean_controls, difference, points, low, high)),
    )


def model(dbt: Any, session: Any) -> Any:
    """The estimate of every part with an effect section."""
    dbt.config(materialized="table")
    import pyarrow as pa

    parts = (
        dbt.ref("stg_contracts__effects")
        .project("contract_id, part_id, weeks, confidence_share")
        .order("contract_id, part_id")
        .fetchall()
    )
    groups = {}
    persons = dbt.ref("int_effect__count_weeks").project(
        "contract_id, part_id, is_treated, free_weeks"
    )
    for contract_id, part_id, is_treated, free_weeks in persons.fetchall():
        groups.setdefault((contract_id, part_id, is_treated), []).append(free_weeks)
    rows = [
        (
            contract_id,
            part_id,
            *estimate(
                sorted(groups.get((contract_id, part_id, True), [])),
                sorted(groups.get((contract_id, part_id, False), [])),
                weeks,
                confidence_share,
            ),
        )
        for contract_id, part_id, weeks, confidence_share in parts
    ]
    number = pa.decimal128(12, 6)
    fields = [
        ("contract_id", pa.string()),
        ("part_id", pa.string()),
        ("treated_n", pa.int64()),
        ("control_n", pa.int64()),
        ("treated_mean_weeks", number),
        ("control_mean_weeks", number),
        ("difference_weeks", number),
        ("difference_points", number),
        ("ci_low_weeks", number),
        ("ci_high_weeks", number),
    ]
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in fields]
    table = pa.table(
        {
            name: pa.array(list(column), kind)
            for (name, kind), column in zip(fields, columns, strict=True)
        }
    )
    return session.from_arrow(table)
