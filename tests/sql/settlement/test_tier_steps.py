"""The tier steps of the model are those of the offline check, for tiers of any shape."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.lib.statement.tiers import Reading, Step, Tier, counted_basis, walk
from tests.sql.settlement.rendered import Warehouse
from tests.sql.settlement.test_payment_function import UNIT, Terms, terms

WANTED = "int_payments__walk_tiers"
PERIOD = dt.date(2023, 1, 1)


@pytest.fixture(scope="module")
def town() -> Warehouse:
    """The model over the terms and readings that an example fills in."""
    tier = "struct(tier_no integer, above_oere hugeint, below_oere hugeint, share_parts hugeint)"
    return Warehouse(
        {
            "int_payments__apply_readings": "contract_id varchar, period_start date,"
            " is_chosen boolean, counted_basis_dkk decimal(18, 2)",
            "int_readings__arrange_tiers": f"contract_id varchar, is_chosen boolean,"
            f" tiers {tier}[]",
        },
        [WANTED],
    )


def by_hand(own: Terms, basis: int) -> tuple[Decimal, list[Step]]:
    """Counted basis and steps as the offline check walks them."""
    ceiling = None if own.basis_ceiling is None else Decimal(own.basis_ceiling) / 100
    reading = Reading("r", None, ceiling)
    tiers = [Tier(Decimal(above) / 100, Decimal(share) / UNIT) for above, share in own.tiers]
    kroner = Decimal(basis) / 100
    return counted_basis(kroner, reading), walk(kroner, tiers, reading)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(st.tuples(terms(), st.integers(-(10**6), 2 * 10**9)), min_size=1, max_size=20))
def test_the_model_and_the_offline_check_walk_the_same_steps(
    town: Warehouse, worlds: list[tuple[Terms, int]]
) -> None:
    wanted, counted, readings = {}, [], []
    for number, (own, basis) in enumerate(worlds):
        name = f"k{number}"
        amount, wanted[name] = by_hand(own, basis)
        counted.append({"contract_id": name, "period_start": PERIOD, "is_chosen": True,
                        "counted_basis_dkk": amount})  # fmt: skip
        belows = [*(above for above, _ in own.tiers[1:]), None]
        tiers = [
            {"tier_no": no, "above_oere": above, "below_oere": below, "share_parts": share}
            for no, ((above, share), below) in enumerate(zip(own.tiers, belows, strict=True), 1)
        ]
        readings.append({"contract_id": name, "is_chosen": True, "tiers": tiers})
    town.fill("model.int_payments__apply_readings", counted)
    town.fill("model.int_readings__arrange_tiers", readings)
    town.build()
    found: dict[str, list[Step]] = {}
    for row in town.rows(f"from model.{WANTED} order by contract_id, tier_no"):
        own_steps = found.setdefault(str(row["contract_id"]), [])
        own_steps.append(Step(*(row[name] for name in Step.__dataclass_fields__)))  # type: ignore[arg-type]
    assert found == wanted
