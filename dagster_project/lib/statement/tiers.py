"""The way through the tiers, step by step, in exact arithmetic.

What belongs here: what each tier adds to an entitlement, for printing and for checking offline.
What does not: the entitlement that is paid on (dbt, ``intermediate/settlement``); both must agree.

Rules: S.tiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

_ORE = Decimal("0.01")
_ORE_PER_KRONE = 100


@dataclass(frozen=True)
class Tier:
    """Basis above ``above_dkk`` (kroner) is paid with ``provider_share``, up to the next tier."""

    above_dkk: Decimal
    provider_share: Decimal
    clause: str = ""


@dataclass(frozen=True)
class Reading:
    """One named reading of the ceiling; null does not bind."""

    reading_id: str
    payment_ceiling_dkk: Decimal | None
    basis_ceiling_dkk: Decimal | None
    clause: str = ""


@dataclass(frozen=True)
class Step:
    """What one tier adds: basis that falls into it and the amount it gives, before the ceiling."""

    above_dkk: Decimal
    up_to_dkk: Decimal | None
    provider_share: Decimal
    basis_dkk: Decimal
    amount_dkk: Decimal


def round_ore(kroner: Fraction) -> Decimal:
    """Kroner rounded once to whole øre, half away from zero."""
    ore = abs(kroner) * _ORE_PER_KRONE
    whole = (2 * ore.numerator + ore.denominator) // (2 * ore.denominator)
    return (Decimal(whole if kroner >= 0 else -whole) / _ORE_PER_KRONE).quantize(_ORE)


def counted_basis(basis_dkk: Decimal, reading: Reading) -> Decimal:
    """B' = the basis, at least 0 and at most the reading's basis ceiling."""
    counted = max(basis_dkk, Decimal(0))
    if reading.basis_ceiling_dkk is not None:
        counted = min(counted, reading.basis_ceiling_dkk)
    return counted.quantize(_ORE, rounding=ROUND_HALF_UP)


def walk(basis_dkk: Decimal, tiers: Sequence[Tier], reading: Reading) -> list[Step]:
    """The steps of ``W`` for a cumulative basis, one for each tier.

    The running sum is rounded, never a step, so the steps' amounts add up to ``W`` before the
    payment ceiling to the øre.
    """
    counted = counted_basis(basis_dkk, reading)
    steps: list[Step] = []
    exact = Fraction(0)
    before = Decimal(0)
    uppers = [tier.above_dkk for tier in tiers[1:]] + [None]
    for tier, upper in zip(tiers, uppers, strict=True):
        top = counted if upper is None else min(counted, upper)
        width = max(Decimal(0), top - tier.above_dkk)
        exact += Fraction(width) * Fraction(tier.provider_share)
        after = round_ore(exact)
        steps.append(
            Step(tier.above_dkk, upper, tier.provider_share, width.quantize(_ORE), after - before)
        )
        before = after
    return steps


def entitlement(basis_dkk: Decimal, tiers: Sequence[Tier], reading: Reading) -> Decimal:
    """``W(B)`` in kroner under a reading."""
    total = sum((step.amount_dkk for step in walk(basis_dkk, tiers, reading)), Decimal(0))
    if reading.payment_ceiling_dkk is not None:
        total = min(total, reading.payment_ceiling_dkk)
    return total.quantize(_ORE)


def headroom(
    basis_dkk: Decimal, tiers: Sequence[Tier], reading: Reading
) -> tuple[Decimal | None, Decimal | None]:
    """Kroner to the next tier (None in the last) and to the ceiling (None without one)."""
    counted = counted_basis(basis_dkk, reading)
    ahead = [tier.above_dkk - counted for tier in tiers if tier.above_dkk > counted]
    if reading.payment_ceiling_dkk is None and reading.basis_ceiling_dkk is None:
        return min(ahead, default=None), None
    if reading.basis_ceiling_dkk is None and tiers[-1].provider_share > 0:
        greatest = reading.payment_ceiling_dkk or Decimal(0)
    else:
        highest = reading.basis_ceiling_dkk
        highest = tiers[-1].above_dkk if highest is None else highest
        greatest = entitlement(highest, tiers, reading)
    return min(ahead, default=None), greatest - entitlement(basis_dkk, tiers, reading)
