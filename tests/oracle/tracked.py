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
            }
        )
        persons.append(found.entries)
    savings = ("avoided_relapses", "saving_dkk", "net_saving_dkk")
    counted = ("entries", "observed", "retained", "relapsed", "any_return")
    derived = ("relapse_rate", "expected_relapses", "target_relapses", *savings)
    return hidden.suppress(
        rows, persons, ("contract_id", "part_id"), (*counted, *derived),
        {"observed": derived, "relapsed": ("relapse_rate", *savings), "retained": (),
         "any_return": ()},
    )  # fmt: skip


def curve_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.relapse_curve``."""
    rows: Rows = []
    for part in relapse_parts(contract):
        source = knowledge.registers[contract["register"]]
        found = relapse.entries(knowledge, contract, part)
        for m, at_risk, returned, share in relapse.survival(source, found):
            rows.append({
                "contract_id": contract["contract_id"], "part_id": part["part_id"],
                "months_since_entry": m, "at_risk": at_risk, "returned": returned,
                "still_out_share": six(share),
            })  # fmt: skip
    shown = hidden.suppress(
        rows,
        [row["at_risk"] for row in rows],
        ("contract_id", "part_id", "months_since_entry"),
        ("at_risk", "returned", "still_out_share"),
        {"returned": ("still_out_share",)},
    )
    return [hide_after(shown, row) for row in shown]


def hide_after(rows: Rows, row: dict[str, Any]) -> dict[str, Any]:
    """A share is computed from every earlier return: one hidden return hides it from there on."""
    is_hidden = any(
        earlier["returned"] is None
        for earlier in rows
        if earlier["part_id"] == row["part_id"]
        and earlier["months_since_entry"] <= row["months_since_entry"]
    )
    return {**row, "still_out_share": None} if is_hidden else row


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
    return hidden.suppress(
        rows, [row["persons"] for row in rows], ("contract_id", "month", "benefit_group"), measures,
        {"with_placement": (), "with_hours": (),
         "with_either": ("achieved_share", "missing_to_target")},
    )  # fmt: skip


def ended_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.cases_ended_month`` (a person ends one case of a group in a month)."""
    rows = [
        {
            "contract_id": contract["contract_id"], "month": civil.month_text(row.month),
            "benefit_group": row.group, "reason": reason, "cases_ended": count,
        }
        for row in follow.follow_ups(knowledge, contract)
        for reason, count in sorted(row.ended.items())
    ]  # fmt: skip
    return hidden.suppress(
        rows, [row["cases_ended"] for row in rows],
        ("contract_id", "month", "benefit_group", "reason"), ("cases_ended",),
    )  # fmt: skip


def follow_up_rows(knowledge: Knowledge, contract: dict[str, Any]) -> Rows:
    """``mart.follow_up_month``; a share of 1–4 directed persons would reveal them."""
    hidden_reasons = {
        (row["month"], row["benefit_group"])
        for row in ended_rows(knowledge, contract)
        if row["is_suppressed"]
    }
    rows = [
        {
            "contract_id": contract["contract_id"],
            "month": civil.month_text(row.month),
            "benefit_group": row.group,
            "persons": row.persons,
            "fte_register": None
            if row.fte_register is None
            else money.decimal_text(row.fte_register, 4),
            "company_directed_share": six(Fraction(row.directed, row.persons))
            if row.persons and not hidden.is_small(row.directed)
            else None,
            "cases_ended": sum(row.ended.values()),
            "company_contacts": row.contacts,
        }
        for row in follow.follow_ups(knowledge, contract)
    ]
    shown = hidden.suppress(
        rows, [row["persons"] or 0 for row in rows], ("contract_id", "month", "benefit_group"),
        ("persons", "fte_register", "company_directed_share", "cases_ended", "company_contacts"),
        {"cases_ended": ()},
    )  # fmt: skip
    for row in shown:
        if (row["month"], row["benefit_group"]) in hidden_reasons:
            row["cases_ended"] = None
    return shown


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
    return hidden.suppress(
        rows, [row["persons"] for row in rows], ("contract_id", "year", "step"), ("persons",)
    )


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
    together = ("difference_weeks", "difference_points", "ci_low_weeks", "ci_high_weeks")
    measures = ("treated_n", "control_n", "treated_mean_weeks", "control_mean_weeks", *together)
    return hidden.suppress(
        [row], [max(len(treated), len(control))], ("contract_id", "part_id"), measures,
        {"treated_n": ("treated_mean_weeks", *together),
         "control_n": ("control_mean_weeks", *together)},
    )  # fmt: skip


def match_rows(
    contract: dict[str, Any], months: list[courses.PersonMonth], periods: list[settlement.Period]
) -> Rows:
    """``mart.claim_match``: months of the contract's periods by match and reason."""
    count: dict[tuple[str, str, str], int] = defaultdict(int)
    amount: dict[tuple[str, str, str], int] = defaultdict(int)
    behind: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in months:
        for period in periods:
            if not period.is_final and period.start <= civil.first_day(row.month) <= period.end:
                key = (civil.day_text(period.start), row.match, row.reason)
                count[key] += 1
                amount[key] += row.rate
                behind[key].add(row.person)
    keys = sorted(count)
    rows = [
        {
            "contract_id": contract["contract_id"], "period_start": key[0], "match": key[1],
            "reason": key[2], "month_count": count[key], "amount_dkk": money.dkk(amount[key]),
        }
        for key in keys
    ]  # fmt: skip
    return hidden.suppress(
        rows, [len(behind[key]) for key in keys],
        ("contract_id", "period_start", "match", "reason"), ("month_count", "amount_dkk"),
    )  # fmt: skip
