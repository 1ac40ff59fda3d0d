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


@commands.command(cls=AtTheDesk)
def dispute(
    contract: ContractArgument,
    period: PeriodArgument,
    course: Annotated[str, typer.Option(metavar="ID", help="Forløbets id på deltagerlisten.")],
    month: Annotated[
        str,
        typer.Option(metavar="ÅÅÅÅ-MM[..ÅÅÅÅ-MM]", help="Måneden, eller den første og den sidste."),
    ],
    wants: Annotated[
        str,
        typer.Option(metavar="paid|unpaid", help="Om måneden skal betales (paid) eller ikke."),
    ],
    actor: ActorOption,
    reason: ReasonOption,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leverandøren eller kommunen gør indsigelse om et forløbs måneder i en godkendt periode."""
    from dagster_project.lib import life

    settings = settings_for_work(home, contracts)
    _show_disputes(
        life.dispute(settings, contract, period, course, month, wants, actor, reason), as_json
    )


@commands.command(cls=AtTheDesk)
def decide(
    dispute: Annotated[
        str,
        typer.Argument(metavar="DISPUTE", help="Indsigelsens id; flere: kontrakt-12..14."),
    ],
    actor: ActorOption,
    reason: ReasonOption,
    uphold: Annotated[bool, typer.Option("--uphold", help="Giv medhold.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Afvis.")] = False,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kommunen afgør en indsigelse; medhold flytter månedens beløb fra næste kørsel."""
    from dagster_project.lib import life

    if uphold is reject:
        raise UsageError("skriv enten --uphold (medhold) eller --reject (afvis)")
    settings = settings_for_work(home, contracts)
    _show_disputes(life.decide(settings, dispute, actor, reason, uphold=uphold), as_json)


def _show_disputes(events: list[Event], as_json: bool) -> None:
    """Show the disputes that were opened or decided; they change the state of no settlement."""
    from dagster_project.lib import life
    from dagster_project.lib.base import danish
    from dagster_project.lib.reference import words

    name = life.name_of(events)
    lines = []
    for event in events:
        standing = words.label("standing", "confirmed" if event.is_confirmed else "stated")
        what = words.label("action", event.action)
        if event.outcome:
            what += f": {words.label('dispute_outcome', event.outcome)}"
        if event.month and event.wants:
            what += f": {danish.month(event.month)}, {words.label('dispute_wants', event.wants)}"
        amount = "" if event.amount_dkk is None else f" · {danish.kroner(event.amount_dkk)}"
        lines.append(
            f"{event.sequence}: {event.dispute_id or life.name_of([event])} · {what} · "
            f"{event.actor} ({standing}; {event.os_user}){amount}"
        )
    told = {"dispute_id": name, "events": [event.to_json() for event in events]}
    show(as_json, told, "\n".join(lines))


def _kroner(text: str) -> Decimal:
    if not _KRONER.fullmatch(text):
        raise UsageError("AMOUNT skal være kroner, med punktum før ørerne, fx 30175 eller 30175.50")
    return Decimal(text)
