"""Commands over all homes below a folder: their nights, and one table.

What belongs here: arguments, exit codes, printing. What does not: finding homes (``lib.fleet``),
running them (``orchestration.fleet``).

Rules: P.fleet.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import (
    AsOfOption,
    ContractsOption,
    HomeOption,
    JsonOption,
    print_json,
    say,
)
from dagster_project.cli.speech import Commands
from dagster_project.lib.base.errors import (
    EXIT_FAILED,
    EXIT_HELD,
    EXIT_OK,
    EXIT_REFUSED,
    EXIT_USAGE,
    UsageError,
)

if TYPE_CHECKING:
    from dagster_project.lib.fleet import Fleet, Standing
    from dagster_project.orchestration.fleet import Ran

commands = Commands(help="Mange kommuner på én gang: hver kommunes mappe under en mappe.")

FolderArgument = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Mappen over kommunernes mapper: hver med en home.yml."),
]
_WIDTH = 150
_NONE = "–"
_ENDED = {
    EXIT_OK: "udgivet",
    EXIT_REFUSED: "udgivet, men leveringer blev afvist",
    EXIT_HELD: "en kontrol holdt udgivelsen tilbage",
    EXIT_FAILED: "kørslen fejlede",
    EXIT_USAGE: "kunne ikke køres sådan",
}


@commands.command()
def run(
    folder: FolderArgument,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            metavar="ANTAL",
            min=1,
            max=256,
            help="Hvor mange kommuner der køres samtidig.",
        ),
    ] = 1,
    as_of: AsOfOption = None,
    home: HomeOption = None,  # noqa: ARG001 - every command takes both
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kør nattens job i hver kommunes mappe under DIR.

    Hver mappe køres for sig, med sin egen lås og alarm; en, der fejler, standser ingen andre.

    Slutkoden er den værste: 1 (en kørsel fejlede), ellers 4, ellers 3, ellers 0.
    """
    from dagster_project import settings as places
    from dagster_project.lib import fleet as homes
    from dagster_project.orchestration import fleet

    if as_of is not None and as_of.date() > places.today():
        raise UsageError("datoen ligger efter i dag", remedy="angiv i dag eller en tidligere dag")
    found = homes.find(folder)
    _tell_unsearched(found)
    options = [f"--as-of={as_of.date().isoformat()}"] if as_of is not None else []
    if contracts is not None:
        options.append(f"--contracts={contracts.expanduser().absolute()}")
    ran = fleet.run(found.members, jobs, options, _tell)
    is_cut_short = len(ran) < len(found.members)
    if is_cut_short:
        say(f"Afbrudt: {len(found.members) - len(ran)} kommuner er ikke kørt til ende")
    if as_json:
        print_json([item.as_json() for item in ran])
    else:
        _print_nights(ran)
    codes = [item.exit_code for item in ran]
    codes += [EXIT_FAILED] * bool(is_cut_short or not found.is_whole)
    raise typer.Exit(fleet.exit_code(codes))


@commands.command()
def status(
    folder: FolderArgument,
    home: HomeOption = None,  # noqa: ARG001 - every command takes both
    contracts: ContractsOption = None,  # noqa: ARG001
    as_json: JsonOption = False,
) -> None:
    """Vis alle kommuner under DIR i én tabel: hvad er udgivet, siden hvornår, og hvad er galt."""
    from dagster_project.lib import fleet as homes

    found = homes.find(folder)
    _tell_unsearched(found)
    rows = [homes.standing(member) for member in found.members]
    if as_json:
        print_json([row.as_json() for row in rows])
    else:
        _print_standings(rows)
    is_whole = found.is_whole and all(row.problem is None for row in rows)
    raise typer.Exit(EXIT_OK if is_whole else EXIT_FAILED)


def _tell_unsearched(found: Fleet) -> None:
    for name in found.closed:
        say(f"LUKKET {name}: mappen kan ikke læses, så kommuner i den er ikke med")
    for name in found.lost:
        say(f"UDEN home.yml {name}: en kommunes mappe, der mangler filen og ikke er med")
    for name in found.links:
        say(f"LINK {name}: fører ikke til en kommunes mappe og er ikke fulgt")


def _tell(ran: Ran) -> None:
    """One home's night, as it ends: what it told, with the home's name before each line."""
    for line in ran.lines:
        say(f"{ran.member.name}: {line}")
    print(f"{ran.member.name}: {_ENDED.get(ran.exit_code, _ENDED[EXIT_FAILED])}", file=sys.stderr)


def _print_nights(ran: list[Ran]) -> None:
    rows = [
        (
            item.member.name,
            "uændret" if item.report.get("is_unchanged") else _ENDED.get(item.exit_code, ""),
            str(item.exit_code),
            str(item.report.get("as_of_date") or _NONE),
            str(item.report.get("snapshot_id") or _NONE),
            str(len(item.report.get("refused", ())) or _NONE),
            str(len(item.report.get("held", ())) or _NONE),
            f"{item.seconds:.0f}",
        )
        for item in ran
    ]
    headings = ("Mappe", "Udfald", "Kode", "Dato", "Øjebliksbillede", "Afvist", "Tilbageholdt", "s")
    _print_table("Nattens kørsler", headings, rows)


def _print_standings(standings: list[Standing]) -> None:
    rows = [
        (
            item.home,
            item.area or _NONE,
            item.as_of_date or _NONE,
            _time(item.published_at),
            _time(item.confirmed_at),
            item.snapshot_id or _NONE,
            "kører nu" if item.is_running else _NONE,
            _alert_words(item),
        )
        for item in standings
    ]
    headings = (
        "Mappe", "Kommune", "Data til", "Udgivet", "Bekræftet", "Øjebliksbillede", "Nu", "Alarm"
    )  # fmt: skip
    _print_table("Alle kommuner", headings, rows)


def _time(text: str | None) -> str:
    return (text or _NONE)[:16].replace("T", " ")


def _alert_words(item: Standing) -> str:
    if item.problem is not None:
        return f"kan ikke læses: {item.problem}"
    if item.alert_exit_code is None:
        return _NONE
    return " ".join([str(item.alert_exit_code), *item.alert_codes])


def _print_table(title: str, headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _WIDTH
    Console(highlight=False, markup=False, width=width).print(table)
