"""``effekt check`` on a machine that has the product and one file, and no home."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.lib import opening
from dagster_project.lib.base.errors import EXIT_REFUSED, EffektError, UsageError
from dagster_project.lib.receiving.check_report import CheckReport
from dagster_project.settings import SHIPPED_CONTRACTS_DIR, Home

HEADINGS = "kontrakt_id;forloeb_id;maaned;krav\n"
ROW = "hedensted-arbejdsfastholdelse;F-1;2023-05;ja\n"
NAME = "resultatkrav_2023-06-01.csv"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, and no home named in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EFFEKT_HOME", raising=False)
    return tmp_path


def check(name: str, text: str | bytes, *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON and text of a check of a file with this name and content."""
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    run = CliRunner()
    told = run.invoke(app, ["check", name, *words])
    return (
        told.exit_code,
        json.loads(run.invoke(app, ["check", name, *words, "--json"]).output),
        (told.output),
    )


def a_home(root: Path, *contracts: str) -> Path:
    """A home of Hedensted with these of the shipped contracts."""
    opening.make_home(Home(root), "Hedensted")
    for contract_id in contracts:
        own = root / "contracts"
        own.mkdir(exist_ok=True)
        shutil.copy(SHIPPED_CONTRACTS_DIR / f"{contract_id}.yml", own)
    return root


# Rule P.check
def test_without_a_home_contract_ids_are_not_judged_and_it_says_so(folder: Path) -> None:
    code, told, text = check(NAME, HEADINGS + "findes-ikke;F-1;2023-05;ja\n")
    assert (code, told["contracts_checked"]) == (0, False)
    assert "Kontrakternes id er ikke prøvet" in text
    assert not (folder / "data").exists()


# Rules P.check, I.contract_known
def test_with_a_home_they_are_judged_against_the_contracts_that_it_loads(folder: Path) -> None:
    home = ["--home", str(a_home(folder / "h", "hedensted-arbejdsfastholdelse"))]
    assert check(NAME, HEADINGS + ROW, *home)[0] == 0
    code, told, text = check(NAME, HEADINGS + ROW.replace("hedensted-", "hedensted"), *home)
    assert (code, told["code"], told["contracts_checked"]) == (
        EXIT_REFUSED,
        "CONTRACT_UNKNOWN",
        True,
    )
    assert "ikke prøvet" not in text


def test_the_default_home_counts_too(folder: Path) -> None:
    a_home(folder / "data", "hedensted-arbejdsfastholdelse")
    assert check(NAME, HEADINGS + "anden;F-1;2023-05;ja\n")[0] == EXIT_REFUSED


def test_contracts_that_are_named_are_judged_against_without_a_home(folder: Path) -> None:
    own = a_home(folder / "h", "hedensted-arbejdsfastholdelse") / "contracts"
    assert check(NAME, HEADINGS + ROW, "--contracts", str(own))[0] == 0
    code, told, _ = check(NAME, HEADINGS + "anden;F-1;2023-05;ja\n", "--contracts", str(own))
    assert (code, told["code"]) == (EXIT_REFUSED, "CONTRACT_UNKNOWN")


def test_a_home_whose_contracts_cannot_be_loaded_checks_all_the_rest(folder: Path) -> None:
    home = a_home(folder / "h")
    (home / "contracts").mkdir()
    code, told, text = check(NAME, HEADINGS + ROW, "--home", str(home))
    assert (code, told["contracts_checked"]) == (0, False)
    assert "CONTRACT_FOLDER" in text


def test_a_source_without_contract_ids_has_nothing_to_be_noted() -> None:
    _, told, text = check(
        "personstatus_2023-06-01.csv", "cpr;haendelse;dato;nyt_cpr\n610190-1234;død;2023-01-01;\n"
    )
    assert told["contracts_checked"]
    assert "Kontrakt" not in text


def test_a_name_as_long_as_the_file_system_allows_is_a_name_like_any_other() -> None:
    name = "resultatkrav_2023-06-01_" + "a" * (255 - 28) + ".csv"
    assert check(name, HEADINGS + ROW)[0] == 0


@pytest.mark.parametrize(
    "name", ["krav maj.csv", "KRAV.CSV", "deltagere_2023-06-01.csv", "2023-06-01.csv"]
)
# Rule P.check
def test_a_file_is_checked_as_a_file_of_its_source_whatever_it_is_called(name: str) -> None:
    code, told, text = check(name, HEADINGS + ROW, "--source", "resultatkrav")
    assert (code, told["source"], told["row_count"]) == (0, "resultatkrav", 1)
    day = "2023-06-01" if "2023-06-01" in name else "<udtræksdato>"
    assert told["proposed_name"] == f"resultatkrav_{day}.csv"
    assert told["proposed_name"] in text
    code, told, _ = check(name, HEADINGS + ROW.replace("ja", "JA"), "--source", "resultatkrav")
    assert (code, told["code"]) == (EXIT_REFUSED, "VALUE_NOT_ALLOWED")


def test_a_right_name_is_not_proposed_again() -> None:
    _, told, _ = check(NAME, HEADINGS + ROW, "--source", "resultatkrav")
    assert told["proposed_name"] is None


@pytest.mark.parametrize(
    ("source", "text", "proposed"),
    [
        ("dream", "cpr;y_2301;y_2302\n610190-1234;890;\n", "_2023-01-02_2023-01-15"),
        (
            "ydelsesforloeb",
            "cpr;ydelseskode;fra_dato;til_dato;andel\n610190-1234;890;2023-01-02;2023-01-15;\n",
            "_<fra>_<til>",
        ),
    ],
)
# Rule P.check
def test_a_proposed_name_has_the_period_where_the_content_says_it(
    source: str, text: str, proposed: str
) -> None:
    code, told, _ = check("udtræk.csv", text, "--source", source)
    assert (code, told["proposed_name"]) == (0, f"{source}_<udtræksdato>{proposed}.csv")


@pytest.mark.parametrize("name", ["krav.xls", "krav", "krav.parquet"])
def test_a_type_that_the_source_does_not_take_is_refused_with_those_that_it_does(name: str) -> None:
    code, told, text = check(name, HEADINGS + ROW, "--source", "resultatkrav")
    assert (code, told["code"]) == (EXIT_REFUSED, "FILE_NAME")
    assert "csv, xlsx" in text


def test_a_source_that_does_not_exist_is_wrong_usage_and_names_those_that_do() -> None:
    Path("a.csv").write_text("")
    error = CliRunner().invoke(app, ["check", "a.csv", "--source", "krav"]).exception
    assert isinstance(error, UsageError)
    assert "resultatkrav" in error.remedy


@pytest.mark.parametrize(
    ("name", "part", "proposed"),
    [
        ("noter.csv", "source", "<kilde>_<udtræksdato>.csv"),
        ("Deltagere_2024-02-01.csv", "source", "deltagere_2024-02-01.csv"),
        ("ydelsesforløb_2024-02-01_2023-01-01_2023-12-31.csv", "source",
         "ydelsesforloeb_2024-02-01_2023-01-01_2023-12-31.csv"),
        ("deltagere.csv", "extracted", "deltagere_<udtræksdato>.csv"),
        ("deltagere_01-02-2024.csv", "extracted", "deltagere_<udtræksdato>.csv"),
        ("deltagere_2024-02-31.csv", "date", "deltagere_<udtræksdato>.csv"),
        ("eindkomst_2024-02-01_2023-01-01.csv", "window", "eindkomst_2024-02-01_<fra>_<til>.csv"),
        ("eindkomst_2024-02-31_2023-01-01_2023-12-31.csv", "date",
         "eindkomst_<udtræksdato>_2023-01-01_2023-12-31.csv"),
        ("deltagere_2024-02-01_Mar.csv", "sender", "deltagere_2024-02-01.csv"),
        ("deltagere_2024-02-01_v0.csv", "version", "deltagere_2024-02-01.csv"),
        ("deltagere_2024-02-01_v2_mar.csv", "version", "deltagere_2024-02-01.csv"),
        ("deltagere_2024-02-01_mar_v2.CSV", "ending", "deltagere_2024-02-01_mar_v2.csv"),
        ("deltagere_2024-02-01", "ending", "deltagere_2024-02-01.csv"),
        ("deltagere_20240201.csv", "digits", "deltagere_<udtræksdato>.csv"),
        ("krav for 610190-1234.xlsx", "digits", "<kilde>_<udtræksdato>.xlsx"),
        ("resultatkrav_2024-02-01_hans_6101901234.csv", "digits", "resultatkrav_2024-02-01.csv"),
    ],
)  # fmt: skip
# Rules I.name, I.silent
def test_a_wrong_name_is_told_by_its_part_with_a_right_one_and_another_way(
    name: str, part: str, proposed: str
) -> None:
    code, told, text = check(name, HEADINGS + ROW)
    (finding,) = told["findings"]
    assert (code, finding["code"], finding["detail"]) == (EXIT_REFUSED, "FILE_NAME", part)
    assert finding["expected"].partition(" ")[0] == proposed
    assert proposed in finding["remedy"]
    assert "--source" in text
    assert "1234" not in text
    assert "hans" not in text


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("deltagere_2024-02-01_2024-01-01_2024-01-31_mar.csv", "deltagere_2024-02-01_mar.csv"),
        ("eindkomst_2024-02-01_v2.csv", "eindkomst_2024-02-01_<fra>_<til>_v2.csv"),
    ],
)
def test_a_period_too_many_or_missing_is_told_with_a_right_name(name: str, proposed: str) -> None:
    _, told, _ = check(name, "cpr\n")
    assert told["code"] == "WINDOW_INVALID"
    assert proposed in told["findings"][0]["remedy"]


# Rule P.check
def test_several_things_that_are_wrong_are_told_at_once() -> None:
    Path(f"{NAME}.sha256").write_text("0" * 64)
    code, told, text = check(NAME, HEADINGS + "k;F-1;2023-5;JA\nk;;2023-05;ja\n")
    assert code == EXIT_REFUSED
    codes = ["FILE_CHECKSUM", "DATE_FORMAT", "VALUE_NOT_ALLOWED", "VALUE_MISSING"]
    assert [finding["code"] for finding in told["findings"]] == codes
    assert all(text.count(f"{code}:") == 1 for code in codes)


def test_rows_that_are_all_skipped_or_all_outside_the_period_are_told() -> None:
    report = CheckReport("f.csv", "jobindsats", "Jobindsats", (), row_count=2, skipped_rows=2)
    assert "alle 2 rækker" in report.text()
    assert "alle" not in replace(report, row_count=3).text()
    report = CheckReport("f.csv", "dream", "DREAM", (), row_count=2, is_outside=True)
    assert "ingen række har en dag i perioden" in report.text()


# contract files and overlays ----------------------------------------------------------------------

CONTRACT = "slagelse-eftervaern.yml"


def shipped(text: str = "", instead: str = "") -> str:
    """A shipped contract, with something in it changed."""
    whole = (SHIPPED_CONTRACTS_DIR / CONTRACT).read_text(encoding="utf-8")
    assert text in whole
    return whole.replace(text, instead, 1) if text else whole


# Rules P.check, C.file
def test_a_contract_file_is_checked_as_a_run_loads_it() -> None:
    code, told, text = check(CONTRACT, shipped())
    assert (code, told["kind"], told["findings"]) == (0, "contract", [])
    code, told, text = check(CONTRACT, shipped("register:", "registre:"))
    assert (code, told["code"]) == (EXIT_REFUSED, "CONTRACT_FILE")
    assert "register: nøglen mangler" in text
    assert "registre: ukendt nøgle" in text
    assert [finding["code"] for finding in told["findings"]] == ["CONTRACT_FILE"] * 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("anden.yml", shipped()),
        ("slagelse-eftervaern.yaml", shipped()),
        (CONTRACT, "- a\n"),
        (CONTRACT, "contract_id: [\n"),
        (CONTRACT, shipped("title:", "title: 610190-1234 #")),
        (CONTRACT, b"\xff"),
    ],
    ids=["another_name", "ending", "list", "no_yaml", "person_number", "no_text"],
)  # fmt: skip
def test_a_contract_file_that_no_run_would_load_is_refused(name: str, text: str | bytes) -> None:
    code, told, shown = check(name, text)
    assert (code, told["code"]) == (EXIT_REFUSED, "CONTRACT_FILE")
    assert "1234" not in shown


def test_a_contract_of_another_municipality_is_noted_and_not_refused(folder: Path) -> None:
    home = ["--home", str(a_home(folder / "h"))]
    code, told, text = check(CONTRACT, shipped(), *home)
    assert (code, len(told["notes"])) == (0, 1)
    assert "Slagelse" in text
    whole = (SHIPPED_CONTRACTS_DIR / "hedensted-flere-i-job.yml").read_text(encoding="utf-8")
    assert check("hedensted-flere-i-job.yml", whole, *home)[1]["notes"] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("deltagere.yml", []), ("deltagere.mar.yml", []), ("min.yml", ["--source", "deltagere"])],
)
# Rules P.check, I.overlay
def test_an_overlay_is_checked_before_anything_depends_on_it(name: str, words: list[str]) -> None:
    code, told, _ = check(name, "csv: {encoding: cp1252}\n", *words)
    assert (code, told["kind"], told["source"]) == (0, "overlay", "deltagere")
    code, told, text = check(name, "csv: {encodin: cp1252}\n", *words)
    assert (code, told["code"]) == (EXIT_REFUSED, "SOURCE_DECLARATION")
    assert "csv.encodin" in text


def test_a_contract_that_is_called_as_a_source_is_no_overlay() -> None:
    code, told, _ = check(
        "dream.yml", shipped("contract_id: slagelse-eftervaern", "contract_id: dream")
    )
    assert (code, told["kind"]) == (0, "contract")


# Rules P.check, I.overlay
def test_a_file_is_checked_with_the_overlay_of_the_home(folder: Path) -> None:
    home = a_home(folder / "h", "hedensted-arbejdsfastholdelse")
    text = (HEADINGS + ROW).replace(";", ",")
    words = ["--home", str(home)]
    assert check(NAME, text, *words)[0] == EXIT_REFUSED
    (home / "sources" / "resultatkrav.yml").write_text('csv: {delimiter: ","}\n')
    code, told, _ = check(NAME, text, *words)
    assert (code, told["overlay"]) == (0, "resultatkrav.yml")
    assert check("krav.csv", text, *words, "--source", "resultatkrav")[0] == 0
    (home / "sources" / "resultatkrav.yml").write_text("csv: {delimiter: 7}\nx: 1\n")
    error = CliRunner().invoke(app, ["check", NAME, *words]).exception
    assert isinstance(error, EffektError)
    assert (error.code, error.exit_code) == ("SOURCE_DECLARATION", 2)


@pytest.mark.parametrize("command", sorted(get_command(app).commands))  # type: ignore[attr-defined]
# Rule P.commands
def test_every_command_takes_the_home_and_the_contracts(command: str) -> None:
    inner = getattr(get_command(app).commands[command], "commands", {})  # type: ignore[attr-defined]
    for words in [[command, name] for name in inner] or [[command]]:
        told = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"}).output
        assert "--home" in told
        assert "--contracts" in told
