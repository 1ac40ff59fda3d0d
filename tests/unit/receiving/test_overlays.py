"""Overlays: each key on a file that needs it, what is refused when read, what an overlay leaves.

Keys come in pairs: the file that the overlay is for, and the nearest one that it is not for.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.check import check_file
from dagster_project.lib.receiving.formats import content, engine
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.receiving.judging.laying import overlaid
from dagster_project.lib.receiving.judging.overlays import declared_for, read_overlays
from dagster_project.lib.receiving.judging.patterns import PatternError, read_pattern
from dagster_project.lib.reference import load_benefits
from tests.faults import corpus

CONTEXT = Context(load_benefits(), frozenset({corpus.CONTRACT}))
LIST = ["kontrakt_id", "forloeb_id", "cpr", "visitationsdato", "maalgruppe", "slutdato",
        "slutaarsag"]  # fmt: skip
ROW = [corpus.CONTRACT, "F-1", "6101901234", "2023-01-16", "sygedagpenge", "", ""]
Read = Callable[..., tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Typed rows of the columns asked for, and the findings, of a file with an overlay."""
    folder = tmp_path_factory.mktemp("parser")
    with engine.open_parser(folder) as (parser, spill):

        def run(
            source: str, overlay: str, data: bytes, columns: str, file_format: str = "csv"
        ) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
            laid = overlaid(load_sources()[source], overlay.encode(), "overlay")
            name = f"{source}_2024-02-01{corpus.WINDOWS.get(source, '')}.{file_format}"
            parts = names.parse_name(name, {source: laid})
            path = folder / "file"
            path.write_bytes(data)
            try:
                found = content.read_content(parser, path, parts, CONTEXT, spill, "typed")
            except FileRefusedError as refused:
                return [], [(one.code, one.column, one.rows) for one in refused.findings]
            rows = parser.execute(
                f"select {columns} from typed where faults is null order by rowid"
            ).fetchall()
            return rows, [(one.code, one.column, one.rows) for one in found.parsed.findings]

        yield run


def listed(*rows: list[str], headings: list[str] = LIST, mark: str = ";") -> bytes:
    return corpus.csv_bytes(headings, list(rows), delimiter=mark)


def changed(heading: str, text: str) -> list[str]:
    return [text if name == heading else value for name, value in zip(LIST, ROW, strict=True)]


# Rule I.overlay
def test_a_text_of_the_named_encoding_is_read_and_utf_8_is_then_refused(read: Read) -> None:
    data = listed(changed("forloeb_id", "F-ø")).decode()
    said = "csv: {encoding: windows-1252}"
    assert read("deltagere", said, data.encode("cp1252"), "course_id") == ([("F-ø",)], [])
    assert read("deltagere", said, data.encode(), "course_id")[1] == [("FILE_ENCODING", None, ())]
    wide = read("deltagere", "csv: {encoding: utf-16}", data.encode("utf-16"), "course_id")
    assert wide == ([("F-ø",)], [])


@pytest.mark.parametrize(
    ("mark", "said"), [(",", '","'), ("\t", r'"\t"'), ("\t", r"\t"), ("|", "'|'")]
)
def test_fields_are_split_at_the_named_delimiter_only(read: Read, mark: str, said: str) -> None:
    overlay = f"csv: {{delimiter: {said}}}"
    assert read("deltagere", overlay, listed(ROW, mark=mark), "course_id") == ([("F-1",)], [])
    refused = read("deltagere", overlay, listed(ROW), "course_id")[1]
    assert refused == [("HEADER_NOT_FOUND", None, ())]


def test_decimals_have_the_named_mark_only(read: Read) -> None:
    headings, rows = corpus.TABLES["eindkomst"]
    point = [[value.replace(",", ".") for value in row] for row in rows]
    found = read("eindkomst", 'csv: {decimal: "."}', corpus.csv_bytes(headings, point), "hours")
    assert found == ([(Decimal("148.33"),), (Decimal(0),), (Decimal(37),)], [])
    refused = read("eindkomst", 'csv: {decimal: "."}', corpus.csv_bytes(headings, rows), "hours")[1]
    assert [code for code, *_ in refused] == ["NUMBER_FORMAT"] * 2


def test_a_decimal_point_leaves_statistics_no_point_between_thousands(read: Read) -> None:
    headings = ["Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    row = ["Prøve", "Sygedagpenge", "2021M11", "831", "725.456"]
    said = 'csv: {decimal: "."}'
    assert read("jobindsats", said, corpus.csv_bytes(headings, [row]), "fte") == (
        [(Decimal("725.4560"),)], [],
    )  # fmt: skip
    row[3] = "1.034"
    refused = read("jobindsats", said, corpus.csv_bytes(headings, [row]), "fte")[1]
    assert refused[0] == ("NUMBER_FORMAT", "Antal personer", (1,))


@pytest.mark.parametrize("above", [b'Liste; over "borgere\n\n', b"a\r\n\r\n"])
def test_lines_above_the_header_row_are_skipped_whatever_they_hold(
    read: Read, above: bytes
) -> None:
    data = above + listed(ROW)
    assert read("deltagere", "header_row: 3", data, "course_id") == ([("F-1",)], [])
    assert read("deltagere", "header_row: 2", data, "course_id") == ([("F-1",)], [])
    past = read("deltagere", "header_row: 4", data, "course_id")[1]
    assert past == [("HEADER_NOT_FOUND", None, ())]


def titled(_book: Any, sheet: Any) -> None:
    sheet.insert_rows(1, 2)
    sheet["A1"] = "Liste over borgere"
    sheet.merge_cells("A1:C1")


def test_rows_above_the_header_row_of_a_sheet_are_skipped(read: Read) -> None:
    data = corpus.xlsx_bytes(LIST, [ROW], titled)
    assert read("deltagere", "header_row: 3", data, "course_id", "xlsx") == ([("F-1",)], [])
    refused = read("deltagere", "", data, "course_id", "xlsx")[1]
    assert refused == [("HEADER_NOT_FOUND", None, ())]


def test_the_named_sheet_is_read_and_no_other(read: Read) -> None:
    def second(book: Any, _sheet: Any) -> None:
        other = book.create_sheet("2023")
        other.append(LIST)
        other.append(changed("forloeb_id", "F-2"))

    data = corpus.xlsx_bytes(LIST, [ROW], second)
    assert read("deltagere", "sheet: 2023", data, "course_id", "xlsx") == ([("F-2",)], [])
    assert read("deltagere", "", data, "course_id", "xlsx")[1] == [("SHEET_AMBIGUOUS", None, ())]
    assert read("deltagere", "sheet: 2024", data, "course_id", "xlsx")[1][0][0] == "FILE_FORMAT"


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (
            "DD-MM-YYYY",
            "16-01-2023",
            ["2023-01-16", "16-1-2023", "31-02-2023", "16.01.2023", "x16-01-2023"],
        ),
        ("DD.MM.YYYY", "16.01.2023", ["16-01-2023", "16x01x2023", "01.16.2023"]),
        ("YYYYMMDD", "20230116", ["2023-01-16", "20231601", "202301166"]),
        ("D-M-YYYY", "16-1-2023", ["16-01-2023", "016-1-2023", "16-13-2023"]),
        ("YYYY/M/D", "2023/1/16", ["2023/1/32", "2023/01/16", "2023/1/166"]),
    ],
)
def test_dates_follow_the_pattern_exactly(
    read: Read, pattern: str, good: str, bad: list[str]
) -> None:
    said = f"date_format: {pattern}"
    assert read("deltagere", said, listed(changed("visitationsdato", good)), "visited_on") == (
        [(dt.date(2023, 1, 16),)], [],
    )  # fmt: skip
    rows = [[*changed("visitationsdato", text)[:1], f"F-{n}", *changed("visitationsdato", text)[2:]]
            for n, text in enumerate(bad)]  # fmt: skip
    numbers = {row for _, _, found in read("deltagere", said, listed(*rows), "course_id")[1]
               for row in found}  # fmt: skip
    assert numbers == set(range(1, len(bad) + 1))


def test_a_sheet_has_days_as_dates_or_in_the_pattern(read: Read) -> None:
    def day(value: Any) -> bytes:
        def put(_book: Any, sheet: Any) -> None:
            sheet["D2"] = value

        return corpus.xlsx_bytes(LIST, [ROW], put)

    said, expected = "date_format: DD-MM-YYYY", ([(dt.date(2023, 1, 16),)], [])
    assert read("deltagere", said, day(dt.date(2023, 1, 16)), "visited_on", "xlsx") == expected
    assert read("deltagere", said, day("16-01-2023"), "visited_on", "xlsx") == expected
    refused = read("deltagere", said, day("2023-01-16"), "visited_on", "xlsx")[1]
    assert refused == [("DATE_FORMAT", "visitationsdato", (1,))]


@pytest.mark.parametrize(
    ("pattern", "good"), [("YYYYMM", "202311"), ("MM-YYYY", "11-2023"), ("M/YYYY", "11/2023")]
)
def test_months_follow_the_pattern_exactly(read: Read, pattern: str, good: str) -> None:
    headings = ["kontrakt_id", "forloeb_id", "maaned", "krav"]
    said = f"month_format: {pattern}"

    def claim(month: str) -> bytes:
        return corpus.csv_bytes(headings, [[corpus.CONTRACT, "F-1", month, "ja"]])

    assert read("resultatkrav", said, claim(good), "month") == ([(dt.date(2023, 11, 1),)], [])
    refused = read("resultatkrav", said, claim("2023-11"), "month")[1]
    assert refused == [("DATE_FORMAT", "maaned", (1,))]


def test_statistics_months_follow_the_pattern_too(read: Read) -> None:
    headings = ["Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    data = corpus.csv_bytes(headings, [["Prøve", "Sygedagpenge", "202111", "831", "725,4"]])
    assert read("jobindsats", "month_format: YYYYMM", data, "month") == (
        [(dt.date(2021, 11, 1),)],
        [],
    )


def test_null_tokens_come_on_top_of_the_empty_cell(read: Read) -> None:
    rows = [changed("slutdato", "-"), [ROW[0], "F-2", *ROW[2:]]]
    found = read("deltagere", 'null_tokens: ["-", "NULL"]', listed(*rows), "ended_on")
    assert found == ([(None,), (None,)], [])
    refused = read("deltagere", 'null_tokens: ["NULL"]', listed(*rows), "ended_on")[1]
    assert refused == [("DATE_FORMAT", "slutdato", (1,))]


@pytest.mark.parametrize(
    "said",
    ["aliases: {cpr: [CPR-nr, Personnummer]}", "aliases: {person_no: CPR-nr}",
     "columns: {cpr: {aliases: [CPR-nr]}}"],
)  # fmt: skip
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_column_may_stand_under_its_other_headings(
    read: Read, said: str, file_format: str
) -> None:
    other = [name.replace("cpr", "CPR-nr") for name in LIST]
    write = corpus.xlsx_bytes if file_format == "xlsx" else corpus.csv_bytes
    assert read("deltagere", said, write(other, [ROW]), "course_id", file_format)[1] == []
    assert read("deltagere", said, write(LIST, [ROW]), "course_id", file_format)[1] == []
    both = write([*LIST, "CPR-nr"], [[*ROW, ROW[2]]])
    refused = read("deltagere", said, both, "course_id", file_format)[1]
    assert refused == [("HEADER_DUPLICATE", "cpr", ())]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_named_columns_may_come_and_are_not_read_and_no_others(
    read: Read, file_format: str
) -> None:
    write = corpus.xlsx_bytes if file_format == "xlsx" else corpus.csv_bytes
    data = write([*LIST, "Note"], [[*ROW, "hvad som helst"]])
    found = read("deltagere", "ignore_columns: [Note, Telefon]", data, "course_id", file_format)
    assert found == ([("F-1",)], [])
    refused = read("deltagere", "ignore_columns: [Telefon]", data, "course_id", file_format)[1]
    assert refused == [("HEADER_UNKNOWN", None, ())]


def test_rows_with_an_ignored_value_are_skipped_unjudged_and_others_are_not(read: Read) -> None:
    total = ["", "", "", "", "I alt", "", ""]
    data = listed(ROW, total)
    found = read("deltagere", "ignore_values: {maalgruppe: [I alt]}", data, "course_id")
    assert found == ([("F-1",)], [])
    refused = read("deltagere", "ignore_values: {maalgruppe: [i alt]}", data, "course_id")[1]
    assert {rows for *_, rows in refused} == {(2,)}


def test_a_constant_fills_a_column_that_the_file_lacks_and_only_then(read: Read) -> None:
    said = f"constants: {{kontrakt_id: {corpus.CONTRACT}}}"
    data = listed(ROW[1:], headings=LIST[1:])
    assert read("deltagere", said, data, "contract_id") == ([(corpus.CONTRACT,)], [])
    refused = read("deltagere", said, listed(ROW), "contract_id")[1]
    assert refused == [("HEADER_DUPLICATE", "kontrakt_id", ())]


def test_a_constant_benefit_fills_statistics_and_follows_the_tables_of_names(read: Read) -> None:
    headings = ["Område", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    data = corpus.csv_bytes(headings, [["Prøve", "2021M11", "831", "725,4"]])
    found = read("jobindsats", "constants: {Ydelse: Sygedagpenge}", data, "benefit_group, month")
    assert found == ([("sygedagpenge", dt.date(2021, 11, 1))], [])


def test_an_overlay_names_columns_of_an_answer_too_and_its_empty_rows_are_none(read: Read) -> None:
    columns = ["Kommune", "Periode", "Antal personer", "Antal fuldtidspersoner", "Sektor"]
    rows = [["Prøve", "2021M11", 831, 725, "Privat"], [None, "", None, None, ""]]
    data = json.dumps({"columns": columns, "rows": rows}).encode()
    constants = "constants: {Ydelse: Sygedagpenge}"
    said = f"{constants}\naliases: {{Område: Kommune}}\nignore_columns: [Sektor]"
    found = read("jobindsats", said, data, "area, benefit_group, persons", "json")
    assert found == ([("Prøve", "sygedagpenge", 831)], [])
    refused = read("jobindsats", said.rpartition("\n")[0], data, "area", "json")[1]
    assert [code for code, *_ in refused] == ["VALUE_NOT_ALLOWED"]


def test_a_number_of_an_answer_is_itself_whatever_decimal_mark_texts_have(read: Read) -> None:
    columns = ["Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    data = json.dumps(
        {"columns": columns, "rows": [["Prøve", "Sygedagpenge", "2021M11", 831, 725.4]]}
    )
    for said in ("", 'csv: {decimal: "."}'):
        assert read("jobindsats", said, data.encode(), "fte", "json") == ([(Decimal("725.4"),)], [])


def test_a_row_of_a_benefit_that_is_not_mapped_is_skipped_unjudged(read: Read) -> None:
    headings = ["Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner"]
    good = ["Prøve", "Sygedagpenge", "2021M11", "831", "725,4"]
    other = ["Prøve", "Hundehold", "november", "831", "900.5"]
    data = corpus.csv_bytes(headings, [good, other])
    assert read("jobindsats", "", data, "fte") == ([(Decimal("725.4"),)], [])
    nameless = corpus.csv_bytes(headings, [good, ["Prøve", "", *good[2:]]])
    assert read("jobindsats", "", nameless, "fte")[1] == [("VALUE_MISSING", "Ydelse", (2,))]


def test_a_week_whose_rows_are_ignored_is_a_week_of_the_file(tmp_path: Path) -> None:
    rows = [
        f"{week};6101901234;{name};Prøve;100,00;40;40,00;60;60,00"
        for week, name in (("2023-01-02", "Sygedagpenge"), ("2023-01-09", "Hundehold"))
    ]
    headings = ";".join(column.heading for column in load_sources()["ydelsesrefusion"].columns)
    file = tmp_path / "yr-ydelsesrefusion-beregning 2023-02-01.csv"
    file.write_text("\n".join([headings, *rows]) + "\n", encoding="utf-8")
    (tmp_path / "ydelsesrefusion.yml").write_text("ignore_values: {Ydelse: [Hundehold]}")
    checked = check_file(file, None, tmp_path)
    assert (checked.findings, checked.period) == ((), ("2023-01-02", "2023-01-15"))


REFUSED = [
    ("deltagere", "headers: 3", "headers"),
    ("deltagere", "csv: {encodin: cp1252}", "csv.encodin"),
    ("deltagere", "csv: {encoding: klingon}", "csv.encoding"),
    ("deltagere", "csv: {encoding: cp037}", "csv.encoding"),
    ("deltagere", "csv: {delimiter: ';;'}", "csv.delimiter"),
    ("deltagere", "csv: {delimiter: a}", "csv.delimiter"),
    ("deltagere", "csv: {decimal: x}", "csv.decimal"),
    ("eindkomst", 'csv: {delimiter: ","}', "csv.delimiter"),
    ("eindkomst", 'csv: {decimal: ".", delimiter: "."}', "csv.delimiter"),
    ("deltagere", "header_row: 0", "header_row"),
    ("deltagere", "header_row: to", "header_row"),
    ("deltagere", "date_format: DD-MM-YY", "date_format"),
    ("deltagere", "date_format: DMYYYY", "date_format"),
    ("deltagere", "date_format: MM-YYYY", "date_format"),
    ("deltagere", "date_format: DD-MM-YYYY-DD", "date_format"),
    ("deltagere", "date_format: dd-mm-yyyy", "date_format"),
    ("resultatkrav", "month_format: DD-MM-YYYY", "month_format"),
    ("resultatkrav", "month_format: MYYYY", "month_format"),
    ("deltagere", "aliases: {person: [CPR]}", "aliases.person"),
    ("deltagere", "aliases: {cpr: [slutdato]}", "aliases.cpr[0]"),
    ("deltagere", "aliases: {cpr: [A], forloeb_id: [A]}", "aliases.forloeb_id[0]"),
    ("deltagere", "aliases: {cpr: [A, A]}", "aliases.cpr[1]"),
    ("deltagere", "columns: {cpr: {alias: A}}", "columns.cpr.alias"),
    ("deltagere", "aliases: {cpr: [Note]}\nignore_columns: [Note]", "aliases.cpr[0]"),
    ("deltagere", "ignore_columns: [slutdato]", "ignore_columns[0]"),
    ("dream", "ignore_columns: [y_2301]", "ignore_columns[0]"),
    ("deltagere", "ignore_values: {Note: [x]}", "ignore_values.Note"),
    ("deltagere", "ignore_values: {cpr: [x], person_no: [y]}", "ignore_values.person_no"),
    ("deltagere", "constants: {Note: x}", "constants.Note"),
    ("deltagere", "constants: {visitationsdato: 2023-02-30}", "constants.visitationsdato"),
    ("deltagere", "constants: {kontrakt_id: ''}", "constants.kontrakt_id"),
    ("deltagere", "constants: {cpr: 12}", "constants.cpr"),
    ("deltagere", "aliases: {cpr: A}\nconstants: {cpr: A}", "constants.cpr"),
    ("jobindsats", "constants: {Ydelse: Noget andet}", "constants.Ydelse"),
    ("deltagere", "ignore_values: {forloeb_id: ['610190-1234']}", "ignore_values.forloeb_id[0]"),
    ("deltagere", "# 6101901234\nheader_row: 2", "linje 1"),
    ("deltagere", "header_row: 2\nheader_row: 3", "header_row"),
    ("deltagere", "- header_row", "skal være"),
    ("deltagere", "x: &a b", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "said", "path"), REFUSED)
# Rule I.overlay
# Rule I.person_text
def test_an_overlay_that_cannot_be_loaded_is_refused_when_it_is_read(
    tmp_path: Path, source: str, said: str, path: str
) -> None:
    (tmp_path / f"{source}.yml").write_text(said)
    for reading in (lambda: read_overlays(tmp_path), lambda: declared_for(tmp_path, source, None)):
        with pytest.raises(EffektError) as refused:
            reading()
        error = refused.value
        assert (error.code, error.exit_code) == ("SOURCE_DECLARATION", 2)
        assert f"sources/{source}.yml: " in error.message and path in error.message
        assert "610190" not in str(error)


@pytest.mark.parametrize(
    "name",
    ["bestand.yml", "Deltagere.yml", "deltagere.yaml", "deltagere.yml.txt", "deltagere.V.yml",
     "deltagere.v2.yml", "deltagere..yml", "deltagere.a_b.yml", "deltagere.a.b.yml"],
)  # fmt: skip
def test_a_file_of_no_source_or_sender_is_refused_and_other_files_are_left_alone(
    tmp_path: Path, name: str
) -> None:
    for other in ("LÆSMIG.txt", ".deltagere.yml.swp", "~deltagere.yml"):
        (tmp_path / other).write_text("x: [")
    assert read_overlays(tmp_path) == {}
    (tmp_path / name).write_text("header_row: 2")
    with pytest.raises(EffektError, match="SOURCE_DECLARATION"):
        read_overlays(tmp_path)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "large"])
def test_what_is_no_regular_file_of_a_reasonable_size_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "deltagere.yml"
    if kind == "link":
        (tmp_path / "other").write_text("header_row: 2")
        path.symlink_to(tmp_path / "other")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("#" * 300_000)
    with pytest.raises(EffektError, match="SOURCE_DECLARATION"):
        declared_for(tmp_path, "deltagere", None)


def test_the_file_of_the_sender_takes_the_place_of_the_source_s_own_as_a_whole(
    tmp_path: Path,
) -> None:
    (tmp_path / "deltagere.yml").write_text("header_row: 2\nnull_tokens: ['-']")
    (tmp_path / "deltagere.jobcenter.yml").write_text("date_format: DD-MM-YYYY")
    own = declared_for(tmp_path, "deltagere", "jobcenter")
    assert (own.file_name, own.source.header_row) == ("deltagere.jobcenter.yml", 1)
    assert own.source.null_tokens == ("",)
    for sender in (None, "andre"):
        assert declared_for(tmp_path, "deltagere", sender).source.header_row == 2
    assert declared_for(tmp_path, "dream", "jobcenter").overlay is None
    assert declared_for(None, "deltagere", None).source == load_sources()["deltagere"]
    assert set(read_overlays(tmp_path)) == {("deltagere", None), ("deltagere", "jobcenter")}


@pytest.mark.parametrize("text", ["", "YYYY", "DD-MM", "YYYY-MM-DD ", "MMMM-YYYY-DD", "%d-%m-%Y"])
def test_a_pattern_says_one_day_for_each_text_or_is_none(text: str) -> None:
    with pytest.raises(PatternError):
        read_pattern(text, "day")


def test_a_pattern_reads_what_it_writes() -> None:
    day = dt.date(2023, 1, 6)
    texts = {text: read_pattern(text, "day").text_of(day) for text in ("D-M-YYYY", "YYYYMMDD")}
    assert texts == {"D-M-YYYY": "6-1-2023", "YYYYMMDD": "20230106"}
