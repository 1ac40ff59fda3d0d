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

from dagster_project.orchestration.night import STEPS
from tests.support import examples, night

pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow, pytest.mark.xdist_group("killed")]
HOME = "spells-one-contract"
AFTER_THE_DOCUMENTS = ("pages", "publish_postgres")
"""Steps that a night without news does not begin again: it makes what is missing by itself."""
EARLIER, LATER = (as_of for name, as_of in examples.ALL if name == HOME and as_of > "2024-01-01")


def run_plans(home: Path, as_of: str, *plans: str) -> list[dict[str, Any]]:
    """One process, one forked night per plan."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.crashing", str(home), as_of, *plans],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home after its first night, and the snapshot that it published."""
    home = night.copy_inputs(examples.home_of(HOME), tmp_path_factory.mktemp("early"))
    return home, run_plans(home, EARLIER, "whole")[0]["snapshot_id"]


@pytest.fixture(scope="module")
def whole(early: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same home after a second night without any fault, and what that published."""
    home = copy_home(early[0], tmp_path_factory.mktemp("whole") / "home")
    last = run_plans(home, LATER, "whole")[0]["snapshot_id"]
    assert last
    assert last != early[1]
    return home, last


def copy_home(source: Path, target: Path) -> Path:
    """A home with its links and modes, to be harmed."""
    return Path(shutil.copytree(source, target, symlinks=True))


@pytest.fixture
def home(early: tuple[Path, str], tmp_path: Path) -> Path:
    return copy_home(early[0], tmp_path / "home")


# Rules F.after, F.killed
def test_a_night_killed_after_any_step_leaves_the_old_mart_or_the_new_one_and_is_made_good(
    home: Path, early: tuple[Path, str], whole: tuple[Path, str]
) -> None:
    until = [step.name for step in STEPS if step.name not in AFTER_THE_DOCUMENTS]
    told = run_plans(home, LATER, *[f"kill:{name}" for name in until], "whole")
    for said in told[:-1]:
        is_published = said["plan"] in {"kill:publish", "kill:statements"}
        assert said["killed_by"] == signal.SIGKILL, said
        assert said["current"] == (whole[1] if is_published else early[1]), said
    assert told[-1]["exit_code"] == 0
    assert told[-1]["snapshot_id"] == told[-1]["current"] == whole[1]
    assert not list((home / "published").glob(".*"))


@pytest.mark.parametrize("step", AFTER_THE_DOCUMENTS)
# Rules F.after, F.killed
def test_a_night_killed_after_its_documents_leaves_the_new_mart_and_the_next_one_makes_its_pages(
    home: Path, whole: tuple[Path, str], step: str
) -> None:
    shutil.rmtree(home / "published" / "site", ignore_errors=True)
    killed, quiet = run_plans(home, LATER, f"kill:{step}", "whole")
    assert (killed["killed_by"], killed["current"]) == (signal.SIGKILL, whole[1])
    assert (quiet["exit_code"], quiet["current"]) == (0, whole[1])
    assert (home / "published" / "site" / "ordbog.html").is_file()
    assert list((home / "published" / "site" / "kontrakt").glob("*.html"))


def test_a_night_killed_at_any_moment_converges(home: Path, whole: tuple[Path, str]) -> None:
    told = run_plans(home, LATER, "ms:150", "ms:900", "ms:2600", "whole")
    assert told[-1]["snapshot_id"] == whole[1]
    assert told[-1]["exit_code"] == 0
    assert not list((home / "landing").rglob("*.csv"))


# Rule I.refusal
def test_a_refusal_that_a_killed_night_told_nobody_is_told_by_the_next_one_and_only_by_that(
    home: Path,
) -> None:
    (home / "landing" / "nobody_knows_this.csv").write_bytes(b"x")
    told = run_plans(home, EARLIER, "kill:receive", "whole", "whole")
    assert told[0]["killed_by"] == signal.SIGKILL
    assert [said["exit_code"] for said in told[1:]] == [3, 0]
    assert [item["codes"] for item in told[1]["refused"]] == [["FILE_NAME"]]
    assert told[2]["refused"] == []


# Rule F.after
def test_a_full_disk_fails_safely_and_the_next_night_is_as_if_nothing_had_happened(
    home: Path, early: tuple[Path, str], whole: tuple[Path, str]
) -> None:
    told = run_plans(home, LATER, "disk:50", "disk:200000", "whole")
    for said in told[:-1]:
        assert said["killed_by"] is None
        assert said["exit_code"] == 1, said
        assert said["current"] == early[1]
    assert told[-1]["snapshot_id"] == whole[1]


# Rule F.killed
def test_work_may_be_deleted_at_any_time_and_a_broken_warehouse_is_built_anew(
    whole: tuple[Path, str],
) -> None:
    home, last = whole
    assert run_plans(home, LATER, "whole")[0]["is_unchanged"]
    shutil.rmtree(home / "work")
    again = run_plans(home, LATER, "whole")[0]
    assert (again["is_unchanged"], again["snapshot_id"]) == (False, last)
    (home / "work" / "warehouse.duckdb").write_bytes(b"no database at all" * 100)
    (home / "work" / "published.json").unlink()
    again = run_plans(home, LATER, "whole")[0]
    assert (again["exit_code"], again["snapshot_id"]) == (0, last)
