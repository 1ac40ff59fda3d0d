"""Recomputing what the document of a settlement claims, from the document alone.

What belongs here: the checks of one document's content, in plain Python: the offline reader has no
engine and no home. What does not: signatures, files and what surrounds the content
(``authenticity``).

A check gives what is wrong, in Danish, and repeats nothing of the document: whoever wrote it may
have written anything.

Rules: S.verify.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dagster_project.lib.base import person_names
from dagster_project.lib.base.canonical import sha256_json
from dagster_project.lib.base.chained import GENESIS
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.contracts import contract_from_json, list_periods
from dagster_project.lib.contracts.terms import hash_terms
from dagster_project.lib.ledger import state as states
from dagster_project.lib.ledger.chain import Event
from dagster_project.lib.statement.figures import FORMAT, figures_sha256, sum_lines
from dagster_project.lib.statement.tiers import (
    Reading,
    Tier,
    counted_basis,
    entitlement,
    headroom,
    walk,
)

Document = Mapping[str, Any]
Lines = Sequence[Mapping[str, Any]]

_TOTALS = {
    "basis_dkk": ("basis", "period"),
    "basis_cumulative_dkk": ("basis", "cumulative"),
    "entitlement_cumulative_dkk": ("entitlement", "cumulative"),
    "payment_dkk": ("payment", "period"),
    "payment_cumulative_dkk": ("payment", "cumulative"),
    "carried_forward_dkk": ("payment", "carried_forward"),
    "repayable_dkk": ("payment", "repayable"),
    "held_cumulative_dkk": ("held", "cumulative"),
}
_FIGURES = {
    "format", "contract", "period", "terms_sha256", "lines", "parts", "basis", "authorised",
    "tiers", "entitlement", "payment", "held", "readings",
}  # fmt: skip
_LINE_KINDS = ("new", "true_up")
_LINE = ("line_kind", "part", "course", "month", "price_group", "old", "new", "difference")
_SETTLED = ("approve", "pay", "correct")  # each names the approved figures and their amount
_MONEY = re.compile(r"-?(0|[1-9][0-9]{0,15})\.[0-9]{2}")
_SHARE = re.compile(r"[01]\.[0-9]{6}")
_HEX = re.compile(r"[0-9a-f]{64}")
UNREADABLE = "det kan ikke læses"
MALFORMED = (
    LookupError, TypeError, ValueError, ArithmeticError, AttributeError, StopIteration,
    RuntimeError, EffektError,
)  # fmt: skip
"""What reading a document raises whose content has another form than the product writes."""
_NOTHING = Decimal(0)
_BESIDE_AN_EVENT = ("hash", "is_counted")


def check(document: Document) -> tuple[list[str], list[str]]:
    """What holds and what does not, in Danish."""
    checked: list[str] = []
    problems: list[str] = []
    for name, find in _CHECKS:
        try:
            found = list(find(document))
        except MALFORMED:
            found = [UNREADABLE]
        if found:
            problems += [f"{name}: {problem}" for problem in found]
        else:
            checked.append(name)
    return checked, problems


def lines_of(rows: Lines) -> list[dict[str, Any]]:
    """The lines of an annex as the figures hash them."""
    return [{name: row[name] for name in _LINE} for row in rows]


def check_lines(document: Document, lines: Lines) -> Iterator[str]:
    """Whether these are the lines that a settlement's figures name, and add up to them."""
    figures = document["figures"]
    sums = sum_lines(lines)
    if {"count": sums.count, "sha256": sums.sha256} != figures["lines"]:
        yield "linjerne er ikke dem, som tallene nævner"
    if sums.parts != _parts(document):
        yield "linjerne giver ikke tallenes dele"
    if (
        _is_format_1(figures)
        and figures_sha256({**figures, "lines": list(lines)}) != document["statement_sha256"]
    ):
        yield "tallene og linjerne giver ikke opgørelsens sha256"
    yield from check_differences(lines)


def check_differences(lines: Lines) -> Iterator[str]:
    """Whether each line's difference is new minus old, and its kind one that there is."""
    for number, line in enumerate(lines, start=1):
        if line["line_kind"] not in _LINE_KINDS:
            yield f"linje {number}: slagsen er ukendt"
        if _kroner(line["new"]) - _kroner(line["old"]) != _kroner(line["difference"]):
            yield f"linje {number}: forskellen er ikke ny minus gammel"


def is_statement_sha256(value: Any) -> bool:
    """Whether a value has the form of a sha256."""
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def needs_lines(document: Document) -> bool:
    """Whether the figures' hash covers lines that the document does not hold (format 1)."""
    figures = document["figures"]
    return _is_format_1(figures) and isinstance(figures["lines"], dict)


def _is_format_1(figures: Mapping[str, Any]) -> bool:
    return "format" not in figures


def _kroner(text: Any) -> Decimal:
    """An amount as figures write it; anything else is not read as one."""
    if not isinstance(text, str) or not _MONEY.fullmatch(text):
        raise ValueError("no amount of money")
    return Decimal(text)


def _kroner_or_none(text: Any) -> Decimal | None:
    return None if text is None else _kroner(text)


def _share(text: Any) -> Decimal:
    if not isinstance(text, str) or not _SHARE.fullmatch(text):
        raise ValueError("no share")
    return Decimal(text)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no count")
    return value


def _parts(document: Document) -> list[dict[str, Any]]:
    """The sums by part and price: figures of format 1 have them beside them, or as lines."""
    figures = document["figures"]
    if not _is_format_1(figures):
        return list(figures["parts"])
    if isinstance(figures["lines"], list):
        return sum_lines(figures["lines"]).parts
    return list(document["shown"]["line_parts"])


def _figures(document: Document) -> Iterator[str]:
    figures, terms = document["figures"], document["provenance"]["terms"]
    is_old = _is_format_1(figures)
    if not is_old and (figures["format"] != FORMAT or set(figures) != _FIGURES):
        yield "tallene har en anden form end opgørelsers"
    if not needs_lines(document) and figures_sha256(figures) != document["statement_sha256"]:
        yield "tallene giver ikke opgørelsens sha256"
    if (sha256_json(terms) if is_old else hash_terms(terms)) != figures["terms_sha256"]:
        yield "vilkårene er ikke dem, som tallene nævner"
    totals = document["shown"]["totals"]
    named = (totals["contract_id"], totals["period_start"])
    if terms["contract_id"] != figures["contract"] or named != (
        figures["contract"], f"{figures['period']}-01",
    ):  # fmt: skip
        yield "kontrakt eller periode er ikke den, som tallene nævner"


def _sums(document: Document) -> Iterator[str]:
    figures, parts = document["figures"], _parts(document)
    if isinstance(figures["lines"], list):
        yield from check_differences(figures["lines"])
    elif sum(_count(part["months"]) for part in parts) != _count(figures["lines"]["count"]):
        yield "delene har ikke lige så mange måneder, som der er linjer"
    keys = [(part["line_kind"], part["part"], part["price_group"]) for part in parts]
    if keys != sorted(set(keys)):
        yield "en del står to gange, eller delene står i en anden orden"
    agreed = {part["part_id"] for part in document["provenance"]["terms"]["parts"]}
    if any(part["line_kind"] not in _LINE_KINDS or part["part"] not in agreed for part in parts):
        yield "en del er ikke kontraktens, eller dens linjer er af en ukendt slags"
    for part in parts:
        rates = [(_kroner(rate["rate"]), _count(rate["months"])) for rate in part["rates"]]
        if sum(months for _, months in rates) != _count(part["months"]):
            yield "en dels måneder er ikke summen af dens priser"
        if sum((rate * months for rate, months in rates), _NOTHING) != _kroner(part["sum"]):
            yield "en dels sum er ikke måneder gange pris"
    total = sum((_kroner(part["sum"]) for part in parts), _NOTHING)
    if total != _kroner(figures["basis"]["period"]):
        yield "linjerne giver ikke periodens grundlag"
    yield from _shown_sums(figures, parts, document["shown"])


def _shown_sums(
    figures: Mapping[str, Any], parts: Sequence[Mapping[str, Any]], shown: Mapping[str, Any]
) -> Iterator[str]:
    """What is printed beside the figures: the period's row, and the parts that are not hidden."""
    for name, (section, key) in _TOTALS.items():
        if shown["totals"][name] != figures[section][key]:
            yield f"{name} er ikke det, som tallene siger"
    share = _kroner(shown["totals"]["municipality_share_cumulative_dkk"])
    basis, paid = figures["basis"]["cumulative"], figures["payment"]["cumulative"]
    if _kroner(basis) - _kroner(paid) != share:
        yield "kommunens andel er ikke grundlag minus betaling"
    sums: dict[tuple[str, str], Decimal] = {}
    for part in parts:
        group = (part["part"], part["price_group"])
        sums[group] = sums.get(group, _NOTHING) + _kroner(part["sum"])
    for row in shown["parts"]:
        amount = _kroner_or_none(row["basis_dkk"])
        if amount not in (None, sums.get((row["part_id"], row["price_group"]), _NOTHING)):
            yield "en dels grundlag er ikke summen af linjerne"


def _tiers(document: Document) -> Iterator[str]:
    """The way through the tiers, from the figures alone; then whether the terms say the same."""
    figures = document["figures"]
    way = figures["tiers"]
    tiers = [Tier(_kroner(s["above"]), _share(s["provider_share"])) for s in way["steps"]]
    uppers = [_kroner_or_none(step["up_to"]) for step in way["steps"]]
    if not tiers or uppers != [*(tier.above_dkk for tier in tiers[1:]), None]:
        yield "trinnene følger ikke efter hinanden"
        return
    basis = _kroner(figures["basis"]["cumulative"])
    chosen = _reading(way["reading"], way)
    if counted_basis(basis, chosen) != _kroner(way["basis_counted"]):
        yield "det grundlag, der tæller med, er et andet"
    found = [(step.basis_dkk, step.amount_dkk) for step in walk(basis, tiers, chosen)]
    if found != [(_kroner(step["basis"]), _kroner(step["amount"])) for step in way["steps"]]:
        yield "beløbene i trinnene er andre"
    entitled = entitlement(basis, tiers, chosen)
    if entitled != _kroner(figures["entitlement"]["cumulative"]):
        yield "betalingsretten følger ikke af grundlag, trin og loft"
    yield from _readings(document, tiers, basis, entitled)
    totals = document["shown"]["totals"]
    printed = (totals["headroom_to_next_tier_dkk"], totals["headroom_to_ceiling_dkk"])
    if tuple(map(_kroner_or_none, printed)) != headroom(basis, tiers, chosen):
        yield "afstanden til næste trin eller til loftet er en anden"
    payment = document["provenance"]["terms"]["payment"]
    agreed = [Tier(Decimal(t["above"]), Decimal(t["provider_share"])) for t in payment["tiers"]]
    if agreed != tiers or payment["readings"]["chosen"] != way["reading"]:
        yield "trinnene er ikke kontraktens"


def _readings(
    document: Document, tiers: Sequence[Tier], basis: Decimal, entitled: Decimal
) -> Iterator[str]:
    figures = document["figures"]
    terms = document["provenance"]["terms"]["payment"]["readings"]["alternatives"]
    agreed = {str(one["reading_id"]): _agreed(one) for one in terms}
    rows = figures["readings"]
    if sorted(agreed) != [row["reading"] for row in rows]:
        yield "fortolkningerne er ikke kontraktens"
        return
    for row in rows:
        name = row["reading"]
        is_chosen = name == figures["tiers"]["reading"]
        reading = agreed[name] if _is_format_1(figures) else _reading(name, row)
        if is_chosen and _reading(name, figures["tiers"]) != reading:
            yield "loftet i trinnene er ikke den valgte fortolknings"
        found = entitlement(basis, tiers, reading)
        printed = (_kroner(row["entitlement"]), _kroner(row["difference"]), row["is_chosen"])
        if (found, found - entitled, is_chosen) != printed:
            yield "en fortolkning giver et andet beløb"
        if reading != agreed[name]:
            yield "et loft er ikke kontraktens"


def _reading(name: str, told: Mapping[str, Any]) -> Reading:
    return Reading(
        name, _kroner_or_none(told["payment_ceiling"]), _kroner_or_none(told["basis_ceiling"])
    )


def _agreed(reading: Mapping[str, Any]) -> Reading:
    ceilings = [
        None if reading[key] is None else Decimal(reading[key])
        for key in ("payment_ceiling", "basis_ceiling")
    ]
    return Reading(reading["reading_id"], ceilings[0], ceilings[1])


def _payment(document: Document) -> Iterator[str]:
    """What follows from entitlement, authorised maximum and what was paid too much before."""
    figures = document["figures"]
    payment = {name: _kroner(text) for name, text in figures["payment"].items()}
    entitled = _kroner(figures["entitlement"]["cumulative"])
    held, carried = _kroner(figures["held"]["cumulative"]), payment["carried_forward"]
    if entitled - held != payment["cumulative"] or held < 0:
        yield "betalingsret minus tilbageholdt er ikke betalingen i alt"
    if not _is_format_1(figures):
        maximum = _kroner_or_none(figures["authorised"]["maximum"])
        released = _kroner(figures["authorised"]["released"])
        most = entitled if maximum is None else min(entitled, maximum + released)
        if payment["cumulative"] != most or released < 0:
            yield "betalingen i alt følger ikke af bevillingen"
        agreed = document["provenance"]["terms"]["payment"]["authorised_max"]
        if maximum != (None if agreed is None else Decimal(agreed)):
            yield "bevillingen er ikke kontraktens"
    paid_through = payment["cumulative"] + carried
    if carried < 0 or payment["period"] < 0 or (carried and payment["period"]):
        yield "periodens betaling passer ikke til det, der er betalt for meget"
    if payment["period"] > paid_through:
        yield "periodens betaling er mere end alt det, der er betalt"
    yield from _place(document, paid_through, max(_NOTHING, carried - held))


def _place(document: Document, paid_through: Decimal, too_much: Decimal) -> Iterator[str]:
    """What the first and the last period of the printed terms have that no other has."""
    figures = document["figures"]
    payment = {name: _kroner(text) for name, text in figures["payment"].items()}
    periods = list_periods(contract_from_json(dict(document["provenance"]["terms"])))
    starts = [f"{period.period_start:%Y-%m}" for period in periods]
    place = starts.index(figures["period"])
    if place == 0 and (payment["period"] != paid_through or payment["carried_forward"]):
        yield "den første periodes betaling er ikke betalingen i alt"
    if place == 0 and figures["basis"]["period"] != figures["basis"]["cumulative"]:
        yield "den første periodes grundlag er ikke grundlaget i alt"
    if payment["repayable"] != (too_much if place == len(periods) - 1 else _NOTHING):
        yield "det, der skal betales tilbage, er et andet"
    if document["shown"]["totals"]["period_end"] != periods[place].period_end.isoformat():
        yield "perioden har en anden sidste dag"


def _events(document: Document) -> Iterator[str]:
    links = document["chain"]
    previous = GENESIS
    for number, link in enumerate(links, start=1):
        if link["sequence"] != number or link["prev"] != previous:
            yield f"hændelse {number} fortsætter ikke kæden"
            return
        previous = link["hash"]
    for event in [*document["events"], *document.get("releases", [])]:
        kept = {name: value for name, value in event.items() if name not in _BESIDE_AN_EVENT}
        number = _count(event["sequence"])
        if sha256_json(kept) != event["hash"] or links[number - 1]["hash"] != event["hash"]:
            yield f"hændelse {number} er ændret"
        if event["prev"] != links[number - 1]["prev"]:
            yield f"hændelse {number} fortsætter ikke kæden"
    released = document.get("releases", [])
    told = [*document["events"][-1:], *released[-1:]]
    if len(links) != max([0, *(event["sequence"] for event in told)]):
        yield "kæden ender ikke med opgørelsens sidste hændelse"
    yield from _releases(document)
    yield from _life(document)
    yield from _head(document, previous)


def _releases(document: Document) -> Iterator[str]:
    """The releases that are told are the contract's, and those that count are the figures'."""
    if "releases" not in document:
        return  # told before releases stood on a statement
    figures = document["figures"]
    counted = _NOTHING
    for told in document["releases"]:
        event = Event.from_json({k: v for k, v in told.items() if k != "is_counted"})
        if (event.action, event.contract_id) != ("release", figures["contract"]) or (
            f"{event.period_start:%Y-%m}" > figures["period"]
        ):
            yield f"hændelse {event.sequence} er ingen frigivelse til perioden"
        if told["is_counted"] is True:
            counted += _kroner(told["amount_dkk"])
    if not _is_format_1(figures) and counted != _kroner(figures["authorised"]["released"]):
        yield "frigivelserne er ikke dem, som tallene nævner"


def _life(document: Document) -> Iterator[str]:
    """State and amounts as the settlement's own events give them."""
    figures, sha256 = document["figures"], document["statement_sha256"]
    events = [Event.from_json(event) for event in document["events"]]
    place = {(event.contract_id, f"{event.period_start:%Y-%m}") for event in events}
    if not place <= {(figures["contract"], figures["period"])}:
        yield "en hændelse er en anden opgørelses"
    for number, event in enumerate(events):
        if not _may_follow(event, events[:number]):
            yield f"hændelse {event.sequence} er ikke et trin, der kunne tages af den, der gjorde"
    expected = states.state_of(events, sha256)
    if {"state": expected.name, "is_superseded": expected.is_superseded} != document["state"]:
        yield "status følger ikke af hændelserne"
    settled = [e for e in document["events"] if e["action"] in _SETTLED]
    if any(event["statement_sha256"] != sha256 for event in settled):
        yield "det er ikke disse tal, der blev godkendt"
    if any(event["amount_dkk"] != figures["payment"]["period"] for event in settled):
        yield "der er godkendt eller betalt et andet beløb"


def _may_follow(event: Event, before: Sequence[Event]) -> bool:
    """Whether the step could be taken then, by that role and by that person (S.steps, S.people)."""
    found = states.state_of(before, event.statement_sha256)
    if found.name not in states.BEFORE[event.action] or event.role != states.ROLES[event.action]:
        return False
    if before and not (
        before[-1].sequence < event.sequence and before[-1].as_of_date <= event.as_of_date
    ):
        return False
    name = person_names.same(event.actor)
    last = {earlier.action: person_names.same(earlier.actor) for earlier in before}
    others = [last.get(action) for action in states.OTHER_PERSON.get(event.action, ())]
    confirmed = {
        person_names.same(earlier.actor)
        for earlier in before
        if earlier.is_confirmed and event.is_confirmed and earlier.os_user == event.os_user
    }
    return name != "" and name not in others and confirmed <= {name}


def _head(document: Document, last: str) -> Iterator[str]:
    """The head of the ledger that is printed continues the chain that is printed."""
    provenance = document["provenance"]
    heads = provenance["heads"] if "kind" in document else provenance.get("heads")
    if heads is None or heads["ledger"] is None:
        if document["chain"] and "kind" in document:
            yield "hovedbogens hoved mangler"
        return
    sequence, length = _count(heads["ledger"]["sequence"]), len(document["chain"])
    if sequence < length or (sequence == length and heads["ledger"]["hash"] != last):
        yield "hovedbogens hoved er et andet"


_CHECKS: tuple[tuple[str, Callable[[Document], Iterator[str]]], ...] = (
    ("tallenes sha256", _figures),
    ("summer", _sums),
    ("trin og fortolkninger", _tiers),
    ("betaling", _payment),
    ("hændelseskæde", _events),
)
