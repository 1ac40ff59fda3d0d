"""The mart on a PostgreSQL server that the test starts: what readers, roles and views keep."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest

from dagster_project.lib import postgres
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys.statement_key import make_statement_key
from dagster_project.lib.postgres import copying
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.settings import Home
from tests.support import postgres_server
from tests.support.postgres_server import Server

SETTLEMENT = """
    create table mart.settlement (
        contract_id varchar not null, period_start date not null, is_closed boolean,
        month_count bigint, payment_dkk decimal(18, 2), {extra}
        primary key (contract_id, period_start)
    );
    comment on table mart.settlement is 'En periode af en kontrakt. Korn: kontrakt × periode.';
    comment on column mart.settlement.payment_dkk is 'Kroner; lægges sammen over perioder';
"""
PUBLICATION = """
    create table mart.publication (
        publication_no bigint not null primary key, snapshot_id varchar, as_of_date date
    );
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with postgres_server.running() as server:
        server.add_role("report")
        server.add_role("somebody")
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    """The server, without anything of an earlier test."""
    if not (running.data / "postmaster.pid").exists():
        running.start()
    for schema in ("mart", "own"):
        running.ask(f"drop schema if exists {schema} cascade")
    return running


@pytest.fixture
def home(tmp_path: Path, server: Server) -> Home:
    """A home whose ``home.yml`` names the server."""
    made = Home(tmp_path / "home").ensure()
    make_statement_key(made)
    name_server(made, server.dsn())
    return made


def name_server(home: Home, dsn: str) -> None:
    word = home.secrets / "postgres.dsn"
    word.write_text(dsn + "\n", encoding="utf-8")
    word.chmod(0o600)
    home.home_file.write_text(
        "format: 2\narea: Prøveby\npublish: {postgres: {dsn_file: secrets/postgres.dsn}}\n",
        encoding="utf-8",
    )


def publish_files(
    home: Home, number: int, *, extra: str = "", rows: int = 2, also: str = ""
) -> None:
    """Make a mart the current snapshot: ``number`` stands in its ``publication`` and its kroner."""
    name = f"2024-05-{number:02}-{'0' * 11}{number}"
    folder = home.published / "snapshots" / name
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "payout_mart.duckdb")) as mart:
        mart.execute("create schema mart;" + SETTLEMENT.format(extra=extra) + PUBLICATION + also)
        mart.execute(
            f"insert into mart.settlement by name select 'a' as contract_id,"
            f" date '2024-01-01' + interval (i) month as period_start, true as is_closed,"
            f" i as month_count, {number}.25 as payment_dkk from range({rows}) as r (i)"
        )
        mart.execute(f"insert into mart.publication values ({number}, '{name}', '2024-05-02')")
    manifest = {"format": manifests.FORMAT, "snapshot_id": name, "as_of_date": "2024-05-02"}
    text = manifests.to_text(manifests.sealed(manifest))
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    link = home.published / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(folder)


def refused(home: Home) -> EffektError:
    with pytest.raises(EffektError) as found:
        postgres.copy_current(home)
    return found.value


def paid(server: Server, user: str = postgres_server.OWNER) -> list[Decimal]:
    return [row[0] for row in server.ask("select distinct payment_dkk from mart.settlement", user)]


def test_a_home_that_names_no_server_asks_none(home: Home, server: Server) -> None:
    home.home_file.unlink()
    publish_files(home, 1)
    assert postgres.copy_current(home).action == "off"
    assert server.ask("select to_regclass('mart.settlement')") == [(None,)]


# Rule M.postgres
def test_rows_types_keys_and_comments_are_those_of_the_file(home: Home, server: Server) -> None:
    publish_files(home, 1)
    done = postgres.copy_current(home)
    assert (done.action, done.tables, done.rows) == ("published", 2, 3)
    assert server.ask("select * from mart.settlement order by period_start") == [
        ("a", dt.date(2024, 1, 1), True, 0, Decimal("1.25")),
        ("a", dt.date(2024, 2, 1), True, 1, Decimal("1.25")),
    ]
    assert server.ask(
        "select attname, format_type(atttypid, atttypmod), attnotnull,"
        " col_description(attrelid, attnum) from pg_attribute"
        " where attrelid = 'mart.settlement'::regclass and attnum > 0 order by attnum"
    ) == [
        ("contract_id", "text", True, None),
        ("period_start", "date", True, None),
        ("is_closed", "boolean", False, None),
        ("month_count", "bigint", False, None),
        ("payment_dkk", "numeric(18,2)", False, "Kroner; lægges sammen over perioder"),
    ]
    assert server.ask("select obj_description('mart.settlement'::regclass, 'pg_class')") == [
        ("En periode af en kontrakt. Korn: kontrakt × periode.",)
    ]
    assert server.ask(
        "select pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = 'mart.settlement'::regclass and contype = 'p'"
    ) == [("PRIMARY KEY (contract_id, period_start)",)]


# Rule M.postgres
def test_grants_and_a_users_own_view_live_through_a_publication(home: Home, server: Server) -> None:
    publish_files(home, 1)
    postgres.copy_current(home)
    server.ask("grant usage on schema mart to report; grant select on mart.settlement to report")
    server.ask("create schema own authorization report")
    server.ask(
        "create view own.paid as select sum(payment_dkk) as kroner from mart.settlement", "report"
    )
    publish_files(home, 2)
    assert postgres.copy_current(home).changed == ()
    assert server.ask("select kroner from own.paid", "report") == [(Decimal("4.50"),)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        server.ask("delete from mart.settlement", "report")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        paid(server, "somebody")


# Rule M.postgres
def test_a_reader_sees_the_old_rows_or_the_new_and_never_waits(home: Home, server: Server) -> None:
    publish_files(home, 1, rows=400)
    postgres.copy_current(home)
    seen, slowest, stop = set(), 0.0, threading.Event()

    def read() -> None:
        nonlocal slowest
        with server.connected(autocommit=True) as connection:
            while not stop.is_set():
                begun = time.monotonic()
                row = connection.execute(
                    "select count(*), min(payment_dkk), max(payment_dkk),"
                    " (select max(publication_no) from mart.publication) from mart.settlement"
                ).fetchone()
                slowest = max(slowest, time.monotonic() - begun)
                seen.add(row)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with server.connected() as long:  # a report that is read in one transaction
            long.execute("set transaction isolation level repeatable read")
            before = long.execute("select max(payment_dkk) from mart.settlement").fetchone()
            for number in range(2, 9):
                publish_files(home, number, rows=400)
                postgres.copy_current(home)
            assert long.execute("select max(payment_dkk) from mart.settlement").fetchone() == before
    finally:
        stop.set()
        reader.join()
    whole = {(400, Decimal(f"{n}.25"), Decimal(f"{n}.25"), n) for n in range(1, 9)}
    assert seen <= whole
    assert len(seen) > 1
    assert slowest < 2


# Rule M.postgres
def test_new_columns_come_and_old_ones_go_without_a_grant_or_a_view_lost(
    home: Home, server: Server
) -> None:
    publish_files(home, 1, extra="old_dkk decimal(18, 2), kept_label varchar,")
    postgres.copy_current(home)
    server.ask("grant usage on schema mart to report; grant select on mart.settlement to report")
    server.ask("create schema own authorization report")
    server.ask(
        "create view own.kept as select kept_label, payment_dkk from mart.settlement", "report"
    )
    publish_files(
        home, 2, extra="kept_label varchar, new_dkk decimal(18, 2), new_share decimal(9, 6),"
    )
    assert postgres.copy_current(home).changed == ("settlement",)
    columns = server.ask(
        "select column_name::text from information_schema.columns"
        " where table_schema = 'mart' and table_name = 'settlement' order by 1"
    )
    assert {name for (name,) in columns} == {
        "contract_id", "period_start", "is_closed", "month_count", "payment_dkk", "kept_label",
        "new_dkk", "new_share",
    }  # fmt: skip
    assert server.ask("select distinct payment_dkk from own.kept", "report") == [(Decimal("2.25"),)]
    publish_files(home, 3, extra="kept_label varchar, new_dkk bigint, new_share decimal(9, 6),")
    assert postgres.copy_current(home).changed == ("settlement",)
    assert server.ask("select pg_typeof(new_dkk)::text from mart.settlement limit 1") == [
        ("bigint",)
    ]


# Rule M.postgres
def test_a_view_on_a_column_that_goes_keeps_the_old_publication_and_is_named(
    home: Home, server: Server
) -> None:
    publish_files(home, 1, extra="old_dkk decimal(18, 2),")
    postgres.copy_current(home)
    server.ask("create schema own; create view own.mine as select old_dkk from mart.settlement")
    publish_files(home, 2)
    failed = refused(home)
    assert failed.code == "POSTGRES_IN_USE"
    assert "own.mine" in str(failed)
    assert "old_dkk" in str(failed)
    assert paid(server) == [Decimal("1.25")]
    server.ask("drop view own.mine")
    assert postgres.copy_current(home).changed == ("settlement",)
    assert paid(server) == [Decimal("2.25")]


# Rule M.postgres
def test_an_open_reader_holds_back_changed_columns_only_and_not_for_long(
    home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "LOCK_TIMEOUT", "300ms")
    publish_files(home, 1)
    postgres.copy_current(home)
    with server.connected() as reader:
        reader.execute("select * from mart.settlement")
        publish_files(home, 2)
        postgres.copy_current(home)  # the same columns: the open reader is in nobody's way
        publish_files(home, 3, extra="new_dkk decimal(18, 2),")
        begun = time.monotonic()
        assert refused(home).code == "POSTGRES_BUSY"
        assert time.monotonic() - begun < 3
        assert paid(server) == [Decimal("2.25")]
    postgres.copy_current(home)
    assert paid(server) == [Decimal("3.25")]


def test_a_table_that_is_not_published_any_more_is_emptied_and_says_so(
    home: Home, server: Server
) -> None:
    publish_files(
        home, 1, also="create table mart.old (x bigint); insert into mart.old values (7);"
    )
    postgres.copy_current(home)
    server.ask("create schema own; create view own.on_old as select x from mart.old")
    publish_files(home, 2)
    postgres.copy_current(home)
    assert server.ask("select * from own.on_old") == []
    (told,) = server.ask("select obj_description('mart.old'::regclass, 'pg_class')")
    assert told[0].startswith("Udgået")


# Rule M.postgres
def test_the_servers_own_row_says_whether_it_is_behind(home: Home, server: Server) -> None:
    publish_files(home, 1)
    assert postgres.copy_current(home, only_if_behind=True).action == "published"
    assert postgres.copy_current(home, only_if_behind=True).action == "unchanged"
    publish_files(home, 2)
    assert postgres.copy_current(home, only_if_behind=True).action == "published"
    server.ask("delete from mart.publication")
    assert postgres.copy_current(home, only_if_behind=True).action == "published"


# Rule M.postgres
def test_another_homes_schema_is_not_touched(home: Home, server: Server, tmp_path: Path) -> None:
    publish_files(home, 1)
    postgres.copy_current(home)
    other = Home(tmp_path / "other").ensure()
    make_statement_key(other)
    name_server(other, server.dsn())
    publish_files(other, 2)
    assert refused(other).code == "POSTGRES_FOREIGN"
    assert paid(server) == [Decimal("1.25")]


def test_a_schema_with_somebodys_tables_is_not_taken_and_an_empty_one_is(
    home: Home, server: Server
) -> None:
    publish_files(home, 1)
    server.ask("create schema mart; create table mart.notes (x int)")
    assert refused(home).code == "POSTGRES_FOREIGN"
    server.ask("drop table mart.notes")
    assert postgres.copy_current(home).action == "published"


# Rule M.postgres
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604])
def test_the_file_with_the_password_is_for_its_owner_alone(
    home: Home, server: Server, mode: int
) -> None:
    publish_files(home, 1)
    outside = home.root.parent / "postgres.dsn"
    outside.write_text(server.dsn())
    outside.chmod(mode)
    home.home_file.write_text(f"publish: {{postgres: {{dsn_file: {outside}}}}}\n")
    if mode == 0o600:
        assert postgres.copy_current(home).action == "published"
    else:
        failed = refused(home)
        assert failed.code == "POSTGRES_DSN_OPEN"
        assert server.password not in f"{failed}{failed.remedy}"


@pytest.mark.parametrize("text", ["", "postgresql:/{word}", "host={word} nonsense", "port={word}"])
def test_a_connection_string_that_is_none_is_told_without_its_text(
    home: Home, server: Server, text: str
) -> None:
    publish_files(home, 1)
    name_server(home, text.format(word=server.password))
    failed = refused(home)
    assert failed.code in {"POSTGRES_DSN", "POSTGRES_GONE"}
    assert server.password not in str(failed)
    assert failed.__cause__ is None
    (home.secrets / "postgres.dsn").unlink()
    assert refused(home).code == "POSTGRES_DSN"


# Rule M.postgres
@pytest.mark.parametrize("named", ["~nobody-here/postgres.dsn", '"a\\0b"', "x" * 5000, "secrets"])
def test_a_file_that_cannot_be_is_told_as_one_that_is_missing(home: Home, named: str) -> None:
    publish_files(home, 1)
    home.home_file.write_text(f"publish: {{postgres: {{dsn_file: {named}}}}}\n")
    assert refused(home).code == "POSTGRES_DSN"


# Rule M.postgres
def test_a_name_that_no_host_can_have_is_told_without_it(home: Home) -> None:
    publish_files(home, 1)
    name_server(home, f"host={'hemmeligt' * 30} user=a dbname=b")
    failed = refused(home)
    assert failed.code == "POSTGRES_DSN" and "hemmeligt" not in str(failed)


# Rule M.postgres
def test_a_server_that_is_gone_or_refuses_is_told_without_a_word_of_the_dsn(
    home: Home, server: Server
) -> None:
    publish_files(home, 1)
    name_server(home, server.dsn(password="forkert"))
    failed = refused(home)
    assert failed.code == "POSTGRES_GONE"
    assert "forkert" not in str(failed)
    name_server(home, server.dsn("somebody"))
    assert refused(home).code == "POSTGRES_RIGHTS"
    name_server(home, server.dsn())
    server.stop()
    failed = refused(home)
    assert failed.code == "POSTGRES_GONE"
    assert all(word not in str(failed) for word in (server.password, str(server.folder)))
    server.start()
    assert postgres.copy_current(home).action == "published"


def test_a_connection_that_breaks_in_the_middle_leaves_what_was_there(
    home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_files(home, 1)
    postgres.copy_current(home)
    publish_files(home, 2)
    real = copying._fill

    def broken(*arguments: object) -> int:
        count = real(*arguments)  # type: ignore[arg-type]
        server.ask(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'effektafregning'"
        )
        return count

    monkeypatch.setattr(copying, "_fill", broken)
    assert refused(home).code == "POSTGRES_GONE"
    assert paid(server) == [Decimal("1.25")]
