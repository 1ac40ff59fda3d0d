"""Checks between the sections of a contract file, and against the benefit groups that exist.

What belongs here: checks that need more than one mapping. Each problem is a key path and a
sentence.

Rules: C.parts, C.rates, C.register, S.calendar.
Decides: C.register, C.rates, S.calendar.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from dagster_project.lib.base import danish
from dagster_project.lib.contracts.model import (
    Contract,
    PersonMonthsPart,
    RelapsePart,
)
from dagster_project.lib.contracts.periods import last_ordinary_day
from dagster_project.lib.reference import KnownGroups

Path = tuple[str | int, ...]
Problem = tuple[Path, str]

_GROUP_KEYS: frozenset[str | int] = frozenset(
    {"benefit_group", "benefit_groups", "case_groups", "target_groups"}
)


def find_problems(contract: Contract, groups: KnownGroups | None) -> list[Problem]:
    """Every broken rule between sections.

    Args:
        contract: a contract whose sections are each valid.
        groups: groups of the benefit code table; None skips that check (stored terms of a
            settlement that used other codes).
    """
    problems = [
        *_parts(contract),
        *_first_rates(contract),
        *_payment(contract),
        *_final(contract),
        *_calendar(contract),
        *_effect(contract),
    ]
    if groups is not None:
        problems += _unknown_groups(contract, groups)
    return problems


def _parts(contract: Contract) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, part in enumerate(contract.parts):
        if part.part_id in seen:
            yield ("parts", number, "part_id"), "en anden del har dette part_id"
        seen.add(part.part_id)
    kinds = [part.kind for part in contract.parts]
    if kinds.count("person_months") > 1:
        yield ("parts",), "højst én del må være af arten person_months"


def _first_rates(contract: Contract) -> Iterator[Problem]:
    for number, part in enumerate(contract.parts):
        if not isinstance(part, PersonMonthsPart):
            continue
        for index, group in enumerate(part.price_groups):
            if group.rates[0].valid_from > contract.term.starts_on:
                path = ("parts", number, "price_groups", index, "rates", 0, "valid_from")
                yield path, "den første sats skal gælde fra term.starts_on eller før"


def _payment(contract: Contract) -> Iterator[Problem]:
    if contract.payment is None:
        return
    if contract.settlement is None:
        yield ("settlement",), "en kontrakt med payment skal have settlement"
    if not contract.parts:
        yield ("parts",), "en kontrakt med payment skal have mindst én del"


def _final(contract: Contract) -> Iterator[Problem]:
    if contract.settlement is None or contract.settlement.final_on is None:
        return
    last = last_ordinary_day(contract)
    if last is not None and contract.settlement.final_on <= last:
        path = ("settlement", "final_on")
        day = danish.date(last)
        yield path, f"skal ligge efter den sidste almindelige periode, som slutter {day}"


def _calendar(contract: Contract) -> Iterator[Problem]:
    """A line may be disputed after the last ordinary period, so a settlement must come after it."""
    settlement = contract.settlement
    if settlement is None or settlement.calendar is None or settlement.final_on is not None:
        return
    if settlement.calendar.dispute_within_days is not None:
        path = ("settlement", "calendar", "dispute_within_days")
        yield path, "kræver settlement.final_on: en afgørelse efter sidste periode skal afregnes"


def find_warnings(contract: Contract) -> list[str]:
    """What a contract file may say, and hardly means (S.calendar)."""
    calendar = contract.settlement.calendar if contract.settlement else None
    days = calendar.submit_within_days if calendar else None
    if days is None or days > contract.register_lag_days:
        return []
    warning = (
        f"{contract.contract_id}.yml: settlement.calendar.submit_within_days ({days}) er ikke "
        f"større end register_lag_days ({contract.register_lag_days}): fristen for at indsende "
        "løber ud, før registret kan have afgjort periodens sidste måned"
    )
    return [warning]


def _effect(contract: Contract) -> Iterator[Problem]:
    if contract.effect is None:
        return
    part = contract.person_months_part
    if part is None or part.part_id != contract.effect.part_id:
        yield ("effect", "part_id"), "skal nævne kontraktens del af arten person_months"


def _unknown_groups(contract: Contract, groups: KnownGroups) -> Iterator[Problem]:
    for path, group in _named_groups(contract):
        if group not in groups.benefit_groups:
            yield path, "ukendt ydelsesgruppe (seeds/benefit_codes.csv har ingen af det navn)"
    for number, part in enumerate(contract.parts):
        if not isinstance(part, RelapsePart) or part.match_group is None:
            continue
        if not any(
            (group, part.match_group) in groups.match_groups for group in part.target_groups
        ):
            path = ("parts", number, "match_group")
            yield path, "ingen kode i target_groups er af denne matchgruppe"


def _named_groups(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every benefit group that a part of the contract names, with its key path."""
    if isinstance(value, BaseModel):
        for key in type(value).model_fields:
            yield from _named_groups(getattr(value, key), (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _named_groups(item, (*path, index))
    elif isinstance(value, str) and not _GROUP_KEYS.isdisjoint(path[-2:]):
        yield path, value
