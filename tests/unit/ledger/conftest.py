"""A hand-made snapshot for each test, and the way of a period through it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.lib import life
from tests.support.published import CONTRACT, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One closed period of 300 kroner, published."""
    return make_world(tmp_path)


@pytest.fixture
def approved(world: World) -> Callable[[str], None]:
    """Brings a period all the way to approved."""

    def bring(period: str) -> None:
        life.submit(world.settings, CONTRACT, period, "Lis")
        life.verify(world.settings, CONTRACT, period, "Kai")
        life.approve(world.settings, CONTRACT, period, "Lea")

    return bring
