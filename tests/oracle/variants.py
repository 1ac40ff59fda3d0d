"""Variants: the contract with other terms, as if nothing had been approved (S.variant)."""

from __future__ import annotations

import copy
from typing import Any

from tests.oracle import civil, courses, money, settlement
from tests.oracle.home import Knowledge

IDS = ("part_id", "benefit_group", "reading_id")


def variant_rows(knowledge: Knowledge, contract: dict[str, Any]) -> list[dict[str, Any]]:
    """``mart.settlement_variant`` of one contract: its own row first."""
    variants = contract.get("variants") or []
    if not variants:
        return []
    own = closed_periods(knowledge, contract)
    found = [("", own)]
    found += [
        (variant["variant_id"], closed_periods(knowledge, changed(contract, variant["set"])))
        for variant in variants
    ]
    return [
        {
            "contract_id": contract["contract_id"],
            "period_start": civil.day_text(there.start),
            "variant_id": name,
            "basis_dkk": money.dkk(int(there.figures["basis"] or 0)),
            "basis_cumulative_dkk": money.dkk(int(there.figures["basis_cumulative"] or 0)),
            "entitlement_cumulative_dkk": money.dkk(entitled(there)),
            "difference_dkk": money.dkk(entitled(there) - entitled(here)),
        }
        for name, periods in found
        for here, there in zip(own, periods, strict=True)
    ]


def entitled(period: settlement.Period) -> int:
    """What the period entitles to so far, under the terms' own chosen reading."""
    return int(period.figures["entitlement_cumulative"] or 0)


def closed_periods(knowledge: Knowledge, contract: dict[str, Any]) -> list[settlement.Period]:
    """Closed periods but the closing one, nothing approved and no course before the others."""
    people = courses.participants(knowledge, contract, set())
    months = courses.person_months(knowledge, contract, people)
    settled = settlement.settle(knowledge, contract, months)
    return [one for one in settled if one.is_closed and not one.is_final]


def changed(contract: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The contract with some keys set otherwise; members of lists by id, else by number."""
    terms = copy.deepcopy(contract)
    for path, value in changes.items():
        *way, last = path.split(".")
        place: Any = terms
        for key in way:
            place = member(place, key)
        place[last] = value
    return terms


def member(place: Any, key: str) -> Any:
    """What a key of a path stands for."""
    if isinstance(place, dict):
        return place[key]
    named = [one for one in place if any(one.get(name) == key for name in IDS)]
    return named[0] if named else place[int(key)]
