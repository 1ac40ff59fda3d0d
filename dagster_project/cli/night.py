"""Commands of the night: run it, make a synthetic municipality to run it on, watch it.

What belongs here: arguments, exit codes, printing. Dagster is imported only when it is called.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dagster_project import settings as places
from dagster_project.cli.shared import (
    AsOfOption,
    ContractsOption,
    HomeOption,
    JsonOption,
    print_json,
    require_own,
    say,
    settings_of,
)
from dagster_project.cli.speech import Commands
from dagster_project.lib.base.errors import UsageError

commands = Commands()


class UiPart(StrEnum):
    """Which processes `effekt ui` runs: all, or one of the two that units run by themselves."""

    ALL = "all"
    WEB = "web"
    DAEMON = "daemon"


@commands.command()
def run(
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_of: AsOfOption = None,
    earlier: Annotated[
        bool,
        typer.Option("--earlier", help="Udgiv en ældre viden end den, der er udgivet."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Kør nattens job: modtag, beregn, kontrollér og udgiv."""
    import uuid

    from dagster_project.cli import summary
    from dagster_project.orchestration import alarm, dagster_home
    from dagster_project.orchestration.access import require_access

    run_id, date = str(uuid.uuid4()), as_of.date().isoformat() if as_of else None
    chosen = places.find_home(home)
    with alarm.told_if_it_cannot_begin(chosen, run_id, date, is_typed=True):
        require_access(chosen)
        settings = settings_of(home, contracts, as_of, is_earlier=earlier)
        night = dagster_home.run_recorded(settings, run_id)
    for line in alarm.problem_lines(night):
        say(line)
    print_json(night.as_json()) if as_json else summary.print_night(night)
    raise typer.Exit(night.exit_code)


@commands.command()
def demo(
    home: HomeOption = None,
    _contracts: ContractsOption = None,
    area: Annotated[
        str, typer.Option(metavar="KOMMUNE", help="Kommunens navn i statistikken.")
    ] = "Hedensted",
) -> None:
    """Læg en syntetisk kommunes filer i landing/ og dens dato i home.yml."""
    from dagster_project.demo import write_demo
    from dagster_project.lib.base import lock
    from dagster_project.orchestration.access import require_access

    chosen = places.resolve_home(home)
    require_access(chosen)
    chosen.ensure()
    chosen.refuse_open_secrets()
    with lock.hold(chosen.lock_file):
        write_demo(chosen, area)
    print(f"Den syntetiske kommune {area} ligger i {chosen.landing}")


@commands.command()
def ui(
    home: HomeOption = None,
    contracts: ContractsOption = None,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=1, max=65535, help="Port på 127.0.0.1.")
    ] = 3000,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Vis kun: ingen kørsler, ingen tidsplan.")
    ] = False,
    part: Annotated[
        UiPart,
        typer.Option(metavar="DEL", help="Kun én del: web (siderne) eller daemon (tidsplanen)."),
    ] = UiPart.ALL,
) -> None:
    """Vis Dagsters brugerflade på denne maskine (127.0.0.1); Ctrl-C stopper den."""
    from dagster_project.orchestration import ui as server

    require_own(home)
    settings = settings_of(home, contracts)
    if part is UiPart.DAEMON:
        if read_only:
            raise UsageError(
                "--read-only viser kun, og daemon viser intet", remedy="udelad den ene"
            )
        say("Tidsplanen kører, når brugerfladens web-del gør det (Ctrl-C stopper)")
        raise typer.Exit(server.serve_daemon(settings))
    with server.door(settings, port) as door:
        entrance = door.entrance
        print(f"Dagster: {entrance.address}  (Ctrl-C stopper)", flush=True)
        say(
            "Bag organisationens login: kun forespørgsler med proxyens hemmelighed besvares."
            if entrance.is_behind_proxy
            else "Nøglen i adressen gælder, til brugerfladen stopper; giv den ikke videre."
        )
        code = server.serve(settings, door, is_read_only=read_only, has_daemon=part is UiPart.ALL)
    raise typer.Exit(code)
