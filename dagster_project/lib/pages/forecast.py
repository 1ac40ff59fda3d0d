"""The forecast on the page of a contract: what may come, when, and what that does not say.

What belongs here: which rows of the mart stand in it, and the counts that are printed beside them.
What does not: a scenario (``settlement_forecast``), a picture's looks (``charts``).

Rules: S.unsaid, V.contract.
Decides: S.unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dagster_project.lib import charts
from dagster_project.lib.base import danish
from dagster_project.lib.pages.sheet import (
    Cell,
    Column,
    Row,
    Section,
    Table,
    grouped,
    table_of,
    value_text,
)
from dagster_project.lib.publishing.snapshot import Rows, Snapshot
from dagster_project.lib.reference import words
from dagster_project.lib.reference.tables import Word

SCENARIOS = ("earned", "unchanged", "historical", "all")
_FORECAST = """
    select * from mart.settlement_forecast where contract_id = ?
    order by period_start, list_position(?, scenario)
"""
_OUTLOOK = """
    select * from mart.contract_outlook where contract_id = ?
    order by amount_dkk, threshold, list_position(?, scenario)
"""
_OUTSIDE = """
    with courses as (
        select contract_id, course_id, stated_group
        from restricted.participant
        where contract_id = ? and eligibility in ('register_silent', 'case_start_unknown')
    ),
    months as (
        select courses.course_id, effort.month,
            arg_max(rate.rate_dkk, rate.valid_from) as rate_dkk
        from courses
        inner join restricted.person_month as effort
            on courses.contract_id = effort.contract_id and courses.course_id = effort.course_id
        inner join mart.contract_part as part
            on courses.contract_id = part.contract_id and part.kind = 'person_months'
        inner join mart.contract_rate as rate
            on
                part.contract_id = rate.contract_id
                and part.part_id = rate.part_id
                and courses.stated_group = rate.benefit_group
                and rate.valid_from <= effort.month
        group by courses.course_id, effort.month
    )
    select
        (select count(*) from courses) as courses,
        (select coalesce(sum(rate_dkk), 0) from months) as amount_dkk
"""
_UNSEEN = """
    select count(*) as courses
    from (
        select effort.course_id
        from restricted.person_month as effort
        inner join restricted.participant as course
            on
                effort.contract_id = course.contract_id
                and effort.course_id = course.course_id
                and course.eligibility = 'eligible'
        where effort.contract_id = ?
        group by effort.course_id
        having
            bool_or(effort.status = 'not_observed')
            and not bool_or(effort.status in ('on_support', 'self_supporting'))
    ) as unseen
"""
_REDUCTIONS = """
    select effect.part_id, effect.benefit_group, count(published.fte_published) as months,
        any_value(date_diff('month', part.evaluation_first_month, part.evaluation_last_month) + 1)
            as of_months
    from mart.fte_effect as effect
    inner join mart.contract_part as part
        on effect.contract_id = part.contract_id and effect.part_id = part.part_id
    inner join mart.contract as contract on effect.contract_id = contract.contract_id
    left join mart.fte_month as published
        on
            contract.area = published.area
            and effect.benefit_group = published.benefit_group
            and published.month
            between part.evaluation_first_month and part.evaluation_last_month
    where effect.contract_id = ? and effect.status = 'incomplete'
    group by effect.part_id, effect.benefit_group
    order by effect.part_id, effect.benefit_group
"""
_SAVINGS = """
    select part_id, entries, observed
    from mart.relapse_summary
    where contract_id = ? and status = 'incomplete'
    order by part_id
"""


@dataclass(frozen=True)
class Foreseen:
    """The forecast of a contract, as it is published."""

    periods: Rows
    outlook: Rows

    @property
    def ends(self) -> list[Row]:
        """The last period of each scenario."""
        last = max((row["period_start"] for row in self.periods), default=None)
        return [row for row in self.periods if row["period_start"] == last]


def read(snapshot: Snapshot, contract_id: str) -> Foreseen:
    """The rows of a contract."""
    asked = [contract_id, list(SCENARIOS)]
    return Foreseen(snapshot.rows(_FORECAST, asked), snapshot.rows(_OUTLOOK, asked))


def spots(found: Foreseen) -> list[charts.Spot]:
    """Where each scenario ends on the payment curve."""
    return [
        charts.Spot(_scenario(row), row["basis_cumulative_dkk"], row["entitlement_cumulative_dkk"])
        for row in found.ends
    ]


def section(
    snapshot: Snapshot,
    contract_id: str,
    found: Foreseen,
    label: Callable[[Row], str],
    title: Callable[[Row], str],
    threshold: Callable[[Row], str],
    picture: str = "",
) -> Section | None:
    """The section of the forecast; none where every period is approved.

    Args:
        snapshot: what is published.
        contract_id: the contract.
        found: its forecast.
        label: name of a row's period.
        title: name of a row's part.
        threshold: name of a row's threshold.
        picture: name of its picture, where it has one.
    """
    if not found.periods:
        return None
    own = (
        Column("scenario", "Scenarie"), Column("basis_cumulative_dkk", "Grundlag i alt, kr."),
        Column("entitlement_cumulative_dkk", "Betalingsret i alt, kr."),
        Column("payment_cumulative_dkk", "Betaling i alt, kr."),
    )  # fmt: skip
    first, last = label(found.periods[0]), label(found.ends[0])
    ends = table_of("settlement_forecast", found.ends, own, f"Ved udgangen af {last}")
    behind = table_of("settlement_forecast", found.periods, (
        Column("period_start", "Periode", label), own[0],
        Column("basis_dkk", "Grundlag, kr."), *own[1:],
    ), "Periode for periode")  # fmt: skip
    text = [
        f"Fra og med {first}, den første periode, der ikke er godkendt. Ingen prognose betales.",
        *(f"{word.label_da.capitalize()}: {word.description_da}" for word in _words()),
    ]
    tables = [one for one in (ends, _reached(found.outlook, label, threshold)) if one is not None]
    limits = Table(
        ["Det siger prognosen ikke"],
        [[Cell(one)] for one in unsaid(snapshot, contract_id, title)],
    )
    return Section("Prognose", text, picture, tables=[*tables, limits], behind=behind)


def _words() -> list[Word]:
    return [word for word in words.of_domain("scenario") if word.code in SCENARIOS]


def _scenario(row: Row) -> str:
    return words.label("scenario", row["scenario"])


def _reached(
    outlook: Rows, label: Callable[[Row], str], threshold: Callable[[Row], str]
) -> Table | None:
    """The thresholds below one another, a column for each scenario."""
    if not outlook:
        return None
    made = []
    for (name, amount), rows in grouped(outlook, "threshold", "amount_dkk").items():
        cells = [
            Cell(
                label(row) if row["period_start"] else "nås ikke",
                "contract_outlook.period_start",
                f"{row['contract_id']}|{row['scenario']}|{row['threshold']}",
            )
            for row in rows
        ]
        key = f"{rows[0]['contract_id']}|{rows[0]['scenario']}|{name}"
        kroner = Cell(value_text("amount_dkk", amount), "contract_outlook.amount_dkk", key)
        made.append([Cell(threshold(rows[0])), kroner, *cells])
    headings = ["Tærskel", ">Kr.", *(word.label_da.capitalize() for word in _words())]
    return Table(headings, made, caption="Perioden, hvor tærsklen nås", name="contract_outlook")


def unsaid(snapshot: Snapshot, contract_id: str, title: Callable[[Row], str]) -> Iterator[str]:
    """What no scenario says, and what each rests on, in sentences (S.unsaid)."""
    (outside,) = snapshot.rows(_OUTSIDE, [contract_id])
    (unseen,) = snapshot.rows(_UNSEEN, [contract_id])
    yield "Intet scenarie rummer forløb, der ikke er på listen over deltagere."
    yield (
        "Intet scenarie rummer forløb, hvor registret ikke dækker henvisningen eller sagens"
        f" begyndelse: {danish.number(outside['courses'], 0)} forløb, hvis indsatsmåneder er"
        f" {danish.kroner(outside['amount_dkk'])} værd efter den oplyste målgruppes pris."
    )
    yield (
        "Det højeste er derfor det mest, som de kendte omfattede forløb kan give, og ikke det"
        " mest, som kontrakten kan koste."
    )
    yield "Kun det optjente kan ligge under det, der er godkendt."
    yield "Som hidtil regner med, at ingen flere går ud, og at hver optjent måned kræves."
    yield (
        f"{danish.number(unseen['courses'], 0)} forløb har endnu ingen observeret måned; de giver"
        " 0 i scenariet uændret."
    )
    for row in snapshot.rows(_REDUCTIONS, [contract_id]):
        yield (
            f"{title(row)}, {words.label('benefit_group', row['benefit_group'])}: skønnet hviler på"
            f" {row['months']} af {row['of_months']} måneder, der er offentliggjort."
        )
    for row in snapshot.rows(_SAVINGS, [contract_id]):
        counts = [
            danish.HIDDEN if row[name] is None else danish.number(row[name], 0)
            for name in ("observed", "entries")
        ]
        yield (
            f"{title(row)}: skønnet hviler på {counts[0]} af {counts[1]} starter i job, der er"
            " fulgt til ende."
        )
