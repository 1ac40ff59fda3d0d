"""Homes that lack sources: what was never delivered is unknown, and nothing else is lost for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_generated_worlds import compare
from tests.oracle import rows
from tests.support import night
from tests.worlds import generate, retell

SEEDS = Path(__file__).parents[2] / "seeds"
AS_OF = "2024-12-01"
HOMES: dict[str, tuple[int, str, set[str]]] = {
    "payments-alone": (31, "ydelsesrefusion", {"personstatus", "eindkomst", "aktiviteter"}),
    "weeks-without-claims": (32, "dream", {"resultatkrav", "jobindsats", "personstatus"}),
    "spells-and-list-alone": (
        33,
        "ydelsesforloeb",
        {"resultatkrav", "jobindsats", "personstatus", "eindkomst", "aktiviteter"},
    ),
}


@pytest.mark.parametrize("name", HOMES)
def test_sql_equals_the_oracle_where_sources_are_missing(shared_folder: Path, name: str) -> None:
    seed, register, missing = HOMES[name]
    whole = generate.hall(seed, 8, (register,), background_count=50, tracked_count=2)
    kept = {n: c for n, c in whole.files.items() if retell.source_of(n) not in missing}
    world = generate.World(files=kept, contracts=whole.contracts)

    def run(home: Path) -> dict[str, Any]:
        told = world.write(home.with_name(f"{home.name}-told"))
        world.write(home)
        night.publish(home, AS_OF)
        return compare(rows.answer(told, SEEDS, AS_OF), home)

    found = night.built_once(shared_folder, f"sparse-{name}", run)[1]
    assert {table: said[:10] for table, said in found["differences"].items() if said} == {}
    assert found["reached"]["eligibility"].get("eligible", 0) > 0
