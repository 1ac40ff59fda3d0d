"""What the families of commands share: options, settings, printing.

What belongs here: an option that two families take. What does not: a command.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperOption

from dagster_project import settings as places
from dagster_project.cli.speech import DanishCommand
from dagster_project.lib.base import users
from dagster_project.lib.base.errors import EXIT_FAILED, EffektError, NotAllowedError, UsageError
from dagster_project.lib.desk import caller
from dagster_project.lib.desk.messages import Order
from dagster_project.lib.nights import alerts
from dagster_project.settings import Settings

PERIOD_HELP = "Periodens første måned (2023-01) eller navn (2023-K1)."
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", metavar="MAPPE", help="Kommunens mappe; ellers $EFFEKT_HOME, ellers ./data."
    ),
]
ContractsOption = Annotated[
    Path | None, typer.Option("--contracts", metavar="MAPPE", help="Mappe med kontraktfilerne.")
]
AsOfOption = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of",
        metavar="ÅÅÅÅ-MM-DD",
        formats=["%Y-%m-%d"],
        help="Forretningsdato; ellers home.yml, ellers i dag.",
    ),
]
SnapshotDayOption = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of",
        metavar="ÅÅÅÅ-MM-DD",
        formats=["%Y-%m-%d"],
        help="En dag, der ikke ligger efter det udgivnes; ellers det udgivnes egen.",
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
PeriodArgument = Annotated[str, typer.Argument(metavar="PERIOD", help=PERIOD_HELP)]


_SENT_KINDS = (str, bool, dt.datetime)


class AtTheDesk(DanishCommand):
    """A person's command: where its user does not own the home, the home's desk does it.

    Rules: F.desk.
    """

    @property
    def sent(self) -> dict[str, TyperArgument | TyperOption]:
        """The arguments that may be sent, by name: one text, day or flag each, and none a path."""
        known = (p for p in self.params if isinstance(p, (TyperArgument, TyperOption)))
        return {str(p.name): p for p in known if p.type_descriptor.annotation in _SENT_KINDS}

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override] # typer's own context
        """Do it here, or have it done at the desk and end as it ended there."""
        given = {name: value for name, value in ctx.params.items() if value not in (None, ())}
        files = {name for name in given if name not in self.sent} - {"home", "contracts"}
        named = Path(given["home"]) if "home" in given else None
        if files or not users.is_stranger_to(places.resolve_home(named).root):
            return super().invoke(ctx)
        home = places.find_home(named)
        if "contracts" in given:
            raise UsageError("skranken har sine egne kontrakter", remedy="udelad --contracts")
        answer = caller.ask(home, self.order(given))
        sys.stdout.write(answer.out)
        sys.stderr.write(answer.err)
        raise typer.Exit(answer.exit_code)

    def order(self, given: Mapping[str, Any]) -> Order:
        """The order that says what was typed."""
        texts = {name: _as_typed(given[name]) for name in self.sent if name in given}
        return Order(str(self.name), texts)

    def words(self, order: Order, settings: Settings) -> list[str]:
        """The command line of an order that came to the desk of these settings.

        Raises:
            ValueError: it has an argument that may not be sent, or of another kind.
        """
        options, places_ = [], []
        for name, value in order.arguments.items():
            param = self.sent.get(name)
            if param is None or isinstance(value, bool) is not _is_flag(param):
                raise ValueError("no such argument")
        for name, param in self.sent.items():
            value = order.arguments.get(name, False)
            if isinstance(param, TyperArgument) and isinstance(value, str):
                places_.append(value)
            elif value is True:
                options.append(param.opts[-1])
            elif isinstance(value, str):
                options.append(f"{param.opts[-1]}={value}")
        folders = [f"--home={settings.home.root}", f"--contracts={settings.contracts_dir}"]
        return [str(self.name), *options, *folders, "--", *places_]


def _is_flag(param: TyperArgument | TyperOption) -> bool:
    return isinstance(param, TyperOption) and bool(param.is_flag)


def _as_typed(value: Any) -> str | bool:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return value if isinstance(value, bool) else str(value)


def end_with(run: Callable[[], Any]) -> None:
    """Run commands and end with their exit code; nothing that fails shows a value."""
    from dagster_project.orchestration.failures import without_values

    try:
        run()
    except EffektError as error:
        say(str(error))
        code = error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        code = EXIT_FAILED
    except Exception as error:  # the last resort: an unforeseen failure ends without its text
        say(str(without_values(error, "effekt")))
        code = EXIT_FAILED
    sys.exit(code)


def settings_of(
    home: Path | None,
    contracts: Path | None,
    as_of: dt.datetime | None = None,
    *,
    is_earlier: bool = False,
) -> Settings:
    """The settings that a command's options ask for; a run that was killed in the home is told."""
    date = as_of.date() if as_of else None
    settings = places.resolve(home, contracts, date, is_earlier=is_earlier)
    alerts.tell_left(settings.home)
    return settings


def settings_for_work(
    home: Path | None, contracts: Path | None, as_of: dt.datetime | None = None
) -> Settings:
    """The same for a command that acts on the home: brought up to today's format, records whole."""
    from dagster_project.lib import records, upgrade

    settings = settings_of(home, contracts, as_of)
    upgrade.bring_up(settings.home)
    records.check(settings.home)
    return settings


def require_own(home: Path | None) -> None:
    """The home is the user's own: what the desk does not do, its owner does.

    Call it before anything of the home is opened.

    Raises:
        UsageError: ``NO_HOME`` (exit 2).
        NotAllowedError: ``HOME_NOT_YOURS`` (exit 3).
    """
    if users.is_stranger_to(places.find_home(home).root):
        raise NotAllowedError(
            "HOME_NOT_YOURS",
            f"{users.acting().name} ejer ikke denne mappe, og kommandoen gøres ikke ved skranken",
            remedy="bed mappens bruger om at køre den (sudo -u BRUGER)",
        )


@contextmanager
def open_to_reader(home: Path | None) -> Iterator[None]:
    """Reading of a home that may be another's, as far as its owner has opened it.

    Raises:
        NotAllowedError: ``HOME_NOT_YOURS`` (exit 3).
    """
    try:
        yield
    except PermissionError:
        require_own(home)
        raise


def say(text: str) -> None:
    """A line for a person, beside the result."""
    print(text, file=sys.stderr)


def print_json(content: Any) -> None:
    """A result as JSON."""
    print(json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=str))


def show(as_json: bool, content: Any, text: str) -> None:
    """A result as JSON, or as a person reads it."""
    print_json(content) if as_json else print(text)
