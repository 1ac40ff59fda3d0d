"""A county: many small towns, each with its own contract, in one home that all deliver to.

What belongs here: what is true in the towns, and the files that show it. What does not: what is
done night by night (``plan``), what must hold (``law``).
"""

from __future__ import annotations

import hashlib
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import canaries
from tests.life.law import Witness
from tests.life.world import HEADINGS, Town, _before, begin

PEOPLE = 5
"""Of each town: four on its list at most, and a neighbour."""
SPOILT = (
    b"",
    b"cpr;ydelseskode\n6101901234;890",
    b"PK\x03\x04 no workbook",
    "cpr;haendelse;dato;nyt_cpr\nsk\u00f8r;d\u00f8d;2023-01-01;\n".encode("latin-1"),
)
"""Files that are refused whatever their name."""
LISTS = ("deltagere", "resultatkrav")
"""Sources of which each row names a contract."""
STATISTICS = "jobindsats"
"""The source that names nobody."""


@dataclass(frozen=True)
class Landed:
    """A landed file: its newest name, its source (null where spoilt), the contracts it names."""

    name: str
    data: bytes
    source: str | None = None
    contracts: frozenset[str] = frozenset()


@dataclass
class County:
    """The towns, their home, and every file that was ever landed there.

    ``outsider``: somebody of no town, who is told of as long as the county lives. ``silent``: towns
    that are told of no more. ``purged``: files that a purge had to remove. ``removed``: persons of
    whom nothing may be left, each with the rooms in which a pseudonym may. ``again``: files that
    were landed once more and may lie in quarantine for it. ``closed``: snapshots from before a
    removal.
    """

    root: Path
    towns: list[Town]
    outsider: str
    landed: dict[str, Landed] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    purged: set[str] = field(default_factory=set)
    removed: dict[str, set[str]] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Who looks at each town."""
        self.witnesses = [Witness(town) for town in self.towns]

    def write_terms(self) -> None:
        """Every contract file."""
        for town in self.towns:
            town.write_terms()

    def deliver(
        self, day: str, source: str, towns: Sequence[Town], sender: str = ""
    ) -> Path | None:
        """Land what towns have to tell of a source, extracted on a day, if it is anything."""
        window = f"_2022-01-01_{_before(day)}" if source == "ydelsesforloeb" else ""
        telling = [town for town in towns if town.contract_id not in self.silent]
        rows = dict.fromkeys(row for town in telling for row in town.told(source, day))
        rows |= dict.fromkeys(self._told_of_the_outsider(source, day))
        if not rows:
            return None
        data = ("\n".join([HEADINGS[source], *rows]) + "\n").encode()
        named = frozenset(row.split(";")[0] for row in rows) if source in LISTS else frozenset()
        return self.land(Landed(f"{source}_{day}{window}{sender}.csv", data, source, named))

    def _told_of_the_outsider(self, source: str, day: str) -> list[str]:
        if source == "ydelsesforloeb":
            return [f"{self.outsider};890;2022-01-01;{_before(day)};"]
        return [f"{self.outsider};tilflyttet;2020-01-01;"] if source == "personstatus" else []

    def land(self, file: Landed, folder: str = "") -> Path:
        """Put a file into the drop zone, and remember it."""
        place = self.root / "landing" / folder
        place.mkdir(parents=True, exist_ok=True)
        path = place / file.name
        path.write_bytes(file.data)
        self.landed[hashlib.sha256(file.data).hexdigest()] = file
        return path

    def note_purge(self) -> None:
        """A purge has removed something: what is gone now, and who (F.purge)."""
        ended = {one.town.contract_id for one in self.witnesses if one.is_ended()}
        inside = {town.contract_id for town in self.towns} - ended
        for digest, file in self.landed.items():
            if file.source in (None, STATISTICS):
                continue
            is_needed = bool(file.contracts & inside if file.source in LISTS else inside)
            if not is_needed:
                self.purged.add(digest)
        for witness in self.witnesses:
            witness.is_purged |= witness.town.contract_id in ended
        self._note_removal(ended)
        if not inside:
            everybody = [n for town in self.towns for n in (*town.cpr.values(), town.neighbour)]
            self.removed |= {number: set() for number in everybody}

    def note_forgotten(self, town: Town, number: str) -> None:
        """A person is forgotten, in refused files too; the town falls silent (F.forget)."""
        self.removed.setdefault(number, {"ledger"})
        self._note_removal({town.contract_id})
        self.again = {d for d in self.again if number.encode() not in self.landed[d].data}

    def _note_removal(self, contracts: set[str]) -> None:
        self.silent |= contracts
        self.closed |= {path.name for path in (self.root / "published" / "snapshots").iterdir()}


def sender_of(number: int) -> str:
    """The part of a file name that says which town sent it."""
    return "_by-" + "".join(string.ascii_lowercase[int(digit)] for digit in str(number))


def found(root: Path, towns: int, rng: random.Random) -> County:
    """A county in which everything is claimed and nothing decided; all figures are shared."""
    (root / "landing").mkdir(parents=True)
    made, statistics = [], {"2022-01": "10,0", "2023-02": "5,0"}
    lasting = rng.choice([0, 0, 0.5, 1])  # how many of the contracts are kept for ever
    for number in range(towns):
        own = [canaries.number(number * PEOPLE + place) for place in range(PEOPLE)]
        town = begin(
            root, contract_id=f"livet-{number:02d}", cpr=dict(zip("ABCD", own, strict=False)),
            neighbour=own[-1],
        )  # fmt: skip
        town.statistics = statistics
        town.rate = rng.choice([900, 1000, 1100])
        town.claims = {
            (course, f"2023-{month:02d}"): rng.random() < 0.9
            for course in "ABC"
            for month in range(2, 13)
        }
        town.retention_years = None if rng.random() < lasting else 1
        made.append(town)
    return County(root, made, canaries.number(towns * PEOPLE))
