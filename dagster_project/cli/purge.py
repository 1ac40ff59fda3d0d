"""The command ``effekt purge``: removing what no contract inside its retention needs.

What belongs here: arguments, printing. What does not: which files go (``lib/purge``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.cli.shared import (
    ActorOption,
    AtTheDesk,
    ContractsOption,
    HomeOption,
    JsonOption,
    ReasonOption,
    settings_for_work,
    show,
)
from dagster_project.cli.speech import Commands

commands = Commands()


@commands.command(cls=AtTheDesk)
def purge(
    actor: ActorOption,
    reason: ReasonOption,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Vis kun, hvad der ville blive fjernet.")
    ] = False,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fjern modtagne filer og bilag, som ingen kontrakt inden for sin opbevaring behøver."""
    from dagster_project.lib import purge as purging

    done = purging.purge(settings_for_work(home, contracts), actor, reason, is_dry=dry_run)
    show(as_json, done.as_json(), done.text())
