"""Commands about one person: what is held, and forgetting.

What belongs here: arguments, printing. What does not: anything that finds or removes
(``lib/person``). The number comes from a file or standard input, and is never an argument.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.shared import (
    ActorOption,
    AsOfOption,
    ContractsOption,
    HomeOption,
    JsonOption,
    ReasonOption,
    require_own,
    settings_for_work,
    show,
)
from dagster_project.cli.speech import Commands

commands = Commands()
CprFileOption = Annotated[
    Path,
    typer.Option(
        "--cpr-file", metavar="FILE", help="Fil med personnummeret; - læser det fra standard input."
    ),
]


@commands.command()
def person(
    cpr_file: CprFileOption,
    as_of: AsOfOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Skriv siden her; ellers til controllernes rum."
        ),
    ] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Vis alt, hvad der er gemt om én person, som en side til personen; opslaget noteres."""
    from dagster_project.lib import person as persons

    require_own(home)
    number = persons.read_number(cpr_file)
    settings = settings_for_work(home, contracts, as_of)
    told, path = persons.insight(settings, number, settings.as_of, out)
    show(as_json, {**told.as_json(), "page": str(path)}, f"{told.text()}\n{path}")


@commands.command()
def forget(
    cpr_file: CprFileOption,
    actor: ActorOption,
    reason: ReasonOption,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Glem én person, hvor ingen kontrakt hviler på rækkerne; det noteres i hovedbogen."""
    from dagster_project.lib import person as persons

    require_own(home)
    number = persons.read_number(cpr_file)
    done = persons.forget(settings_for_work(home, contracts), number, actor, reason)
    show(as_json, done.as_json(), done.text())
