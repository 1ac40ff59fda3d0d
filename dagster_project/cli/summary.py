"""What a run prints on the terminal, in Danish: periods, kroner, gates, where things are.

What belongs here: reading the published mart and printing. What does not: computing a figure.

Rules: P.danish.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dagster_project.cli.speech import called_as
from dagster_project.lib.base import danish
from dagster_project.lib.keys import statement_key
from dagster_project.lib.publishing import snapshot
from dagster_project.lib.reference import words
from dagster_project.orchestration.night import PUBLISH, Night
from dagster_project.settings import Home

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH = 110
_SETTLEMENTS = """
    select contract_id, period_label, period_start, state, is_superseded, basis_dkk, payment_dkk
    from mart.settlement
    where is_closed
    order by contract_id, period_start
"""
_GATES = """
    select gate, count(*), count(*) filter (not is_success and severity = 'critical'),
        count(*) filter (not is_success and severity <> 'critical')
    from mart.data_quality
    group by gate
    order by gate
"""


def _kroner(amount: Decimal | None) -> str:
    return danish.NONE if amount is None else danish.number(amount)


def _settlement_table(rows: Sequence[tuple[Any, ...]]) -> Table:
    from rich.table import Table

    table = Table(title="Afsluttede perioder", title_justify="left")
    for heading in ("Kontrakt", "Periode", "Tilstand"):
        table.add_column(heading)
    for heading in ("Grundlag kr.", "Udbetaling kr."):
        table.add_column(heading, justify="right")
    for contract_id, label, start, state, is_superseded, basis, payment in rows:
        shown = words.label("state", state) + (" (ændrede tal)" if is_superseded else "")
        period = label if label != f"{start}" else f"{start:%Y-%m}"
        table.add_row(contract_id, period, shown, *map(_kroner, (basis, payment)))
    return table


def _gate_table(rows: Sequence[tuple[Any, ...]]) -> Table:
    from rich.table import Table

    table = Table(title="Gates", title_justify="left")
    table.add_column("Gate")
    for heading in ("Kontroller", "Fejl", "Advarsler"):
        table.add_column(heading, justify="right")
    for gate, checks, failed, warned in rows:
        table.add_row(str(gate), str(checks), str(failed), str(warned))
    return table


def _headline(night: Night) -> str:
    if night.error is not None and PUBLISH in night.outcomes:
        return "[bold red]Udgivet, men kørslen fejlede bagefter.[/]"
    if night.error is not None:
        return "[bold red]Kørslen fejlede.[/] Den seneste gode mart er urørt."
    if night.failed_checks:
        return "[bold red]En kontrol holdt udgivelsen tilbage.[/] Den seneste gode mart er urørt."
    if night.is_unchanged:
        return "[bold green]Intet nyt siden sidst:[/] intet nyt er udgivet."
    if night.refused:
        return "[bold yellow]Udgivet[/], men mindst én levering blev afvist."
    return "[bold green]Udgivet.[/]"


def print_night(night: Night) -> None:
    """Print the summary of a run."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDTH
    console = Console(highlight=False, soft_wrap=True, width=width)
    home = night.settings.home
    console.print(f"{_headline(night)} Data til og med {danish.date(night.settings.as_of)}.")
    mart = home.published / "payout_mart.duckdb"
    if mart.exists() and night.error is None:
        _print_mart(console, home)
    for line in _places(night, home):
        console.print(line)


def _print_mart(console: Any, home: Home) -> None:
    with snapshot.open_current(home) as current:
        settlements, gates = (
            current.connection.execute(query).fetchall() for query in (_SETTLEMENTS, _GATES)
        )
    if settlements:
        console.print(_settlement_table(settlements))
    console.print(_gate_table(gates))


def _places(night: Night, home: Home) -> list[str]:
    lines = []
    if night.snapshot_id is not None:
        lines.append(f"Øjebliksbillede: {night.snapshot_id}")
    mart = home.published / "payout_mart.duckdb"
    if mart.exists():
        lines.append(f"Mart:            {mart}")
    lines.append(f"Opgørelser:      {home.reports}")
    if night.error is None:
        key = statement_key.read_statement_key(home)
        lines.append(f"Nøgle:           {key.fingerprint} (fingeraftryk; oplys parterne om det)")
    effekt = called_as()
    lines.append(f"Brugerflade:     {effekt} ui --home {home.root}")
    lines.append(f"Kommandoer:      {effekt} --help (fx {effekt} status --home {home.root})")
    return lines
