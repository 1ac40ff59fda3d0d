"""The forecast on a statement and in the answer of why: beside the figures, never among them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from rich.console import Console

from dagster_project.lib import life, statement
from dagster_project.lib.base import danish
from dagster_project.lib.statement import foreseen
from dagster_project.lib.trace import telling, why
from tests.support.published import CONTRACT, PERIODS, World

HEADING = "Prognose"
TOTALS = {"earned": "300.00", "unchanged": "500.00", "historical": "450.00", "all": "900.00"}


def spaced(text: str) -> str:
    """A text with plain blanks."""
    return text.replace("\u00a0", " ").replace("&#160;", " ").replace("&nbsp;", " ")


def foresee(world: World, totals: dict[str, str]) -> None:
    """Publish a forecast of the first and the last period, and a threshold."""
    world.more["settlement_forecast"] = [
        {
            "contract_id": CONTRACT, "scenario": scenario, "period_start": start,
            "basis_dkk": Decimal("300.00"), "basis_cumulative_dkk": Decimal(kroner),
            "entitlement_cumulative_dkk": Decimal(kroner),
            "payment_cumulative_dkk": Decimal(kroner),
        }
        for scenario, kroner in totals.items()
        for start in (PERIODS[0], PERIODS[-1])
    ]  # fmt: skip
    world.more["contract_outlook"] = [
        {
            "contract_id": CONTRACT, "scenario": scenario, "threshold": "authorised_max",
            "amount_dkk": Decimal("900.00"),
            "period_start": PERIODS[-1] if Decimal(kroner) >= 900 else None,
        }
        for scenario, kroner in totals.items()
    ]  # fmt: skip
    world.publish_again(dt.date(2023, 5, 1))


def written(world: World) -> dict[str, Any]:
    """The statement of the first period, as JSON."""
    path = statement.write_statement(world.settings, CONTRACT, "2023-01")[0]
    assert statement.authenticate(path).is_valid
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    found["html"] = path.with_suffix(".html").read_text(encoding="utf-8")
    return found


# Rules S.statement, S.forecast
def test_a_forecast_moves_no_hash_and_a_contract_without_one_shows_none(world: World) -> None:
    before = written(world)
    assert "forecast" not in before["shown"]
    assert f">{HEADING}<" not in before["html"]
    foresee(world, TOTALS)
    after = written(world)
    assert after["statement_sha256"] == before["statement_sha256"]
    assert after["figures"] == before["figures"]
    assert f">{HEADING}<" in after["html"]


# Rules S.forecast, S.outlook, S.unsaid
def test_a_statement_shows_each_scenarios_end_and_what_none_of_them_says(world: World) -> None:
    foresee(world, TOTALS)
    told = written(world)
    section = foreseen.section(told)
    assert section is not None
    assert section.table is not None
    assert [(row[0].text, row[1].text) for row in section.table.rows] == [
        ("kun det optjente", "300,00"), ("uændret", "500,00"), ("som hidtil", "450,00"),
        ("det højeste", "900,00"),
    ]  # fmt: skip
    (reached,) = section.more
    assert [cell.text for cell in reached.rows[0][2:]] == ["nås ikke"] * 3 + ["1. oktober 2023"]
    said = spaced(" ".join(section.text))
    assert "0 forløb, hvis indsatsmåneder er 0,00 kr. værd" in said
    assert all(one in spaced(told["html"]) for one in map(spaced, section.text))


# Rules S.unsaid, S.fte_stand_in, S.relapse_stand_in
def test_how_much_a_stand_in_rests_on_is_said_and_what_is_hidden_stays_so() -> None:
    counts = {
        "outside": {"courses": 3, "amount_dkk": "1200.00"}, "unseen": 2,
        "reductions": [
            {"part_id": "a", "benefit_group": "sygedagpenge", "months": 4, "of_months": 12}
        ],
        "savings": [{"part_id": "b", "entries": None, "observed": 7}],
    }  # fmt: skip
    said = [spaced(one) for one in foreseen.unsaid(counts, str.upper)]
    assert any("3 forløb, hvis indsatsmåneder er 1.200,00 kr. værd" in one for one in said)
    assert any(one.startswith("2 forløb har endnu ingen observeret måned") for one in said)
    assert any("A, " in one and "4 af 12 måneder" in one for one in said)
    assert any(one.startswith("B: ") and f"7 af {danish.HIDDEN}" in one for one in said)


# Rules S.statement, S.why
def test_an_approval_freezes_the_forecast_that_it_saw_and_why_tells_it_until_then(
    world: World,
) -> None:
    foresee(world, TOTALS)
    told = why.explain(world.settings, CONTRACT, "2023-01").as_json()
    assert {row["scenario"]: row["entitlement_cumulative_dkk"] for row in told["forecast"]} == (
        TOTALS
    )
    console = Console(record=True, width=200)
    telling.tell(told, console)
    assert "prognose, det højeste: grundlag 300,00 kr." in spaced(console.export_text())
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    life.approve(world.settings, CONTRACT, "2023-01", "Lea")
    seen = written(world)["shown"]["forecast"]
    foresee(world, {**TOTALS, "all": "1000.00"})
    assert written(world)["shown"]["forecast"] == seen
    assert why.explain(world.settings, CONTRACT, "2023-01").as_json()["forecast"] == []
