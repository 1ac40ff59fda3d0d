"""Clients of the published mart: DuckDB drivers, the how-to's own lines, and one that writes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib.publishing import snapshot
from dagster_project.lib.publishing.tables import MART, declared_tables
from dagster_project.settings import Home
from tests.bi import drivers
from tests.bi.conftest import Demo
from tests.support import other_user

pytestmark = [pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "connect-bi.md"
OWN = "the product's"
READ = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as mart:
    tables = mart.execute(
        "select table_name, comment from duckdb_tables() where schema_name = 'mart' order by 1"
    ).fetchall()
    print(duckdb.__version__)
    for name, comment in tables:
        rows = mart.execute(f"select count(*) from mart.{name}").fetchone()[0]
        print(name, rows, bool(comment))
    keys = "select count(*) from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
    print(mart.execute(keys).fetchone()[0])
"""
WRITE = """
import os, sys, time, duckdb
if os.geteuid() == 0:
    os.setegid(int(sys.argv[2]))
    os.seteuid(int(sys.argv[2]))
begun = time.monotonic()
try:
    duckdb.connect(sys.argv[1]).execute("create table mart.mine (x integer)")
except duckdb.IOException as error:
    print(time.monotonic() - begun, error)
"""
HOLD = """
import sys, time, duckdb
mart = duckdb.connect(sys.argv[1])
print("open", flush=True)
time.sleep(600)
"""


def python(version: str) -> dict[str, str]:
    """The environment in which this Python has another driver."""
    if version == OWN:
        return dict(os.environ)
    if not (drivers.folder(version) / "installed").exists():
        pytest.skip(f"DuckDB {version} is not installed (python -m tests.bi.drivers)")
    return {**os.environ, "PYTHONPATH": str(drivers.folder(version))}


# Rule M.drivers
@pytest.mark.parametrize("version", [*drivers.LOCKS, OWN])
def test_a_driver_reads_every_table_with_its_comment_and_its_key(version: str, demo: Demo) -> None:
    said = subprocess.run(
        [sys.executable, "-c", READ, demo.mart], env=python(version), check=True,
        capture_output=True, text=True, timeout=120,
    ).stdout.splitlines()  # fmt: skip
    assert said[0] == (duckdb.__version__ if version == OWN else version)
    with duckdb.connect(str(demo.mart), read_only=True) as mart:
        rows = {
            name: mart.execute(f"select count(*) from mart.{name}").fetchone()[0]
            for room, name in declared_tables()
            if room == MART
        }
    assert said[1:-1] == [f"{name} {count} True" for name, count in sorted(rows.items())]
    assert int(said[-1]) == len(rows)


def test_the_drivers_are_the_oldest_that_opens_the_mart_and_a_newer_one() -> None:
    assert "1.4.0" in drivers.LOCKS
    assert any(version > "1.5" for version in drivers.LOCKS)


# Rule M.drivers
@pytest.mark.parametrize("version", [*drivers.LOCKS, OWN])
def test_a_client_that_opens_the_mart_for_writing_fails_at_once(version: str, demo: Demo) -> None:
    environment = python(version)
    with other_user.folder() as place:
        copy = Path(shutil.copy(demo.mart, place / "payout_mart.duckdb"))
        assert copy.stat().st_mode & 0o777 == 0o444  # as it was published
        os.chown(copy, other_user.SOMEBODY, other_user.SOMEBODY)
        said = subprocess.run(
            [sys.executable, "-c", WRITE, copy, str(other_user.SOMEBODY)], env=environment,
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip
    seconds, told = said.split(" ", 1)
    assert float(seconds) < 2
    assert "Permission denied" in told


@contextmanager
def held_open(mart: Path) -> Iterator[int]:
    """Another process has the file open for writing, as only the superuser can."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, mart], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "open\n"
        yield process.pid
    finally:
        process.kill()
        process.wait()


# Rule M.held
@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can open a file of mode 0444")
def test_commands_that_only_read_name_the_process_that_holds_the_mart(
    demo: Demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(demo.home.root, home.root, symlinks=True)
    mart = (home.published / "payout_mart.duckdb").resolve()
    with snapshot.open_current(home) as current:
        before = current.connection.execute("select count(*) from mart.settlement").fetchone()
    assert capsys.readouterr().err == ""
    with held_open(mart) as pid, snapshot.open_current(home) as current:
        assert (
            current.connection.execute("select count(*) from mart.settlement").fetchone() == before
        )
        said = capsys.readouterr().err
    assert f"proces {pid}" in said
    assert "payout_mart.duckdb" in said


def blocks(language: str) -> list[str]:
    """The pieces of code of the how-to in one language."""
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_a_piece_of_python_in_the_how_to_reads_the_publication(number: int, demo: Demo) -> None:
    code = blocks("python")[number]
    interpreter = sys.executable
    if "sqlalchemy" in code:
        if not os.environ.get("EFFEKT_SUPERSET"):
            pytest.skip("EFFEKT_SUPERSET names no environment with duckdb-engine")
        interpreter = str(Path(os.environ["EFFEKT_SUPERSET"]).absolute() / "bin" / "python")
    published = str(demo.home.published)
    assert "/srv/effekt/hedensted/published" in code
    said = subprocess.run(
        [interpreter, "-c", code.replace("/srv/effekt/hedensted/published", published)],
        check=True, capture_output=True, text=True, timeout=180,
    ).stdout  # fmt: skip
    assert str(demo.report["snapshot_id"]) in said
