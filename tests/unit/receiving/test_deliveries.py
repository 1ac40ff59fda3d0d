"""Deliveries: identity, conflict, repetition, order, loading once, crash at any point."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.lib import receiving, vault, warehouse
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.keys import pseudonym
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import PROJECT_ROOT, SHIPPED_CONTRACTS_DIR, Home, Settings
from tests.faults import corpus
from tests.unit.receiving import homes

LIST = corpus.good_csv("deltagere").decode()
NAME = "deltagere_2024-02-01.csv"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return homes.new_home(tmp_path / "home")


def _codes(report: receiving.ReceiveReport) -> list[str | None]:
    return [note.code for note in report.refused]


# Rule I.identity
def test_the_same_file_again_changes_nothing(home: Home) -> None:
    homes.land(home, NAME, LIST)
    homes.receive(home)
    before = homes.state(home)
    homes.land(home, NAME, LIST, "igen")
    report = homes.receive(home)
    assert (len(report.repeated), report.accepted, report.refused) == (1, [], [])
    assert {**homes.state(home), "landing": []} == {**before, "landing": []}


# Rule I.identity
def test_v1_and_no_version_are_the_same_delivery(home: Home) -> None:
    homes.land(home, NAME, LIST)
    homes.receive(home)
    homes.land(home, "deltagere_2024-02-01_v1.csv", LIST)
    assert len(homes.receive(home).repeated) == 1


# Rule I.identity
def test_other_bytes_under_accepted_name_parts_are_a_conflict_and_v2_is_accepted(
    home: Home,
) -> None:
    homes.land(home, NAME, LIST)
    homes.receive(home)
    changed = LIST.replace("sygedagpenge", "jobafklaring")
    homes.land(home, NAME, changed)
    assert _codes(homes.receive(home)) == ["DELIVERY_CONFLICT"]
    homes.land(home, "deltagere_2024-02-01_v2.csv", changed)
    assert len(homes.receive(home).accepted) == 1


def test_a_csv_and_a_workbook_with_the_same_name_parts_are_a_conflict(home: Home) -> None:
    homes.land(home, NAME, LIST)
    homes.land(home, NAME.replace(".csv", ".xlsx"), corpus.good_xlsx("deltagere"))
    assert _codes(homes.receive(home)) == ["DELIVERY_CONFLICT"] * 2


# Rule I.identity
def test_two_versions_of_one_file_in_one_night_are_both_refused(home: Home) -> None:
    homes.land(home, NAME, LIST, "a")
    homes.land(home, NAME, LIST + LIST.splitlines()[1].replace("F-001", "F-009") + "\n", "b")
    report = homes.receive(home)
    assert (_codes(report), report.accepted) == (["DELIVERY_CONFLICT"] * 2, [])
    homes.land(home, NAME, LIST, "a")
    assert len(homes.receive(home).accepted) == 1


# Rule I.identity
def test_the_same_bytes_under_another_date_are_a_new_delivery(home: Home) -> None:
    for name in (NAME, "deltagere_2024-02-02.csv", "deltagere_2024-02-02_kommunen.csv"):
        homes.land(home, name, LIST)
    assert len(homes.receive(home).accepted) == 3


def test_a_refused_file_is_judged_again_when_its_reason_is_gone(home: Home) -> None:
    homes.land(home, NAME, LIST)
    assert [n.code for n in receiving.receive(home, frozenset()).refused] == ["CONTRACT_UNKNOWN"]
    homes.land(home, NAME, LIST)
    assert len(homes.receive(home).accepted) == 1
    assert [record.is_accepted for record in load_register(home).records()] == [True]


def test_a_window_left_out_of_the_name_is_that_of_the_weeks(home: Home) -> None:
    homes.land(home, "dream_2024-02-01.csv", corpus.good_csv("dream"))
    homes.land(home, f"dream_2024-02-01{corpus.WINDOWS['dream']}.csv", corpus.good_csv("dream"))
    report = homes.receive(home)
    assert (len(report.accepted), len(report.repeated)) == (1, 1)
    record = load_register(home).accepted()[0]
    assert (record.covers_from, record.covers_to) == (dt.date(2023, 1, 2), dt.date(2023, 1, 29))


# Rule I.ydelsesrefusion
def test_the_payment_file_is_known_under_its_real_name(home: Home) -> None:
    name = "yr-ydelsesrefusion-beregning_Proeve 2024-02-01.csv"
    homes.land(home, name, corpus.good_csv("ydelsesrefusion"))
    assert len(homes.receive(home).accepted) == 1
    record = load_register(home).accepted()[0]
    assert (record.covers_from, record.covers_to) == (dt.date(2023, 1, 2), dt.date(2023, 1, 22))
    assert record.extracted_on == dt.date(2024, 2, 1)


@pytest.mark.parametrize("refused_on", ["2024-01-31", "2024-02-02"])
def test_the_same_bytes_accepted_under_one_name_and_refused_under_another_lie_in_both_places(
    home: Home, refused_on: str
) -> None:
    text = corpus.good_csv("ydelsesforloeb")
    homes.land(home, "ydelsesforloeb_2024-02-01_2023-01-01_2023-12-31.csv", text)
    homes.land(home, f"ydelsesforloeb_{refused_on}.csv", text)
    report = homes.receive(home)
    assert (len(report.accepted), len(report.refused)) == (1, 1)
    for place in (vault.VAULT, vault.QUARANTINE):
        assert vault.Received(home, place, report.accepted[0].sha256).is_whole()


# Rule I.duplicates
def test_rows_identical_after_parsing_count_once_in_window_sources(home: Home) -> None:
    text = (
        "cpr;ydelseskode;fra_dato;til_dato;andel\n"
        "6101901234;890;2023-01-02;2023-01-31;\n"
        "610190-1234;890;2023-01-02;2023-01-31;1\n"
        "6101901234;890;2023-01-02;2023-01-31;0,5\n"
    )
    homes.land(home, "ydelsesforloeb_2024-02-01_2023-01-01_2023-12-31.csv", text)
    homes.receive(home)
    assert len(homes.rows(home, "ydelsesforloeb")) == 2
    record = load_register(home).accepted()[0]
    assert (record.row_count, record.duplicate_rows, record.covered_days) == (3, 1, 60)


# Rule I.ydelsesforloeb
def test_a_spell_that_ends_the_day_before_it_begins_covers_no_day_and_two_days_before_is_refused(
    home: Home,
) -> None:
    text = "cpr;ydelseskode;fra_dato;til_dato;andel\n6101901234;890;2023-01-02;{};\n"
    good, bad = text.format("2023-01-01"), text.format("2022-12-31")
    homes.land(home, "ydelsesforloeb_2024-02-01_2023-01-01_2023-12-31.csv", good)
    homes.land(home, "ydelsesforloeb_2024-02-02_2023-01-01_2023-12-31.csv", bad)
    assert _codes(homes.receive(home)) == ["PERIOD_REVERSED"]
    assert load_register(home).accepted()[0].skipped_rows == 1
    assert homes.rows(home, "ydelsesforloeb") == []


# Rule I.jobindsats
def test_unmapped_statistics_are_skipped_and_suppressed_figures_are_null(home: Home) -> None:
    homes.land(home, "jobindsats_2024-02-01.csv", corpus.good_csv("jobindsats"))
    homes.receive(home)
    found = [row[2:] for row in homes.rows(home, "jobindsats")]
    assert ("Prøve", "sygedagpenge", dt.date(2021, 12, 1), None, None) in found
    assert len(found) == 3
    assert {row[0] for row in found} == {"Prøve"}
    assert load_register(home).accepted()[0].skipped_rows == 1


def test_a_delivery_is_loaded_once_and_again_when_the_warehouse_is_gone(home: Home) -> None:
    for source in corpus.TABLES:
        homes.land(
            home,
            f"{source}_2024-02-01{corpus.WINDOWS.get(source, '')}.csv",
            corpus.good_csv(source),
        )
    homes.receive(home)
    before = homes.state(home)
    connection = warehouse.connect(home.warehouse)
    assert receiving.load_deliveries(connection, home) == receiving.LoadReport(0, 0)
    connection.close()
    shutil.rmtree(home.work)
    home.ensure()
    connection = warehouse.connect(home.warehouse)
    warehouse.create_raw(connection)
    assert receiving.load_deliveries(connection, home).deliveries == len(corpus.TABLES)
    connection.close()
    assert homes.state(home) == before


@pytest.mark.parametrize(
    "earlier",
    ["update raw.version set ddl_sha256 = 'earlier'", "drop table raw.version"],
    ids=["told", "untold"],
)
def test_a_warehouse_that_an_earlier_declaration_made_is_laid_out_and_loaded_anew(
    home: Home, earlier: str
) -> None:
    homes.land(home, NAME, LIST)
    homes.receive(home)
    before = homes.rows(home, "deltagere")
    connection = warehouse.connect(home.warehouse)
    columns = "select table_name, column_name, data_type from duckdb_columns() order by all"
    declared = connection.execute(columns).fetchall()
    connection.execute("create view main.courses as from raw.course")
    connection.execute("alter table raw.deltagere drop column course_ref")
    connection.execute("alter table raw.resultatkrav alter column course_ref type varchar")
    connection.execute("create table raw.of_an_earlier_version (cpr varchar)")
    connection.execute("drop table raw.course")
    connection.execute(earlier)
    connection.execute("checkpoint")
    warehouse.create_raw(connection)
    connection.execute("drop view main.courses")
    assert connection.execute(columns).fetchall() == declared
    assert receiving.load_deliveries(connection, home).deliveries == 1
    warehouse.create_raw(connection)
    assert receiving.load_deliveries(connection, home).deliveries == 0
    connection.close()
    assert homes.rows(home, "deltagere") == before
    assert all(row[-1] is not None for row in before)


def test_a_vault_file_that_was_changed_is_found_when_it_is_loaded(home: Home) -> None:
    homes.land(home, NAME, LIST)
    homes.receive(home)
    stored = home.vault / load_register(home).accepted()[0].sha256
    stored.write_text(LIST.replace("F-001", "F-009"))
    shutil.rmtree(home.work)
    home.ensure()
    connection = warehouse.connect(home.warehouse)
    warehouse.create_raw(connection)
    with pytest.raises(EffektError, match="VAULT_BROKEN"):
        receiving.load_deliveries(connection, home)
    connection.close()


# Rule I.order
def test_arrival_order_does_not_matter(tmp_path: Path) -> None:
    files = {
        f"ydelsesforloeb_2024-02-0{day}_2023-01-01_2023-12-31.csv":
        corpus.good_csv("ydelsesforloeb").replace(b"890", b"89%d" % day)
        for day in range(1, 6)
    }  # fmt: skip
    states = []
    for number, order in enumerate((sorted(files), sorted(files, reverse=True))):
        home = homes.new_home(tmp_path / f"home{number}")
        for name in order:
            homes.land(home, name, files[name])
            homes.receive(home)
        states.append(homes.state(home))
    assert states[0] == states[1]


# known deliveries and holds -----------------------------------------------------------------------


def _spells(persons: int) -> str:
    lines = [
        f"61019{number:05d};890;2023-01-01;2023-12-31;" for number in range(1000, 1000 + persons)
    ]
    return "\n".join(["cpr;ydelseskode;fra_dato;til_dato;andel", *lines]) + "\n"


def _land_spells(home: Home, *persons: int) -> None:
    for day, count in enumerate(persons, 1):
        homes.land(
            home, f"ydelsesforloeb_2024-02-{day:02d}_2023-01-01_2023-12-31.csv", _spells(count)
        )


def _known(home: Home, as_of: dt.date) -> list[tuple[object, ...]]:
    connection = warehouse.connect(home.warehouse)
    try:
        receiving.write_known(connection, home, as_of)
        return connection.execute(
            "select extract(day from extracted_on), delivery_rank from raw.known_delivery order"
            " by all"
        ).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize(("last", "is_held"), [(16, False), (17, True), (4, False), (3, True)])
# Rule G.volume
def test_more_than_sixty_per_cent_from_the_median_is_held_from_the_fourth_delivery_on(
    home: Home, last: int, is_held: bool
) -> None:
    _land_spells(home, 10, 10, 10, last)
    assert len(homes.receive(home).held) == (1 if is_held else 0)
    assert len(_known(home, dt.date(2024, 3, 1))) == (3 if is_held else 4)


def test_the_third_delivery_is_never_held(home: Home) -> None:
    _land_spells(home, 10, 10, 100)
    assert homes.receive(home).held == []


def accept(home: Home, sha256: str, check: str, actor: str, reason: str) -> None:
    """Open a held delivery of a municipality with the shipped contracts."""
    settings = Settings(home, SHIPPED_CONTRACTS_DIR, dt.date(2024, 3, 1), "Hedensted")
    receiving.accept_delivery(settings, sha256, check, actor, reason)


# Rule G.volume
def test_a_held_delivery_is_known_once_a_person_opens_it(home: Home) -> None:
    _land_spells(home, 10, 10, 10, 100)
    held = homes.receive(home).held[0]
    with pytest.raises(NotAllowedError):
        accept(home, held.sha256, "another_check", "Kai Controller", "set efter")
    with pytest.raises(NotAllowedError):
        accept(home, "0" * 64, "row_count", "Kai Controller", "set efter")
    with pytest.raises(UsageError):
        accept(home, held.sha256, "row_count", "Kai Controller", " ")
    with pytest.raises(UsageError):
        accept(home, held.sha256, "row_count", "Kai Controller", "se 610190-1234")
    for name in ("Lis Leverandør", "Ukendt"):  # Rule S.people: of the municipality
        with pytest.raises(NotAllowedError, match="ACTOR_ROLE"):
            accept(home, held.sha256, "row_count", name, "ny afdeling")
    accept(home, held.sha256, "row_count", "kai  controller", "ny afdeling")
    assert len(_known(home, dt.date(2024, 3, 1))) == 4
    assert homes.receive(home).held == []
    with pytest.raises(NotAllowedError):
        accept(home, held.sha256, "row_count", "Kai Controller", "igen")


@pytest.mark.parametrize("name", ["row_count", "ROW_COUNT_HELD", "row_count_is_not_held"])
def test_the_check_may_be_called_as_the_reports_call_it(home: Home, name: str) -> None:
    _land_spells(home, 10, 10, 10, 100)
    held = homes.receive(home).held[0]
    accept(home, held.sha256, name, "Kai Controller", "ny afdeling")
    assert homes.receive(home).held == []


# Rules I.knowledge, I.order, R0.known
def test_a_run_knows_what_was_extracted_on_or_before_its_date_in_the_order_of_deliveries(
    home: Home,
) -> None:
    _land_spells(home, 10, 11, 12)
    homes.receive(home)
    assert _known(home, dt.date(2024, 2, 2)) == [(1, 1), (2, 2)]
    assert _known(home, dt.date(2024, 2, 1)) == [(1, 1)]


# key ----------------------------------------------------------------------------------------------


def test_a_key_is_made_in_an_empty_home_and_is_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    key = pseudonym.ensure_key(home)
    assert home.key_file.read_bytes() == key == pseudonym.ensure_key(home)
    assert home.key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("folder", ["vault", "ledger"])
# Rule F.key
def test_a_missing_key_is_never_replaced_once_records_exist(tmp_path: Path, folder: str) -> None:
    home = Home(tmp_path / "home").ensure()
    (home.root / folder / "record").write_text("x")
    with pytest.raises(EffektError, match="tilbage fra") as raised:
        pseudonym.ensure_key(home)
    assert raised.value.exit_code == 1
    assert not home.key_file.exists()


@pytest.mark.parametrize("mode", [0o701, 0o740, 0o755])
def test_secrets_that_others_can_read_are_refused(home: Home, mode: int) -> None:
    home.secrets.chmod(mode)
    with pytest.raises(EffektError, match="SECRETS_READABLE"):
        pseudonym.ensure_key(home)


# crashes ------------------------------------------------------------------------------------------

_KILLED = """
import os, sys
from pathlib import Path
from dagster_project.lib import receiving
from dagster_project.settings import Home
import dagster_project.lib.receiving.take_in, openpyxl, pyarrow
home, last = Home(Path(sys.argv[1])), int(sys.argv[2])
seen = 0
def hook(event, args):
    global seen
    if event in ("os.rename", "os.remove", "os.truncate") or (
        event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    ):
        seen += 1
        if seen == last:
            os._exit(9)
sys.addaudithook(hook)
receiving.receive(home, frozenset({"proeve-kontrakt"}))
print(seen)
"""


def _land_mixed(home: Home) -> None:
    for source in ("deltagere", "ydelsesforloeb", "dream", "personstatus"):
        name = f"{source}_2024-02-01{corpus.WINDOWS.get(source, '')}.csv"
        homes.land(home, name, corpus.good_csv(source))
    homes.land(home, "resultatkrav_2024-02-01.csv", corpus.good_csv("resultatkrav"), "a")
    homes.land(home, "resultatkrav_2024-02-01.csv", corpus.good_csv("resultatkrav")[:-30], "b")
    homes.land(home, "eindkomst_2024-02-01_2023-01-01_2023-12-31.csv", b"cpr\n")
    homes.land(home, "noter.txt", b"se 610190-1234")


def _killed_run(home: Home, last: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _KILLED, str(home.root), str(last)],
        capture_output=True, text=True, check=False, cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
    )  # fmt: skip


def test_a_run_killed_at_any_step_is_finished_by_the_next_one(tmp_path: Path) -> None:
    calm = homes.new_home(tmp_path / "calm")
    _land_mixed(calm)
    steps = int(_killed_run(calm, -1).stdout)
    expected = homes.state(calm)
    assert expected["landing"] == []
    assert steps > 20
    for last in sorted({*range(1, steps + 1, max(1, steps // 9)), steps}):
        home = homes.new_home(tmp_path / f"killed-{last}")
        _land_mixed(home)
        assert _killed_run(home, last).returncode == 9
        homes.receive(home)
        connection = warehouse.connect(home.warehouse)
        receiving.load_deliveries(connection, home)
        connection.close()
        assert homes.state(home) == expected, f"killed at step {last} of {steps}"


def test_accept_makes_no_home_where_there_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path / "mistyped")
    with pytest.raises(NotAllowedError):
        accept(home, "0" * 64, "row_count", "Kai Controller", "set efter")
    assert not home.root.exists()


def _told(home: Home) -> list[tuple[str, str]]:
    """The refusals to tell of: name, and the detail of what is wrong."""
    return [(n.file_name, n.findings[0].detail) for n in receiving.untold_refusals(home)]


# Rule I.refusal
def test_each_refused_file_is_named_also_where_several_have_the_same_bytes(home: Home) -> None:
    bad = {"noter.txt": "source", "krav.csv": "source", "krav_2024-02-30.csv": "source",
           "deltagere_2024-02-30.csv": "date"}  # fmt: skip
    for name in bad:
        homes.land(home, name, b"x")
    report = homes.receive(home)
    assert sorted(note.file_name for note in report.refused) == sorted(bad)
    assert dict(_told(home)) == bad
    written = json.loads((home.quarantine / f"{report.refused[0].sha256}.json").read_text())
    assert sorted(entry["file_name"] for entry in written["refused"]) == sorted(bad)
    text = (home.quarantine / f"{report.refused[0].sha256}.txt").read_text()
    assert all(f"Filen {name} er afvist" in text for name in bad)
    assert list(home.landing.iterdir()) == []


# Rule I.refusal
def test_a_twin_that_comes_a_night_later_is_named_and_the_first_one_not_again(home: Home) -> None:
    for name in ("noter.txt", "noter2.txt", "noter.txt"):
        homes.land(home, name, b"x")
        homes.receive(home)
        assert _told(home) == [(name, "source")]
        receiving.forget_untold(home)


# Rules I.refusal, I.withdrawal
def test_a_refused_file_is_named_as_it_came_though_its_bytes_are_accepted_under_another(
    home: Home,
) -> None:
    homes.land(home, NAME, LIST)
    homes.receive(home)
    again = NAME.replace(".csv", "_v1.csv")
    homes.land(home, again, LIST)
    homes.land(home, f"{again}.sha256", "0" * 64)
    homes.receive(home)
    assert [name for name, _ in _told(home)] == [again]


def test_a_note_of_older_code_tells_every_name_of_its_identity(home: Home) -> None:
    for name in ("noter.txt", "noter2.txt"):
        homes.land(home, name, b"x")
    (first, _) = homes.receive(home).refused
    (home.quarantine / ".untold.json").write_text(json.dumps([first.delivery_id]))
    assert sorted(name for name, _ in _told(home)) == ["noter.txt", "noter2.txt"]


def test_what_was_mended_since_is_no_refusal_to_tell_of(home: Home) -> None:
    homes.land(home, NAME, LIST)
    assert len(receiving.receive(home, frozenset()).refused) == 1
    assert len(receiving.untold_refusals(home)) == 1
    homes.land(home, NAME, LIST)
    assert len(homes.receive(home).accepted) == 1
    assert receiving.untold_refusals(home) == []


@pytest.mark.parametrize("text", ["", "{", "null", "[1]", '{"a": "b"}'])
def test_a_damaged_note_of_what_nobody_was_told_names_itself(home: Home, text: str) -> None:
    (home.quarantine / ".untold.json").write_text(text)
    with pytest.raises(EffektError, match="UNTOLD_BROKEN"):
        receiving.untold_refusals(home)
