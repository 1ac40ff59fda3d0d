"""Commands of a home as a whole: make one.

What belongs here: arguments, printing. What does not: what a home consists of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project import settings as places
from dagster_project.cli.shared import ContractsOption, HomeOption, JsonOption, show
from dagster_project.cli.speech import Commands

commands = Commands()


@commands.command()
def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Mappen: tom, eller en, der ikke findes endnu."),
    ],
    area: Annotated[str, typer.Option(metavar="KOMMUNE", help="Kommunens navn i statistikken.")],
    home: HomeOption = None,
    contracts: ContractsOption = None,  # noqa: ARG001 - every command takes both
    as_json: JsonOption = False,
) -> None:
    """Lav en ny kommunes mappe med nøgler, og vis nøglens fingeraftryk."""
    from dagster_project.lib import opening
    from dagster_project.orchestration.access import require_access

    chosen = places.resolve_home(opening.folder_of(folder, home))
    opening.require_free(chosen)
    require_access(chosen)
    made = opening.make_home(chosen, area)
    show(as_json, made.as_json(), made.text())
