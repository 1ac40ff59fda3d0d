"""What happens in a county until a night, drawn from a seed: truths, files, decisions, faults."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from dagster_project.lib import life
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.orchestration.night import STEPS
from tests.life.world import HEADINGS, Town
from tests.simulator.county import SPOILT, County

PERIODS = ["2023-01", "2023-04", "2023-07", "2023-10", "2024-01"]
MONTHS = [f"2023-{month:02d}" for month in range(2, 13)]
FIRST, LAST = dt.date(2023, 4, 10), dt.date(2025, 6, 1)


@dataclass
class Fate:
    """What was drawn for a night.

    Args:
        as_of: its business date.
        faults: plans of nights that do not end whole, before the one that does.
        told: what was done, for whoever reads a failure.
        refused: files that must be refused.
    """

    as_of: str
    faults: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)
    refused: int = 0


def days(rng: random.Random, nights: int) -> Iterator[str]:
    """Business dates: every gap from none to two months, all within the contracts' time."""
    usual = max(1, (LAST - FIRST).days // nights)
    day = FIRST
    for _ in range(nights):
        yield day.isoformat()
        day += dt.timedelta(days=rng.choice([1, usual // 2 + 1, usual, 2 * usual - 1]))


def live(county: County, fate: Fate, rng: random.Random, *, is_first: bool) -> None:
    """Let people decide on what is published, change what is true, and land what tells of it."""
    for number, town in enumerate(county.towns):
        for _ in range(0 if is_first else rng.choice([0, 0, 1, 2])):
            fate.told.append(f"{town.contract_id}: {_decide(county, number, town, rng)}")
        for _ in range(rng.choice([0, 1, 1, 2])):
            fate.told.append(f"{town.contract_id}: {_change(town, rng)}")
    if rng.random() < 0.2:
        county.towns[0].statistics["2023-02"] = rng.choice(["4,0", "6,5", "11,0"])
        fate.told.append("statistics revised")
    county.write_terms()
    _deliver(county, fate, rng)
    fate.faults = _faults(rng)


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
        ("approve", lambda: town.approve(period)),
        ("approve", lambda: town.approve(period)),
        ("submit", lambda: town.submit(period)),
        ("send back", lambda: life.return_(settings, contract, period, "Kai", "se igen")),
        ("release", lambda: life.release(
            settings, contract, Decimal(rng.randrange(1, 800)), "Kai", "beslutning")),
        ("pay", lambda: life.pay(
            settings, contract, (_approved(town) or PERIODS[:1])[-1], "Ulla", paid_on, "bilag")),
    ]  # fmt: skip
    name, act = rng.choice(choices)
    try:
        act()
    except NotAllowedError as refused:
        return f"{name} {period} refused ({refused.code})"
    witness.remember()
    return f"{name} {period}"


def _approved(town: Town) -> list[str]:
    from dagster_project.lib import ledger

    events = ledger.read(town.settings.home).events
    return [
        f"{event.period_start:%Y-%m}"
        for event in events
        if event.is_approval and event.contract_id == town.contract_id
    ]


# what is landed -----------------------------------------------------------------------------------


def _deliver(county: County, fate: Fate, rng: random.Random) -> None:
    for source in HEADINGS:
        if rng.random() < 0.8 or not county.landed:
            path = county.deliver(fate.as_of, source)
            if rng.random() < 0.1:  # the same bytes under another folder
                county.land(path.name, path.read_bytes(), "igen")
        else:
            fate.told.append(f"{source} is silent")
    if rng.random() < 0.2:
        data = rng.choice(SPOILT) + b"\n" * rng.randrange(3)
        name = rng.choice(["ydelsesforloeb_x.csv", "notat.txt", f"dream_{fate.as_of}.xlsx"])
        county.land(name, data)
        fate.refused += 1
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
