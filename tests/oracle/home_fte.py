"""M.home_register: published statistics beside the count of the home's own register."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

from tests.oracle import civil, hidden, money
from tests.oracle.home import Knowledge, Windowed

Rows = list[dict[str, Any]]
FINEST_FIRST = ("ydelsesforloeb", "ydelsesrefusion", "dream")
WHOLE = 10_000
"""Ten-thousandths of a person: a share has at most four decimals."""


def home_register(knowledge: Knowledge, contracts: list[dict[str, Any]]) -> Windowed:
    """ADR 0004: the finest of the registers that the contracts are settled from."""
    used = {contract["register"] for contract in contracts}
    return knowledge.registers[next(name for name in FINEST_FIRST if name in used)]


def observed_months(source: Windowed) -> list[int]:
    """The months all of whose days are observed."""
    months = {civil.month_of(day) for day in source.owner}
    return sorted(month for month in months if source.all_observed(civil.days_of(month)))


def count(source: Windowed) -> tuple[dict[tuple[str, int], int], dict[tuple[str, int], set[str]]]:
    """Per group and month: benefit days in ten-thousandths, and the persons behind them."""
    parts: dict[tuple[str, int], int] = defaultdict(int)
    persons: dict[tuple[str, int], set[str]] = defaultdict(set)
    for person in source.rows:
        for day, rows in source.days(person).items():
            month = civil.month_of(day)
            shares: dict[str, int] = defaultdict(int)
            for row in rows:
                shares[row.group] += row.share_parts
            for group, share in shares.items():
                parts[group, month] += min(WHOLE, share)
                persons[group, month].add(person)
    return parts, persons


def month_rows(knowledge: Knowledge, contracts: list[dict[str, Any]]) -> Rows:
    """``mart.fte_month`` of the contracts' one area."""
    (area,) = {contract["area"] for contract in contracts}
    source = home_register(knowledge, contracts)
    parts, persons = count(source)
    observed = observed_months(source)
    groups = {code.group for code in knowledge.codes.values()}
    keys = {(group, month) for group in groups for month in observed}
    keys |= {(group, month) for own, group, month in knowledge.published if own == area}
    rows: Rows = []
    behind = []
    for group, month in sorted(keys):
        told = knowledge.published.get((area, group, month))
        counted = len(persons.get((group, month), ()))
        fte = Fraction(parts[group, month], WHOLE * civil.month_length(month))
        known = told.persons if told is not None and told.persons is not None else 0
        behind.append(max(known, counted))
        rows.append({
            "area": area, "benefit_group": group, "month": civil.month_text(month),
            "persons_published": None if told is None else told.persons,
            "fte_published": None if told is None or told.fte is None
            else money.decimal_text(told.fte, 4),
            "is_published_suppressed": told is not None and told.fte is None,
            "fte_register": money.decimal_text(fte, 4) if month in observed else None,
            "statistics_sha256": None if told is None else told.sha256,
            "_register": counted,
        })  # fmt: skip
    return hidden.statistics(
        rows, behind, ("persons_published", "fte_published", "fte_register"),
        ((("persons_published",), ("fte_published",)), (("_register",), ("fte_register",))),
        {"fte_register": "not_observed", "persons_published": "not_published",
         "fte_published": "not_published"},
    )  # fmt: skip
