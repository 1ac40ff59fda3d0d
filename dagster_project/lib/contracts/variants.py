"""Variants: a contract with some of its terms set otherwise.

What belongs here: which key a path names, which paths are refused, and the contract that a change
gives. What does not: what a variant comes to (the models, over the shadow), the tables
(``tables``).

Rules: S.variant, S.variant_path.
Decides: S.variant_path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from dagster_project.lib.contracts.checks import Problem
from dagster_project.lib.contracts.model import Contract
from dagster_project.lib.contracts.periods import list_periods

Validate = Callable[[Any], tuple[Contract | None, list[Problem]]]
"""A contract from plain data, or its problems (``loader``)."""

_KEPT = frozenset(
    {"contract_id", "area", "term", "actors", "parties", "settlement", "variants"}
)  # fmt: skip
"""Sections that make the contract the one it is: who, where, when and in which periods."""
_UNPAID = frozenset(
    {
        "document", "potential", "focus_goal", "follow_up", "screening", "effect", "business_case",
        "retention",
    }
)  # fmt: skip
"""Sections that no krone of a settlement rests on."""
_WORDS = frozenset(
    {
        "title", "clause", "document_title", "chosen_reason", "authorised_max", "part_id",
        "reading_id", "historical_success_rate", "target", "yearly_investment",
    }
)  # fmt: skip
"""Keys, in whatever mapping they stand, that move neither basis nor entitlement."""
_IDS = ("part_id", "benefit_group", "reading_id")

_NO_KEY = "ingen nøgle i kontrakten hedder sådan"
_REASONS = {
    "kept": "en variant ændrer ikke, hvem kontrakten er med, hvornår den gælder og dens perioder",
    "unpaid": "nøglen kan hverken ændre grundlag eller betalingsret",
    "id": "stien ender i et id; den skal ende i en nøgle",
    "periods": "ændringen lægger en periode til eller tager en bort",
}


@dataclass(frozen=True)
class Shadow:
    """A contract in the shadow of its own; the one with an empty variant_id is unchanged."""

    variant_id: str
    contract: Contract


def changed(
    contract: Contract, changes: Mapping[str, Any], validate: Validate
) -> tuple[Contract | None, list[tuple[str, str]]]:
    """The contract with some terms set otherwise, or the paths that are refused with the reasons.

    Args:
        contract: a valid contract; its own variants are left out.
        changes: new values by path (S.variant_path).
        validate: makes a contract of plain data.
    """
    terms = {name: value for name, value in contract.terms().items() if name != "variants"}
    refused: list[tuple[str, str]] = []
    for path, value in changes.items():
        if reason := _refusal(path) or put(terms, path, value):
            refused.append((path, reason))
    if refused:
        return None, refused
    made, problems = validate(terms)
    if made is None or problems:
        return None, [(_nearest(terms, where, changes), text) for where, text in problems]
    if _bounds(made) != _bounds(contract):
        moved = [path for path in changes if _moves_periods(contract, path, changes, validate)]
        return None, [(path, _REASONS["periods"]) for path in moved or changes]
    return made, []


def shadows_of(contract: Contract, validate: Validate) -> list[Shadow]:
    """The contract unchanged and each of its variants; nothing where it has none."""
    if not contract.variants:
        return []
    found = [Shadow("", contract.model_copy(update={"variants": []}))]
    for variant in contract.variants:
        made, _ = changed(contract, variant.changes, validate)
        if made is not None:  # a contract with another one has not been loaded
            found.append(Shadow(variant.variant_id, made))
    return found


def find_problems(contract: Contract, validate: Validate) -> Iterator[Problem]:
    """What is wrong with a contract's variants, each by its key path."""
    if contract.variants and contract.payment is None:
        yield ("variants",), "varianter kræver en kontrakt med payment"
        return
    for number, variant in enumerate(contract.variants):
        _, refused = changed(contract, variant.changes, validate)
        for path, reason in refused:
            yield ("variants", number, "set", path), reason


def _bounds(contract: Contract) -> list[Any]:
    return [(period.period_start, period.period_end) for period in list_periods(contract)]


def _moves_periods(
    contract: Contract, path: str, changes: Mapping[str, Any], validate: Validate
) -> bool:
    """Whether a change adds or removes a period by itself."""
    if len(changes) == 1:
        return True
    _, refused = changed(contract, {path: changes[path]}, validate)
    return any(reason == _REASONS["periods"] for _, reason in refused)


def _refusal(path: str) -> str | None:
    """Why no variant may touch what a path names; None where it may."""
    keys = path.split(".")
    if keys[0] in _KEPT:
        return _REASONS["kept"]
    return _REASONS["unpaid"] if keys[0] in _UNPAID or not _WORDS.isdisjoint(keys) else None


def put(terms: dict[str, Any], path: str, value: Any) -> str | None:
    """Set what a path names in the data of a contract; the reason where there is no such key."""
    keys = path.split(".")
    place: Any = terms
    for key in keys[:-1]:
        place = _step(place, key)
        if place is None:
            return _NO_KEY
    if isinstance(place, list):
        return _REASONS["id"] if _step(place, keys[-1]) is not None else _NO_KEY
    if not isinstance(place, dict) or keys[-1] not in place:
        return _NO_KEY
    place[keys[-1]] = value
    return None


def _step(place: Any, key: str) -> Any:
    """What stands under a key of a mapping, or a member of a list by its id or its number."""
    if isinstance(place, dict):
        return place.get(key)
    if not isinstance(place, list):
        return None
    members = [member for member in place if isinstance(member, dict)]
    for member in members:
        if any(member.get(name) == key for name in _IDS):
            return member
    is_numbered = members and not any(name in members[0] for name in _IDS)
    if is_numbered and key.isascii() and key.isdigit() and str(int(key)) == key:
        return members[int(key)] if int(key) < len(members) else None
    return None


def _nearest(
    terms: Mapping[str, Any], where: tuple[str | int, ...], changes: Mapping[str, Any]
) -> str:
    """The path of the change that a problem of the changed contract is nearest to."""
    named = list(_named(terms, where))

    def shared(path: str) -> int:
        pairs = zip(path.split("."), named, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(changes, key=shared)


def _named(terms: Any, where: tuple[str | int, ...]) -> Iterator[str]:
    """A key path with the ids of members instead of their numbers."""
    place = terms
    for key in where:
        if isinstance(place, list) and isinstance(key, int) and key < len(place):
            place = place[key]
            ids = [place[name] for name in _IDS if isinstance(place, dict) and name in place]
            yield str(ids[0] if ids else key)
            continue
        place = place.get(key) if isinstance(place, dict) else None
        yield str(key)
