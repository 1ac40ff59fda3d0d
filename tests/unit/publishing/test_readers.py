"""Readers during publishes: whole snapshots only, forwards only, never an error."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.publishing import Candidate, publish
from dagster_project.settings import Home
from tests.unit.publishing.conftest import number_anew

PUBLISHES = 100
OPENS = 10_000 if os.environ.get("EFFEKT_FAULTS") else 20
"""How often the reader opens the mart at least; ten thousand times take minutes."""
SNAPSHOTS = 5
Storm = tuple[dict[str, Any], list[str]]
# opens the mart as BI does and tells the versions that it finds (a torn snapshot has two at once),
# and each publication when it is first seen
_READER = """
import json, pathlib, sys
import duckdb
mart, stop, out = (pathlib.Path(name) for name in sys.argv[1:4])
least = int(sys.argv[4])
seen, torn, errors, opens, publications = set(), 0, [], 0, []
while not stop.exists() or (opens < least and not errors):
    try:
        with duckdb.connect(str(mart), read_only=True) as reader:
            rows = reader.execute(
                "select title from mart.contract union all select period_label from mart.settlement"
                " union all select clause from mart.payment_curve"
            ).fetchall()
            newest = reader.execute(
                "select max(publication_no), arg_max(snapshot_id, publication_no)"
                " from mart.publication"
            ).fetchone()
    except Exception as error:
        errors.append(type(error).__name__ + ": " + str(error))
        continue
    opens += 1
    versions = {row[0] for row in rows}
    torn += len(versions) != 1 or len(rows) != 9
    seen |= versions
    told = [*newest, *versions]
    if publications[-1:] != [told]:
        publications.append(told)
out.write_text(json.dumps({
    "seen": sorted(seen), "torn": torn, "errors": errors[:3], "opens": opens,
    "publications": publications,
}))
"""
# opens the mart once, and asks it again each time it is told to
_HOLDER = """
import sys
import duckdb
with duckdb.connect(sys.argv[1], read_only=True) as reader:
    for _ in sys.stdin:
        print(reader.execute("select max(title) from mart.contract").fetchone()[0], flush=True)
"""


def _variants(
    audited: Callable[[], Candidate], change: Callable[[str], None], aside: Path
) -> list[Candidate]:
    """Finished files of several snapshots, each in two forms that differ in restricted rows."""
    found = []
    for version in range(SNAPSHOTS):
        for form in ("one", "other"):
            change(
                f"update mart.contract set title = 'v{version}';"
                f"update mart.settlement set period_label = 'v{version}';"
                f"update mart.payment_curve set clause = 'v{version}';"
                f"update restricted.mismatch set remedy = '{form}'"
            )
            built = audited()
            kept = aside / f"{version}-{form}"
            shutil.move(built.path, kept)
            found.append(Candidate(kept, built.manifest))
    return found


def _publish_copy(home: Home, variant: Candidate) -> str:
    path = home.published / ".candidate-of-the-storm"
    shutil.copytree(variant.path, path)
    number_anew(path, home)
    return publish(home).action


@pytest.fixture
def storm(
    home: Home,
    audited: Callable[[], Candidate],
    change: Callable[[str], None],
    tmp_path: Path,
) -> Storm:
    """What a reader saw while publications followed one another, and what they did."""
    variants = _variants(audited, change, tmp_path)
    _publish_copy(home, variants[0])
    stop, out = tmp_path / "stop", tmp_path / "seen.json"
    mart = home.published / "payout_mart.duckdb"
    words = [sys.executable, "-c", _READER, str(mart), str(stop), str(out), str(OPENS)]
    reader = subprocess.Popen(words)
    time.sleep(1)
    actions = []
    try:
        for n in itertools.count(1):
            actions.append(_publish_copy(home, variants[n % len(variants)]))
            if n == PUBLISHES - 1:
                stop.touch()
            if n >= PUBLISHES - 1 and (OPENS < PUBLISHES or reader.poll() is not None):
                break
    finally:
        stop.touch()
        reader.wait(timeout=60)
    return json.loads(out.read_text()), actions


@pytest.mark.slow
# Rule M.publish
def test_a_reader_sees_whole_snapshots_only_during_a_hundred_publishes(storm: Storm) -> None:
    said, actions = storm
    assert said["errors"] == []
    assert said["torn"] == 0
    assert said["opens"] >= OPENS
    assert len(said["seen"]) >= 2
    assert {"published", "replaced"} <= set(actions)
    # Invariant 35: numbers go forwards, and a name is the name of the same figures for ever
    numbers = [number for number, _, _ in said["publications"]]
    assert numbers == sorted(numbers)
    figures = {(name, version) for _, name, version in said["publications"]}
    assert len({name for name, _ in figures}) == len(figures) >= 2


# Rule M.publish
def test_who_holds_the_mart_open_keeps_what_he_opened_and_holds_nobody_up(
    home: Home,
    audited: Callable[[], Candidate],
    change: Callable[[str], None],
    tmp_path: Path,
) -> None:
    variants = _variants(audited, change, tmp_path)[::2]
    _publish_copy(home, variants[0])
    words = [sys.executable, "-c", _HOLDER, str(home.published / "payout_mart.duckdb")]
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert _asked(holder) == "v0"
        for variant in variants[1:]:
            assert _publish_copy(home, variant) == "published"
            assert _asked(holder) == "v0"
        fresh = subprocess.run(words, input="\n", capture_output=True, text=True, check=True)
        assert fresh.stdout.strip() == f"v{SNAPSHOTS - 1}"
    finally:
        holder.kill()
        holder.communicate()


def _asked(holder: subprocess.Popen[str]) -> str:
    assert holder.stdin is not None and holder.stdout is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    return holder.stdout.readline().strip()
