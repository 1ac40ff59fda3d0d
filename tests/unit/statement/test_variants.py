"""Other terms in the answer of why: those of today, and of an approved period as it was frozen."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from rich.console import Console

from dagster_project.lib import life
from dagster_project.lib.trace import telling, why
from tests.support.published import CONTRACT, PERIODS, World
from tests.unit.statement.test_forecast import spaced

VARIANTS = """
variants:
  - {variant_id: halv, title: En halv måned tæller, set: {parts.del-1.max_support_days: 15}}
  - {variant_id: altid, title: Hver måned tæller, set: {parts.del-1.max_support_days: 31}}
"""


def price(world: World, amounts: dict[str, int]) -> None:
    """Publish what the first period comes to under each variant of the contract."""
    world.more["settlement_variant"] = [
        {
            "contract_id": CONTRACT, "period_start": PERIODS[0], "variant_id": variant_id,
            "basis_dkk": Decimal(kroner), "basis_cumulative_dkk": Decimal(kroner),
            "entitlement_cumulative_dkk": Decimal(kroner), "difference_dkk": Decimal(kroner - 300),
        }
        for variant_id, kroner in amounts.items()
    ]  # fmt: skip
    world.publish_again(dt.date(2023, 5, 1))


def told(world: World) -> list[tuple[str, str, str]]:
    rows = why.explain(world.settings, CONTRACT, "2023-01").as_json()["variants"]
    return [(row["variant_id"], row["title"], row["difference_dkk"]) for row in rows]


# Rules S.why, S.variant
def test_why_tells_what_other_terms_come_to_and_of_an_approved_period_what_they_came_to(
    world: World,
) -> None:
    assert told(world) == []
    path = world.settings.contracts_dir / f"{CONTRACT}.yml"
    path.write_text(path.read_text(encoding="utf-8") + VARIANTS, encoding="utf-8")
    price(world, {"": 300, "altid": 450, "halv": 250})
    seen = [
        ("", "Kontraktens egne vilkår, som om intet var godkendt", "0.00"),
        ("halv", "En halv måned tæller", "-50.00"), ("altid", "Hver måned tæller", "150.00"),
    ]  # fmt: skip
    assert told(world) == seen
    console = Console(record=True, width=200)
    telling.tell(why.explain(world.settings, CONTRACT, "2023-01").as_json(), console)
    shown = spaced(console.export_text())
    assert "som om intet var godkendt: grundlag i alt 300,00 kr., betalingsret i alt 300" in shown
    assert "andre vilkår, En halv måned tæller: grundlag i alt 250,00 kr." in shown
    assert "forskel −50,00 kr." in shown and "forskel 0,00 kr." not in shown
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    life.approve(world.settings, CONTRACT, "2023-01", "Lea")
    price(world, {"": 300, "altid": 900, "halv": 200})
    path.write_text(path.read_text(encoding="utf-8").replace("Hver", "Enhver"), encoding="utf-8")
    assert told(world) == seen
