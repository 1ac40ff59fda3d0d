"""Kill -9, a full disk and two runs at once: the last good mart stays, the next run converges."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.night_steps import STEPS
from tests.support import examples, night

HOME = "spells-one-contract"
EARLIER, LATER = (as_of for name, as_of in examples.ALL if name == HOME and as_of > "2024-01-01")


def run_plans(home: Path, as_of: str, *plans: str) -> list[dict[str, Any]]:
    """One process, one forked night per plan."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.crashing", str(home), as_of, *plans],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A home with its landing untouched, and what nights without a fault publish of it."""
    home = night.copy_inputs(examples.home_of(HOME), tmp_path_factory.mktemp("whole"))
    first = run_plans(home, EARLIER, "whole")[0]["snapshot_id"]
    last = run_plans(home, LATER, "whole")[0]["snapshot_id"]
    assert first and last and first != last
    return home, first, last


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return night.copy_inputs(examples.home_of(HOME), tmp_path / "home")


def test_a_night_killed_after_any_step_leaves_the_old_mart_or_the_new_one_and_is_made_good(
    home: Path, undisturbed: tuple[Path, str, str]
) -> None:
    _, first, last = undisturbed
    # the other key gives other person_keys, which stand in no table that names the snapshot
    assert run_plans(home, EARLIER, "whole")[0]["snapshot_id"] == first
    kills = [f"kill:{step.name}" for step in STEPS]
    told = run_plans(home, LATER, *kills, "whole")
    for said in told[:-1]:
        assert said["killed_by"] == signal.SIGKILL, said
        is_published = said["plan"] in {"kill:publish", "kill:statements"}
        assert said["current"] == (last if is_published else first), said
    # publish was reached, so that the last kills found the new snapshot current
    assert told[-1]["exit_code"] == 0
    assert told[-1]["snapshot_id"] == told[-1]["current"] == last
    assert not list((home / "published").glob(".*"))


def test_a_night_killed_at_any_moment_converges(
    home: Path, undisturbed: tuple[Path, str, str]
) -> None:
    _, _, last = undisturbed
    told = run_plans(home, LATER, "ms:150", "ms:700", "ms:1500", "ms:2600", "whole")
    assert told[-1]["snapshot_id"] == last
    assert told[-1]["exit_code"] == 0
    assert not list((home / "landing").rglob("*.csv"))


def test_a_full_disk_fails_safely_and_the_next_night_is_as_if_nothing_had_happened(
    home: Path, undisturbed: tuple[Path, str, str]
) -> None:
    _, first, last = undisturbed
    told = run_plans(home, EARLIER, "whole")
    assert told[0]["snapshot_id"] == first
    told = run_plans(home, LATER, "disk:4096", "disk:300000", "disk:2000000", "whole")
    for said in told[:-1]:
        assert said["killed_by"] is None
        assert said["exit_code"] == 1, said
        assert said["current"] == first
    assert told[-1]["snapshot_id"] == last
    assert not list((home / "landing").rglob("*.csv"))


def test_work_may_be_deleted_at_any_time(undisturbed: tuple[Path, str, str]) -> None:
    home, _, last = undisturbed
    quiet, again = run_plans(home, LATER, "whole"), None
    assert quiet[0]["is_unchanged"]
    shutil.rmtree(home / "work")
    again = run_plans(home, LATER, "whole")[0]
    assert not again["is_unchanged"]
    assert again["snapshot_id"] == last


def test_a_warehouse_that_cannot_be_opened_is_built_anew(
    undisturbed: tuple[Path, str, str],
) -> None:
    home, _, last = undisturbed
    (home / "work" / "warehouse.duckdb").write_bytes(b"no database at all" * 100)
    (home / "work" / "published.json").unlink()
    again = run_plans(home, LATER, "whole")[0]
    assert (again["exit_code"], again["snapshot_id"]) == (0, last)
