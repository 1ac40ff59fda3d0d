"""Danish public holidays, each year by the law of that year.

What belongs here: which days are. What does not: what they do to a deadline (dbt,
``int_deadlines__date``). 1 May, 5 June, 24 and 31 December are ordinary days; store bededag is none
from 2024 on. The library answers for the years to 2100; later deadlines know weekends only.

Rules: S.holidays.
Decides: S.holidays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

_COUNTRY = "DK"
YEARS_AHEAD = 11
"""A deadline lies at most ten years after what it counts from, and moves by days."""


def list_public_holidays(first_year: int, last_year: int) -> list[dt.date]:
    """The public holidays of the years, both included, in order."""
    import holidays  # 50 ms, and a command that computes no deadline needs none

    years = range(first_year, last_year + 1)
    return sorted(holidays.country_holidays(_COUNTRY, years=years))


def around(days: Iterable[dt.date]) -> list[dt.date]:
    """The public holidays that deadlines counted from any of these days can meet."""
    years = [day.year for day in days]
    return list_public_holidays(min(years), max(years) + YEARS_AHEAD) if years else []
