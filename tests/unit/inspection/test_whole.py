"""What ``effekt verify`` finds in a home whose chains are whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.lib import inspection, life
from dagster_project.lib.inspection.whole import Area
from tests.support.published import CONTRACT, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An approved period."""
    world = make_world(tmp_path / "world")
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    life.approve(world.settings, CONTRACT, "2023-01", "Lea")
    return world


def area(world: World, name: str) -> Area:
    return next(area for area in inspection.inspect_home(world.home).areas if area.name == name)


def change(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:9] + bytes([data[9] ^ 1]) + data[10:])


@pytest.mark.parametrize("harm", [change, Path.unlink])
@pytest.mark.parametrize("name", ["2023-01.json", "2023-01.evidence.jsonl"])
# Rule F.verify
def test_all_that_an_approval_stored_is_looked_at(
    world: World, name: str, harm: Callable[[Path], None]
) -> None:
    assert not area(world, "statements").faults
    harm(world.home.ledger / "statements" / CONTRACT / name)
    (fault,) = area(world, "statements").faults
    assert fault.code == "LEDGER_BROKEN" and name in fault.message


@pytest.mark.parametrize("name", ["2023-04.json", "2023-04.evidence.jsonl"])
def test_a_stored_file_that_no_approval_names_is_noted(world: World, name: str) -> None:
    (world.home.ledger / "statements" / CONTRACT / name).write_text("{}\n")
    found = area(world, "statements")
    assert not found.faults
    assert [name in note for note in found.notes] == [True]
