"""The forecast on the page of a contract: what may come, when, and what that does not say.

What belongs here: which rows of the mart stand in it. What does not: a scenario
(``settlement_forecast``), what it does not say (``statement.foreseen``), a picture's looks.

Rules: S.unsaid, V.contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dagster_project.lib import charts
from dagster_project.lib.pages.sheet import (
    Cell,
    Column,
    Row,
    Section,
    Table,
    grouped,
    table_of,
    value_text,
)
from dagster_project.lib.publishing.snapshot import Rows, Snapshot
from dagster_project.lib.reference import words
from dagster_project.lib.reference.tables import Word
from dagster_project.lib.statement import foreseen

SCENARIOS = ("earned", "unchanged", "historical", "all")
_FORECAST = """
    select * from mart.settlement_forecast where contract_id = ?
    order by period_start, list_position(?, scenario)
"""
_OUTLOOK = """
    select * from mart.contract_outlook where contract_id = ?
    order by amount_dkk, threshold, list_position(?, scenario)
"""


@dataclass(frozen=True)
class Foreseen:
    """The forecast of a contract, as it is published."""

    periods: Rows
    outlook: Rows

    @property
    def ends(self) -> list[Row]:
        """The last period of each scenario."""
        last = max((row["period_start"] for row in self.periods), default=None)
        return [row for row in self.periods if row["period_start"] == last]


def read(snapshot: Snapshot, contract_id: str) -> Foreseen:
    """The rows of a contract."""
    asked = [contract_id, list(SCENARIOS)]
    return Foreseen(snapshot.rows(_FORECAST, asked), snapshot.rows(_OUTLOOK, asked))


def spots(found: Foreseen) -> list[charts.Spot]:
    """Where each scenario ends on the payment curve."""
    return [
        charts.Spot(_scenario(row), row["basis_cumulative_dkk"], row["entitlement_cumulative_dkk"])
        for row in found.ends
    ]


def section(
    snapshot: Snapshot,
    contract_id: str,
    found: Foreseen,
    label: Callable[[Row], str],
    title: Callable[[Row], str],
    threshold: Callable[[Row], str],
    picture: str = "",
) -> Section | None:
    """The section of the forecast; none where every period is approved.

    Args:
        snapshot: what is published.
        contract_id: the contract.
        found: its forecast.
        label: name of a row's period.
        title: name of a row's part.
        threshold: name of a row's threshold.
        picture: name of its picture, where it has one.
    """
    if not found.periods:
        return None
    own = (
        Column("scenario", "Scenarie"), Column("basis_cumulative_dkk", "Grundlag i alt, kr."),
        Column("entitlement_cumulative_dkk", "Betalingsret i alt, kr."),
        Column("payment_cumulative_dkk", "Betaling i alt, kr."),
    )  # fmt: skip
    first, last = label(found.periods[0]), label(found.ends[0])
    ends = table_of("settlement_forecast", found.ends, own, f"Ved udgangen af {last}")
    behind = table_of("settlement_forecast", found.periods, (
        Column("period_start", "Periode", label), own[0],
        Column("basis_dkk", "Grundlag, kr."), *own[1:],
    ), "Periode for periode")  # fmt: skip
    text = [
        f"Fra og med {first}, den første periode, der ikke er godkendt. Ingen prognose betales.",
        *(f"{word.label_da.capitalize()}: {word.description_da}" for word in _words()),
    ]
    tables = [one for one in (ends, _reached(found.outlook, label, threshold)) if one is not None]
    counts = foreseen.counts_of(snapshot, contract_id)
    said = foreseen.unsaid(counts, lambda part_id: title({"part_id": part_id}))
    limits = Table(["Det siger prognosen ikke"], [[Cell(one)] for one in said])
    return Section("Prognose", text, picture, tables=[*tables, limits], behind=behind)


def _words() -> list[Word]:
    return [word for word in words.of_domain("scenario") if word.code in SCENARIOS]


def _scenario(row: Row) -> str:
    return words.label("scenario", row["scenario"])


def _reached(
    outlook: Rows, label: Callable[[Row], str], threshold: Callable[[Row], str]
) -> Table | None:
    """The thresholds below one another, a column for each scenario."""
    if not outlook:
        return None
    made = []
    for (name, amount), rows in grouped(outlook, "threshold", "amount_dkk").items():
        cells = [
            Cell(
                label(row) if row["period_start"] else "nås ikke",
                "contract_outlook.period_start",
                f"{row['contract_id']}|{row['scenario']}|{row['threshold']}",
            )
            for row in rows
        ]
        key = f"{rows[0]['contract_id']}|{rows[0]['scenario']}|{name}"
        kroner = Cell(value_text("amount_dkk", amount), "contract_outlook.amount_dkk", key)
        made.append([Cell(threshold(rows[0])), kroner, *cells])
    headings = ["Tærskel", ">Kr.", *(word.label_da.capitalize() for word in _words())]
    return Table(headings, made, caption="Perioden, hvor tærsklen nås", name="contract_outlook")
