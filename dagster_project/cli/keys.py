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
    name: Annotated[
        Literal["statement", "vault"],
        typer.Argument(metavar="KEY", help="Nøglens navn: „statement“ eller „vault“."),
    ],
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lav en ny nøgle: til opgørelserne („statement“) eller til de modtagne filer („vault“).

    Det, tidligere nøgler har underskrevet, gælder fortsat. Modtagne filer krypteres på ny;
    bliver kommandoen afbrudt, så giv den igen.
    """
    from dagster_project.lib import records
    from dagster_project.lib.base import lock
    from dagster_project.lib.keys import statement_key
    from dagster_project.lib.trace import side_home
    from dagster_project.orchestration.access import require_access

    require_own(home)
    require_access(places.find_home(home))
    own = settings_for_work(home, contracts).home
    own.refuse_open_secrets()
    if name == "vault":
        with lock.hold(own.lock_file):
            side_home.require_unused(own)
            count = records.rotate_vault_key(own)
        told = f"{count} modtagne filer er krypteret med en ny nøgle.\n"
        show(
            as_json,
            {"files": count},
            told + "Gem en kopi af den, og behold den gamle til gamle kopier.",
        )
        return
    with lock.hold(own.lock_file):
        key = statement_key.rotate_statement_key(own)
    text = f"Den nye nøgles fingeraftryk: {key.fingerprint}\nOplys parterne om det."
    show(as_json, {"key_fingerprint": key.fingerprint}, text)
