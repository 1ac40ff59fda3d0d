"""A hand-made snapshot for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.published import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One closed period of 300 kroner, published."""
    return make_world(tmp_path)
