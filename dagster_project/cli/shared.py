"""What the families of commands share: options, settings, printing.

What belongs here: an option that two families take. What does not: a command.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dagster_project import settings as places
from dagster_project.settings import Settings

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Kommunens mappe; ellers $EFFEKT_HOME, ellers ./data.")
]
ContractsOption = Annotated[
    Path | None, typer.Option("--contracts", help="Mappe med kontraktfilerne.")
]
AsOfOption = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], help="Forretningsdato; ellers home.yml, ellers i dag."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Skriv resultatet som JSON.")]
ActorOption = Annotated[
    str, typer.Option("--as", metavar="NAVN", help="Navnet på den, der handler.")
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEKST", help="Begrundelsen.")]
ContractArgument = Annotated[
    str, typer.Argument(metavar="CONTRACT", help="Kontraktens contract_id.")
]
PeriodArgument = Annotated[
    str, typer.Argument(metavar="PERIOD", help="Periodens første måned, ÅÅÅÅ-MM.")
]


def settings_of(
    home: Path | None, contracts: Path | None, as_of: dt.datetime | None = None
) -> Settings:
    """The settings that a command's options ask for."""
    return places.resolve(home, contracts, as_of.date() if as_of else None)


def settings_for_work(home: Path | None, contracts: Path | None) -> Settings:
    """The same for a command that acts on the home: brought up to today's format, records whole."""
    from dagster_project.lib import records, upgrade

    settings = settings_of(home, contracts)
    upgrade.bring_up(settings.home)
    records.check(settings.home)
    return settings


def say(text: str) -> None:
    """A line for a person, beside the result."""
    print(text, file=sys.stderr)


def print_json(content: Any) -> None:
    """A result as JSON."""
    print(json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=str))


def show(as_json: bool, content: Any, text: str) -> None:
    """A result as JSON, or as a person reads it."""
    print_json(content) if as_json else print(text)
