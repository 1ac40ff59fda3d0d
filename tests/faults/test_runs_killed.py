"""Kill -9, a full disk and two runs at once: the last good mart stays, the next run converges."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from dagster_project.orchestration.night import STEPS
from tests.faults.conftest import EARLIER, LATER, copy_home, run_plans

pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow, pytest.mark.xdist_group("killed")]
AFTER_THE_DOCUMENTS = ("pages", "publish_postgres")
"""Steps that a night without news does not begin again: it makes what is missing by itself."""


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
    whole: tuple[Path, str], tmp_path: Path
) -> None:
    home, last = copy_home(whole[0], tmp_path / "home"), whole[1]
    assert run_plans(home, LATER, "whole")[0]["is_unchanged"]
    shutil.rmtree(home / "work")
    again = run_plans(home, LATER, "whole")[0]
    assert (again["is_unchanged"], again["snapshot_id"]) == (False, last)
    (home / "work" / "warehouse.duckdb").write_bytes(b"no database at all" * 100)
    (home / "work" / "published.json").unlink()
    again = run_plans(home, LATER, "whole")[0]
    assert (again["exit_code"], again["snapshot_id"]) == (0, last)
