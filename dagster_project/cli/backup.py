"""Commands of backup and restore.

What belongs here: arguments, printing. What does not: the archive (``lib/backup``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project import settings as places
from dagster_project.cli.shared import (
    ContractsOption,
    HomeOption,
    JsonOption,
    require_own,
    settings_of,
    show,
)
from dagster_project.cli.speech import Commands

commands = Commands()
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Sikkerhedskopien, eller en mappe til den.")
]


@commands.command()
def backup(
    file: FileArgument,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Skriv en krypteret sikkerhedskopi af alt, der ikke kan beregnes igen."""
    from dagster_project.lib import backup as backups

    require_own(home)
    settings = settings_of(home, contracts)
    settings.home.refuse_open_secrets()
    made = backups.make_backup(settings, file)
    show(as_json, made.as_json(), made.text())


@commands.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sikkerhedskopien.")],
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Mappen: tom, eller en, der ikke findes endnu."),
    ],
    identity: Annotated[
        Path,
        typer.Option(metavar="KEYFILE", help="Filen med den private nøgle (age-keygen)."),
    ],
    home: HomeOption = None,
    contracts: ContractsOption = None,  # noqa: ARG001 - every command takes both
    as_json: JsonOption = False,
) -> None:
    """Læg en sikkerhedskopi tilbage som en kommunes mappe, og efterprøv den."""
    from dagster_project.lib import backup as backups
    from dagster_project.lib import opening

    chosen = places.resolve_home(opening.folder_of(folder, home))
    made = backups.restore(file.expanduser(), chosen, identity.expanduser())
    show(as_json, made.as_json(), made.text())
