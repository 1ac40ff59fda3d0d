"""Commands of received files: check one, write a template, open or withdraw a delivery.

What belongs here: arguments, exit codes, printing. What does not: a rule of receiving.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dagster_project import settings as places
from dagster_project.cli.shared import (
    ActorOption,
    AsOfOption,
    AtTheDesk,
    ContractsOption,
    HomeOption,
    JsonOption,
    ReasonOption,
    open_to_reader,
    settings_for_work,
    settings_of,
    show,
)
from dagster_project.cli.speech import Commands
from dagster_project.lib.base.errors import EXIT_REFUSED, EffektError, UsageError
from dagster_project.settings import Settings

commands = Commands()


@commands.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Filen, der skal prøves.")],
    source: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Filens kilde, hvad filen end hedder."),
    ] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prøv en fil med kildens regler, uden at modtage den; eller en kontraktfil (.yml)."""
    from dagster_project.lib import receiving

    chosen = places.resolve_home(home)
    if not chosen.is_home:
        named = frozenset(path.stem for path in contracts.glob("*.yml")) if contracts else None
        report = receiving.check_file(file, named or None, source_name=source)
    else:
        with open_to_reader(home):
            settings = settings_of(home, contracts)
            known, why = _contract_ids(settings)
        report = receiving.check_file(
            file, known, chosen.sources, source_name=source, area=settings.area
        )
        report = replace(report, why_unchecked=why)
    show(as_json, report.as_json(), report.text())
    raise typer.Exit(0 if report.is_accepted else EXIT_REFUSED)


def _contract_ids(settings: Settings) -> tuple[frozenset[str] | None, str]:
    """Contracts that a file may name: those that the home's next run loads, or why there is none.

    A contract that cannot be loaded ends a run, and leaves a file of the register to be checked.
    """
    from dagster_project.lib.contracts import load_contracts

    try:
        terms = load_contracts(settings.contracts_dir, settings.area)
    except EffektError as error:
        return None, f"mappens kontrakter kan ikke indlæses ({error.code}: {error.message})"
    return frozenset(item.contract_id for item in terms), ""


@commands.command()
def template(
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="Kildens navn; med --all en mappe.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Leverandørens pakke: alle skabeloner og en vejledning.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="MAPPE", help="Mappen, som skabelonen lægges i; ellers denne."),
    ] = None,
    sender: Annotated[
        str | None, typer.Option(metavar="NAVN", help="Afsenderen, hvis filer den er til.")
    ] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,  # noqa: ARG001 - every command takes both
) -> None:
    """Skriv en kildes skabelon: overskrifter, en eksempelrække og en forklaring af hver kolonne."""
    from dagster_project.lib import receiving

    chosen = places.resolve_home(home)
    overlays = chosen.sources if chosen.is_home else None
    if everything and (source is None or folder is None):
        with open_to_reader(home):
            written = receiving.write_package(folder or Path(source or ""), overlays, sender)
    elif source is None or everything:
        raise UsageError("effekt template SOURCE, eller effekt template --all MAPPE")
    else:
        with open_to_reader(home):
            written = receiving.write_template(source, folder or Path(), overlays, sender)
    for path in written:
        print(path)


@commands.command(cls=AtTheDesk)
def accept(
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="Leveringens sha256.")],
    check_id: Annotated[
        str, typer.Argument(metavar="CHECK", help="Kontrollen: row_count eller figure.")
    ],
    actor: ActorOption,
    reason: ReasonOption,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Luk en tilbageholdt levering ind."""
    from dagster_project.lib import receiving

    note = receiving.accept_delivery(
        settings_for_work(home, contracts), sha256, check_id, actor, reason
    )
    show(as_json, note.as_json(), f"{note.file_name} er lukket ind; kør effekt run")


@commands.command(cls=AtTheDesk)
def withdraw(
    sha256: Annotated[
        str, typer.Argument(metavar="SHA256", help="Leveringens sha256 eller delivery_id.")
    ],
    actor: ActorOption,
    reason: ReasonOption,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Træk en modtaget levering tilbage: fra forretningsdatoen regnes den ikke med."""
    from dagster_project.lib import publishing, receiving

    settings = settings_for_work(home, contracts, as_of)
    date = publishing.date_of_decision(settings, as_of.date() if as_of else None)
    notes = receiving.withdraw_delivery(settings, sha256, actor, reason, date)
    told = {"as_of_date": date, "deliveries": [note.as_json() for note in notes]}
    names = ", ".join(note.file_name for note in notes)
    show(as_json, told, f"{names} er trukket tilbage fra og med {date}; kør effekt run")
