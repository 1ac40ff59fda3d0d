"""The tables that a file is judged against: benefit codes and benefit names (``seeds/``)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import SEEDS_DIR

CODES_FILE = SEEDS_DIR / "benefit_codes.csv"
NAMES_FILE = SEEDS_DIR / "benefit_names.csv"


@dataclass(frozen=True)
class Reference:
    """Known code ranges, the benefit group of each spelling, the spellings' fingerprint."""

    code_ranges: tuple[tuple[int, int], ...]
    group_of_name: tuple[tuple[str, str], ...]
    names_sha256: str


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle, strict=True)
        if missing := set(columns) - set(reader.fieldnames or ()):
            raise EffektError("REFERENCE_TABLE", f"{path.name} lacks {', '.join(sorted(missing))}")
        return list(reader)


@cache
def load_reference(codes: Path = CODES_FILE, names: Path = NAMES_FILE) -> Reference:
    """Read both tables.

    Raises:
        EffektError: a table is not what it must be, or a spelling stands twice.
    """
    ranges = tuple(
        (int(row["code_from"]), int(row["code_to"]))
        for row in _rows(codes, ("code_from", "code_to"))
    )
    pairs = [(row["name"], row["benefit_group"]) for row in _rows(names, ("name", "benefit_group"))]
    if len({name for name, _ in pairs}) != len(pairs):
        raise EffektError("REFERENCE_TABLE", f"{names.name}: a name stands twice")
    return Reference(ranges, tuple(pairs), sha256_file(names))
