"""Publishing: whole snapshots only, unchanged knowledge publishes nothing, bytes by content."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import chain
from dagster_project.lib.publishing import (
    Candidate,
    atomic,
    build_candidate,
    check_snapshot,
    current_snapshot,
    find_candidate,
    publish,
)
from dagster_project.lib.publishing.tables import declared_tables
from dagster_project.settings import Home, Settings
from tests.unit.ledger.test_chain import event

Change = Callable[[str], None]
Audited = Callable[[], Candidate]
PublishNow = Callable[[], str]


def shown(home: Home) -> Path:
    snapshot = current_snapshot(home)
    assert snapshot is not None
    return snapshot.path


# Rules M.snapshot, M.tables
def test_a_candidate_holds_every_declared_table_that_the_warehouse_has(
    whole_home: Home, settings: Settings
) -> None:
    candidate = build_candidate(whole_home, settings)
    with duckdb.connect(str(candidate.mart_file), read_only=True) as reader:
        found = reader.execute("select table_schema, table_name from information_schema.tables")
        names = {(str(schema), str(name)) for schema, name in found.fetchall()}
    assert names == {key for key in declared_tables() if key[0] == "mart"}
    parquet = {path.stem for path in candidate.path.rglob("*.parquet")}
    assert parquet == {name for _, name in declared_tables()}


# Rule M.drivers
@pytest.mark.parametrize("name", ["payout_mart.duckdb", "restricted/case_mart.duckdb"])
def test_published_files_have_small_blocks(home: Home, publish_now: PublishNow, name: str) -> None:
    publish_now()
    path = shown(home) / name
    with duckdb.connect(str(path), read_only=True) as reader:
        blocks = reader.execute("select block_size, total_blocks from pragma_database_size()")
        size, total = blocks.fetchone() or (0, 0)
    assert size == 16384
    assert 0 < size * total <= path.stat().st_size


def test_the_first_publish_is_what_readers_see(home: Home, publish_now: PublishNow) -> None:
    assert current_snapshot(home) is None
    assert publish_now() == "published"
    with duckdb.connect(str(home.published / "payout_mart.duckdb"), read_only=True) as reader:
        assert reader.execute("select count(*) from mart.settlement").fetchone() == (3,)


# Rule M.publish
def test_same_knowledge_publishes_nothing_new(home: Home, publish_now: PublishNow) -> None:
    publish_now()
    before = (shown(home), os.readlink(home.published / "current"))
    inode = (home.published / "payout_mart.duckdb").stat().st_ino
    assert publish_now() == "unchanged"
    assert (shown(home), os.readlink(home.published / "current")) == before
    assert (home.published / "payout_mart.duckdb").stat().st_ino == inode


def test_data_quality_alone_is_no_new_knowledge(publish_now: PublishNow, change: Change) -> None:
    publish_now()
    change("update mart.data_quality set evaluated = 99")
    assert publish_now() == "unchanged"


def test_another_figure_is_another_snapshot(
    home: Home, publish_now: PublishNow, change: Change
) -> None:
    publish_now()
    first = shown(home)
    change("update mart.settlement set basis_dkk = basis_dkk + 0.01")
    assert publish_now() == "published"
    assert shown(home) != first
    assert first.is_dir()


@pytest.mark.parametrize("table", ["restricted.participant", "mart.delivery"])
def test_other_rows_outside_the_name_replace_the_folder_under_the_same_name(
    home: Home, publish_now: PublishNow, change: Change, table: str
) -> None:
    publish_now()
    first = shown(home)
    column = "exit_reason" if table.startswith("restricted") else "refusal_code"
    change(f"update {table} set {column} = 'other'")
    assert publish_now() == "replaced"
    assert shown(home) == first
    schema, name = table.split(".")
    folder = "restricted" if schema == "restricted" else "payout_mart"
    with duckdb.connect() as connection:
        query = f"select distinct {column} from '{first}/{folder}/{name}.parquet'"
        seen = connection.execute(query).fetchall()
    assert seen == [("other",)]
    assert not list(home.published.glob(".*"))


def test_replacing_works_where_the_kernel_cannot_exchange(
    home: Home, publish_now: PublishNow, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "rename_exchange", lambda one, other: False)
    publish_now()
    first = shown(home)
    change("update restricted.participant set exit_reason = 'other'")
    assert publish_now() == "replaced"
    assert shown(home) == first
    check_snapshot(first)
    assert not list(home.published.glob(".*"))


def test_an_older_snapshot_becomes_current_again_by_its_link(
    home: Home, publish_now: PublishNow, change: Change
) -> None:
    publish_now()
    first = shown(home)
    change("update mart.contract set title = 'other' where contract_id = 'contract_id 1'")
    publish_now()
    change("update mart.contract set title = 'title 1' where contract_id = 'contract_id 1'")
    assert publish_now() == "repointed"
    assert shown(home) == first


def test_rotten_bytes_are_found_and_mended_by_the_next_publish(
    home: Home, publish_now: PublishNow
) -> None:
    publish_now()
    folder = shown(home)
    parquet = folder / "payout_mart" / "settlement.parquet"
    raw = bytearray(parquet.read_bytes())
    raw[len(raw) // 2] ^= 1
    parquet.write_bytes(bytes(raw))
    with pytest.raises(EffektError, match=r"payout_mart/settlement\.parquet"):
        check_snapshot(folder)
    assert publish_now() == "replaced"
    check_snapshot(folder)


@pytest.mark.parametrize("name", ["extra.txt", "payout_mart/extra.parquet"])
def test_a_file_that_no_manifest_names_is_found(
    home: Home, publish_now: PublishNow, name: str
) -> None:
    publish_now()
    folder = shown(home)
    (folder / name).write_text("x")
    with pytest.raises(EffektError, match="SNAPSHOT_BROKEN"):
        check_snapshot(folder)


def test_a_candidate_that_gate_50_has_not_passed_is_not_published(
    home: Home, settings: Settings
) -> None:
    build_candidate(home, settings)
    with pytest.raises(EffektError, match="ikke kommet gennem gate 50"):
        publish(home)
    assert current_snapshot(home) is None


def test_a_candidate_changed_after_its_audit_is_not_published(home: Home, audited: Audited) -> None:
    candidate = audited()
    (candidate.path / "payout_mart" / "contract.parquet").write_bytes(b"other")
    with pytest.raises(EffektError, match="SNAPSHOT_BROKEN"):
        publish(home)
    assert current_snapshot(home) is None


def test_the_audit_stands_in_the_published_data_quality_and_not_in_the_name(
    home: Home, settings: Settings, audited: Audited
) -> None:
    named = build_candidate(home, settings).snapshot_id
    candidate = audited()
    assert candidate.snapshot_id == named
    publish(home)
    with duckdb.connect(str(home.published / "payout_mart.duckdb"), read_only=True) as reader:
        rows = reader.execute("select check_id from mart.data_quality where gate = 50").fetchall()
    assert rows == [("candidate",)]


def test_a_waiting_candidate_is_found_again(home: Home, audited: Audited) -> None:
    assert find_candidate(home) is None
    candidate = audited()
    found = find_candidate(home)
    assert found is not None
    assert found.path == candidate.path
    assert found.manifest == candidate.manifest


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o000])
# Rule M.rooms
def test_modes_are_those_of_the_rooms_whatever_the_umask(
    home: Home, publish_now: PublishNow, umask: int
) -> None:
    before = os.umask(umask)
    try:
        publish_now()
    finally:
        os.umask(before)
    folder = shown(home)

    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    for public in (home.published, folder.parent, folder, folder / "payout_mart"):
        assert mode(public) == 0o755, public
    assert mode(folder / "restricted") == 0o750
    assert mode(folder / "manifest.json") == 0o600
    for path in folder.rglob("*.*"):
        if path.name != "manifest.json":
            assert mode(path) == (0o440 if "restricted" in path.parts else 0o444), path


def test_nothing_written_ahead_lies_beside_a_published_file(
    home: Home, publish_now: PublishNow
) -> None:
    publish_now()
    assert not list(home.published.rglob("*.wal"))


# Rule M.drivers
def test_older_drivers_can_open_the_published_files(home: Home, publish_now: PublishNow) -> None:
    publish_now()
    with duckdb.connect(str(home.published / "payout_mart.duckdb"), read_only=True) as reader:
        tags = reader.execute("select tags from duckdb_databases() where not internal").fetchall()
    assert "v1.4.0" in str(tags[0][0])


@pytest.mark.slow
# Rule M.kept
def test_the_newest_thirty_snapshots_and_those_that_an_approval_names_stay(
    home: Home, audited: Audited, change: Change
) -> None:
    home.key_file.write_text("0" * 64)
    home.key_file.chmod(0o600)
    ids: list[str] = []
    for number in range(33):
        change(f"update mart.contract set title = 'version {number}'")
        audited()
        ids.append(publish(home).snapshot_id)
        if number == 0:
            chain.append(home, replace(event(action="approve"), snapshot_id=ids[0]))
    there = {path.name for path in (home.published / "snapshots").iterdir()}
    assert there == {ids[0], *ids[-30:]}


# Rule M.snapshot
def test_the_manifest_tells_what_the_snapshot_rests_on(
    home: Home, audited: Audited, change: Change
) -> None:
    change(
        "insert into raw.delivery (delivery_no, delivery_id, sha256) values (1, 'id', 'hash');"
        "insert into raw.known_delivery (delivery_no, source, sha256, delivery_rank)"
        " values (1, 'deltagere', 'hash', 1)"
    )
    manifest = audited().manifest
    assert manifest["as_of_date"] == "2024-05-02"
    assert manifest["snapshot_id"].startswith("2024-05-02-")
    assert manifest["contracts"] == [{"contract_id": "a", "terms_sha256": "b"}]
    assert manifest["deliveries"] == [
        {"delivery_id": "id", "source": "deltagere", "sha256": "hash"}
    ]
    assert manifest["gates"] == [10, 20, 30, 40, 50]
    assert manifest["ledger_head"] is None
    assert manifest["tables"]["mart"]["settlement"]["rows"] == 3
