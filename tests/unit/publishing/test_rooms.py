"""Who may open what: modes and groups of the rooms, the two newest snapshots, readers and locks."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import warehouse
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.publishing import Candidate, append_audit, build_candidate, publish
from dagster_project.lib.publishing.snapshot import open_current
from dagster_project.settings import Home, Settings
from tests.support import other_user
from tests.unit.publishing.conftest import AS_OF, FEW, filled_home

TABLES = ("contract", "settlement", "payment_curve")
_HOLDER = """
import sys, time, duckdb
mart = duckdb.connect(sys.argv[1])
if len(sys.argv) > 2:
    mart.execute(sys.argv[2]); mart.execute("checkpoint")
print("held", flush=True); time.sleep(120)
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def audited(home: Home) -> Candidate:
    row = (50, "candidate", "files", "critical", 1, 0, True, "owner", "remedy")
    settings = Settings(home=home, contracts_dir=home.root, as_of=AS_OF, area=None)
    return append_audit(build_candidate(home, settings), [row], gate=50, passed=True)


def publish_version(home: Home, version: int) -> Path:
    """A snapshot whose tables all say which version they are of."""
    with warehouse.connect(home.warehouse) as connection:
        for table, column in zip(TABLES, ("title", "period_label", "clause"), strict=True):
            connection.execute(f"update mart.{table} set {column} = 'v{version}'")
    audited(home)
    return publish(home).path


@contextmanager
def held(path: Path, *statement: str) -> Iterator[None]:
    """A client that holds a database open for writing."""
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path), *statement], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    try:
        yield
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def users_home(home: Home) -> Iterator[Home]:
    """The home of an ordinary user; another home is published first, so that all is imported."""
    publish_version(home, 0)
    with other_user.folder() as place:
        with other_user.acting():
            made = filled_home(place / "home", FEW)
        yield made


# Rule M.rooms
def test_an_ordinary_user_writes_read_only_files_and_replaces_them(users_home: Home) -> None:
    with other_user.acting():
        first = publish_version(users_home, 1)
        with warehouse.connect(users_home.warehouse) as connection:
            connection.execute("update restricted.mismatch set remedy = 'another'")
        audited(users_home)
        assert publish(users_home).action == "replaced"
        publish_version(users_home, 2)
    with duckdb.connect(str(first / "payout_mart.duckdb"), read_only=True) as reader:
        assert reader.execute("select distinct title from mart.contract").fetchall() == [("v1",)]
    with other_user.acting(), pytest.raises(PermissionError):
        (first / "payout_mart.duckdb").open("r+b")


# Rule M.rooms
def test_a_candidate_is_closed_to_readers_until_it_is_published(users_home: Home) -> None:
    with other_user.acting():
        candidate = audited(users_home)
        assert mode(candidate.path) == 0o700
        path = publish(users_home).path
    assert mode(path) == 0o755


# Rule M.rooms
def test_restricted_is_of_the_group_that_the_operator_gave_to_published(home: Home) -> None:
    group = other_user.SOMEBODY
    home.published.mkdir(exist_ok=True)
    subprocess.run(["chgrp", str(group), str(home.published)], check=True)
    folder = publish_version(home, 1)
    for path in (folder / "restricted", *(folder / "restricted").iterdir()):
        assert path.stat().st_gid == group
        assert mode(path) == (0o750 if path.is_dir() else 0o440)
    assert (folder / "payout_mart").stat().st_gid != group


# Rule M.rooms
def test_a_group_that_the_nights_user_is_no_member_of_ends_the_night(users_home: Home) -> None:
    with other_user.acting():
        before = publish_version(users_home, 1)
    subprocess.run(["chgrp", "0", str(users_home.published)], check=True)
    with other_user.acting(), pytest.raises(EffektError, match="RESTRICTED_GROUP") as caught:
        publish_version(users_home, 2)
    assert caught.value.remedy
    assert (users_home.published / "current").resolve() == before
    assert [path.name for path in users_home.published.glob(".candidate-*")] == []


# Rule M.two_open
def test_readers_can_open_the_two_newest_snapshots_and_no_older_one(home: Home) -> None:
    folders = [publish_version(home, version) for version in range(3)]
    assert [mode(folder) for folder in folders] == [0o700, 0o755, 0o755]
    assert publish_version(home, 2) == folders[2]  # nothing new: the same two
    assert [mode(folder) for folder in folders] == [0o700, 0o755, 0o755]
    assert publish_version(home, 0) == folders[0]  # an older truth again: it, and the one before
    assert [mode(folder) for folder in folders] == [0o755, 0o700, 0o755]
    for folder in folders:  # as an earlier version of the code left them
        folder.chmod(0o755)
    publish_version(home, 0)
    assert [mode(folder) for folder in folders] == [0o755, 0o700, 0o755]


def versions_in(folder: Path) -> Iterator[str]:
    """What each Parquet file of a folder says, one after the other."""
    for table, column in zip(TABLES, ("title", "period_label", "clause"), strict=True):
        path = folder / "payout_mart" / f"{table}.parquet"
        found = duckdb.sql(f"select distinct {column} from read_parquet('{path}')").fetchall()
        assert len(found) == 1
        yield found[0][0]


# Rules M.two_open, M.publish
def test_a_parquet_reader_who_resolves_current_once_is_never_mixed(users_home: Home) -> None:
    def publish_as_owner(version: int) -> None:
        with other_user.acting():
            publish_version(users_home, version)

    published = users_home.published
    publish_as_owner(1)
    folder = (published / "current").resolve()  # once
    read = versions_in(folder)
    assert next(read) == "v1"
    publish_as_owner(2)
    with other_user.acting(other_user.SOMEBODY + 1):
        assert next(read) == "v1"  # the switch is not seen by who has resolved
    publish_as_owner(3)
    with (
        other_user.acting(other_user.SOMEBODY + 1),
        pytest.raises((duckdb.IOException, PermissionError), match=r"denied|Cannot open|No files"),
    ):
        next(read)  # two publications on it is closed: an error, never another version
    assert list(versions_in((published / "current").resolve())) == ["v3"] * 3


# Rule F.access
def test_a_client_that_holds_the_mart_for_writing_stops_no_command(home: Home) -> None:
    folder = publish_version(home, 1)
    with held(folder / "payout_mart.duckdb"), held(folder / "restricted" / "case_mart.duckdb"):
        with pytest.raises(duckdb.IOException, match="lock"):
            duckdb.connect(str(folder / "payout_mart.duckdb"), read_only=True)
        with open_current(home) as current:
            assert current.rows("select distinct title from mart.contract") == [{"title": "v1"}]
            assert len(current.rows("select * from restricted.mismatch")) == 3
    assert [path.name for path in home.work.glob("read-*")] == []


# Rule F.access
def test_a_mart_that_a_client_has_changed_is_not_read(home: Home) -> None:
    folder = publish_version(home, 1)
    changed = "update mart.contract set title = 'mine'"
    with (
        held(folder / "payout_mart.duckdb", changed),
        pytest.raises(EffektError, match="SNAPSHOT_BROKEN"),
        open_current(home),
    ):
        pass
    assert publish_version(home, 1) == folder  # and the next night writes it anew
    with open_current(home) as current:
        assert current.rows("select distinct title from mart.contract") == [{"title": "v1"}]


@pytest.mark.parametrize("umask", [0o077, 0o000])
# Rule M.rooms
def test_a_parsed_project_beside_the_code_can_be_read_by_every_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int, masked: Callable[[int], None]
) -> None:
    from dagster_project.orchestration import dbt_runner

    monkeypatch.setattr(dbt_runner, "DBT_DIR", tmp_path / "dbt")
    (tmp_path / "dbt").mkdir()
    masked(umask)
    folder = dbt_runner._store(None, b"x", "{}")
    dbt_runner.install()
    for path in (folder.parent.parent, folder.parent, folder):
        assert mode(path) == 0o755
    assert {mode(path) for path in folder.iterdir()} == {0o644}
    home = Home(tmp_path / "home").ensure()
    own = dbt_runner._store(home, b"x", "{}")
    assert home.work in own.parents  # a night writes nothing beside the code
    assert {mode(path) for path in own.iterdir()} == {0o600}
