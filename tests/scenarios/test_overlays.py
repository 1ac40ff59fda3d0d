"""Local dialects in a home: accepted once, read the same for ever, or refused before landing."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dagster_project.lib import receiving, vault, warehouse
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.inspection import inspect_home
from dagster_project.lib.receiving.intake import journal
from dagster_project.lib.receiving.intake.register import Register, load_register
from dagster_project.settings import Home
from tests.unit.receiving import homes

LIST = "deltagere_2024-02-01_jobcenter.csv"
# as a Danish Excel saves a list: cp1252, days as they are written in Denmark, headings of its own
EXCEL = (
    "Kontrakt;Forløb;CPR-nr.;Visiteret;Målgruppe;Slutdato;Årsag;Bemærkning\r\n"
    "proeve-kontrakt;F-ø1;610190-1234;16-01-2023;sygedagpenge;30-11-2023;død;ringet\r\n"
    "proeve-kontrakt;F-ø2;620290-1235;17-01-2023;jobafklaring;;;\r\n"
    ";;;;;;;\r\n"
).encode("cp1252")
SAID = """
csv: {encoding: windows-1252}
date_format: DD-MM-YYYY
aliases:
  kontrakt_id: Kontrakt
  forloeb_id: Forløb
  cpr: CPR-nr.
  visitationsdato: Visiteret
  maalgruppe: Målgruppe
  slutdato: Slutdato
  slutaarsag: Årsag
ignore_columns: [Bemærkning]
"""


def overlay(home: Home, name: str, text: str) -> Path:
    home.sources.mkdir(exist_ok=True)
    (home.sources / name).write_text(text, encoding="utf-8")
    return home.sources / name


def loaded_anew(home: Home, table: str) -> list[tuple[object, ...]]:
    """Rows of a table after the warehouse is gone."""
    home.warehouse.unlink()
    connection = warehouse.connect(home.warehouse)
    warehouse.create_raw(connection)
    receiving.load_deliveries(connection, home)
    connection.close()
    return homes.rows(home, table)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return homes.new_home(tmp_path / "home")


# Rule I.overlay
def test_a_file_is_read_as_it_was_accepted_whatever_its_overlay_says_later(home: Home) -> None:
    path = overlay(home, "deltagere.jobcenter.yml", SAID)
    homes.land(home, LIST, EXCEL)
    (note,) = homes.receive(home).accepted
    (record,) = load_register(home).records()
    assert (record.row_count, record.empty_rows, record.overlay_name) == (2, 1, path.name)
    assert (home.vault / str(record.overlay_sha256)).read_text(encoding="utf-8") == SAID
    rows = homes.rows(home, "deltagere")
    texts = [list(row[2:4]) for row in rows]
    assert texts == [["proeve-kontrakt", "F-ø1"], ["proeve-kontrakt", "F-ø2"]]
    evidence = receiving.row_hmacs(home, note.sha256, "deltagere", [1, 2])
    overlay(home, path.name, "header_row: 7")
    assert loaded_anew(home, "deltagere") == rows
    homes.land(home, LIST, EXCEL)
    again = homes.receive(home)
    assert (len(again.repeated), again.refused, load_register(home).line_count) == (1, [], 1)
    shutil.rmtree(home.sources)
    assert loaded_anew(home, "deltagere") == rows
    assert receiving.row_hmacs(home, note.sha256, "deltagere", [1, 2]) == evidence
    assert inspect_home(home).as_json()["areas"][2]["faults"] == []


def test_a_home_without_overlays_writes_the_lines_that_it_always_wrote(home: Home) -> None:
    homes.land(home, LIST, EXCEL)
    homes.receive(home)
    line = json.loads((home.vault / "deliveries.jsonl").read_text())
    assert not {"overlay_name", "overlay_sha256", "empty_rows"} & line.keys()


def test_a_refused_file_is_told_with_its_overlay_and_is_judged_again_with_a_better_one(
    home: Home,
) -> None:
    path = overlay(home, "deltagere.yml", SAID.replace("DD-MM-YYYY", "MM-DD-YYYY"))
    homes.land(home, LIST, EXCEL)
    (note,) = homes.receive(home).refused
    told = (home.quarantine / f"{note.sha256}.txt").read_text()
    assert "sources/deltagere.yml" in told and "MM-DD-ÅÅÅÅ" in told
    assert json.loads((home.quarantine / f"{note.sha256}.json").read_text())["refused"][0][
        "overlay"
    ] == path.name  # fmt: skip
    overlay(home, path.name, SAID)
    homes.land(home, LIST, EXCEL)
    assert len(homes.receive(home).accepted) == 1
    assert inspect_home(home).as_json()["areas"][2]["faults"] == []


@pytest.mark.parametrize("name", ["deltagere.yml", "dream.yml", "deltagere.yaml"])
def test_a_broken_overlay_refuses_the_night_and_nothing_leaves_landing(
    home: Home, name: str
) -> None:
    overlay(home, name, "header: 3")
    homes.land(home, LIST, EXCEL)
    with pytest.raises(EffektError) as refused:
        homes.receive(home)
    assert (refused.value.code, refused.value.exit_code) == ("SOURCE_DECLARATION", 2)
    assert (home.landing / LIST).read_bytes() == EXCEL
    assert load_register(home).line_count == 0
    (home.sources / name).unlink()
    assert [note.code for note in homes.receive(home).refused] == ["FILE_ENCODING"]


@pytest.mark.parametrize("harm", ["missing", "changed"])
# Rule F.verify
def test_an_overlay_that_is_no_longer_in_the_vault_is_found(home: Home, harm: str) -> None:
    overlay(home, "deltagere.yml", SAID)
    homes.land(home, LIST, EXCEL)
    homes.receive(home)
    (record,) = load_register(home).records()
    kept = home.vault / str(record.overlay_sha256)
    kept.unlink() if harm == "missing" else kept.write_text("header_row: 2")
    (fault,) = inspect_home(home).as_json()["areas"][2]["faults"]
    assert fault["code"] == "VAULT_BROKEN" and str(record.overlay_sha256) in fault["message"]
    with pytest.raises(EffektError, match="VAULT_BROKEN"):
        loaded_anew(home, "deltagere")


class KilledError(BaseException):
    """What a kill does to a process, as far as a test can."""


@pytest.mark.parametrize("step", ["_store", "put", "append", "_remove_landed"])
# Rule F.killed
def test_a_kill_between_the_overlay_and_the_register_s_line_leaves_nothing_wrong(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    overlay(home, "deltagere.yml", SAID)
    homes.land(home, LIST, EXCEL)

    def kill(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        place: Any = {"append": Register, "put": vault}.get(step, journal)
        patched.setattr(place, step, kill)
        with pytest.raises(KilledError):
            homes.receive(home)
    overlay(home, "deltagere.yml", "header_row: 9")
    homes.receive(home)
    (record,) = load_register(home).accepted()
    assert (home.vault / str(record.overlay_sha256)).read_text(encoding="utf-8") == SAID
    assert list(home.landing.iterdir()) == []
    assert inspect_home(home).as_json()["areas"][2]["faults"] == []
    assert len(loaded_anew(home, "deltagere")) == 2


# as the municipality's own system writes it: more columns, and a name that is no benefit
REFUND = """\
Uge;CPR nummer;Ydelse;Ydelsesart;Finansiering Kommunenavn;Sagsbehandler;\
Beregnet udbetalingsbeløb;Refusionssats;Refusionsbeløb;Medfinansieringssats;Medfinansieringsbeløb
02-01-2023;6101901234;Sygedagpenge;S1;Prøve Kommune;AB;4655,00;40;1862,00;60;2793,00
02-01-2023;6202901235;Befordring;B7;Prøve Kommune;AB;120,00;0;0,00;0;0,00
09-01-2023;6101901234;Sygedagpenge;S1;Prøve Kommune;CD;4655,00;40;1862,00;60;2793,00
;;;;;;;;;;
;;Total;;;;9430,00;;;;
"""
REFUND_SAID = """
date_format: DD-MM-YYYY
ignore_columns: [Ydelsesart, Sagsbehandler]
ignore_values:
  Ydelse: [Befordring, Total]
"""


def test_the_municipality_s_own_refund_file_goes_in_as_it_comes(home: Home) -> None:
    overlay(home, "ydelsesrefusion.yml", REFUND_SAID)
    homes.land(home, "yr-ydelsesrefusion-beregning-2023-01-31.csv", REFUND)
    (note,) = homes.receive(home).accepted
    (record,) = load_register(home).records()
    assert (note.row_count, record.skipped_rows, record.empty_rows) == (4, 2, 1)
    assert (str(record.covers_from), str(record.covers_to)) == ("2023-01-02", "2023-01-15")
    rows = homes.rows(home, "ydelsesrefusion")
    assert [(row[1], str(row[3]), row[4], str(row[5])) for row in rows] == [
        (1, "2023-01-02", "sygedagpenge", "4655.00"),
        (3, "2023-01-09", "sygedagpenge", "4655.00"),
    ]
    assert loaded_anew(home, "ydelsesrefusion") == rows


def provider_list() -> bytes:
    """A provider's own list: a title, an empty row, other headings, no contract, real days."""
    import datetime as dt

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Borgere"
    sheet.append(["Henviste borgere pr. 1. februar"])
    sheet.merge_cells("A1:D1")
    sheet.append([])
    sheet.append(["Nr.", "Personnummer", "Henvist", "Ydelse", "Afsluttet", "Grund"])
    day = dt.date
    sheet.append(["F-1", "610190-1234", day(2023, 1, 16), "sygedagpenge", day(2023, 11, 30), "død"])
    sheet.append([])
    sheet.append(["F-2", "620290-1235", day(2023, 1, 17), "sygedagpenge", "-", "-"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


LIST_SAID = """
sheet: Borgere
header_row: 3
null_tokens: ["-"]
constants: {kontrakt_id: proeve-kontrakt}
columns:
  forloeb_id: {aliases: Nr.}
  cpr: {aliases: Personnummer}
  visitationsdato: {aliases: Henvist}
  maalgruppe: {aliases: Ydelse}
  slutdato: {aliases: Afsluttet}
  slutaarsag: {aliases: Grund}
"""


def test_a_list_with_a_title_and_headings_of_its_own_goes_in(home: Home, tmp_path: Path) -> None:
    overlay(home, "deltagere.leverandoer.yml", LIST_SAID)
    name, data = "deltagere_2024-02-01_leverandoer.xlsx", provider_list()
    (tmp_path / name).write_bytes(data)
    checked = receiving.check_file(tmp_path / name, homes.CONTRACTS, home.sources)
    assert checked.is_accepted and "deltagere.leverandoer.yml" in checked.text()
    assert (checked.row_count, checked.empty_rows) == (2, 1)
    assert not receiving.check_file(tmp_path / name, homes.CONTRACTS).is_accepted
    homes.land(home, name, data)
    assert [note.row_count for note in homes.receive(home).accepted] == [2]
    rows = homes.rows(home, "deltagere")
    assert [tuple(map(str, row[2:])) for row in rows] == [
        ("proeve-kontrakt", "F-1", rows[0][4], "2023-01-16", "sygedagpenge", "2023-11-30", "død",
         str(rows[0][9])),
        ("proeve-kontrakt", "F-2", rows[1][4], "2023-01-17", "sygedagpenge", "None", "None",
         str(rows[1][9])),
    ]  # fmt: skip
    assert loaded_anew(home, "deltagere") == rows


Change = Callable[[str], str]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda text: text.replace("name: visited_on", "name: seen_on"), "columns[3].name"),
        (lambda text: text.replace("type: choice\n    required: false\n    allowed: [død",
                                   "type: date\n    required: false\n    #"), "columns[6].type"),
        (lambda text: text.replace("source: deltagere", "source: bestand"), "source"),
        (lambda text: text + "\nextra: 1\n", "extra"),
    ],
)  # fmt: skip
# Rule I.declared
def test_a_declaration_that_cannot_be_loaded_is_refused_when_it_is_read(
    tmp_path: Path, change: Change, path: str
) -> None:
    from dagster_project.lib.receiving.judging.declarations import load_sources
    from dagster_project.settings import SOURCES_DIR

    text = change((SOURCES_DIR / "deltagere.yml").read_text())
    name = "bestand" if "bestand" in text else "deltagere"
    (tmp_path / f"{name}.yml").write_text(text)
    with pytest.raises(EffektError) as refused:
        load_sources(tmp_path)
    assert (refused.value.code, refused.value.exit_code) == ("SOURCE_DECLARATION", 2)
    assert path in refused.value.message


def test_the_vault_s_overlays_are_those_of_a_replay_too(home: Home, tmp_path: Path) -> None:
    from dagster_project.lib.trace.side_home import lay_out_vault, side_home

    overlay(home, "deltagere.yml", SAID)
    homes.land(home, LIST, EXCEL)
    (note,) = homes.receive(home).accepted
    with side_home(home) as side:
        lay_out_vault(home, side, [note.delivery_id])
        connection = warehouse.connect(side.warehouse)
        warehouse.create_raw(connection)
        assert receiving.load_deliveries(connection, side).rows == 2
        connection.close()
