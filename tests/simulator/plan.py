"""What happens in a county until a night, drawn from a seed: truths, files, decisions, faults."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from dagster_project.lib import ledger, life, person, publishing, purge, receiving
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.ledger import disputed
from dagster_project.orchestration.night import STEPS
from tests.life.world import HEADINGS, Town
from tests.simulator.county import LISTS, SPOILT, County, Landed, sender_of

PERIODS = ["2023-01", "2023-04", "2023-07", "2023-10", "2024-01"]
MONTHS = [f"2023-{month:02d}" for month in range(2, 13)]
MONTHS_OF = {
    period: [month for month in MONTHS if period <= month < later]
    for period, later in pairwise(PERIODS)
}
CHANCES = {"withdraw": 0.3, "forget": 0.4, "purge": 0.3}
FIRST, LAST = dt.date(2023, 4, 10), dt.date(2026, 2, 1)


@dataclass
class Fate:
    """What was drawn for a night.

    Args:
        as_of: its business date.
        faults: plans of nights that do not end whole, before the one that does.
        asked: what is asked of the home before it, which the law may refuse.
        told: what was done, for whoever reads a failure.
        removes: somebody's data were removed.
    """

    as_of: str
    faults: tuple[str, ...]
    asked: tuple[str, ...]
    told: list[str] = field(default_factory=list)
    removes: bool = False


def fates(rng: random.Random, nights: int) -> Iterator[Fate]:
    """Nights, with every gap from a day to two months, past the contracts' retention."""
    usual = max(1, (LAST - FIRST).days // nights)
    day = FIRST
    for left in reversed(range(nights)):
        asked = tuple(name for name, chance in CHANCES.items() if rng.random() < chance)
        yield Fate(day.isoformat(), _faults(rng), asked)
        gap = rng.choice([1, usual // 2 + 1, usual, 2 * usual - 1])
        day += dt.timedelta(days=min(gap, (LAST - day).days - left + 1))


def live(
    county: County, fate: Fate, rng: random.Random, *, is_first: bool, calm: float = 0
) -> None:
    """Let people decide on what is published, change what is true, and land what tells of it.

    Args:
        county: the county.
        fate: of the night to come; what is done is told there.
        rng: what is drawn from.
        is_first: nothing is published yet.
        calm: share of the towns in which nothing happens before a night, as before most.
    """
    for number, town in enumerate(county.towns):
        if calm and not is_first and rng.random() < calm:
            continue
        for _ in range(0 if is_first else rng.choice([0, 1, 2, 3, 4])):
            fate.told.append(f"{town.contract_id}: {_decide(county, number, town, rng)}")
        for _ in range(rng.choice([0, 1, 1, 2])):
            fate.told.append(f"{town.contract_id}: {_change(town, rng)}")
    if rng.random() < 0.2:
        county.towns[0].statistics["2023-02"] = rng.choice(["4,0", "6,5", "11,0"])
        fate.told.append("statistics revised")
    if not is_first:
        _remove(county, fate, rng)
    county.write_terms()
    _deliver(county, fate, rng)


# what turns out to be otherwise -------------------------------------------------------------------


def _change(town: Town, rng: random.Random) -> str:
    course, month = rng.choice("ABC"), rng.choice(MONTHS)
    kind = rng.choice(["spell", "claim", "claim", "leave", "price", "referral"])
    if kind == "spell":
        spell = (f"{month}-05", f"{month}-{rng.choice(['05', '08', '24'])}")
        spells = town.spells[course]
        spells.remove(spell) if spell in spells else spells.append(spell)
    elif kind == "claim":
        town.claims[course, month] = not town.claims.get((course, month), False)
    elif kind == "leave" and rng.random() < 0.3:
        event = (course, "fraflyttet", f"{month}-{rng.choice(['01', '15', '28'])}")
        if not any(known[:2] == event[:2] for known in town.events):
            town.events.append(event)
    elif kind == "price" and rng.random() < 0.2:
        town.rate = rng.choice([900, 1000, 1100])
    elif kind == "referral":
        town.spells.setdefault("D", [("2022-11-10", "2023-03-31")])
        town.visited.setdefault("D", "2023-03-01")
        town.claims["D", month] = True
    return f"{kind} {course} {month}"


# what people decide -------------------------------------------------------------------------------


def _decide(county: County, number: int, town: Town, rng: random.Random) -> str:
    """One decision, which the law may refuse."""
    witness = county.witnesses[number]
    period = PERIODS[min(len(_approved(town)), len(PERIODS) - 1)]
    settings, contract = town.settings, town.contract_id
    paid_on = dt.date(2023, 5, 1)
    choices: list[tuple[str, Callable[[], object]]] = [
        *[("approve", lambda: _approve(town, period))] * 4,
        ("submit", lambda: town.submit(period)),
        ("send back", lambda: life.return_(settings, contract, period, "Kai", "se igen")),
        ("release", lambda: life.release(
            settings, contract, Decimal(rng.randrange(1, 800)), "Kai", "beslutning")),
        ("pay", lambda: life.pay(
            settings, contract, (_approved(town) or PERIODS[:1])[-1], "Ulla", paid_on, "bilag")),
        *[("dispute", lambda: _dispute(town, rng))] * (6 if _approved(town) else 1),
    ]  # fmt: skip
    waiting = _waiting(town)
    if waiting and rng.random() < 0.6:
        actor = rng.choice(["Kai", "Lea"])  # who may have opened it
        choices = [
            ("uphold", lambda: life.decide(settings, waiting[0], actor, "prøve", uphold=True)),
            ("reject", lambda: life.decide(settings, waiting[0], actor, "prøve", uphold=False)),
        ]
    name, act = rng.choice(choices)
    try:
        act()
    except (NotAllowedError, UsageError) as refused:
        return f"refused {name} {period} ({refused.code})"
    witness.remember()
    return f"{name} {period}"


def _approve(town: Town, period: str) -> None:
    """Three people bring a period to its approval, from wherever it is."""
    with suppress(NotAllowedError):  # it may be submitted already
        town.submit(period)
    with suppress(NotAllowedError):
        life.verify(town.settings, town.contract_id, period, "Kai")
    life.approve(town.settings, town.contract_id, period, "Lea")


def _dispute(town: Town, rng: random.Random) -> None:
    """Somebody disputes a month or two of an approved period."""
    period = rng.choice([one for one in _approved(town) if one in MONTHS_OF] or PERIODS[:1])
    first, last = sorted([rng.choice(MONTHS_OF[period]), rng.choice(MONTHS_OF[period])])
    wants, actor = rng.choice(["paid", "unpaid"]), rng.choice(["Lis", "Kai"])
    course = rng.choice(sorted(town.visited))
    life.dispute(
        town.settings, town.contract_id, period, course, f"{first}..{last}", wants, actor, "prøve"
    )


def _waiting(town: Town) -> list[str]:
    """The town's disputes that nobody has decided."""
    return [
        one.dispute_id
        for one in disputed.list_disputes(ledger.read(town.settings.home).events)
        if one.is_open and one.opened.contract_id == town.contract_id
    ]


def _approved(town: Town) -> list[str]:
    events = ledger.read(town.settings.home).events
    return [
        f"{event.period_start:%Y-%m}"
        for event in events
        if event.is_approval and event.contract_id == town.contract_id
    ]


# what is taken out of use, and what goes ----------------------------------------------------------


def _remove(county: County, fate: Fate, rng: random.Random) -> None:
    """Withdraw a delivery, purge, forget a person: each at times, as the law allows."""
    acts = {"withdraw": _withdraw, "forget": _forget, "purge": _purge}
    for name in fate.asked:
        try:
            told = acts[name](county, fate, rng)
        except (NotAllowedError, UsageError) as refused:
            told = f"refused {name} ({refused.code})"
        fate.told.append(f"the county: {told}")


def _withdraw(county: County, fate: Fate, rng: random.Random) -> str:
    settings = county.towns[0].settings
    published = publishing.date_of_decision(settings, None)
    digest = rng.choice([one for one, file in county.landed.items() if file.source])
    as_of = rng.choice([published, dt.date.fromisoformat(fate.as_of)])
    receiving.withdraw_delivery(settings, digest, "Kai", "forkert udtræk", as_of)
    return f"withdraw {county.landed[digest].name} as of {as_of}"


def _forget(county: County, fate: Fate, rng: random.Random) -> str:
    town = rng.choice(county.towns)
    number = rng.choice([*town.cpr.values(), town.neighbour])
    person.forget(town.settings, number, "Kai", "har bedt om det")
    assert all(one.is_ended() for one in county.witnesses), "a contract rests on the person"
    county.note_forgotten(town, number)
    fate.removes = True
    return f"forget one of {town.contract_id}"


def _purge(county: County, fate: Fate, _rng: random.Random) -> str:
    settings = county.towns[0].settings
    done = purge.purge(settings, "Kai", "opbevaringen er slut")
    if done.removal is None:
        return "nothing to purge"
    county.note_purge()
    fate.removes = True
    return f"purge of {len(done.files)} files"


# what is landed -----------------------------------------------------------------------------------


def _deliver(county: County, fate: Fate, rng: random.Random) -> None:
    before = list(county.landed.items())
    for source in HEADINGS:
        if rng.random() < 0.8 or not before:
            if source in LISTS and rng.random() < 0.4:  # each town its own file
                for number, town in enumerate(county.towns):
                    county.deliver(fate.as_of, source, [town], sender_of(number))
                continue
            path = county.deliver(fate.as_of, source, county.towns)
            if path and rng.random() < 0.1:  # the same bytes under another folder
                county.land(county.landed[sha256_file(path)], "igen")
        else:
            fate.told.append(f"{source} is silent")
    if before and rng.random() < 0.2:
        digest, file = rng.choice(before)
        county.land(file)
        county.again.add(digest)
        fate.told.append(f"{file.name} lands again")
    if rng.random() < 0.2:
        data = rng.choice(SPOILT) + b"\n" * rng.randrange(3)
        name = rng.choice(["ydelsesforloeb_x.csv", "notat.txt", f"dream_{fate.as_of}.xlsx"])
        county.land(Landed(name, data))
        fate.told.append(f"{name} is spoilt")


# what goes wrong ----------------------------------------------------------------------------------


def _faults(rng: random.Random) -> tuple[str, ...]:
    """Mostly nothing; else a kill after a step or at a moment, a full disk, or two of them."""
    if rng.random() < 0.6:
        return ()
    names = [step.name for step in STEPS]
    drawn = [
        f"kill:{rng.choice(names)}",
        f"ms:{int(10 ** rng.uniform(1, 4))}",
        f"disk:{int(10 ** rng.uniform(1, 6))}",
    ]
    return tuple(rng.sample(drawn, rng.choice([1, 1, 2])))
