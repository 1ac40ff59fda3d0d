"""A home after one night and after two, that the tests of this folder harm copies of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import examples, night

HOME = "spells-one-contract"
EARLIER, LATER = (as_of for name, as_of in examples.ALL if name == HOME and as_of > "2024-01-01")


def run_plans(
    home: Path, as_of: str, *plans: str, variables: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """One process, one forked night per plan."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.crashing", str(home), as_of, *plans],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=1800,
        env={**os.environ, **(variables or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def early(shared_folder: Path) -> tuple[Path, str]:
    """A home after its first night, and the snapshot that it published."""

    def run(home: Path) -> str:
        night.copy_inputs(examples.home_of(HOME), home / "home")
        return str(run_plans(home / "home", EARLIER, "whole")[0]["snapshot_id"])

    folder, snapshot_id = night.built_once(shared_folder, "harmed-early", run)
    return folder / "home", snapshot_id


@pytest.fixture(scope="session")
def whole(early: tuple[Path, str], shared_folder: Path) -> tuple[Path, str]:
    """The same home after a second night without any fault, and what that published."""

    def run(folder: Path) -> str:
        home = copy_home(early[0], folder / "home")
        return str(run_plans(home, LATER, "whole")[0]["snapshot_id"])

    folder, last = night.built_once(shared_folder, "harmed-whole", run)
    assert last != early[1]
    return folder / "home", last


def copy_home(source: Path, target: Path) -> Path:
    """A home with its links and modes, to be harmed."""
    return Path(shutil.copytree(source, target, symlinks=True))


@pytest.fixture
def home(early: tuple[Path, str], tmp_path: Path) -> Path:
    """The home after its first night, for one test."""
    return copy_home(early[0], tmp_path / "home")
