"""The rules of the benchmark's world in Polars: a rival to time the SQL against, and a check on it.

The same input (the staged spells, courses, claims, deaths and statistics as Parquet), the same
figures out: basis per contract and quarter in whole øre, and register FTE in ten-thousandths of a
day. What the world does not hold (new numbers, corrections, several registers) is not programmed
here, which favours the rival.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from tests.benchmarks.rival_terms import Terms

EPOCH = dt.date(1970, 1, 1)


def _days(day: dt.date) -> int:
    return (day - EPOCH).days


def run(folder: Path, terms: Terms) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Basis per contract and quarter, and benefit days per group and month.

    Args:
        folder: holds spells, courses, claims and deaths as Parquet.
        terms: the contract's numbers.
    """
    spells = pl.scan_parquet(folder / "spells.parquet")
    courses = pl.read_parquet(folder / "courses.parquet")
    own = _own_spells(spells, courses)
    judged = _judge(own, courses, terms, folder)
    months = _months(judged, terms)
    support = _support_days(own, months, terms)
    basis = _basis(months, support, folder, terms)
    return basis, _benefit_days(spells, terms)


def _own_spells(spells: pl.LazyFrame, courses: pl.DataFrame) -> pl.DataFrame:
    persons = courses.lazy().select(pl.col("person_no").unique())
    return spells.join(persons, on="person_no", how="semi").collect(engine="streaming")


def _judge(own: pl.DataFrame, courses: pl.DataFrame, terms: Terms, folder: Path) -> pl.DataFrame:
    """Eligible courses with price group and exit day."""
    precedence = pl.DataFrame(
        {
            "group_no": list(terms.price_groups),
            "precedence": list(range(len(terms.price_groups))),
            "quota": [terms.quotas[g] for g in terms.price_groups],
        },
        schema_overrides={"group_no": own.schema["group_no"]},
    )
    deaths = (
        pl.read_parquet(folder / "deaths.parquet")
        .group_by("person_no")
        .agg(exit_day=pl.col("exit_day").min())
    )
    courses = courses.join(deaths, on="person_no", how="left").filter(
        pl.col("visited_on").is_between(terms.starts_on, terms.ends_on)
        & (pl.col("exit_day").is_null() | (pl.col("exit_day") > pl.col("visited_on")))
    )
    on_visit = (
        courses.join(own, on="person_no")
        .filter(
            (pl.col("starts_on") <= pl.col("visited_on"))
            & (pl.col("ends_before") > pl.col("visited_on"))
        )
        .join(precedence, on="group_no")
        .group_by("course_ref")
        .agg(precedence=pl.col("precedence").min())
        .join(precedence, on="precedence")
    )
    cases = (
        own.filter(pl.col("group_no").is_in(list(terms.case_groups)))
        .sort("person_no", "starts_on", "ends_before")
        .with_columns(
            so_far=pl.col("ends_before").cum_max().shift(1).over("person_no"),
        )
        .with_columns(
            is_first=pl.col("so_far").is_null()
            | ((pl.col("starts_on") - pl.col("so_far")).dt.total_days() > terms.case_gap)
        )
        .with_columns(case_no=pl.col("is_first").cum_sum().over("person_no"))
        .group_by("person_no", "case_no")
        .agg(case_starts_on=pl.col("starts_on").min(), case_ends_before=pl.col("ends_before").max())
    )
    return (
        courses.join(on_visit, on="course_ref")
        .join(cases, on="person_no")
        .filter(
            (pl.col("case_starts_on") <= pl.col("visited_on"))
            & (pl.col("case_ends_before") > pl.col("visited_on"))
            & (
                (pl.col("visited_on") - pl.col("case_starts_on")).dt.total_days()
                > terms.min_case_days
            )
        )
        .sort("contract_id", "group_no", "visited_on", "course_id")
        .with_columns(quota_rank=pl.int_range(1, pl.len() + 1).over("contract_id", "group_no"))
        .filter(pl.col("quota_rank") <= pl.col("quota"))
    )


def _months(judged: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Effort months before the exit whose last day is not after the term."""
    month = pl.col("visited_on").dt.truncate("1mo")
    return (
        judged.select(
            "contract_id", "course_ref", "person_no", "group_no", "visited_on", "exit_day"
        )
        .with_columns(
            month=pl.date_ranges(
                month.dt.offset_by("1mo"), month.dt.offset_by(f"{terms.effort_months}mo"), "1mo"
            )
        )
        .explode("month")
        .with_columns(month_end=pl.col("month").dt.month_end())
        .filter(
            (pl.col("month_end") <= terms.ends_on)
            & (pl.col("exit_day").is_null() | (pl.col("month_end") < pl.col("exit_day")))
        )
    )


def _support_days(own: pl.DataFrame, months: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Months with at least one support day, per person, from merged support spells."""
    persons = months.select(pl.col("person_no").unique())
    merged = (
        own.join(persons, on="person_no", how="semi")
        .filter(pl.col("group_no").is_in(list(terms.support_groups)))
        .sort("person_no", "starts_on", "ends_before")
        .with_columns(so_far=pl.col("ends_before").cum_max().shift(1).over("person_no"))
        .with_columns(
            starts_on=pl.max_horizontal("starts_on", "so_far"),
        )
        .filter(pl.col("starts_on") < pl.col("ends_before"))
    )
    return (
        merged.with_columns(
            month=pl.date_ranges(
                pl.col("starts_on").dt.truncate("1mo"),
                (pl.col("ends_before") - pl.duration(days=1)).dt.truncate("1mo"),
                "1mo",
            )
        )
        .explode("month")
        .with_columns(
            days=(
                pl.min_horizontal("ends_before", pl.col("month").dt.offset_by("1mo"))
                - pl.max_horizontal("starts_on", "month")
            ).dt.total_days()
        )
        .group_by("person_no", "month")
        .agg(support_days=pl.col("days").sum())
    )


def _basis(months: pl.DataFrame, support: pl.DataFrame, folder: Path, terms: Terms) -> pl.DataFrame:
    claims = pl.read_parquet(folder / "claims.parquet").filter("is_claimed")
    rates = pl.DataFrame(
        {"group_no": list(terms.rates), "rate_oere": list(terms.rates.values())},
        schema_overrides={"group_no": months.schema["group_no"]},
    )
    return (
        months.join(support, on=["person_no", "month"], how="left")
        .filter(pl.col("support_days").fill_null(0) <= terms.max_support_days)
        .filter(pl.col("month") < terms.observed_before)
        .join(claims, on=["course_ref", "month"], how="semi")
        .join(rates, on="group_no")
        .with_columns(period_start=pl.col("month").dt.truncate("1q"))
        .group_by("contract_id", "period_start")
        .agg(basis_oere=pl.col("rate_oere").sum())
        .sort("contract_id", "period_start")
    )


def _benefit_days(spells: pl.LazyFrame, terms: Terms) -> pl.DataFrame:
    """Benefit days in ten-thousandths per group and month, by difference events.

    Rows of one person and group that overlap are swept on their own, so that no day counts more
    than 1.
    """
    marked = spells.select("person_no", "group_no", "starts_on", "ends_before", "share_parts").sort(
        "person_no", "group_no", "starts_on", "ends_before"
    )
    marked = marked.with_columns(
        same_before=(pl.col("person_no") == pl.col("person_no").shift(1))
        & (pl.col("group_no") == pl.col("group_no").shift(1)),
        ends_so_far=pl.col("ends_before").shift(1),
    ).with_columns(
        overlaps=(pl.col("same_before") & (pl.col("starts_on") < pl.col("ends_so_far"))).fill_null(
            value=False
        )
    )
    frame = marked.collect(engine="streaming")
    clashing = frame.filter("overlaps").select("person_no", "group_no").unique()
    simple = frame.join(clashing, on=["person_no", "group_no"], how="anti")
    swept = _sweep(frame.join(clashing, on=["person_no", "group_no"], how="semi"))
    pieces = pl.concat(
        [simple.select("group_no", "starts_on", "ends_before", "share_parts"), swept]
    )
    events = pl.concat(
        [
            pieces.select("group_no", day="starts_on", change=pl.col("share_parts").cast(pl.Int64)),
            pieces.select(
                "group_no", day="ends_before", change=-pl.col("share_parts").cast(pl.Int64)
            ),
        ]
    )
    steps = (
        events.group_by("group_no", "day")
        .agg(change=pl.col("change").sum())
        .sort("group_no", "day")
        .with_columns(
            level=pl.col("change").cum_sum().over("group_no"),
            until=pl.col("day").shift(-1).over("group_no"),
        )
        .drop_nulls("until")
    )
    return (
        steps.with_columns(
            month=pl.date_ranges(
                pl.col("day").dt.truncate("1mo"),
                (pl.col("until") - pl.duration(days=1)).dt.truncate("1mo"),
                "1mo",
            )
        )
        .explode("month")
        .with_columns(
            parts=pl.col("level")
            * (
                pl.min_horizontal("until", pl.col("month").dt.offset_by("1mo"))
                - pl.max_horizontal("day", "month")
            ).dt.total_days()
        )
        .group_by("group_no", "month")
        .agg(day_parts=pl.col("parts").sum())
        .sort("group_no", "month")
    )


def _sweep(rows: pl.DataFrame) -> pl.DataFrame:
    """Disjoint pieces of overlapping rows with the sum of shares, at most 1."""
    key = ["person_no", "group_no"]
    return (
        pl.concat(
            [
                rows.select(*key, day="starts_on", change=pl.col("share_parts").cast(pl.Int64)),
                rows.select(*key, day="ends_before", change=-pl.col("share_parts").cast(pl.Int64)),
            ]
        )
        .group_by(*key, "day")
        .agg(change=pl.col("change").sum())
        .sort(*key, "day")
        .with_columns(
            share_parts=pl.min_horizontal(pl.col("change").cum_sum().over(key), pl.lit(10_000)),
            ends_before=pl.col("day").shift(-1).over(key),
        )
        .drop_nulls("ends_before")
        .filter(pl.col("share_parts") > 0)
        .select(
            "group_no",
            starts_on="day",
            ends_before="ends_before",
            share_parts=pl.col("share_parts").cast(rows.schema["share_parts"]),
        )
    )
