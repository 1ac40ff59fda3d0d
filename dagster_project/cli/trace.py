"""Commands of evidence: statements, where a krone comes from, an approved period again.

What belongs here: arguments, exit codes, printing. dbt is imported only when a replay is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.shared import (
    PERIOD_HELP,
    AtTheDesk,
    ContractArgument,
    ContractsOption,
    HomeOption,
    JsonOption,
    PeriodArgument,
    print_json,
    settings_for_work,
    show,
)
from dagster_project.cli.speech import Commands
from dagster_project.lib.base.errors import EXIT_DIFFERENT, UsageError

commands = Commands()


@commands.command(cls=AtTheDesk)
def statement(
    contract: Annotated[
        str | None, typer.Argument(metavar="CONTRACT", help="Kontraktens contract_id.")
    ] = None,
    period: Annotated[str | None, typer.Argument(metavar="PERIOD", help=PERIOD_HELP)] = None,
    provider: Annotated[
        bool, typer.Option("--provider", help="Bilaget med leverandørens egne forløb.")
    ] = False,
    document: Annotated[
        Path | None, typer.Option("--verify", metavar="FILE", help="Efterprøv et dokument.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="FINGERPRINT", help="Nøglens fingeraftryk fra kommunen."),
    ] = None,
    annex: Annotated[
        Path | None, typer.Option("--annex", metavar="FILE", help="Bilaget med linjerne (JSON).")
    ] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Skriv periodens opgørelse, eller efterprøv en (--verify) uden adgang til kommunens mappe."""
    from dagster_project.lib import statement as documents

    if document is not None:
        verdict = documents.authenticate(document, key, annex)
        show(as_json, verdict.as_json(), verdict.text())
        raise typer.Exit(verdict.exit_code)
    if contract is None or period is None or key or annex:
        raise UsageError("effekt statement CONTRACT PERIOD, eller effekt statement --verify FILE")
    paths = documents.write_statement(
        settings_for_work(home, contracts), contract, period, provider=provider
    )
    names = [str(path) for path in paths]
    show(as_json, names, "\n".join(names))


@commands.command(cls=AtTheDesk)
def why(
    contract: ContractArgument,
    period: PeriodArgument,
    course: Annotated[str | None, typer.Option(metavar="ID", help="Et forløb.")] = None,
    month: Annotated[str | None, typer.Option(metavar="ÅÅÅÅ-MM", help="En måned.")] = None,
    html: Annotated[
        bool, typer.Option("--html", help="Skriv forløbets side, og sig, hvor den ligger.")
    ] = False,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Følg en krone: beløb, paragraf, personmåned, fil, række."""
    from dagster_project.lib.trace import why as evidence

    settings = settings_for_work(home, contracts)
    answer = evidence.explain(settings, contract, period, course, month)
    if html:
        from dagster_project.lib import pages

        if course is None:
            raise UsageError("--html skriver siden for ét forløb", remedy="angiv det med --course")
        path = str(pages.write_course(settings, contract, course))
        show(as_json, {**answer.as_json(), "page": path}, path)
        return
    print_json(answer.as_json()) if as_json else answer.print()


@commands.command(cls=AtTheDesk)
def replay(
    contract: ContractArgument,
    period: PeriodArgument,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Beregn en godkendt periode forfra af det, den blev godkendt på, og sammenlign."""
    from dagster_project.lib.trace import replay as replays
    from dagster_project.orchestration.dbt_runner import run_selected

    verdict = replays.replay(settings_for_work(home, contracts), contract, period, run_selected)
    show(as_json, verdict.as_json(), verdict.text())
    raise typer.Exit(0 if verdict.is_identical else EXIT_DIFFERENT)
