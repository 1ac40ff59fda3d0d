"""Rows of the tables beside the settlement: relapse, follow-up, funnel, effect, claims."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

from tests.oracle import (
    civil,
    courses,
    effect,
    follow,
    hidden,
    money,
    relapse,
    screening,
    settlement,
)
from tests.oracle.home import Knowledge

Rows = list[dict[str, Any]]


def six(value: Fraction | None) -> str | None:
    """Six decimals, as text."""
    return None if value is None else money.decimal_text(value, 6)


def entry_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``restricted.employment_entry`` without the person."""
    return [
        {
            "contract_id": contract["contract_id"],
            "part_id": part["part_id"],
            "entry_date": civil.day_text(entry.entry_date),
            "follow_up_date": civil.day_text(entry.follow_up),
            "is_observed": entry.is_observed,
            "is_retained": entry.is_retained,
            "is_relapsed": entry.is_relapsed,
            "is_any_return": entry.is_any_return,
            "first_return_date": None
            if entry.first_return is None
            else civil.day_text(entry.first_return),
        }
        for part in relapse_parts(contract)
        for entry in relapse.entries(knowledge, contract, part)
    ]


def relapse_parts(contract: dict[str, Any]) -> list[dict[str, Any]]:
    """The contract's relapse parts."""
    return [part for part in contract["parts"] if part["kind"] == "relapse_reduction"]


def relapse_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.relapse_summary``."""
    rows, persons = [], []
    for part in relapse_parts(contract):
        found = relapse.summary(knowledge, contract, part)
        rate = Fraction(found.relapsed, found.observed) if found.observed else None
        rows.append(
            {
                "contract_id": contract["contract_id"],
                "part_id": part["part_id"],
                "entries": found.entries,
                "observed": found.observed,
                "retained": found.retained,
                "relapsed": found.relapsed,
                "any_return": found.any_return,
                "relapse_rate": six(rate),
                "expected_relapses": six(found.expected),
                "avoided_relapses": six(found.avoided),
                "target_relapses": six(found.target_relapses),
                "saving_dkk": money.dkk(found.saving),
                "net_saving_dkk": money.dkk(found.net_saving),
                "break_even_relapses": six(
                    Fraction(part["yearly_investment"]) / Fraction(part["cost_per_relapse"])
                ),
                "status": "complete" if found.is_complete else "incomplete",
                "_missing": {"relapse_rate": "not_observed" if found.entries else "not_applicable"},
            }
        )
        entered = relapse.entries(knowledge, contract, part)
        persons.append(len({entry.person for entry in entered}))
    counts = ("observed", "retained", "relapsed", "any_return")
    computed = (
        "relapse_rate", "expected_relapses", "avoided_relapses", "target_relapses", "saving_dkk",
        "net_saving_dkk",
    )  # fmt: skip
    return hidden.statistics(rows, persons, ("entries", *counts, *computed), ((counts, computed),))


def curve_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.relapse_curve``: month 0, and each month with five returns since the row before."""
    rows: Rows = []
    persons: list[int] = []
    for part in relapse_parts(contract):
        source = knowledge.registers[contract["register"]]
        found = relapse.entries(knowledge, contract, part)
        waiting = 0
        for m, at_risk, returned, share in relapse.survival(source, found):
            waiting += returned
            if m == 0 or waiting >= 5:
                rows.append({
                    "contract_id": contract["contract_id"], "part_id": part["part_id"],
                    "months_since_entry": m, "at_risk": at_risk, "returned": waiting,
                    "still_out_share": six(share),
                })  # fmt: skip
                persons.append(len(relapse.at_risk(source, found, m)))
                # too few returns of month 0 come in the next row
                waiting = waiting if hidden.is_small(waiting) else 0
    return hidden.statistics(
        rows, persons, ("at_risk", "returned", "still_out_share"),
        ((("returned",), ("still_out_share",)),),
    )  # fmt: skip


def focus_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.focus_goal``; the share of nobody is left out of the comparison."""
    rows = []
    for row in follow.focus_goals(knowledge, contract):
        share = Fraction(row.with_either, row.persons) if row.persons else Fraction(0)
        rows.append({
            "contract_id": contract["contract_id"], "month": civil.month_text(row.month),
            "benefit_group": row.group, "persons": row.persons,
            "with_placement": row.with_placement, "with_hours": row.with_hours,
            "with_either": row.with_either, "achieved_share": six(share),
            "missing_to_target": row.missing,
        })  # fmt: skip
    measures = (
        "persons", "with_placement", "with_hours", "with_either", "achieved_share",
        "missing_to_target",
    )  # fmt: skip
    together = (("with_placement", "with_hours", "with_either"),
                ("achieved_share", "missing_to_target"))  # fmt: skip
    return hidden.statistics(rows, [row["persons"] for row in rows], measures, (together,))


def ended_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.cases_ended_month``."""
    facts = [
        ((contract["contract_id"], civil.month_text(row.month), row.group, reason), person, (1,))
        for row in follow.follow_ups(knowledge, contract)
        for person, reason in row.ended
    ]
    return hidden.family(
        facts, ("contract_id", "month", "benefit_group", "reason"), "reason", {"cases_ended": int}
    )


def follow_up_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.follow_up_month``."""
    rows = []
    for row in follow.follow_ups(knowledge, contract):
        told = knowledge.published.get((contract["area"], row.group, row.month))
        rows.append({
            "contract_id": contract["contract_id"],
            "month": civil.month_text(row.month),
            "benefit_group": row.group,
            "persons": row.persons,
            "fte_register": None
            if row.fte_register is None
            else money.decimal_text(row.fte_register, 4),
            "fte_published": None
            if row.fte_published is None
            else money.decimal_text(row.fte_published, 4),
            "company_directed_share": six(Fraction(row.directed, row.persons))
            if row.persons
            else None,
            "cases_ended": len(row.ended),
            "company_contacts": row.contacts,
            "_directed": row.directed,
            "_ended": len({person for person, _ in row.ended}),
            "_published": None if told is None else told.persons,
        })  # fmt: skip
    return hidden.statistics(
        rows, [row["persons"] or 0 for row in rows],
        ("persons", "fte_register", "fte_published", "company_directed_share", "cases_ended",
         "company_contacts"),
        ((("_directed",), ("company_directed_share",)), (("_ended",), ("cases_ended",)),
         (("_published",), ("fte_published",))),
        {"persons": "not_observed", "fte_register": "not_observed",
         "fte_published": "not_published", "company_directed_share": "not_applicable"},
    )  # fmt: skip


def funnel_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.screening_funnel``."""
    goals = contract["screening"].get("goals") or {}
    rows = [
        {
            "contract_id": contract["contract_id"], "year": year, "step": step,
            "persons": len(persons), "goal": int(goals[step]) if step in goals else None,
        }
        for (year, step), persons in sorted(screening.funnel(knowledge, contract).items())
        if persons or step in screening.STEPS
    ]  # fmt: skip
    beside = set()
    for year in {row["year"] for row in rows}:
        own = {row["step"]: row for row in rows if row["year"] == year}
        statuses = [row for step, row in own.items() if step.startswith("status_")]
        total = own["special_course"]["persons"]
        beside |= {(year, step) for step in hidden.remainder(statuses, "persons", "step", total)}
    # a row that is hidden beside another one is hidden as if it had few persons itself
    behind = [1 if (row["year"], row["step"]) in beside else row["persons"] for row in rows]
    return hidden.statistics(rows, behind, ("persons",))


def effect_rows(
    knowledge: Knowledge, contract: dict[str, Any], found: list[courses.Participant]
) -> Rows:
    """``mart.effect``."""
    both = effect.effect(knowledge, contract, found)
    treated, control = both.treated, both.control
    means = [effect.mean(group) if group else None for group in (treated, control)]
    difference = (
        means[0] - means[1] if means[0] is not None and means[1] is not None else None
    )  # fmt: skip
    interval = effect.welch_interval(treated, control)
    weeks = int(contract["effect"]["weeks"])
    row = {
        "contract_id": contract["contract_id"],
        "part_id": contract["effect"]["part_id"],
        "treated_n": len(treated),
        "control_n": len(control),
        "treated_mean_weeks": six(means[0]),
        "control_mean_weeks": six(means[1]),
        "difference_weeks": six(difference),
        "difference_points": None if difference is None else six(difference * 100 / weeks),
        "ci_low_weeks": None if interval is None else f"{interval[0]:.6f}",
        "ci_high_weeks": None if interval is None else f"{interval[1]:.6f}",
    }
    both_means = ("difference_weeks", "difference_points", "ci_low_weeks", "ci_high_weeks")
    measures = ("treated_n", "control_n", "treated_mean_weeks", "control_mean_weeks", *both_means)
    return hidden.statistics(
        [row], [max(len(treated), len(control))], measures,
        ((("treated_n",), ("treated_mean_weeks", *both_means)),
         (("control_n",), ("control_mean_weeks", *both_means))),
        dict.fromkeys(("treated_mean_weeks", "control_mean_weeks", *both_means), "not_applicable"),
    )  # fmt: skip


def match_rows(
    contract: dict[str, Any], months: list[courses.PersonMonth], periods: list[settlement.Period]
) -> tuple[Rows, Rows]:
    """``mart.claim_match_period`` and ``mart.claim_match``: months by match, and by reason."""
    facts = [
        ((contract["contract_id"], civil.day_text(period.start), row.match, row.reason),
         row.person, (1, row.rate))
        for row in months
        for period in periods
        if not period.is_final and period.start <= civil.first_day(row.month) <= period.end
    ]  # fmt: skip
    keys = ("contract_id", "period_start", "match", "reason")
    sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for key, _, (count, rate) in facts:
        sums[key[:3]][0] += count
        sums[key[:3]][1] += rate
    whole = [
        {
            **dict(zip(keys, key, strict=False)),
            "month_count": count,
            "amount_dkk": money.dkk(amount),
        }
        for key, (count, amount) in sorted(sums.items())
    ]
    measures = {"month_count": int, "amount_dkk": money.dkk}
    summed = ("match", {"on_support", "not_observed"})
    return whole, hidden.family(facts, keys, "reason", measures, summed)
