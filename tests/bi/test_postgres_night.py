"""The night and its PostgreSQL server: gone, there again, and the same figures as the files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import duckdb
import pytest

from dagster_project import settings
from dagster_project.cli import summary
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration.night import Night
from dagster_project.orchestration.outcome import StepOutcome
from dagster_project.settings import Home
from tests.bi.conftest import AS_OF, SECRET, Demo, name_server
from tests.support import night, postgres_server
from tests.support.postgres_server import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server.running() as running:
        yield running


@pytest.fixture(scope="module")
def home(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the demo's home, whose server was gone in its only night."""
    root = tmp_path_factory.mktemp("night") / "home"
    shutil.copytree(demo.home.root, root, symlinks=True)
    return Home(root)


# Rule M.postgres, P.exit_codes
def test_a_night_whose_server_is_gone_publishes_the_files_ends_1_and_says_so(demo: Demo) -> None:
    assert demo.report["exit_code"] == 1
    assert demo.report["error"] == "POSTGRES_GONE"
    assert demo.report["failed_step"] == "publish_postgres"
    assert demo.report["snapshot_id"] == (demo.home.published / "current").resolve().name
    assert list((demo.home.reports / "statements").rglob("*.pdf"))
    (line,) = [line for line in demo.lines if line.startswith("FEJL")]
    assert "udgivet som filer" in line
    alert = json.loads(demo.alert)
    assert [cause["code"] for cause in alert["causes"]] == ["POSTGRES_GONE"]
    assert SECRET not in f"{demo.lines}{demo.alert}"


# Rule M.postgres
def test_the_next_night_publishes_what_this_one_could_not_though_nothing_is_new(
    home: Home, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    again = night.run_night(home.root, AS_OF)
    assert (again.exit_code, again.error.code) == (1, "POSTGRES_GONE")
    summary.print_night(again)
    assert "urørt" in capsys.readouterr().out

    name_server(home, server.dsn())
    there = night.run_night(home.root, AS_OF)
    assert (there.exit_code, there.is_unchanged) == (0, True)
    assert not (home.reports / "alert.json").exists()
    with duckdb.connect(str(home.published / "payout_mart.duckdb"), read_only=True) as mart:
        tables = [row[0] for row in mart.execute(
            "select table_name from duckdb_tables() where schema_name = 'mart'"
        ).fetchall()]  # fmt: skip
        assert len(tables) > 25
        for table in tables:
            ours = mart.execute(f"select * from mart.{table}").fetchall()
            theirs = server.ask(f"select * from mart.{table}")
            assert sorted(map(repr, ours)) == sorted(map(repr, theirs)), table


def test_no_word_of_the_connection_string_is_left_in_the_home(home: Home, server: Server) -> None:
    name_server(home, server.dsn())
    night.run_night(home.root, AS_OF)
    told = [
        path
        for path in home.root.rglob("*")
        if path.is_file() and path.parent != home.secrets
        and server.password.encode() in path.read_bytes()
    ]  # fmt: skip
    assert not told


def test_the_summary_of_a_night_that_failed_after_publishing_says_both(demo: Demo) -> None:
    ended = Night(settings.resolve(demo.home.root))
    ended.error = EffektError("POSTGRES_GONE", "…")
    assert "urørt" in summary._headline(ended)
    ended.outcomes["publish"] = StepOutcome(snapshot_id="x")
    assert "urørt" not in summary._headline(ended)
    assert "Udgivet" in summary._headline(ended)
