"""S.curve: W and the share of the next krone, around every bound."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.oracle import money
from tests.oracle.courses import optional
from tests.oracle.settlement import tiers_of, unrounded

Rows = list[dict[str, Any]]
KRONE = 100


def ceiling_of(reading: dict[str, Any], name: str) -> int | None:
    """A ceiling of a reading in øre."""
    text = optional(reading.get(name))
    return None if text is None else money.oere(text)


def reaching(contract: dict[str, Any], ceiling: int) -> int | None:
    """The smallest basis in whole øre of which the tiers give the ceiling; None if none does.

    A basis ceiling that lies below it hides the bend, and takes no point off the curve.
    """
    tiers = tiers_of(contract)
    given = Fraction(0)
    for position, (above, share) in enumerate(tiers):
        width = tiers[position + 1][0] - above if position + 1 < len(tiers) else None
        if share and (width is None or given + share * width >= ceiling):
            return above - ((given - ceiling) / share).__floor__()
        given += share * (width or 0)
    return None


def points(contract: dict[str, Any]) -> list[int]:
    """0, every threshold and every ceiling of any reading, and a krone either side, in øre."""
    marks = {0, *(above for above, _ in tiers_of(contract))}
    for reading in contract["payment"]["readings"]["alternatives"]:
        for name in ("payment_ceiling", "basis_ceiling"):
            ceiling = ceiling_of(reading, name)
            if ceiling is not None:
                marks.add(ceiling)
        ceiling = ceiling_of(reading, "payment_ceiling")
        reached = None if ceiling is None else reaching(contract, ceiling)
        if reached is not None:
            marks.add(reached)
    return sorted({mark + step for mark in marks for step in (-KRONE, 0, KRONE)})


def next_krone(
    contract: dict[str, Any], reading: dict[str, Any], basis: int
) -> tuple[Fraction, str]:
    """The share of the next krone that is paid, and the clause that says so."""
    tiers = contract["payment"]["tiers"]
    tier = max(
        (one for one in tiers if money.oere(one["above"]) <= max(basis, 0)),
        key=lambda one: money.oere(one["above"]),
    )
    limit, ceiling = (ceiling_of(reading, name) for name in ("basis_ceiling", "payment_ceiling"))
    given = unrounded(basis, contract, reading)
    if (limit is not None and basis >= limit) or (ceiling is not None and given >= ceiling):
        return Fraction(0), reading["clause"]
    return Fraction(tier["provider_share"] if basis >= 0 else 0), tier["clause"]


def curve_rows(contract: dict[str, Any]) -> Rows:
    """``mart.payment_curve``."""
    rows = []
    for reading in contract["payment"]["readings"]["alternatives"]:
        ceiling = ceiling_of(reading, "payment_ceiling")
        for basis in points(contract):
            given = unrounded(basis, contract, reading)
            paid = given if ceiling is None else min(given, Fraction(ceiling))
            share, clause = next_krone(contract, reading, basis)
            rows.append({
                "contract_id": contract["contract_id"], "reading_id": reading["reading_id"],
                "basis_dkk": money.dkk(basis), "payment_dkk": money.dkk(money.half_away(paid)),
                "marginal_share": money.decimal_text(share, 6), "clause": clause,
            })  # fmt: skip
    return rows
