"""The command of the desk, at which people of other operating-system users act.

What belongs here: which commands the desk does (those of the class ``AtTheDesk``). What does not:
the socket (``lib/desk``).
"""

from __future__ import annotations

from collections.abc import Callable

import typer
from typer.core import TyperGroup

from dagster_project.cli.shared import (
    AtTheDesk,
    ContractsOption,
    HomeOption,
    end_with,
    require_own,
    say,
    settings_of,
)
from dagster_project.cli.speech import Commands
from dagster_project.lib.desk.messages import Order

commands = Commands()


@commands.command()
def desk(
    context: typer.Context, home: HomeOption = None, contracts: ContractsOption = None
) -> None:
    """Betjen kommunens medarbejdere, som hver især er logget ind som sig selv; Ctrl-C stopper."""
    from dagster_project.lib.base.errors import UsageError
    from dagster_project.lib.desk import server

    require_own(home)
    settings = settings_of(home, contracts)
    if not settings.home.published.is_dir():
        raise UsageError("her er ingen kommunes mappe endnu", remedy="kør `effekt run` først")
    root = context.find_root().command

    def understand(order: Order) -> Callable[[], None]:
        command = root.commands.get(order.command) if isinstance(root, TyperGroup) else None
        if not isinstance(command, AtTheDesk):
            raise ValueError("no such order")  # noqa: TRY004 - what the caller said is wrong
        words = command.words(order, settings)
        return lambda: end_with(lambda: root.main(words, prog_name="effekt"))

    say(f"Skranken er åben: {settings.home.root}")
    server.serve(settings.home, understand)
