"""The forecast on a statement: where each scenario ends, and what none of them says.

It is provenance: shown beside the figures, in no hash, and frozen with them at approval, so that a
reader sees what was expected when it was agreed.
What belongs here: the rows, the counts that are printed with them, and their sentences. What does
not: a scenario (``settlement_forecast``), layout.

Rules: S.unsaid, S.forecast, S.outlook, S.statement.
Decides: S.unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import danish
from dagster_project.lib.base.canonical import plain_row
from dagster_project.lib.publishing.snapshot import Snapshot
from dagster_project.lib.reference import words
from dagster_project.lib.statement.sheet import (
    Content,
    Section,
    Table,
    day,
    money,
    part_title,
    text_cell,
    tier_title,
)

SCENARIOS = ("earned", "unchanged", "historical", "all")
_TIER = "tier_"
_ENDS = """
    select
        scenario, period_start, basis_cumulative_dkk, entitlement_cumulative_dkk,
        payment_cumulative_dkk
    from mart.settlement_forecast
    where contract_id = ?
    qualify period_start = max(period_start) over ()
    order by list_position(?, scenario)
"""
_REACHED = """
    select threshold, amount_dkk, scenario, period_start
    from mart.contract_outlook
    where contract_id = ?
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


def gather(snapshot: Snapshot, contract_id: str) -> dict[str, Any]:
    """The forecast of a contract as plain data; nothing where every period is approved."""
    ends = snapshot.rows(_ENDS, [contract_id, list(SCENARIOS)])
    if not ends:
        return {}
    reached = snapshot.rows(_REACHED, [contract_id, list(SCENARIOS)])
    found = {
        "ends": [plain_row(row) for row in ends],
        "reached": [plain_row(row) for row in reached],
        "counts": counts_of(snapshot, contract_id),
    }
    return {"forecast": found}


def counts_of(snapshot: Snapshot, contract_id: str) -> dict[str, Any]:
    """The counts that are printed with a forecast, as plain data."""
    (outside,) = snapshot.rows(_OUTSIDE, [contract_id])
    (unseen,) = snapshot.rows(_UNSEEN, [contract_id])
    return {
        "outside": plain_row(outside),
        "unseen": unseen["courses"],
        "reductions": [plain_row(row) for row in snapshot.rows(_REDUCTIONS, [contract_id])],
        "savings": [plain_row(row) for row in snapshot.rows(_SAVINGS, [contract_id])],
    }


def unsaid(counts: Mapping[str, Any], title: Callable[[str], str]) -> Iterator[str]:
    """What no scenario says, and what each rests on, in sentences (S.unsaid).

    Args:
        counts: those of ``counts_of``.
        title: what people call a part, by its id.
    """
    outside = counts["outside"]
    yield "Intet scenarie rummer forløb, der ikke er på listen over deltagere."
    yield (
        "Intet scenarie rummer forløb, hvor registret ikke dækker henvisningen eller sagens"
        f" begyndelse: {danish.number(outside['courses'], 0)} forløb, hvis indsatsmåneder er"
        f" {danish.kroner(Decimal(outside['amount_dkk']))} værd efter den oplyste målgruppes pris."
    )
    yield (
        "Det højeste er derfor det mest, som de kendte omfattede forløb kan give, og ikke det"
        " mest, som kontrakten kan koste."
    )
    yield "Kun det optjente kan ligge under det, der er godkendt."
    yield "Som hidtil regner med, at ingen flere går ud, og at hver optjent måned kræves."
    yield (
        f"{danish.number(counts['unseen'], 0)} forløb har endnu ingen observeret måned; de giver"
        " 0 i scenariet uændret."
    )
    for row in counts["reductions"]:
        group = words.label("benefit_group", row["benefit_group"])
        yield (
            f"{title(row['part_id'])}, {group}: skønnet hviler på"
            f" {row['months']} af {row['of_months']} måneder, der er offentliggjort."
        )
    for row in counts["savings"]:
        shown = [
            danish.HIDDEN if row[name] is None else danish.number(row[name], 0)
            for name in ("observed", "entries")
        ]
        yield (
            f"{title(row['part_id'])}: skønnet hviler på {shown[0]} af {shown[1]} starter i job,"
            " der er fulgt til ende."
        )


def section(content: Content) -> Section | None:
    """Where each scenario ends, when the thresholds are reached, and what none of them says."""
    shown = content["shown"].get("forecast")
    if not shown:
        return None
    ends = [
        [
            text_cell(words.label("scenario", row["scenario"])), money(row["basis_cumulative_dkk"]),
            money(row["entitlement_cumulative_dkk"]), money(row["payment_cumulative_dkk"]),
        ]
        for row in shown["ends"]
    ]  # fmt: skip
    headings = ("Scenarie", ">Grundlag i alt, kr.", ">Betalingsret i alt, kr.",
                ">Betaling i alt, kr.")  # fmt: skip
    last = day(shown["ends"][0]["period_start"])
    said = [
        f"Hvad kontrakten kan nå ved udgangen af sin sidste periode, der begynder {last}.",
        "En prognose er ikke en del af opgørelsens tal, og den betales aldrig.",
        *unsaid(shown["counts"], lambda part_id: part_title(content, part_id)),
    ]
    more = [_reached(content, shown["reached"])] if shown["reached"] else []
    return Section("Prognose", said, table=Table(headings, ends), more=more)


def _reached(content: Content, rows: list[Mapping[str, Any]]) -> Table:
    """The thresholds below one another, a column for each scenario."""
    named: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        named.setdefault(row["threshold"], []).append(row)
    made = [
        [
            text_cell(_threshold(content, name)), money(own[0]["amount_dkk"]),
            *(text_cell(day(row["period_start"]) if row["period_start"] else "nås ikke")
              for row in own),
        ]
        for name, own in named.items()
    ]  # fmt: skip
    scenarios = (words.label("scenario", one).capitalize() for one in SCENARIOS)
    return Table(("Tærskel", ">Kr.", *scenarios), made, caption="Perioden, hvor tærsklen nås")


def _threshold(content: Content, code: str) -> str:
    """What people call a threshold; a tier's name is its title."""
    if code.startswith(_TIER):
        return tier_title(content, int(code.removeprefix(_TIER)) - 1)
    return words.label("threshold", code).capitalize()
