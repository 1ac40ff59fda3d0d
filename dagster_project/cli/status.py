"""The command ``effekt status``: the state of a home on one screen.

What belongs here: arguments, exit codes, printing. What does not: finding it (``lib.status``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any

import typer

from dagster_project import settings as places
from dagster_project.cli.shared import (
    ContractsOption,
    HomeOption,
    JsonOption,
    open_to_reader,
    settings_of,
    show,
)
from dagster_project.cli.speech import Commands
from dagster_project.lib.base import danish
from dagster_project.lib.base.errors import EXIT_DIFFERENT, EXIT_OK, UsageError
from dagster_project.lib.reference import words
from dagster_project.lib.status import Status, look

commands = Commands()
_SHOWN = 8
_RADAR = {"radar": " (endnu ikke afregnet)", "radar_gone": " (venter ikke længere)"}
"""What is said of an approved period that today's knowledge would change, or would no more."""


@commands.command()
def status(
    fail_if_older: Annotated[
        float | None,
        typer.Option(
            "--fail-if-older",
            metavar="HOURS",
            min=0,
            help="Slut med 4, hvis det udgivne er ældre (i timer), eller intet er udgivet.",
        ),
    ] = None,
    home: HomeOption = None,
    contracts: ContractsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Vis, hvad der er udgivet, tilbageholdt, afvist og afventer, og hvad der er ændret."""
    if fail_if_older is not None and not math.isfinite(fail_if_older):
        raise UsageError("--fail-if-older skal være et antal timer")
    with open_to_reader(home):
        found = look(settings_of(home, contracts), places.now())
    is_older = None if fail_if_older is None else found.is_older(fail_if_older)
    show(as_json, {**found.as_json(), "is_older": is_older}, "\n".join(_lines(found)))
    raise typer.Exit(EXIT_DIFFERENT if is_older else EXIT_OK)


def _lines(found: Status) -> Iterator[str]:
    yield f"Kommune:       {found.area or danish.NONE} · {found.home}"
    yield f"Udgivet:       {_published(found)}"
    if found.at_work:
        yield f"I gang:        en kørsel med data til og med {_date(found.at_work['as_of_date'])}"
    if found.key_fingerprint:
        yield f"Nøgle:         {found.key_fingerprint} (opgørelsernes fingeraftryk)"
    if found.access is not None:
        yield f"Opslag:        {_looks(found.access)}"
    yield f"Alarm:         {_alert(found)}"
    yield from (f"Fejl:          {fault}" for fault in found.faults)
    yield from _listed("Tilbageholdt:", found.held, _delivery)
    yield from _listed("Afvist:", found.refused, _delivery)
    yield from _listed("Blokerer:", found.blockers, _blocker)
    yield from _of_contracts(found)
    if found.changed is None:
        yield "Ændret:        ingen tidligere udgivelse at sammenligne med"
    else:
        yield f"Siden sidst:   {found.before} · {found.new_deliveries} nye leveringer"
        yield from _listed("Ændret:", found.changed, _change)
    if found.causes:
        yield from _listed("Årsager:", found.causes, _cause)
    if found.gates:
        yield f"Kontroller:    {_gates(found)}"
    if found.skipped_dates:
        yield f"Uden nat:      {', '.join(map(_date, found.skipped_dates))}"


def _of_contracts(found: Status) -> Iterator[str]:
    """What there is of contracts, periods and deadlines; nothing is said of what there is none."""
    foreseen = tuple(row for row in found.contracts if row["forecast"])
    varied = tuple(row for row in found.contracts if row["variants"])
    if found.contracts:
        yield from _listed("Kontrakter:", found.contracts, _contract)
    if foreseen:
        yield from _listed("Prognose:", foreseen, _forecast)
    if varied:
        yield from _listed("Varianter:", varied, _variants)
    yield from _listed("Afventer:", found.due, _due)
    if found.deadlines:
        yield from _listed("Frister:", found.deadlines, _deadline)
    if found.disputes:
        yield from _listed("Indsigelser:", found.disputes, _disputes)


def _looks(access: Mapping[str, Any]) -> str:
    if not access["looks"]:
        return "ingen i adgangsloggen"
    told = ", ".join(f"{command} {count}" for command, count in access["by_command"].items())
    return f"{access['looks']} i adgangsloggen ({told}); senest {_time(access['last_at'])}"


def _published(found: Status) -> str:
    own = found.published
    if own is None:
        return "intet endnu"
    age = danish.number(Decimal(str(own.age_hours)), 1)
    return (
        f"{own.snapshot_id} · data til og med {_date(own.as_of_date)}"
        f" · siden {_time(own.published_at)}"
        f" · bekræftet {_time(own.confirmed_at)} (for {age} timer siden)"
    )


def _time(text: str) -> str:
    return danish.moment(dt.datetime.fromisoformat(text).astimezone(places.TIME_ZONE))


def _date(day: object) -> str:
    return danish.date(dt.date.fromisoformat(str(day)))


def _alert(found: Status) -> str:
    if found.alert is None:
        return "ingen"
    causes = found.alert.get("causes") or []
    told = "; ".join(f"{c['code']} ({c['owner']}): {c['remedy']}" for c in causes[:_SHOWN])
    return f"slutkode {found.alert.get('exit_code')} · {told or found.alert.get('error')}"


def _listed(
    heading: str, rows: tuple[dict[str, Any], ...], line: Callable[[dict[str, Any]], str]
) -> Iterator[str]:
    """The rows below one another behind a heading; beyond a screen's share their number only."""
    for place, row in enumerate(rows[:_SHOWN]):
        yield f"{heading if place == 0 else '':<15}{line(row)}"
    if len(rows) > _SHOWN:
        yield f"{'':<15}… og {len(rows) - _SHOWN} til (--json viser alle)"
    if not rows:
        yield f"{heading:<15}ingen"


def _delivery(row: dict[str, Any]) -> str:
    where = f"rapport: {row['report']}" if row["report"] else f"sha256 {row['sha256']}"
    return f"{row['file_name']}: {', '.join(row['codes'])} · {where}"


def _blocker(row: dict[str, Any]) -> str:
    title = words.label("blocker", row["kind"])
    return (
        f"{row['contract_id']}: {title} · {_dkk(row['amount_dkk'])} · {row['owner']}:"
        f" {row['remedy']}"
    )


def _contract(row: dict[str, Any]) -> str:
    if row["settled_dkk"] is None:
        return f"{row['title']} · følges kun"
    limits = [
        f"{name} {_dkk(str(limit))}"
        for name, limit in (("loft", row["payment_ceiling_dkk"]), ("bevilget", _granted(row)))
        if limit is not None
    ]
    told = [f"afregnet {_dkk(row['settled_dkk'])}", f"betalt {_dkk(row['paid_dkk'])}", *limits]
    return f"{row['title']} · {' · '.join(told)}"


def _forecast(row: dict[str, Any]) -> str:
    """What the contract pays in the end, from scenario to scenario."""
    found = row["forecast"]
    told = [
        f"{word.label_da} {_dkk(found[word.code])}"
        for word in words.of_domain("scenario")
        if word.code in found
    ]
    return f"{row['title']} · betaling i alt: {' · '.join(told)}"


def _variants(row: dict[str, Any]) -> str:
    """What other terms would add to the entitlement in all, or take from it."""
    newest = row["variants"][0]
    told = " · ".join(
        f"{one['variant_id']} {_dkk(one['difference_dkk'])}" for one in row["variants"]
    )
    until = danish.period(newest["period_label"], dt.date.fromisoformat(newest["period_start"]))
    return f"{row['title']} · forskel i betalingsret til og med {until}: {told}"


def _granted(row: dict[str, Any]) -> Decimal | None:
    """The authorised maximum with what has been released of it."""
    if row["authorised_max_dkk"] is None:
        return None
    return Decimal(row["authorised_max_dkk"]) + Decimal(row["released_dkk"] or 0)


def _cause(row: dict[str, Any]) -> str:
    domain = "movement" if row["kind"] == "period" else "cause"
    amount = row["difference_dkk"]
    shown = danish.HIDDEN if amount is None else _dkk(amount)
    radar = _RADAR.get(row["kind"], "")
    return f"{row['contract_id']} · {words.label(domain, row['cause'])} · {shown}{radar}"


def _gates(found: Status) -> str:
    sums = [sum(row[name] for row in found.gates) for name in ("checks", "failed", "warned")]
    return f"{sums[0]} udført, {sums[1]} fejl, {sums[2]} advarsler"


def _period(row: dict[str, Any]) -> str:
    label = row["period_label"]
    return (
        f"{row['contract_id']} {row['period_start'][:7] if label == row['period_start'] else label}"
    )


def _due(row: dict[str, Any]) -> str:
    state = words.label("state", row["state"]) + (" (ændrede tal)" if row["is_superseded"] else "")
    return f"{_period(row)} · {state} · {_dkk(row['payment_dkk'])}"


def _deadline(row: dict[str, Any]) -> str:
    late = f" · {row['days_late']} dage over" if row["status"] == "overdue" else ""
    return (
        f"{_period(row)} · {words.label('deadline_step', row['step'])} senest "
        f"{_date(row['due_on'])}{late} · {words.label('role', row['owner'])}"
    )


def _disputes(row: dict[str, Any]) -> str:
    return f"{row['contract_id']} · {row['open_count']} åbne · {_dkk(row['amount_dkk'])}"


def _change(row: dict[str, Any]) -> str:
    states = [words.label("state", row[key]) for key in ("state_before", "state")]
    state = states[1] if states[0] == states[1] else f"{states[0]} → {states[1]}"
    amounts = [_dkk(row[key]) for key in ("payment_before_dkk", "payment_dkk")]
    amount = amounts[1] if amounts[0] == amounts[1] else f"{amounts[0]} → {amounts[1]}"
    basis = [_dkk(row[key]) for key in ("basis_before_dkk", "basis_dkk")]
    more = "" if basis[0] == basis[1] else f" · grundlag {basis[0]} → {basis[1]}"
    return f"{_period(row)} · {state} · {amount}{more}"


def _dkk(amount: str | None) -> str:
    return danish.kroner(None if amount is None else Decimal(amount))
