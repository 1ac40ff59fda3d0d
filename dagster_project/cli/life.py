"""Commands of a settlement's life: each does one step of it and shows the event.

What belongs here: arguments, printing. What does not: who may do what and when (``lib/life``).
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import (
    PERIOD_HELP,
    ActorOption,
    AtTheDesk,
    ContractArgument,
    ContractsOption,
    HomeOption,
    JsonOption,
    PeriodArgument,
    ReasonOption,
    require_own,
    settings_for_work,
    settings_of,
    show,
)
from dagster_project.cli.speech import Commands
from dagster_project.lib.base.errors import EXIT_DIFFERENT, EXIT_OK, UsageError

if TYPE_CHECKING:
    from dagster_project.lib.ledger import Event
    from dagster_project.settings import Settings

_KRONER = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")


commands = Commands()


def _show_event(settings: Settings, event: Event, as_json: bool) -> None:
    """Show the step, write its settlement's documents anew and say where they are."""
    from dagster_project.lib import life
    from dagster_project.lib.base import danish
    from dagster_project.lib.reference import words

    names = [str(path) for path in life.write_documents(settings, event)]
    standing = words.label("standing", "confirmed" if event.is_confirmed else "stated")
    amount = "" if event.amount_dkk is None else f" · {danish.kroner(event.amount_dkk)}"
    text = (
        f"{event.sequence}: {words.label('action', event.action)} · {event.contract_id} · "
        f"{life.period_name(settings, event)} · {event.actor} ({standing}; {event.os_user}){amount}"
    )
    show(as_json, {**event.to_json(), "documents": names}, "\n".join([text, *names]))


@commands.command(cls=AtTheDesk)
def submit(
    contract: ContractArgument,
    period: PeriodArgument,
    actor: ActorOption,
    incomplete: Annotated[
        str | None, typer.Option(metavar="TEKST", help="Indsend trods det, der mangler.")
    ] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leverandøren indsender periodens kladde."""
    from dagster_project.lib import life

    settings = settings_for_work(home, contracts)
    _show_event(settings, life.submit(settings, contract, period, actor, incomplete), as_json)


@commands.command(cls=AtTheDesk)
def verify(
    contract: Annotated[
        str | None, typer.Argument(metavar="CONTRACT", help="Kontrakten; uden: hele mappen.")
    ] = None,
    period: Annotated[str | None, typer.Argument(metavar="PERIOD", help=PERIOD_HELP)] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="FILE", hidden=True)] = None,
    actor: Annotated[
        str | None, typer.Option("--as", metavar="NAVN", help="Navnet på den, der handler.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE…", help="Opgørelser, som parterne har, mod mappens kæder."),
    ] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kommunen efterprøver den indsendte opgørelse; uden opgørelse efterprøves hele mappen."""
    from dagster_project.lib import inspection, life

    if against is not None:
        require_own(home)
        files = [against, *(Path(word) for word in (contract, period) if word), *(more or [])]
        found = inspection.compare_with(settings_of(home, contracts).home, files)
        show(as_json, found.as_json(), found.text())
        raise typer.Exit(found.exit_code)
    if contract is None and actor is None:
        report = inspection.inspect_home(settings_of(home, contracts).home)
        show(as_json, report.as_json(), report.text())
        raise typer.Exit(EXIT_OK if report.is_whole else EXIT_DIFFERENT)
    if contract is None or period is None or more or actor is None:
        raise UsageError("effekt verify CONTRACT PERIOD --as NAVN, eller effekt verify alene")
    settings = settings_for_work(home, contracts)
    _show_event(settings, life.verify(settings, contract, period, actor), as_json)


@commands.command(cls=AtTheDesk)
def approve(
    contract: ContractArgument,
    period: PeriodArgument,
    actor: ActorOption,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kommunen godkender den efterprøvede opgørelse; tallene fryses."""
    from dagster_project.lib import life

    settings = settings_for_work(home, contracts)
    _show_event(settings, life.approve(settings, contract, period, actor), as_json)


@commands.command(cls=AtTheDesk)
def pay(
    contract: ContractArgument,
    period: PeriodArgument,
    actor: ActorOption,
    paid_on: Annotated[
        dt.datetime,
        typer.Option(
            "--paid-on", metavar="ÅÅÅÅ-MM-DD", formats=["%Y-%m-%d"], help="Betalingsdagen."
        ),
    ],
    reference: Annotated[str, typer.Option(metavar="TEKST", help="Betalingens reference.")],
    correct: Annotated[
        bool, typer.Option("--correct", help="Ret dag eller reference af en registreret betaling.")
    ] = False,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Økonomi registrerer udbetalingen, eller retter dens dag og reference; beløbet er godkendt."""
    from dagster_project.lib import life

    step = life.correct if correct else life.pay
    settings = settings_for_work(home, contracts)
    event = step(settings, contract, period, actor, paid_on.date(), reference)
    _show_event(settings, event, as_json)


@commands.command("return", cls=AtTheDesk)
def return_(
    contract: ContractArgument,
    period: PeriodArgument,
    actor: ActorOption,
    reason: ReasonOption,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kommunen sender opgørelsen tilbage som kladde."""
    from dagster_project.lib import life

    settings = settings_for_work(home, contracts)
    _show_event(settings, life.return_(settings, contract, period, actor, reason), as_json)


# an amount below 0 is refused by its rule (3), not taken for an option (2)
@commands.command(cls=AtTheDesk, context_settings={"ignore_unknown_options": True})
def release(
    contract: ContractArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Kroner, højst to decimaler.")],
    actor: ActorOption,
    reason: ReasonOption,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kommunen hæver bevillingen: det, der højst må udbetales."""
    from dagster_project.lib import life

    settings = settings_for_work(home, contracts)
    event = life.release(settings, contract, _kroner(amount), actor, reason)
    _show_event(settings, event, as_json)


def _kroner(text: str) -> Decimal:
    if not _KRONER.fullmatch(text):
        raise UsageError("AMOUNT skal være kroner, med punktum før ørerne, fx 30175 eller 30175.50")
    return Decimal(text)
