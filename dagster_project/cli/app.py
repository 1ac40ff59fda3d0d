"""``effekt``: the console command, one thin function per command (00-product.md).

What belongs here: arguments, exit codes, printing. What does not: what decides or computes.
Only ``run``, ``replay`` and ``ui`` import Dagster or dbt, and only when they are called.
"""

from __future__ import annotations

import atexit
import datetime as dt
import json
import os
import re
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dagster_project import settings as places
from dagster_project.lib.base.errors import (
    EXIT_DIFFERENT,
    EXIT_FAILED,
    EXIT_OK,
    EXIT_REFUSED,
    EffektError,
    UsageError,
)
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.lib.ledger import Event

app = typer.Typer(
    name="effekt",
    help="Effektafregning: fra modtagne filer til kommunens udbetalingsmart.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

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

_KRONER = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")


def main() -> None:
    """Run ``effekt`` and end with its exit code; nothing that fails shows a value."""
    from dagster_project.orchestration import night as nightly

    nightly.harden()
    try:
        app()
    except EffektError as error:
        _say(str(error))
        code = error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        code = EXIT_FAILED
    except Exception as error:  # the last resort: an unforeseen failure ends without its text
        _say(str(nightly.without_values(error, "effekt")))
        code = EXIT_FAILED
    sys.exit(code)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _print_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=str))


def _settings(
    home: Path | None, contracts: Path | None, as_of: dt.datetime | None = None
) -> Settings:
    return places.resolve(home, contracts, as_of.date() if as_of else None)


# the night ----------------------------------------------------------------------------------------


@app.command()
def run(
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kør nattens job: modtag, beregn, kontrollér og publicér."""
    from dagster_project.cli import summary
    from dagster_project.orchestration import alert, dagster_home
    from dagster_project.orchestration import night as nightly

    try:
        settings = _settings(home, contracts, as_of)
        report = dagster_home.run_recorded(settings)
    except Exception as error:
        failure = nightly.without_values(error, "effekt")
        alert.write_failure(places.resolve_home(home), failure)
        raise failure from None
    for line in summary.problem_lines(report):
        _say(line)
    if as_json:
        _print_json(report.as_json())
    else:
        summary.print_report(report)
    raise typer.Exit(report.exit_code)


@app.command()
def demo(
    home: HomeOption = None,
    _contracts: ContractsOption = None,
    area: Annotated[str, typer.Option(help="Kommunens navn i statistikken.")] = "Hedensted",
) -> None:
    """Læg en syntetisk kommunes filer i landing/ og dens dato i home.yml."""
    from dagster_project.demo import write_demo
    from dagster_project.lib.base import lock

    chosen = places.resolve_home(home).ensure()
    chosen.refuse_open_secrets()
    with lock.hold(chosen.lock_file):
        write_demo(chosen, area)
    print(f"Den syntetiske kommune {area} ligger i {chosen.landing}")


@app.command()
def ui(
    home: HomeOption = None,
    contracts: ContractsOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port på 127.0.0.1.")] = 3000,
) -> None:
    """Vis Dagsters brugerflade på denne maskine (127.0.0.1); Ctrl-C stopper den."""
    from dagster_project.orchestration import dagster_home

    print(f"Dagster: http://{dagster_home.LOOPBACK}:{port}  (Ctrl-C stopper)", flush=True)
    raise typer.Exit(dagster_home.serve(_settings(home, contracts), port))


# received files -----------------------------------------------------------------------------------


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Filen, der skal prøves.")],
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prøv en fil med kildens regler, uden at modtage den."""
    from dagster_project.lib import receiving

    report = receiving.check_file(file, _contract_ids(_settings(home, contracts)))
    if as_json:
        _print_json(report.as_json())
    else:
        print(report.text())
    raise typer.Exit(0 if report.is_accepted else EXIT_REFUSED)


def _contract_ids(settings: Settings) -> frozenset[str]:
    """Contracts that a file may name: the home's, or all where no home says which are its own."""
    from dagster_project.lib.contracts import load_contracts

    named = frozenset(path.stem for path in settings.contracts_dir.glob("*.yml"))
    if settings.area is None and named:
        return named
    terms = load_contracts(settings.contracts_dir, settings.area)
    return frozenset(item.contract_id for item in terms)


@app.command()
def template(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Kildens navn.")],
    folder: Annotated[Path, typer.Option(help="Mappen, som skabelonen lægges i.")] = Path(),
    home: HomeOption = None,  # noqa: ARG001 - every command takes both (00-product.md)
    contracts: ContractsOption = None,  # noqa: ARG001
) -> None:
    """Skriv en kildes skabelon: overskrifter, en eksempelrække og en forklaring af hver kolonne."""
    from dagster_project.lib import receiving

    for path in receiving.write_template(source, folder):
        print(path)


@app.command()
def accept(
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="Leveringens sha256.")],
    check_id: Annotated[str, typer.Argument(metavar="CHECK", help="Kontrollen: row_count.")],
    actor: ActorOption,
    reason: ReasonOption,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Luk en tilbageholdt levering ind."""
    from dagster_project.lib import receiving

    note = receiving.accept_delivery(
        _settings(home, contracts).home, sha256, check_id, actor, reason
    )
    if as_json:
        _print_json(note.as_json())
    else:
        print(f"{note.file_name} er lukket ind; kør effekt run")


# the life of a settlement -------------------------------------------------------------------------


def _show_event(event: Event, as_json: bool) -> None:
    if as_json:
        _print_json(event.to_json())
        return
    from dagster_project.lib.base import danish
    from dagster_project.lib.reference import words

    amount = "" if event.amount_dkk is None else f" · {danish.kroner(event.amount_dkk)}"
    print(
        f"{event.sequence}: {words.label('action', event.action)} · {event.contract_id} · "
        f"{event.period_start:%Y-%m} · {event.actor}{amount}"
    )


@app.command()
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

    _show_event(
        life.submit(_settings(home, contracts), contract, period, actor, incomplete), as_json
    )


@app.command()
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

    _show_event(life.verify(_settings(home, contracts), contract, period, actor), as_json)


@app.command()
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

    _show_event(life.approve(_settings(home, contracts), contract, period, actor), as_json)


@app.command()
def pay(
    contract: ContractArgument,
    period: PeriodArgument,
    actor: ActorOption,
    paid_on: Annotated[
        dt.datetime, typer.Option("--paid-on", formats=["%Y-%m-%d"], help="Betalingsdagen.")
    ],
    reference: Annotated[str, typer.Option(metavar="TEKST", help="Betalingens reference.")],
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Økonomi registrerer udbetalingen."""
    from dagster_project.lib import life

    settings = _settings(home, contracts)
    _show_event(life.pay(settings, contract, period, actor, paid_on.date(), reference), as_json)


@app.command("return")
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

    _show_event(life.return_(_settings(home, contracts), contract, period, actor, reason), as_json)


# an amount below 0 is refused by its rule (3), not taken for an option (2)
@app.command(context_settings={"ignore_unknown_options": True})
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

    settings = _settings(home, contracts)
    _show_event(life.release(settings, contract, _kroner(amount), actor, reason), as_json)


def _kroner(text: str) -> Decimal:
    if not _KRONER.fullmatch(text):
        raise UsageError("AMOUNT must be kroner, for example 30175 or 30175.50")
    return Decimal(text)


# statements and evidence --------------------------------------------------------------------------


@app.command()
def statement(
    contract: Annotated[str | None, typer.Argument(metavar="CONTRACT")] = None,
    period: Annotated[str | None, typer.Argument(metavar="PERIOD")] = None,
    provider: Annotated[bool, typer.Option("--provider", help="Leverandørens ark.")] = False,
    verify_file: Annotated[
        Path | None, typer.Option("--verify", metavar="FILE", help="Efterprøv et dokument.")
    ] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Skriv periodens opgørelse, eller efterprøv en (--verify) uden adgang til kommunens mappe."""
    from dagster_project.lib import statement as documents

    if verify_file is not None:
        verdict = documents.verify_file(verify_file)
        _print_json(verdict.as_json()) if as_json else print(verdict.text())
        raise typer.Exit(0 if verdict.is_valid else EXIT_DIFFERENT)
    if contract is None or period is None:
        raise UsageError("effekt statement needs CONTRACT and PERIOD, or --verify FILE")
    paths = documents.write_statement(
        _settings(home, contracts), contract, period, provider=provider
    )
    if as_json:
        _print_json([str(path) for path in paths])
    else:
        print("\n".join(str(path) for path in paths))


@app.command()
def why(
    contract: ContractArgument,
    period: PeriodArgument,
    course: Annotated[str | None, typer.Option(metavar="ID", help="Et forløb.")] = None,
    month: Annotated[str | None, typer.Option(metavar="ÅÅÅÅ-MM", help="En måned.")] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Følg en krone: beløb, paragraf, personmåned, fil, række."""
    from dagster_project.lib.trace import why as evidence

    answer = evidence.explain(_settings(home, contracts), contract, period, course, month)
    if as_json:
        _print_json(answer.as_json())
    else:
        answer.print()


@app.command()
def replay(
    contract: ContractArgument,
    period: PeriodArgument,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Beregn en godkendt periode forfra af det, den blev godkendt på, og sammenlign."""
    from dagster_project.lib.trace import replay as replays

    verdict = replays.replay(_settings(home, contracts), contract, period)
    _print_json(verdict.as_json()) if as_json else print(verdict.text())
    raise typer.Exit(0 if verdict.is_identical else EXIT_DIFFERENT)


def entry() -> None:
    """The console script: :func:`main`, and then an end without freeing every object first.

    A night leaves some millions of objects of its libraries behind; the interpreter frees them one
    by one when it ends, which takes an eighth of a small night. What waits for the end (``atexit``)
    is done, and then the process is over, as ``multiprocessing`` ends its own.
    """
    code = EXIT_FAILED
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else EXIT_OK if end.code is None else code
    with suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # closed, or nobody reads it any more
            code = code or EXIT_FAILED
    os._exit(code)
