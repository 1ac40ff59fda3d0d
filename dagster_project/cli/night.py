"""Commands of the night: run it, make a synthetic municipality to run it on, watch it.

What belongs here: arguments, exit codes, printing. Dagster is imported only when it is called.
"""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project import settings as places
from dagster_project.cli.shared import (
    AsOfOption,
    ContractsOption,
    HomeOption,
    JsonOption,
    print_json,
    say,
    settings_of,
)

commands = typer.Typer()


@commands.command()
def run(
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kør nattens job: modtag, beregn, kontrollér og publicér."""
    from dagster_project.cli import summary
    from dagster_project.orchestration import alert, dagster_home
    from dagster_project.orchestration.failures import without_values

    try:
        night = dagster_home.run_recorded(settings_of(home, contracts, as_of))
    except Exception as error:
        failure = without_values(error, "effekt")
        alert.write_failure(places.resolve_home(home), failure)
        raise failure from None
    for line in summary.problem_lines(night):
        say(line)
    print_json(night.as_json()) if as_json else summary.print_night(night)
    raise typer.Exit(night.exit_code)


@commands.command()
def demo(
    home: HomeOption = None,
    _contracts: ContractsOption = None,
    area: Annotated[str, typer.Option(help="Kommunens navn i statistikken.")] = "Hedensted",
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
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port på 127.0.0.1.")] = 3000,
) -> None:
    """Vis Dagsters brugerflade på denne maskine (127.0.0.1); Ctrl-C stopper den."""
    from dagster_project.orchestration import dagster_home

    print(f"Dagster: http://{dagster_home.LOOPBACK}:{port}  (Ctrl-C stopper)", flush=True)
    raise typer.Exit(dagster_home.serve(settings_of(home, contracts), port))
