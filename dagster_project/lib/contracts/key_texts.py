"""What each key of the contract file is, in Danish and English: ``seeds/contract_keys.csv``.

What belongs here: looking the texts up, for the schema that editors read and for the page of
``docs/reference``. What does not: which keys there are (``model``) and a text (the table is its
only home).

A text stands under the section (the model's name) and the key; under ``*`` where a key says the
same in every section that has it.

Rules: C.schema.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from dagster_project.settings import SEEDS_DIR

KEYS_FILE = SEEDS_DIR / "contract_keys.csv"
ANY_SECTION = "*"


@dataclass(frozen=True)
class KeyText:
    """What a key is, for those who write a contract and for those who write code."""

    da: str
    en: str


def read_key_texts(path: Path = KEYS_FILE) -> dict[tuple[str, str], KeyText]:
    """The texts by section and key; a key that stands twice is a ``ValueError``."""
    found: dict[tuple[str, str], KeyText] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            place = (row["section"], row["key"])
            if place in found:
                raise ValueError(f"{path.name}: {place} står to gange")
            found[place] = KeyText(row["da"], row["en"])
    return found


def place_of(
    section: str, key: str, texts: dict[tuple[str, str], KeyText]
) -> tuple[str, str] | None:
    """Where the text of a key stands: under its section, else under any; None where it has none."""
    return next((p for p in ((section, key), (ANY_SECTION, key)) if p in texts), None)
