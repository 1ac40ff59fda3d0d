"""The numbers of the benchmark's contract, as the rivals need them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """One contract's numbers; money in whole øre, groups by their number in the warehouse."""

    starts_on: dt.date
    ends_on: dt.date
    observed_before: dt.date
    price_groups: tuple[int, ...]
    quotas: dict[int, int]
    rates: dict[int, int]
    case_groups: tuple[int, ...]
    case_gap: int
    min_case_days: int
    effort_months: int
    max_support_days: int
    support_groups: tuple[int, ...]
