"""Empty rows, the file's own row numbers, and a header row in which no heading is found."""

from __future__ import annotations

from typing import Any

import pytest

from dagster_project.lib.receiving.formats.csv_format import STREAMED_BYTES
from dagster_project.lib.receiving.intake import report
from dagster_project.lib.receiving.judging.findings import Finding, rows_finding
from dagster_project.lib.receiving.judging.places import Places
from tests.faults import corpus
from tests.unit.receiving.judging import Judge

HEADINGS, ROWS = corpus.TABLES["deltagere"]
PLAIN = corpus.good_csv("deltagere")
LINES = PLAIN.splitlines(keepends=True)
WRONG = b";".join([b"F", *LINES[1].split(b";")[1:]])
EMPTY = [b"\n", b"\r\n", b";;;;;;\n", b";;\n", b'"";"";"";"";"";"";""\n', b";;;;;;\r\n"]


def numbers(found: tuple[Finding, ...]) -> set[tuple[tuple[int, ...], tuple[int, ...], str]]:
    return {(finding.rows, finding.places, finding.place_kind) for finding in found}


@pytest.mark.parametrize("empty", EMPTY, ids=repr)
@pytest.mark.parametrize("at", [0, 1, 2, len(LINES)])
# Rule I.empty_rows
def test_an_empty_row_of_a_csv_file_is_left_out_wherever_it_stands(
    judge: Judge, empty: bytes, at: int
) -> None:
    data = b"".join([*LINES[:at], empty, *LINES[at:]])
    assert judge("deltagere", "csv", data) == ()
    assert judge("deltagere", "csv", data.rstrip(b"\n")) == ()
    assert judge("deltagere", "csv", data.replace(b"F-001", b"F-1;x")) != ()


@pytest.mark.parametrize("row", [b" ;;;;;;\n", b";;;;;;x\n", b'" ";;;;;;\n'], ids=repr)
def test_a_row_with_anything_in_it_is_no_empty_row(judge: Judge, row: bytes) -> None:
    assert judge("deltagere", "csv", PLAIN + row)[0].rows == (len(LINES),)


# Rule I.places
def test_a_finding_has_the_line_of_the_file_beside_the_record(judge: Judge) -> None:
    plain = judge("deltagere", "csv", PLAIN + WRONG)
    assert numbers(plain) == {((len(LINES),), (len(LINES) + 1,), "line")}
    apart = judge("deltagere", "csv", LINES[0] + b"\n\n" + b"".join(LINES[1:]) + b"\n" + WRONG)
    assert numbers(apart) == {((len(LINES),), (len(LINES) + 4,), "line")}
    short = judge("deltagere", "csv", LINES[0] + b"\n" + b"F-1\n" + b"".join(LINES[1:]))
    assert numbers(short) == {((1,), (3,), "line")}


def test_a_value_over_two_lines_moves_the_lines_after_it(judge: Judge) -> None:
    two = LINES[1].replace(b"F-001", b'"F\n1"')
    found = judge("deltagere", "csv", LINES[0] + two + WRONG)
    assert numbers(found) == {((1,), (2,), "line"), ((2,), (4,), "line")}


def test_a_broken_letter_is_found_on_its_line(judge: Judge) -> None:
    found = judge("deltagere", "csv", PLAIN.replace(b"F-001", b"F-\xff"))
    assert numbers(found) == {((1,), (2,), "line")}


@pytest.mark.parametrize("above", [0, 1, 2])
def test_empty_rows_of_a_sheet_are_left_out_and_findings_have_the_sheets_row(
    judge: Judge, above: int
) -> None:
    def gaps(_book: Any, sheet: Any) -> None:
        sheet.insert_rows(4)
        sheet["A4"] = ""
        sheet["A4"].data_type = "s"
        sheet.insert_rows(1, above) if above else None

    def wrong(book: Any, sheet: Any) -> None:
        gaps(book, sheet)
        sheet.cell(5 + above, 1, "F")

    good = corpus.xlsx_bytes(HEADINGS, ROWS, gaps)
    assert judge("deltagere", "xlsx", good) == ()
    found = judge("deltagere", "xlsx", corpus.xlsx_bytes(HEADINGS, ROWS, wrong))
    assert numbers(found) == {((3,), (5 + above,), "sheet_row")}


def test_empty_rows_of_a_parquet_file_are_left_out(judge: Judge) -> None:
    headings, rows = corpus.TABLES["ydelsesforloeb"]
    nothing: list[Any] = [None] * len(headings)
    table = [rows[0], nothing, [""] * len(headings), *rows[1:]]
    columns = [list(column) for column in zip(*table, strict=True)]
    assert judge("ydelsesforloeb", "parquet", corpus.parquet_bytes(headings, columns)) == ()
    columns[1][2] = "890"
    found = judge("ydelsesforloeb", "parquet", corpus.parquet_bytes(headings, columns))
    assert numbers(found) == {((2,), (), "")}


def test_empty_rows_of_a_large_wide_file_are_left_out(judge: Judge) -> None:
    lines = corpus.good_csv("dream").splitlines(keepends=True)
    many = lines[0] + lines[1] + b"".join(
        b"%06d%04d;890;890;;870\n" % (10165, number) for number in range(10_000)
    ).replace(b"010165", b"610165")  # fmt: skip
    many += b"".join(b"610265%04d;890;;;\n" % number for number in range(10_000))
    many += b"".join(b"610365%04d;890;;;\n" % number for number in range(10_000))
    many += b"".join(b"610465%04d;890;;;890\n" % number for number in range(10_000))
    many += b"".join(b"610565%04d;890;890;890;890\n" % number for number in range(10_000))
    assert len(many) >= STREAMED_BYTES
    assert judge("dream", "csv", many) == judge("dream", "csv", many + b";;;;\n") == ()
    found = judge("dream", "csv", many + b";;;;\n;890;;;\n")
    assert numbers(found) == {((50_002,), (50_004,), "line")}


# Rule I.headings
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (PLAIN.replace(b";", b","), ["række 1 ", "„;“", "„,“"]),
        (PLAIN.replace(b";", b"\t"), ["række 1 ", "tabulator"]),
        (b"Liste over borgere\n" + PLAIN, ["række 1 ", "række 2"]),
        (b"Liste;x\n\n;;\n" + PLAIN, ["række 1 ", "række 4"]),
        (b"Liste\n" + PLAIN.replace(b";", b","), ["række 1 ", "række 2", "„,“"]),
        (b"sep=;\n" + PLAIN, ["række 1 ", "mellem felterne"]),
        (LINES[0].upper() + LINES[1], ["række 1 ", "store og små"]),
        (LINES[0].replace(b";", b" ; ").replace(b"kontrakt", b" kontrakt"), ["mellemrum"]),
        (b"".join(LINES[1:]), ["række 1 "]),
    ],
)
def test_a_header_row_without_a_heading_is_one_finding_that_says_what_else_it_may_be(
    judge: Judge, data: bytes, says: list[str]
) -> None:
    found = judge("deltagere", "csv", data)
    assert [finding.code for finding in found] == ["HEADER_NOT_FOUND"]
    told = report.describe(found[0], "csv")
    assert all(text in told for text in says), told
    assert not any(secret in told for secret in ("6101901234", "Liste", "borgere"))


def test_one_heading_is_enough_to_name_the_others_that_are_missing(judge: Judge) -> None:
    found = judge("deltagere", "csv", PLAIN.replace(LINES[0], b"cpr;b;c;d;e;f;g\n"))
    assert "HEADER_NOT_FOUND" not in {finding.code for finding in found}
    assert {"HEADER_MISSING", "HEADER_UNKNOWN"} == {finding.code for finding in found}


def test_a_title_in_a_sheet_is_told_with_the_sheet_and_the_row_of_the_headings(
    judge: Judge,
) -> None:
    def titled(_book: Any, sheet: Any) -> None:
        sheet.insert_rows(1, 2)
        sheet["A1"] = "Hemmelig Hansen"

    found = judge("deltagere", "xlsx", corpus.xlsx_bytes(HEADINGS, ROWS, titled))
    assert [finding.code for finding in found] == ["HEADER_NOT_FOUND"]
    told = report.describe(found[0], "csv")
    assert "række 1 i ark nr. 1" in told and "række 3" in told and "Hemmelig" not in told


def test_a_parquet_file_without_a_heading_is_one_finding(judge: Judge) -> None:
    _, rows = corpus.TABLES["ydelsesforloeb"]
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = judge("ydelsesforloeb", "parquet", corpus.parquet_bytes(list("abcde"), columns))
    assert [finding.code for finding in found] == ["HEADER_NOT_FOUND"]


def test_places_are_kept_by_where_they_move() -> None:
    places = Places("sheet_row")
    for record, row in ((1, 3), (2, 4), (3, 7), (4, 8)):
        places.note(record, row)
    assert places.of([1, 2, 3, 4]) == (3, 4, 7, 8)
    finding = rows_finding("X", None, [4, 1], places=places)
    assert Finding.from_json(finding.as_json()) == finding
    assert "places" not in rows_finding("X", None, [1]).as_json()
