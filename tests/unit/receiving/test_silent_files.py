"""Files that would go in and say another thing than their sender means: each is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.receiving.formats import content, engine
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.receiving.judging.declarations import Csv, Source, load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.reference import load_benefits
from tests.faults import corpus
from tests.unit.receiving import homes

CONTEXT = Context(load_benefits(), frozenset({corpus.CONTRACT}))


def judge(
    folder: Path, source: Source, file_format: str, data: bytes
) -> tuple[content.Content | None, tuple[Finding, ...]]:
    """The content of a file, or None, and what was found."""
    name = f"{source.source}_2024-02-01{corpus.WINDOWS.get(source.source, '')}.{file_format}"
    path = folder / "file"
    path.write_bytes(data)
    with engine.open_parser(folder) as (parser, spill):
        try:
            parts = names.parse_name(name, {source.source: source})
            read = content.read_content(parser, path, parts, CONTEXT, spill, "typed")
        except FileRefusedError as refused:
            return None, refused.findings
    return read, read.parsed.findings


def statistics_csv(*rows: str) -> bytes:
    head = "Område;Ydelse;Periode;Antal personer;Antal fuldtidspersoner"
    return ("\n".join([head, *rows]) + "\n").encode()


@pytest.mark.parametrize(
    ("persons", "fte", "is_possible"),
    [
        ("831", "831,5", True), ("831", "831,5001", False), ("831", "725,456", True),
        ("831", "725.456", False), ("0", "0,5", True), ("0", "0,6", False),
        ("*", "725.456", True), ("831", "..", True),
    ],
)  # fmt: skip
def test_full_time_persons_are_at_most_half_a_person_more_than_persons(
    tmp_path: Path, persons: str, fte: str, is_possible: bool
) -> None:
    data = statistics_csv(
        "Hedensted;Sygedagpenge;2022M02;800;700,5",
        f"Hedensted;Sygedagpenge;2022M03;{persons};{fte}",
    )
    read, found = judge(tmp_path, load_sources()["jobindsats"], "csv", data)
    assert read is not None
    assert read.is_refused is not is_possible
    assert [(f.code, f.column, f.rows) for f in found] == (
        [] if is_possible else [("FIGURE_IMPOSSIBLE", "Antal fuldtidspersoner", (2,))]
    )


def test_an_impossible_figure_of_the_service_is_refused_as_one_of_a_file(tmp_path: Path) -> None:
    row = ["Prøve", "Sygedagpenge", "2021M11", "Køn i alt", 10, 10.6]
    answer = corpus.statistics_json(corpus.VARIABLES, [*corpus.STATISTICS[1:], row])
    _, found = judge(tmp_path, load_sources()["jobindsats"], "json", answer)
    assert [finding.code for finding in found] == ["FIGURE_IMPOSSIBLE"]


def second_sheet(
    *, first_state: str = "visible", state: str = "visible", same: bool = True
) -> Callable[[Any, Any], None]:
    def shape(book: Any, sheet: Any) -> None:
        other = book.create_sheet("Ark2")
        headings, rows = corpus.TABLES["deltagere"]
        for row in [headings, *rows] if same else [["Noter"], ["se telefonliste"]]:
            other.append(row)
        sheet.sheet_state, other.sheet_state = first_state, state
        book.active = 0 if first_state == "visible" else 1

    return shape


@pytest.mark.parametrize(
    ("shape", "numbers"),
    [
        (second_sheet(), "1, 2"),
        (second_sheet(state="hidden"), "1, 2"),
        (second_sheet(state="veryHidden"), "1, 2"),
        (second_sheet(first_state="hidden"), "1, 2"),
        (second_sheet(first_state="hidden", same=False), "1"),
    ],
)
def test_a_workbook_whose_data_may_stand_elsewhere_is_refused_by_the_numbers_of_its_sheets(
    tmp_path: Path, shape: Callable[[Any, Any], None], numbers: str
) -> None:
    data = corpus.xlsx_bytes(*corpus.TABLES["deltagere"], shape=shape)
    read, found = judge(tmp_path, load_sources()["deltagere"], "xlsx", data)
    assert read is None
    assert [(f.code, f.detail) for f in found] == [("SHEET_AMBIGUOUS", f"ark nr. {numbers}")]


def test_the_only_sheet_with_the_headings_is_read_wherever_it_stands(tmp_path: Path) -> None:
    def notes_first(book: Any, sheet: Any) -> None:
        book.create_sheet("Læs mig", 0)["A1"] = "se næste ark"
        book.active = 1

    data = corpus.xlsx_bytes(*corpus.TABLES["deltagere"], shape=notes_first)
    read, found = judge(tmp_path, load_sources()["deltagere"], "xlsx", data)
    assert (read and read.parsed.row_count, read and read.sheet_number, found) == (4, 2, ())


def declared(encoding: str) -> Source:
    source = load_sources()["deltagere"]
    return source.model_copy(update={"csv": Csv(encoding=encoding)})


@pytest.mark.parametrize(
    ("written", "encoding", "codes"),
    [
        ("cp1252", "cp1252", []), ("utf-8", "cp1252", ["FILE_ENCODING"]),
        ("utf-8-sig", "cp1252", ["FILE_ENCODING"]), ("utf-8", "latin-1", ["FILE_ENCODING"]),
        ("latin-1", "latin-1", []), ("cp1252", "utf-8", ["FILE_ENCODING"]),
    ],
)  # fmt: skip
def test_a_text_beyond_ascii_is_read_in_the_declared_encoding_only(
    tmp_path: Path, written: str, encoding: str, codes: list[str]
) -> None:
    data = corpus.csv_bytes(*corpus.TABLES["deltagere"], encoding=written)
    assert "ø".encode(written.removesuffix("-sig")) in data
    _, found = judge(tmp_path, declared(encoding), "csv", data)
    assert [finding.code for finding in found] == codes


def test_a_text_of_ascii_alone_is_the_same_in_every_encoding(tmp_path: Path) -> None:
    headings, rows = corpus.TABLES["deltagere"]
    plain = [row for row in rows if all(text.isascii() for text in row)]
    read, found = judge(tmp_path, declared("cp1252"), "csv", corpus.csv_bytes(headings, plain))
    assert (read and read.parsed.row_count, found) == (len(plain), ())


DEBRIS = (
    "~$deltagere_2024-02-01.xlsx", "deltagere_2024-02-01.csv.filepart", "Thumbs.db",
    "deltagere_2024-02-01.csv.crdownload", "deltagere_2024-02-01.csv.partial", "desktop.ini",
    ".DS_Store", ".~lock.deltagere_2024-02-01.xlsx#", "deltagere_2024-02-01.csv#", "thumbs.db",
    "deltagere_2024-02-01.csv.part", "deltagere_2024-02-01.csv.tmp", "a.sha256", ".skjult",
    "DESKTOP.INI", "DELTAGERE.TMP", "a.Part", ".ds_store",
)  # fmt: skip


# Rule I.no_delivery
def test_what_writers_and_desktops_leave_stays_where_it_is_in_every_folder(
    tmp_path: Path,
) -> None:
    home = homes.new_home(tmp_path / "home")
    folders = ("", "indbakke", "indbakke/leverandør")
    for folder in folders:
        for name in DEBRIS:
            homes.land(home, name, b"x", folder)
    report = homes.receive(home)
    assert (report.accepted, report.refused, report.waiting) == ([], [], 0)
    for folder in folders:
        left = {path.name for path in (home.landing / folder).iterdir() if path.is_file()}
        assert left == set(DEBRIS)


@pytest.mark.parametrize(
    "name",
    ["deltagere_2024-02-01.csv", "part.csv", "thumbs.csv", "a~b.csv", "thumbs.db.csv", "a.tmp.csv",
     "#a.csv", "DS_Store"],
)  # fmt: skip
def test_any_other_name_is_one(name: str) -> None:
    assert names.is_delivery_name(name)
