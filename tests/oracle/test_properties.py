"""What must not change a figure does not change it: on small generated homes, in the oracle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle import home as oracle_home
from tests.oracle import rows
from tests.worlds import generate, retell

SEEDS = Path(__file__).parents[2] / "seeds"
DATES = st.sampled_from(["2023-08-15", "2024-05-02", "2025-04-30"])
Retelling = Callable[[generate.World, int], generate.World]


def answer_of(world: generate.World, folder: Path, as_of: str) -> dict[str, Any]:
    """The oracle's rows of a world, written to a folder and read back.

    Without the hashes of files, because a file that is written otherwise has other bytes.
    """
    found = rows.answer(world.write(folder), SEEDS, as_of)
    for row in found["fte_month"]:
        del row["statistics_sha256"]
    return found


def small(seed: int, *registers: str) -> generate.World:
    """A home of three contracts."""
    return generate.hall(seed, 3, registers or ("ydelsesforloeb",), background_count=4)


@pytest.mark.parametrize(
    "retelling",
    [
        retell.shuffled,
        retell.split_deliveries,
        retell.split_spells,
        retell.renamed,
        retell.repeated,
    ],
)
@given(seed=st.integers(1, 10_000), as_of=DATES)
@settings(max_examples=4, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_telling_the_same_otherwise_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, retelling: Retelling, seed: int, as_of: str
) -> None:
    world = small(seed)
    told = answer_of(world, tmp_path_factory.mktemp("a"), as_of)
    again = answer_of(retelling(world, seed), tmp_path_factory.mktemp("b"), as_of)
    for table, found in told.items():
        assert sorted(map(str, again[table])) == sorted(map(str, found)), table


@given(seed=st.integers(1, 10_000), as_of=DATES)
@settings(max_examples=4, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_merging_the_numbers_of_a_person_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, as_of: str
) -> None:
    world = small(seed, "ydelsesforloeb", "dream")
    told = answer_of(world, tmp_path_factory.mktemp("a"), as_of)
    merged = retell.merged_numbers(world, as_of)
    again = answer_of(merged, tmp_path_factory.mktemp("b"), as_of)
    for table, found in told.items():
        assert sorted(map(str, again[table])) == sorted(map(str, found)), table


@given(seed=st.integers(1, 10_000), as_of=DATES)
@settings(max_examples=4, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_a_delivery_known_later_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, as_of: str
) -> None:
    world = small(seed, *generate.SOURCES)
    told = answer_of(world, tmp_path_factory.mktemp("a"), as_of)
    again = answer_of(retell.without_later(world, as_of), tmp_path_factory.mktemp("b"), as_of)
    assert told == again


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert small(5).files == small(5).files
    assert small(5).files != small(6).files


# Rule I.order
def test_deliveries_are_ordered_by_extract_date_then_version_then_name() -> None:
    names = ["dream_2024-01-02_v1.csv", "dream_2024-01-01_v2.csv", "dream_2024-01-01_b.csv"]
    content = b"cpr;y_2301\n6101901234;890\n"
    found = sorted(
        (oracle_home.read_delivery(name, content) for name in names), key=lambda one: one.order
    )
    assert [delivery.name for delivery in found] == [names[2], names[1], names[0]]
