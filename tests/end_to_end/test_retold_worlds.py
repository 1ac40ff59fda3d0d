"""The same knowledge, however it arrives and is written down, publishes the same figures."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import night
from tests.worlds import generate, retell

AS_OF = "2024-12-01"
FIGURES = [
    "settlement", "settlement_part", "settlement_reading", "settlement_blocker", "payment_curve",
    "claim_match", "fte_effect", "fte_month", "relapse_summary", "relapse_curve", "focus_goal",
    "follow_up_month", "cases_ended_month", "screening_funnel", "effect", "participant",
    "person_month", "settlement_line", "employment_entry", "mismatch",
]  # fmt: skip
NO_FIGURES = {"person_key", "statistics_sha256", "cause_delivery_sha256"}


def world() -> generate.World:
    """A home of all registers, with contracts of both kinds."""
    return generate.hall(21, 12, background_count=40, tracked_count=3)


def figures(home: Path) -> dict[str, list[str]]:
    """Every figure, without the names of persons and files."""
    return {
        table: sorted(
            str({column: value for column, value in row.items() if column not in NO_FIGURES})
            for row in night.read_mart(home, table)
        )
        for table in FIGURES
    }


def told(shared_folder: Path, name: str, other: generate.World) -> dict[str, Any]:
    """The figures and the snapshot_id of a world after one night."""

    def run(home: Path) -> dict[str, Any]:
        other.write(home)
        return {"snapshot_id": night.publish(home, AS_OF), "figures": figures(home)}

    answer: dict[str, Any] = night.built_once(shared_folder, f"retold-{name}", run)[1]
    return answer


@pytest.fixture(scope="session")
def base(shared_folder: Path) -> dict[str, Any]:
    """The world delivered once, in order."""
    return told(shared_folder, "base", world())


def test_two_nights_in_reverse_order_and_repeated_files_publish_the_same_snapshot(
    shared_folder: Path, base: dict[str, Any]
) -> None:
    """Invariants 8, 9, 30, 31: arrival order, repetition, later deliveries, time zone."""
    whole = world()
    late = generate.World(contracts=whole.contracts)
    early = generate.World(contracts=whole.contracts)
    for place, name in enumerate(sorted(whole.files, reverse=True)):
        (late if place % 2 else early).files[name] = whole.files[name]

    def run(home: Path) -> str:
        early.write(home)
        before = os.environ.get("TZ")
        os.environ["TZ"] = "Pacific/Kiritimati"
        time.tzset()
        try:
            night.publish(home, "2025-04-30")
            retell.repeated(late, 0).write(home)
            retell.repeated(early, 0).write(home)
            return night.publish(home, AS_OF, is_earlier=True)
        finally:
            os.environ.pop("TZ")
            if before is not None:
                os.environ["TZ"] = before
            time.tzset()

    assert night.built_once(shared_folder, "retold-reverse", run)[1] == base["snapshot_id"]


def test_deliveries_known_later_and_a_lost_work_folder_change_no_snapshot(
    shared_folder: Path, base: dict[str, Any]
) -> None:
    """Invariants 7, 13, 30: only what is known counts; work/ is rebuildable."""

    def run(home: Path) -> list[Any]:
        retell.without_later(world(), AS_OF).write(home)
        first = night.publish(home, AS_OF)
        shutil.rmtree(home / "work")
        return [first, night.publish(home, AS_OF)]

    found = night.built_once(shared_folder, "retold-known", run)[1]
    assert found == [base["snapshot_id"]] * 2


def test_another_writing_of_the_same_rows_changes_no_figure(
    shared_folder: Path, base: dict[str, Any]
) -> None:
    """Invariants 10, 11, 14, 18, 27: order, quoting, cuts, new names, merged numbers."""
    other = retell.merged_numbers(world(), AS_OF)
    other = retell.split_spells(other, 3)
    other = retell.split_deliveries(other, 2)
    other = retell.renamed(other, 0)
    other = retell.shuffled(other, 1)
    assert differing(told(shared_folder, "rewritten", other)["figures"], base["figures"]) == {}


def test_a_person_in_no_contract_changes_only_the_counts_of_the_register(
    shared_folder: Path, base: dict[str, Any]
) -> None:
    """Invariant 16."""
    found = told(shared_folder, "stranger", retell.with_stranger(world(), 0))["figures"]
    wrong = differing(found, base["figures"])
    assert set(wrong) <= {"fte_month", "follow_up_month", "focus_goal", "screening_funnel"}
    assert "fte_month" in wrong


def differing(found: dict[str, list[str]], wanted: dict[str, list[str]]) -> dict[str, list[str]]:
    """Rows that stand in one and not in the other, by table."""
    return {
        table: sorted(set(found[table]) ^ set(wanted[table]))[:6]
        for table in wanted
        if found[table] != wanted[table]
    }
