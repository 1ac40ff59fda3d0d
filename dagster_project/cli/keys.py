"""Commands of a home's keys.

What belongs here: arguments, printing. What does not: the keys (``lib/keys``).
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from dagster_project import settings as places
from dagster_project.cli.shared import (
    ContractsOption,
    HomeOption,
    JsonOption,
    require_own,
    settings_for_work,
    show,
)
from dagster_project.cli.speech import Commands

commands = Commands()


@commands.command("rotate-key")
def rotate_key(
    _name: Annotated[
        Literal["statement"], typer.Argument(metavar="KEY", help="Nøglens navn: „statement“.")
    ],
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lav en ny nøgle; det, de tidligere har underskrevet, gælder fortsat."""
    from dagster_project.lib.base import lock
    from dagster_project.lib.keys import statement_key
    from dagster_project.orchestration.access import require_access

    require_own(home)
    require_access(places.find_home(home))
    own = settings_for_work(home, contracts).home
    own.refuse_open_secrets()
    with lock.hold(own.lock_file):
        key = statement_key.rotate_statement_key(own)
    text = f"Den nye nøgles fingeraftryk: {key.fingerprint}\nOplys parterne om det."
    show(as_json, {"key_fingerprint": key.fingerprint}, text)
