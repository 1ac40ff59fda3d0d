"""W(B), step by step: the boundary values of the contract."""

from decimal import Decimal

import pytest

from dagster_project.lib.statement.tiers import Reading, Tier, entitlement, headroom, walk

TIERS = [
    Tier(Decimal("0.00"), Decimal("1.000000")),
    Tier(Decimal("4412080.00"), Decimal("0.500000")),
]
ON_PAYMENT = Reading("loft_paa_betaling", Decimal("5588175.00"), None)
ON_BASIS = Reading("loft_paa_grundlag", None, Decimal("5588175.00"))


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("-1", "0.00"),
        ("0", "0.00"),
        ("4412080", "4412080.00"),
        ("4412081", "4412080.50"),
        ("5588175", "5000127.50"),
        ("6703920", "5558000.00"),
        ("6764269", "5588174.50"),
        ("6764270", "5588175.00"),
        ("6764271", "5588175.00"),
    ],
)
def test_a_ceiling_on_payment_binds_at_its_kroner(basis: str, expected: str) -> None:
    assert entitlement(Decimal(basis), TIERS, ON_PAYMENT) == Decimal(expected)


@pytest.mark.parametrize(
    ("basis", "expected"),
    [("5588174", "5000127.00"), ("5588175", "5000127.50"), ("9000000", "5000127.50")],
)
def test_a_ceiling_on_the_basis_stops_the_basis(basis: str, expected: str) -> None:
    assert entitlement(Decimal(basis), TIERS, ON_BASIS) == Decimal(expected)


def test_the_steps_add_up_where_each_of_them_would_round() -> None:
    thirds = [
        Tier(Decimal("0.00"), Decimal("0.333333")),
        Tier(Decimal("0.10"), Decimal("0.333333")),
        Tier(Decimal("0.20"), Decimal("0.333333")),
    ]
    steps = walk(Decimal("0.30"), thirds, Reading("fri", None, None))
    assert sum(step.amount_dkk for step in steps) == Decimal("0.10")


def test_half_an_øre_is_rounded_away_from_zero() -> None:
    half = [Tier(Decimal("0.00"), Decimal("0.500000"))]
    assert entitlement(Decimal("0.01"), half, Reading("fri", None, None)) == Decimal("0.01")


NOTHING_LAST = [*TIERS, Tier(Decimal("5000000.00"), Decimal("0.000000"))]


@pytest.mark.parametrize(
    ("tiers", "reading", "basis", "to_next", "to_ceiling"),
    [
        (TIERS, ON_PAYMENT, "4412079", "1", "1176096.00"),
        (TIERS, ON_PAYMENT, "4412080", None, "1176095.00"),
        (TIERS, ON_PAYMENT, "9000000", None, "0.00"),
        (TIERS, ON_BASIS, "-1", "4412080", "5000127.50"),
        (TIERS, ON_BASIS, "5588175", None, "0.00"),
        (TIERS, Reading("fri", None, None), "1", "4412079", None),
        (NOTHING_LAST, ON_PAYMENT, "4412080", "587920", "293960.00"),
    ],
)
# Rule S.headroom
def test_headroom_is_what_is_left_to_the_next_tier_and_to_the_ceiling(
    tiers: list[Tier], reading: Reading, basis: str, to_next: str | None, to_ceiling: str | None
) -> None:
    expected = tuple(None if text is None else Decimal(text) for text in (to_next, to_ceiling))
    assert headroom(Decimal(basis), tiers, reading) == expected
