"""A county: many small towns, each with its own contract, in one home that all deliver to.

What belongs here: what is true in the towns, and the files that show it. What does not: what is
done night by night (``plan``), what must hold (``law``).
"""

from __future__ import annotations

import hashlib
import random
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


@dataclass
class County:
    """The towns, their home, and every file that was ever landed there."""

    root: Path
    towns: list[Town]
    landed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Who looks at each town."""
        self.witnesses = [Witness(town) for town in self.towns]

    def write_terms(self) -> None:
        """Every contract file."""
        for town in self.towns:
            town.write_terms()

    def deliver(self, day: str, source: str, version: int = 1, folder: str = "") -> Path:
        """Land what all towns have to tell of a source, extracted on a day."""
        window = f"_2022-01-01_{_before(day)}" if source == "ydelsesforloeb" else ""
        number = "" if version == 1 else f"_v{version}"
        rows = dict.fromkeys(row for town in self.towns for row in town.told(source, day))
        text = "\n".join([HEADINGS[source], *rows]) + "\n"
        return self.land(f"{source}_{day}{window}{number}.csv", text.encode(), folder)

    def land(self, name: str, data: bytes, folder: str = "") -> Path:
        """Put a file into the drop zone, and remember it."""
        place = self.root / "landing" / folder
        place.mkdir(parents=True, exist_ok=True)
        path = place / name
        path.write_bytes(data)
        self.landed[hashlib.sha256(data).hexdigest()] = name
        return path


def found(root: Path, towns: int, rng: random.Random) -> County:
    """A county in which everything is claimed and nothing decided; all figures are shared."""
    (root / "landing").mkdir(parents=True)
    made, statistics = [], {"2022-01": "10,0", "2023-02": "5,0"}
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
        made.append(town)
    return County(root, made)
