"""Homes that lack sources: what was never delivered is unknown, and nothing else is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_generated_worlds import compare
from tests.oracle import rows
from tests.support import examples, night
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
    if "personstatus" in missing:
        assert found["reached"]["blocker"].get("person_status_missing", 0) > 0


NOT_BEGUN = """
contract_id: ikke-begyndt
title: Opfølgning fra næste måned
area: Prøve
document: aftale.pdf
parties: {municipality: Prøve Kommune}
term: {starts_on: 2023-09-01, ends_on: 2024-12-31, clause: "§ 1"}
register: ydelsesforloeb
register_lag_days: 0
requires_person_status: false
parts: []
follow_up: {benefit_groups: [sygedagpenge, jobafklaring]}
"""


def test_a_follow_up_that_has_not_begun_holds_nobody_back(tmp_path: Path) -> None:
    home = night.copy_inputs(examples.home_of("spells-one-contract"), tmp_path / "home")
    (home / "contracts" / "ikke-begyndt.yml").write_text(NOT_BEGUN, encoding="utf-8")
    night.publish(home, "2023-08-15")
    assert night.read_marts(home, ["follow_up_month"])["follow_up_month"] == []
    night.publish(home, "2023-09-01")
    found = night.read_marts(home, ["follow_up_month"])["follow_up_month"]
    assert len(found) == 2
