"""Commands of a settlement's life: each does one step of it and shows the event.

What belongs here: arguments, printing. What does not: who may do what and when (``lib/life``).
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import (
    ActorOption,
    AtTheDesk,
    ContractArgument,
    ContractsOption,
    HomeOption,
    JsonOption,
    PeriodArgument,
    ReasonOption,
    settings_of,
    show,
)
from dagster_project.lib.base.errors import UsageError

if TYPE_CHECKING:
    from dagster_project.lib.ledger import Event

_KRONER = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")


commands = typer.Typer()


def _show_event(event: Event, as_json: bool) -> None:
    from dagster_project.lib.base import danish
    from dagster_project.lib.reference import words

    standing = words.label("standing", "confirmed" if event.is_confirmed else "stated")
    amount = "" if event.amount_dkk is None else f" · {danish.kroner(event.amount_dkk)}"
    text = (
        f"{event.sequence}: {words.label('action', event.action)} · {event.contract_id} · "
        f"{event.period_start:%Y-%m} · {event.actor} ({standing}; {event.os_user}){amount}"
    )
    show(as_json, event.to_json(), text)


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

    settings = settings_of(home, contracts)
    _show_event(life.submit(settings, contract, period, actor, incomplete), as_json)


@commands.command(cls=AtTheDesk)
def verify(
    contract: ContractArgument,
    period: PeriodArgument,
    actor: ActorOption,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kommunen efterprøver den indsendte opgørelse."""
    from dagster_project.lib import life

    _show_event(life.verify(settings_of(home, contracts), contract, period, actor), as_json)


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

    _show_event(life.approve(settings_of(home, contracts), contract, period, actor), as_json)


@commands.command(cls=AtTheDesk)
def pay(
    contract: ContractArgument,
    period: PeriodArgument,
    actor: ActorOption,
    paid_on: Annotated[
        dt.datetime, typer.Option("--paid-on", formats=["%Y-%m-%d"], help="Betalingsdagen.")
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
    settings = settings_of(home, contracts)
    _show_event(step(settings, contract, period, actor, paid_on.date(), reference), as_json)


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

    _show_event(
        life.return_(settings_of(home, contracts), contract, period, actor, reason), as_json
    )


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
    """Kommunen hæver det bevilgede maksimum."""
    from dagster_project.lib import life

    settings = settings_of(home, contracts)
    _show_event(life.release(settings, contract, _kroner(amount), actor, reason), as_json)


def _kroner(text: str) -> Decimal:
    if not _KRONER.fullmatch(text):
        raise UsageError("AMOUNT must be kroner, for example 30175 or 30175.50")
    return Decimal(text)
