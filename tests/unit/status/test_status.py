"""``effekt status``: what is published, since when, what waits, what changed; 4 where it is old."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer

from dagster_project import settings as places
from dagster_project.cli.app import app
from dagster_project.lib import fleet, receiving, status
from dagster_project.lib.base import danish
from dagster_project.lib.keys import statement_key
from dagster_project.lib.ledger import access
from dagster_project.lib.nights import alerts, in_hand, record
from dagster_project.settings import TIME_ZONE, Home, Settings
from tests.faults import corpus

PUBLISHED_AT = dt.datetime(2027, 2, 27, 4, 31, tzinfo=TIME_ZONE)
BEFORE, CURRENT = "2027-02-26-aaaaaaaaaaaa", "2027-02-27-bbbbbbbbbbbb"
PAID = ("k", "2023-04-01", "2023-K2", "paid", 5)
PERIODS = {
    BEFORE: [("k", "2023-01-01", "2023-K1", "draft", 10), PAID],
    CURRENT: [("k", "2023-01-01", "2023-K1", "approved", 12), PAID],
}
DELIVERIES = {BEFORE: ["a"], CURRENT: ["a", "b", "c"]}


def publish(home: Home, snapshot_id: str, at: dt.datetime) -> None:
    """What ``status`` reads of a snapshot, and the record of its night."""
    folder = home.published / "snapshots" / snapshot_id
    (folder / "payout_mart").mkdir(parents=True)
    told = {"snapshot_id": snapshot_id, "as_of_date": snapshot_id[:10]}
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute(
            "create table settlement (contract_id varchar, period_start date, period_label varchar,"
            " state varchar, payment_dkk decimal(18, 2), basis_dkk decimal(18, 2),"
            " is_closed boolean, is_superseded boolean)"
        )
        for row in PERIODS[snapshot_id]:
            connection.execute(
                "insert into settlement values (?, ?, ?, ?, ?, 0, true, false)", list(row)
            )
        connection.execute("create table delivery (delivery_id varchar)")
        connection.executemany(
            "insert into delivery values (?)", [[name] for name in DELIVERIES[snapshot_id]]
        )
        for table in ("settlement", "delivery"):
            connection.execute(f"copy {table} to '{folder}/payout_mart/{table}.parquet'")
    link = home.published / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(f"snapshots/{snapshot_id}")
    os.utime(link, (at.timestamp(), at.timestamp()), follow_symlinks=False)
    note(home, snapshot_id, at)


def note(home: Home, snapshot_id: str, at: dt.datetime) -> None:
    with record.changing(home) as known:
        known.nights.append(
            {"as_of_date": snapshot_id[:10], "run_id": f"{at}", "at": at.isoformat(),
             "exit_code": 0, "snapshot_id": snapshot_id}
        )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that published twice."""
    made = Home(tmp_path / "home").ensure()
    made.home_file.write_text(f"format: {places.HOME_FORMAT}\narea: Hedensted\n", encoding="utf-8")
    publish(made, BEFORE, PUBLISHED_AT - dt.timedelta(days=1))
    publish(made, CURRENT, PUBLISHED_AT)
    return made


def look(home: Home, hours: float = 1) -> status.Status:
    settings = Settings(home, home.root, PUBLISHED_AT.date(), "Hedensted")
    return status.look(settings, PUBLISHED_AT + dt.timedelta(hours=hours))


def command(home: Home, *words: str) -> int:
    typed = ["status", "--home", str(home.root), *words]
    return int(typer.main.get_command(app).main(typed, standalone_mode=False))


# Rule P.status
def test_it_shows_what_is_published_since_when_and_what_changed(home: Home) -> None:
    found = look(home)
    assert found.published is not None
    assert (found.published.snapshot_id, found.published.as_of_date) == (CURRENT, "2027-02-27")
    assert found.published.published_at == PUBLISHED_AT.isoformat()
    assert found.published.age_hours == 1
    assert (found.before, found.new_deliveries) == (BEFORE, 2)
    (changed,) = found.changed or ()
    assert (changed["period_label"], changed["state_before"], changed["state"]) == (
        "2023-K1", "draft", "approved"
    )  # fmt: skip
    assert (changed["payment_before_dkk"], changed["payment_dkk"]) == ("10.00", "12.00")
    assert [(row["period_label"], row["state"]) for row in found.due] == [("2023-K1", "approved")]


# Rules P.status, F.access_log
def test_the_last_look_is_told_in_danish_time_like_everything_else(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    access.note(home, "why")
    at = dt.datetime.fromisoformat(access.count(home)["last_at"]).astimezone(TIME_ZONE)
    command(home)
    (looks,) = (line for line in capsys.readouterr().out.splitlines() if "adgangsloggen" in line)
    assert looks.endswith(f"senest {danish.moment(at)}")


# Rules P.status, F.statement_key
def test_it_shows_the_fingerprint_of_the_key_that_signs_today(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(home).key_fingerprint is None
    first = statement_key.make_statement_key(home)
    statement_key.publish_public_keys(home, first)
    assert look(home).key_fingerprint == first.fingerprint
    today = statement_key.rotate_statement_key(home)
    assert look(home).key_fingerprint == today.fingerprint != first.fingerprint
    assert command(home) == 0
    assert today.fingerprint in capsys.readouterr().out


@pytest.mark.parametrize(("basis", "is_told"), [(0, False), (7, True)])
# Rule P.status
def test_a_basis_that_moved_is_told_beside_the_payment(
    home: Home, capsys: pytest.CaptureFixture[str], basis: int, is_told: bool
) -> None:
    path = home.published / "snapshots" / CURRENT / "payout_mart/settlement.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table settlement as from '{path}'")
        connection.execute("update settlement set basis_dkk = ? where state = 'paid'", [basis])
        connection.execute(f"copy settlement to '{path}'")
    assert command(home) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "2023-K2" in line]
    assert [line.endswith("grundlag 0,00 kr. → 7,00 kr.".replace(" kr", "\u00a0kr"))
            for line in told] == ([True] if is_told else [])  # fmt: skip


# Rule P.missed
def test_a_night_without_news_makes_the_mart_no_older(home: Home) -> None:
    note(home, CURRENT, PUBLISHED_AT + dt.timedelta(hours=24))
    found = look(home, 25)
    assert found.published is not None
    assert found.published.published_at == PUBLISHED_AT.isoformat()
    assert found.published.age_hours == 1


# Rules P.fleet, P.status
def test_the_table_over_many_homes_has_the_dates_of_the_home_itself(home: Home) -> None:
    confirmed = PUBLISHED_AT + dt.timedelta(hours=24)
    note(home, CURRENT, confirmed)
    link = home.published / "current"  # as a copy of the home has it
    os.utime(link, (confirmed.timestamp() + 3600,) * 2, follow_symlinks=False)
    row, own = fleet.standing(fleet.Member("a", home)), look(home).published
    assert own is not None
    assert (row.published_at, row.confirmed_at) == (own.published_at, own.confirmed_at)
    assert (row.published_at, row.confirmed_at) == (PUBLISHED_AT.isoformat(), confirmed.isoformat())
    assert (row.snapshot_id, row.as_of_date) == (own.snapshot_id, own.as_of_date)


@pytest.mark.parametrize("hours", [26, 26.01])
# Rules P.status, P.exit_codes
def test_it_ends_4_once_the_mart_is_older(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hours: float
) -> None:
    now = PUBLISHED_AT + dt.timedelta(hours=hours)
    monkeypatch.setattr(places, "now", lambda: now)
    is_older = hours > 26
    assert command(home, "--fail-if-older", "26", "--json") == (4 if is_older else 0)
    assert json.loads(capsys.readouterr().out)["is_older"] is is_older
    assert command(home) == 0


@pytest.mark.parametrize("hours", ["nan", "inf", "-1", "mange"])
def test_an_age_that_is_no_number_of_hours_is_wrong_usage(home: Home, hours: str) -> None:
    with pytest.raises(Exception, match=r".") as wrong:
        command(home, "--fail-if-older", hours)
    assert getattr(wrong.value, "exit_code", None) == 2


def test_what_never_was_published_is_older_than_any_age(tmp_path: Path) -> None:
    home = Home(tmp_path).ensure()
    found = look(home)
    assert found.published is None and found.changed is None and found.is_older(10**6)
    assert command(home, "--fail-if-older", "1000000") == 4


def test_without_the_record_of_nights_it_reads_the_link_and_the_kept_snapshots(home: Home) -> None:
    (home.reports / ".nights.json").unlink()
    found = look(home)
    assert found.published is not None
    assert (found.published.age_hours, found.before) == (1, BEFORE)


def test_it_shows_what_was_refused_and_not_what_the_publication_before_knew(home: Home) -> None:
    (home.landing / "nobody_knows_this.csv").write_bytes(b"x")
    receiving.receive(home, frozenset({corpus.CONTRACT}))
    (refused,) = look(home).refused
    assert refused["codes"] == ["FILE_NAME"]
    assert (home.root / refused["report"]).is_file()
    (known,) = receiving.load_register(home).refused()
    DELIVERIES[BEFORE].append(known.delivery_id)
    try:
        folder = home.published / "snapshots" / BEFORE / "payout_mart"
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select '{known.delivery_id}' as delivery_id) to '{folder}/delivery.parquet'"
            )
    finally:
        DELIVERIES[BEFORE].pop()
    assert look(home).refused == ()


def test_it_tells_a_run_that_was_killed_and_shows_the_alert_and_the_skipped_nights(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    in_hand.note(home, "a", "2027-02-28", "Hedensted", "rules")
    with record.changing(home) as known:
        known.skipped.append("2027-02-28")
    assert command(home) == 0
    shown = capsys.readouterr().out
    assert "RUN_KILLED" in shown and "28. februar 2027" in shown and CURRENT in shown
    assert (alerts.standing(home) or {})["run_id"] == "a"


@pytest.mark.parametrize(
    ("snapshot", "harm"),
    [
        (CURRENT, "manifest.json"), (CURRENT, "payout_mart/settlement.parquet"),
        (BEFORE, "payout_mart/settlement.parquet"), (BEFORE, "payout_mart/delivery.parquet"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_the_rest_is_shown(
    home: Home, snapshot: str, harm: str
) -> None:
    (home.published / "snapshots" / snapshot / harm).unlink()
    found: dict[str, Any] = look(home).as_json()
    assert found["area"] == "Hedensted"
    assert None in (found["changed"], found["new_deliveries"])
    assert bool(found["faults"]) is (snapshot == CURRENT)


# what moved, by cause -----------------------------------------------------------------------------

TRUE_UPS = (
    "contract_id varchar, period_start date, corrected_period_start date, cause varchar,"
    " difference_dkk decimal(18, 2), is_suppressed boolean"
)
RADAR = TRUE_UPS.replace("period_start date, ", "", 1)


def moved(home: Home, table: str, columns: str, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """Put a table into both snapshots."""
    for snapshot_id in (BEFORE, CURRENT):
        with duckdb.connect() as connection:
            connection.execute(f"create table moved ({columns})")
            for row in rows.get(snapshot_id, []):
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into moved values ({marks})", list(row))
            folder = home.published / "snapshots" / snapshot_id / "payout_mart"
            connection.execute(f"copy moved to '{folder}/{table}.parquet'")


def told(home: Home) -> list[tuple[Any, ...]]:
    names = ("kind", "period_start", "cause", "difference_dkk", "is_suppressed")
    return [tuple(row[name] for name in names) for row in look(home).causes]


Q1, Q2 = "2023-01-01", "2023-04-01"


# Rules V.morning, V.figures
def test_what_moved_is_told_by_cause_and_the_rest_is_that_of_the_basis(home: Home) -> None:
    for snapshot_id, basis in ((BEFORE, 100), (CURRENT, 130)):
        folder = home.published / "snapshots" / snapshot_id / "payout_mart"
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select * replace (if(period_start = '{Q1}', {basis}, 0)::decimal(18, 2)"
                f" as basis_dkk) from read_parquet('{folder}/settlement.parquet'))"
                f" to '{folder}/new.parquet'"
            )
        (folder / "new.parquet").replace(folder / "settlement.parquet")
    moved(home, "settlement_true_up", TRUE_UPS, {
        BEFORE: [("k", Q1, "2022-10-01", "claim_added", 5, False),
                 ("k", Q1, "2022-10-01", "quota_changed", 7, False)],
        CURRENT: [("k", Q1, "2022-10-01", "claim_added", -15, False),
                  ("k", Q1, "2022-10-01", "quota_changed", 7, False)],
    })  # fmt: skip
    moved(home, "restatement", RADAR, {
        BEFORE: [("k", Q1, "exit_added", 30, False)],
        CURRENT: [("k", Q2, "register_changed", -3, False)],
    })  # fmt: skip
    assert told(home) == [
        ("true_up", Q1, "claim_added", "-20.00", False),
        ("period", Q1, "draft_anew", "50.00", False),
        ("radar_gone", Q1, "exit_added", "-30.00", False),  # settled since, or no change any more
        ("radar", Q2, "register_changed", "-3.00", False),
    ]
    assert {row["period_label"] for row in look(home).causes if row["period_start"] == Q1} == {
        "2023-K1"
    }


# Rule V.morning
def test_a_period_that_is_no_longer_computed_is_told_so(home: Home) -> None:
    for snapshot_id, first in ((BEFORE, Q1), (CURRENT, Q2)):
        folder = home.published / "snapshots" / snapshot_id / "payout_mart"
        with duckdb.connect() as connection:
            connection.execute(
                "copy (select * replace (100::decimal(18, 2) as basis_dkk)"
                f" from read_parquet('{folder}/settlement.parquet')"
                f" where period_start between '{first}' and '{Q2}')"
                f" to '{folder}/new.parquet'"
            )
        (folder / "new.parquet").replace(folder / "settlement.parquet")
    moved(home, "settlement_true_up", TRUE_UPS, {})
    moved(home, "restatement", RADAR, {})
    assert told(home) == [("period", Q1, "no_longer_computed", "-100.00", False)]


@pytest.mark.parametrize("is_hidden_before", [True, False])
# Rules V.figures, M.family
def test_a_cause_that_is_hidden_in_either_publication_moves_no_kroner(
    home: Home, *, is_hidden_before: bool
) -> None:
    hidden = ("k", Q1, "2022-10-01", "exit_added", None, True)
    shown = ("k", Q1, "2022-10-01", "exit_added", 40, False)
    rows = {BEFORE: [hidden], CURRENT: [shown]} if is_hidden_before else {
        BEFORE: [shown], CURRENT: [hidden]
    }  # fmt: skip
    moved(home, "settlement_true_up", TRUE_UPS, rows)
    moved(home, "restatement", RADAR, {})
    assert told(home) == [("true_up", Q1, "exit_added", None, True)]


# contracts ----------------------------------------------------------------------------------------


# Rules P.status, S.variant
def test_it_shows_what_each_variant_would_add_or_take_at_the_newest_closed_period(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = (
        "contract_id varchar, title varchar, payment_ceiling_dkk decimal(18, 2),"
        " authorised_max_dkk decimal(18, 2), released_dkk decimal(18, 2)"
    )
    moved(home, "contract", contract, {CURRENT: [("k", "Prøve", None, None, 0)]})
    assert look(home).contracts[0]["variants"] == []
    assert command(home) == 0
    assert "Varianter:" not in capsys.readouterr().out
    priced = (
        "contract_id varchar, period_start date, variant_id varchar, difference_dkk decimal(18, 2)"
    )
    moved(home, "settlement_variant", priced, {CURRENT: [
        ("k", Q1, "", 0), ("k", Q1, "halv", 9), ("k", Q1, "altid", 9),
        ("k", Q2, "", 0), ("k", Q2, "halv", -50), ("k", Q2, "altid", 1500),
    ]})  # fmt: skip
    assert command(home, "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["contracts"]
    newest = {"period_start": Q2, "period_label": "2023-K2"}
    assert found["variants"] == [
        {**newest, "variant_id": "altid", "difference_dkk": "1500.00"},
        {**newest, "variant_id": "halv", "difference_dkk": "-50.00"},
    ]
    assert command(home) == 0
    (shown,) = [line for line in capsys.readouterr().out.splitlines() if "Varianter:" in line]
    assert shown.replace("\u00a0", " ") == (
        "Varianter:     Prøve · forskel i betalingsret til og med 2023-K2:"
        " altid 1.500,00 kr. · halv −50,00 kr."
    )
