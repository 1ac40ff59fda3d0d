"""The same knowledge gives the same bytes, whatever the thread count and the order of the rows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.lib.publishing import build_candidate, manifest
from dagster_project.settings import Home, Settings

_BUILD = """
import datetime as dt, json, pathlib, sys
from dagster_project.lib.publishing import build_candidate, candidate, manifest
from dagster_project.settings import Home, Settings
root, threads = pathlib.Path(sys.argv[1]), sys.argv[2]
candidate._CONFIG["threads"] = threads
made = build_candidate(Home(root), Settings(Home(root), root, dt.date(2024, 5, 2), None))
print(json.dumps([made.snapshot_id, manifest.content(made.manifest)["tables"]]))
"""


def _many_rows(change: Callable[[str], None]) -> None:
    """More rows than two row groups hold, in an order that is not the key's."""
    change(
        "create or replace table restricted.person_month as"
        " select contract_id, 'F-' || (n * 7919 % 300007) as course_id, * exclude"
        " (contract_id, course_id) from restricted.person_month, range(100000) as many(n)"
    )


# Rule M.name
def test_one_thread_and_two_write_the_same_bytes(
    home: Home, change: Callable[[str], None], tmp_path: Path
) -> None:
    _many_rows(change)
    said = []
    for threads in ("1", "2"):
        root = tmp_path / f"threads-{threads}"
        shutil.copytree(home.root, root)
        done = subprocess.run(
            [sys.executable, "-c", _BUILD, str(root), threads],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        said.append(json.loads(done.stdout))
    assert said[0] == said[1]
    assert said[0][1]["restricted"]["person_month"]["rows"] == 300_000


def test_rows_in_another_order_give_the_same_snapshot(
    home: Home, settings: Settings, change: Callable[[str], None]
) -> None:
    first = build_candidate(home, settings)
    change("create or replace table mart.settlement as from mart.settlement order by all desc")
    again = build_candidate(home, settings)
    assert manifest.content(again.manifest) == manifest.content(first.manifest)


@pytest.mark.parametrize(
    "name", ["delivery", "data_quality", "publication", "settlement_history", "label"]
)
# Rule M.name
def test_provenance_is_outside_the_name(name: str) -> None:
    tables = {"mart": {"contract": {"sha256": "a"}, name: {"sha256": "b"}}}
    without = {"mart": {"contract": {"sha256": "a"}}}
    assert manifest.snapshot_id("2024-05-02", tables) == manifest.snapshot_id("2024-05-02", without)


# Rule M.name
def test_figures_are_inside_the_name() -> None:
    one = manifest.snapshot_id("2024-05-02", {"mart": {"contract": {"sha256": "a"}}})
    other = manifest.snapshot_id("2024-05-02", {"mart": {"contract": {"sha256": "b"}}})
    assert one != other
    assert one.startswith("2024-05-02-")
    assert len(one) == len("2024-05-02-") + 12
