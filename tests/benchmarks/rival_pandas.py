"""The rules of the benchmark's world in pandas: the same figures as ``rival_polars``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks.rival_terms import Terms

DAY = np.timedelta64(1, "D")


def run(folder: Path, terms: Terms) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Basis per contract and quarter in øre; benefit days per group and month."""
    spells = pd.read_parquet(folder / "spells.parquet")
    for column in ("starts_on", "ends_before"):
        spells[column] = pd.to_datetime(spells[column]).astype("datetime64[s]")
    courses = pd.read_parquet(folder / "courses.parquet")
    courses["visited_on"] = pd.to_datetime(courses["visited_on"]).astype("datetime64[s]")
    own = spells[spells["person_no"].isin(courses["person_no"])]
    months = _months(_judge(own, courses, terms, folder), terms)
    return _basis(months, own, terms, folder), _benefit_days(spells)


def _case_starts(own: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    rows = own[own["group_no"].isin(terms.case_groups)].sort_values(
        ["person_no", "starts_on", "ends_before"]
    )
    so_far = rows.groupby("person_no")["ends_before"].cummax()
    so_far = so_far.groupby(rows["person_no"]).shift(1)
    is_first = so_far.isna() | ((rows["starts_on"] - so_far).dt.days > terms.case_gap)
    case_no = is_first.groupby(rows["person_no"]).cumsum()
    return (
        rows.assign(case_no=case_no)
        .groupby(["person_no", "case_no"], as_index=False)
        .agg(case_starts_on=("starts_on", "min"), case_ends_before=("ends_before", "max"))
    )


def _judge(own: pd.DataFrame, courses: pd.DataFrame, terms: Terms, folder: Path) -> pd.DataFrame:
    deaths = pd.read_parquet(folder / "deaths.parquet")
    deaths["exit_day"] = pd.to_datetime(deaths["exit_day"]).astype("datetime64[s]")
    first_exit = deaths.groupby("person_no", as_index=False)["exit_day"].min()
    known = courses.merge(first_exit, on="person_no", how="left")
    inside = known["visited_on"].between(pd.Timestamp(terms.starts_on), pd.Timestamp(terms.ends_on))
    alive = known["exit_day"].isna() | (known["exit_day"] > known["visited_on"])
    known = known[inside & alive]
    order = {group: rank for rank, group in enumerate(terms.price_groups)}
    visits = known.merge(own[own["group_no"].isin(order)], on="person_no")
    visits = visits[
        (visits["starts_on"] <= visits["visited_on"])
        & (visits["ends_before"] > visits["visited_on"])
    ]
    visits = visits.assign(precedence=visits["group_no"].map(order))
    visits = visits.sort_values("precedence").drop_duplicates("course_ref")
    cases = visits.merge(_case_starts(own, terms), on="person_no")
    cases = cases[
        (cases["case_starts_on"] <= cases["visited_on"])
        & (cases["case_ends_before"] > cases["visited_on"])
        & ((cases["visited_on"] - cases["case_starts_on"]).dt.days > terms.min_case_days)
    ].sort_values(["contract_id", "group_no", "visited_on", "course_id"])
    rank = cases.groupby(["contract_id", "group_no"]).cumcount() + 1
    return cases[rank <= cases["group_no"].map(terms.quotas)]


def _months(judged: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    columns = ["contract_id", "course_ref", "person_no", "group_no", "visited_on", "exit_day"]
    spread = judged[columns].loc[judged.index.repeat(terms.effort_months)].reset_index(drop=True)
    number = np.tile(np.arange(1, terms.effort_months + 1), len(judged))
    month = spread["visited_on"].to_numpy().astype("datetime64[M]") + number
    month_end = (month + 1).astype("datetime64[D]") - DAY
    spread["month"] = month.astype("datetime64[s]")
    exit_day = spread["exit_day"].to_numpy()
    keep = (month_end <= np.datetime64(terms.ends_on)) & (
        np.isnat(exit_day) | (month_end < exit_day)
    )
    keep &= month < np.datetime64(terms.observed_before, "M")
    return spread[keep]


def _by_month(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per piece of a row and calendar month it meets, with its days."""
    first = rows["starts_on"].to_numpy().astype("datetime64[M]")
    last = (rows["ends_before"].to_numpy() - DAY).astype("datetime64[M]")
    count = (last - first).astype(int) + 1
    spread = rows.loc[rows.index.repeat(count)].reset_index(drop=True)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    month = np.repeat(first, count) + offset
    start = np.maximum(spread["starts_on"].to_numpy(), month.astype("datetime64[s]"))
    end = np.minimum(spread["ends_before"].to_numpy(), (month + 1).astype("datetime64[s]"))
    spread["month"] = month.astype("datetime64[s]")
    spread["days"] = ((end - start) / DAY).astype(int)
    return spread


def _basis(months: pd.DataFrame, own: pd.DataFrame, terms: Terms, folder: Path) -> pd.DataFrame:
    persons = own["person_no"].isin(months["person_no"])
    support = own[own["group_no"].isin(terms.support_groups) & persons].sort_values(
        ["person_no", "starts_on", "ends_before"]
    )
    so_far = support.groupby("person_no")["ends_before"].cummax()
    so_far = so_far.groupby(support["person_no"]).shift(1)
    start = support["starts_on"].where(so_far.isna() | (so_far < support["starts_on"]), so_far)
    support = support.assign(starts_on=start)
    support = support[support["starts_on"] < support["ends_before"]].reset_index(drop=True)
    days = _by_month(support).groupby(["person_no", "month"], as_index=False)["days"].sum()
    claims = pd.read_parquet(folder / "claims.parquet")
    claims = claims[claims["is_claimed"]]
    claims["month"] = pd.to_datetime(claims["month"]).astype("datetime64[s]")
    paid = months.merge(days, on=["person_no", "month"], how="left")
    paid = paid[paid["days"].fillna(0) <= terms.max_support_days]
    paid = paid.merge(claims[["course_ref", "month"]], on=["course_ref", "month"])
    paid = paid.assign(
        basis_oere=paid["group_no"].map(terms.rates),
        period_start=paid["month"].dt.to_period("Q").dt.start_time,
    )
    return paid.groupby(["contract_id", "period_start"], as_index=False)["basis_oere"].sum()


def _benefit_days(spells: pd.DataFrame) -> pd.DataFrame:
    rows = spells.sort_values(["person_no", "group_no", "starts_on", "ends_before"])
    same = (rows["person_no"] == rows["person_no"].shift(1)) & (
        rows["group_no"] == rows["group_no"].shift(1)
    )
    overlaps = same & (rows["starts_on"] < rows["ends_before"].shift(1))
    key = rows["person_no"].astype("int64") * 1000 + rows["group_no"]
    clashing = key.isin(key[overlaps])
    pieces = pd.concat([rows[~clashing], _sweep(rows[clashing])])
    starts = pieces[["group_no", "starts_on", "share_parts"]].set_axis(
        ["group_no", "day", "c"], axis=1
    )
    ends = pieces[["group_no", "ends_before", "share_parts"]].set_axis(
        ["group_no", "day", "c"], axis=1
    )
    ends = ends.assign(c=-ends["c"].astype("int64"))
    steps = pd.concat([starts, ends]).groupby(["group_no", "day"], as_index=False)["c"].sum()
    steps["level"] = steps.groupby("group_no")["c"].cumsum()
    steps["ends_before"] = steps.groupby("group_no")["day"].shift(-1)
    steps = steps.dropna(subset="ends_before").rename(columns={"day": "starts_on"})
    spread = _by_month(steps.reset_index(drop=True))
    spread["day_parts"] = spread["level"] * spread["days"]
    return spread.groupby(["group_no", "month"], as_index=False)["day_parts"].sum()


def _sweep(rows: pd.DataFrame) -> pd.DataFrame:
    """Disjoint pieces of overlapping rows with the sum of shares, at most 1."""
    key = ["person_no", "group_no"]
    starts = rows[[*key, "starts_on", "share_parts"]].set_axis([*key, "day", "c"], axis=1)
    ends = rows[[*key, "ends_before", "share_parts"]].set_axis([*key, "day", "c"], axis=1)
    ends = ends.assign(c=-ends["c"].astype("int64"))
    steps = pd.concat([starts, ends]).groupby([*key, "day"], as_index=False)["c"].sum()
    steps["share_parts"] = steps.groupby(key)["c"].cumsum().clip(upper=10_000)
    steps["ends_before"] = steps.groupby(key)["day"].shift(-1)
    steps = steps.dropna(subset="ends_before")
    return steps[steps["share_parts"] > 0].rename(columns={"day": "starts_on"})
