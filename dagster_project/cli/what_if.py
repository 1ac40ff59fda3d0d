"""The command that asks what would be: arguments, printing.

What belongs here: ``effekt what-if``. What does not: computing an answer (``lib/foresight``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.shared import (
    ContractArgument,
    ContractsOption,
    HomeOption,
    JsonOption,
    SnapshotDayOption,
    print_json,
    require_own,
    settings_of,
)
from dagster_project.cli.speech import Commands

commands = Commands()


@commands.command("what-if")
def what_if(
    contract: ContractArgument,
    terms: Annotated[
        Path | None, typer.Option("--terms", metavar="FILE", help="En fil med andre vilkår.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="STI=VÆRDI", help="Et andet vilkår; kan gives flere gange."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="SHA256", help="En levering, der regnes uden."),
    ] = None,
    added: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE", help="En fil, der regnes som leveret."),
    ] = None,
    as_of: SnapshotDayOption = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Spørg, hvad en kontrakt ville komme til under andre vilkår; intet ændres."""
    from dagster_project.lib import foresight
    from dagster_project.orchestration.compiled import CompiledModels

    require_own(home)
    settings = settings_of(home, contracts)
    question = foresight.ask(
        settings, contract, terms=terms, changes=changes or (), without=without or (),
        added=added or (), as_of=as_of.date() if as_of else None,
    )  # fmt: skip
    answer = foresight.answer(settings, question, CompiledModels)
    print_json(answer.as_json()) if as_json else answer.print()
