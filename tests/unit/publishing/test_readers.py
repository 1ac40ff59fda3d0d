"""A reader in a loop during a hundred publishes: whole snapshots only, never an error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.lib.publishing import Candidate, publish
from dagster_project.settings import Home
from tests.unit.publishing.conftest import number_anew

PUBLISHES = 100
SNAPSHOTS = 5
# opens the mart as BI does and prints the versions that it finds; a torn snapshot has two at once
_READER = """
import json, pathlib, sys
import duckdb
mart, stop, out = (pathlib.Path(name) for name in sys.argv[1:])
seen, torn, errors, opens = set(), 0, [], 0
while not stop.exists():
    try:
        with duckdb.connect(str(mart), read_only=True) as reader:
            rows = reader.execute(
                "select title from mart.contract union all select period_label from mart.settlement"
                " union all select clause from mart.payment_curve"
            ).fetchall()
    except Exception as error:
        errors.append(type(error).__name__ + ": " + str(error))
        continue
    opens += 1
    versions = {row[0] for row in rows}
    torn += len(versions) != 1 or len(rows) != 9
    seen |= versions
out.write_text(json.dumps(
    {"seen": sorted(seen), "torn": torn, "errors": errors[:3], "opens": opens}))
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


@pytest.mark.slow
# Rule M.publish
def test_a_reader_sees_whole_snapshots_only_during_a_hundred_publishes(
    home: Home,
    audited: Callable[[], Candidate],
    change: Callable[[str], None],
    tmp_path: Path,
) -> None:
    variants = _variants(audited, change, tmp_path)
    _publish_copy(home, variants[0])
    stop, out = tmp_path / "stop", tmp_path / "seen.json"
    reader = subprocess.Popen(
        [sys.executable, "-c", _READER, str(home.published / "payout_mart.duckdb"), stop, out]
    )
    time.sleep(1)
    try:
        actions = [_publish_copy(home, variants[n % len(variants)]) for n in range(1, PUBLISHES)]
    finally:
        stop.touch()
        reader.wait(timeout=60)
    said = json.loads(out.read_text())
    assert said["errors"] == []
    assert said["torn"] == 0
    assert said["opens"] >= 20
    assert len(said["seen"]) >= 2
    assert {"published", "replaced"} <= set(actions)
