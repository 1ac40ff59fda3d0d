"""Files of the programs that people use: exact to the cell, or refused with a remedy that helps."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.receiving.formats import content, engine
from dagster_project.lib.receiving.intake import report
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.reference import load_benefits, words
from tests.faults import corpus
from tests.writers import npm, office, python_writers
from tests.writers.python_writers import DAYS, SPELL_DAYS, as_number, changed, first_of

pytestmark = pytest.mark.xdist_group("writers")

EXACT = "exact"
LISTS, CLAIMS, SPELLS = "deltagere", "resultatkrav", "ydelsesforloeb"


@dataclass(frozen=True)
class Judged:
    """The typed rows of a file, or what was found in it."""

    rows: list[tuple[object, ...]]
    found: tuple[Finding, ...]


Judge = Callable[[str, str, bytes], Judged]


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    folder = tmp_path_factory.mktemp("parser")
    context = Context(load_benefits(), frozenset({corpus.CONTRACT}))
    with engine.open_parser(folder) as (parser, spill):

        def judged(source: str, file_format: str, data: bytes) -> Judged:
            path = folder / "file"
            path.write_bytes(data)
            name = f"{source}_2024-02-01{corpus.WINDOWS.get(source, '')}.{file_format}"
            try:
                parts = names.parse_name(name, load_sources())
                read = content.read_content(parser, path, parts, context, spill, "typed")
            except FileRefusedError as refused:
                return Judged([], refused.findings)
            columns = ", ".join(column.name for column in parts.source.columns)
            rows = parser.execute(f"select {columns} from typed order by rowid").fetchall()
            return Judged(rows, read.parsed.findings)

        yield judged


def must_come_of(
    judge: Judge, folder: Path, name: str, source: str, file_format: str, expected: Any
) -> None:
    """The good table of the source, to the cell; or these findings, each with a remedy."""
    judged = judge(source, file_format, (folder / name).read_bytes())
    if expected == EXACT:
        assert judged.found == ()
        assert judged.rows == judge(source, "csv", corpus.good_csv(source)).rows
        return
    assert [(f.code, f.column, f.cause) for f in judged.found] == expected
    for finding in judged.found:
        rule, remedy = report.words_for(finding, file_format)
        assert (rule, remedy) != report.words_of(finding.code) or not finding.cause


PYTHON: dict[str, tuple[str, str, Any]] = {
    "openpyxl-text": (LISTS, "xlsx", EXACT),
    "openpyxl-days": (LISTS, "xlsx", EXACT),
    "openpyxl-months": (CLAIMS, "xlsx", EXACT),
    "openpyxl-numbers": (LISTS, "xlsx", [("CELL_TYPE", "cpr", "number_cpr")]),
    "xlsxwriter-text": (LISTS, "xlsx", EXACT),
    "xlsxwriter-inline": (LISTS, "xlsx", EXACT),
    "xlsxwriter-table": (LISTS, "xlsx", EXACT),
    "pandas-text": (LISTS, "xlsx", EXACT),
    "pandas-stamps": (LISTS, "xlsx", EXACT),
    "pandas-index": (LISTS, "xlsx", [("HEADER_UNKNOWN", None, "")]),
    "pandas-csv": (SPELLS, "csv", EXACT),
    "pandas-comma": (SPELLS, "csv", [("HEADER_NOT_FOUND", None, "")]),
    "pandas-danish": (SPELLS, "csv", EXACT),
    "pandas-point": (SPELLS, "csv", [("NUMBER_FORMAT", "andel", "point")]),
    "pandas-clock": (SPELLS, "csv", [("DATE_FORMAT", "fra_dato", "clock")]),
    "pandas-floats": (SPELLS, "csv", [("CODE_UNKNOWN", "ydelseskode", "decimals")]),
    "pandas-parquet": (SPELLS, "parquet", EXACT),
    "pandas-category": (SPELLS, "parquet", EXACT),
    "pandas-parquet-numbers": (SPELLS, "parquet", [("CELL_TYPE", "cpr", "number_cpr")]),
    "pandas-parquet-stamps": (SPELLS, "parquet", [("CELL_TYPE", "fra_dato", "clock"),
                                                  ("CELL_TYPE", "til_dato", "clock")]),
    "polars-excel": (LISTS, "xlsx", EXACT),
    "polars-csv": (SPELLS, "csv", EXACT),
    "polars-decimal": (SPELLS, "csv", EXACT),
    "polars-parquet": (SPELLS, "parquet", EXACT),
    "polars-exact": (SPELLS, "parquet", EXACT),
    "polars-category": (SPELLS, "parquet", EXACT),
    "polars-float": (SPELLS, "parquet", [("CELL_TYPE", "andel", "number_float")]),
    "pyarrow-csv": (SPELLS, "csv", EXACT),
    "pyarrow-view": (SPELLS, "parquet", EXACT),
    "pyarrow-zstd": (SPELLS, "parquet", EXACT),
    "pyarrow-brotli": (SPELLS, "parquet", EXACT),
}  # fmt: skip


@pytest.fixture(scope="session")
def of_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python")
    python_writers.write_all(folder)
    return folder


@pytest.mark.parametrize("name", sorted(PYTHON))
# Rule I.formats
def test_what_comes_of_a_file_of_a_python_writer(judge: Judge, of_python: Path, name: str) -> None:
    must_come_of(judge, of_python, name, *PYTHON[name])


NPM: dict[str, tuple[str, str, Any]] = {
    "sheetjs-text": (LISTS, "xlsx", EXACT),
    "sheetjs-shared": (LISTS, "xlsx", EXACT),
    "sheetjs-iso-days": (LISTS, "xlsx", EXACT),
    "sheetjs-evening": (LISTS, "xlsx", [("DATE_FORMAT", "visitationsdato", "evening")]),
    "sheetjs-months": (CLAIMS, "xlsx", EXACT),
    "sheetjs-numbers": (LISTS, "xlsx", [("CELL_TYPE", "cpr", "number_cpr")]),
    "sheetjs-xls": (LISTS, "xlsx", [("FILE_FORMAT", None, "old_workbook")]),
    "sheetjs-ods": (LISTS, "xlsx", [("FILE_FORMAT", None, "open_document")]),
    "sheetjs-csv": (SPELLS, "csv", EXACT),
    "sheetjs-commas": (SPELLS, "csv", [("HEADER_NOT_FOUND", None, "")]),
    "exceljs-text": (LISTS, "xlsx", EXACT),
    "exceljs-days": (LISTS, "xlsx", EXACT),
    "exceljs-evening": (LISTS, "xlsx", [("DATE_FORMAT", "visitationsdato", "evening")]),
    "exceljs-months": (CLAIMS, "xlsx", EXACT),
    "exceljs-1904": (LISTS, "xlsx", EXACT),
    "exceljs-rich": (LISTS, "xlsx", EXACT),
    "exceljs-truth": (CLAIMS, "xlsx", [("CELL_TYPE", "krav", "boolean")]),
    "exceljs-formula": (LISTS, "xlsx", [("CELL_TYPE", "forloeb_id", "formula")]),
    "exceljs-note": (LISTS, "xlsx", [("ROW_WIDTH", None, "beside")]),
    "exceljs-widened": (LISTS, "xlsx", EXACT),
    "exceljs-streamed": (LISTS, "xlsx", EXACT),
}


@pytest.fixture(scope="session")
def of_npm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if reason := npm.missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("npm")
    npm.write_all(folder)
    return folder


@pytest.mark.parametrize("name", sorted(NPM))
# Rule I.formats
def test_what_comes_of_a_file_of_an_npm_writer(judge: Judge, of_npm: Path, name: str) -> None:
    must_come_of(judge, of_npm, name, *NPM[name])


OFFICE: dict[str, tuple[str, str, Any]] = {
    "text.xlsx": (LISTS, "xlsx", EXACT),
    "days.xlsx": (LISTS, "xlsx", EXACT),
    "months.xlsx": (CLAIMS, "xlsx", EXACT),
    "numbers.xlsx": (LISTS, "xlsx", [("CELL_TYPE", "cpr", "number_cpr")]),
    "opened.xlsx": (LISTS, "xlsx", [("CELL_TYPE", "cpr", "number_cpr")]),
    "spells.csv": (SPELLS, "csv", EXACT),
}


@pytest.fixture(scope="session")
def of_office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if office.PROGRAM is None:
        pytest.skip("LibreOffice is not installed")
    folder = tmp_path_factory.mktemp("office")
    for name, source, changes in (
        ("text", LISTS, {}), ("days", LISTS, DAYS), ("months", CLAIMS, {"maaned": first_of}),
        ("numbers", LISTS, {"cpr": as_number}), ("spells", SPELLS, SPELL_DAYS),
    ):  # fmt: skip
        headings, rows = changed(source, changes)
        (folder / f"{name}.fods").write_text(office.document([headings, *rows]), encoding="utf-8")
    (folder / "formulas.fods").write_text(office.document(_formulas()), encoding="utf-8")
    (folder / "opened.csv").write_bytes(corpus.good_csv(LISTS))
    lists = [folder / f"{name}.fods" for name in ("text", "days", "months", "numbers")]
    office.convert(lists, folder, "xlsx")
    office.convert([folder / "spells.fods", folder / "formulas.fods"], folder, office.TO_CSV)
    filter_ = f"--infilter={office.AS_A_PERSON_OPENS}"
    office.convert([folder / "opened.csv"], folder, "xlsx", filter_)
    return folder


@pytest.mark.parametrize("name", sorted(OFFICE))
# Rule I.formats
def test_what_comes_of_a_file_of_libreoffice(judge: Judge, of_office: Path, name: str) -> None:
    must_come_of(judge, of_office, name, *OFFICE[name])


# the formulas that remedies name, what a cell holds before, and what the formula must give
FORMULAS: dict[str, tuple[Any, str]] = {
    'TEKST(A2;"0")': (17, "17"),
    'TEKST(C2;"0000000000")': (101901234, "0101901234"),
    'TEKST(B2;"0")': (17, "17"),
    'TEKST(C2;"åååå-MM")': (dt.date(2023, 4, 15), "2023-04"),
    'TEKST(C2;"0000-00")': (202304, "2023-04"),
    'HØJRE("0"&C2;10)': ("101901234", "0101901234"),
    "HELTAL(D2)": (44958.75, "44958"),
    "RENS(A2)": ("job\x1fafklaring", "jobafklaring"),
    'FJERN.OVERFLØDIGE.BLANKE(UDSKIFT(A2;TEGN(160);" "))': (
        "afsluttet forløb\u00a0",
        "afsluttet forløb",
    ),
}
_ENGLISH = {
    "FJERN.OVERFLØDIGE.BLANKE": "TRIM", "UDSKIFT": "SUBSTITUTE", "TEGN(160)": "UNICHAR(160)",
    "TEKST": "TEXT", "HØJRE": "RIGHT", "HELTAL": "INT", "RENS": "CLEAN", "åååå": "YYYY",
}  # fmt: skip


def _formulas() -> list[list[Any]]:
    """A row for each formula: what a cell holds, and the formula as LibreOffice keeps it."""
    rows = []
    for number, (formula, (value, _)) in enumerate(FORMULAS.items(), 1):
        for danish, english in _ENGLISH.items():
            formula = formula.replace(danish, english)
        placed = re.sub(r"\b[A-D]2\b", f"[.A{number}]", formula)
        shown = value.replace("\x1f", "\n") if isinstance(value, str) else value
        rows.append([shown, f"of:={placed}"])
    return rows


def test_the_formulas_of_the_remedies_are_the_ones_that_are_tried() -> None:
    told = " ".join(
        word.remedy_da
        for domain in ("finding", "finding_detail")
        for word in words._words()[domain].values()
    )
    assert set(re.findall(r"=([A-ZÆØÅ.]+\([^ ]*(?: \"\)\))?) i en tom", told)) <= set(FORMULAS)


def test_a_formula_that_a_remedy_names_gives_the_value_that_is_accepted(of_office: Path) -> None:
    with (of_office / "formulas.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle, delimiter=";"))
    assert [row[1] for row in rows] == [wanted for _, wanted in FORMULAS.values()]
