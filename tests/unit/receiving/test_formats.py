"""One table, many files: whatever its dress, a table gives the same rows, evidence and verdict."""

from __future__ import annotations

import csv
import datetime as dt
import errno
import hashlib
import hmac
import io
import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagster_project.lib import receiving
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.lib.receiving.formats import (
    content,
    csv_format,
    engine,
    json_format,
    parquet_reader,
    week_lines,
)
from dagster_project.lib.receiving.formats.parse import broken_links
from dagster_project.lib.receiving.formats.weeks import run_rows
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.receiving.judging import findings, grammar, names
from dagster_project.lib.receiving.judging.declarations import load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError
from dagster_project.lib.reference import load_benefit_codes, load_benefits
from dagster_project.settings import PROJECT_ROOT
from tests.faults import corpus
from tests.unit.receiving import homes

CONTEXT = grammar.Context(load_benefits(), homes.CONTRACTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parser")


def parsed(folder: Path, source: str, file_format: str, data: bytes) -> list[tuple[object, ...]]:
    """Typed rows of a file, without their faults; the codes where the file is refused."""
    name = f"{source}_2024-02-01{corpus.WINDOWS.get(source, '')}.{file_format}"
    path = folder / "file"
    path.write_bytes(data)
    with engine.open_parser(folder) as (parser, spill):
        try:
            parts = names.parse_name(name, load_sources())
            read = content.read_content(parser, path, parts, CONTEXT, spill, "typed")
        except FileRefusedError as refused:
            return [(finding.code,) for finding in refused.findings]
        if read.is_refused:
            return [(finding.code, *finding.rows) for finding in read.parsed.findings]
        if source == "dream":
            return wide_rows(parser, len(read.parsed.layout.weeks))
        return parser.execute("select rowid + 1, * from typed order by rowid").fetchall()


def wide_rows(parser: duckdb.DuckDBPyConnection, weeks: int) -> list[tuple[object, ...]]:
    """(row number, person, runs, weeks with a code, faults) of every row; 1 = first week."""
    good = "(select rowid + 1 as row_number, * from typed where faults is null)"
    return parser.execute(f"""
        select rowid + 1, person_no, coalesce(found, []),
            case when faults is null then filled end, faults
        from typed left join (
            select row_number, list(
                {{'first': first_week + 1, 'last': last_week + 1, 'code': code}} order by first_week
            ) as found
            from {run_rows(good, weeks)} group by row_number) on row_number = typed.rowid + 1
        order by 1""").fetchall()


@pytest.mark.parametrize("source", sorted(corpus.TABLES))
@pytest.mark.parametrize(
    "dress",
    [
        {"newline": "\r\n"},
        {"quoting": csv.QUOTE_ALL},
        {"quoting": csv.QUOTE_ALL, "newline": "\r\n"},
        {"encoding": "utf-8-sig"},
        {"encoding": "utf-8-sig", "quoting": csv.QUOTE_ALL},
        {"newline": "\r"},
    ],
    ids=str,
)
def test_bom_line_ends_and_quotes_change_nothing(
    folder: Path, source: str, dress: dict[str, object]
) -> None:
    plain = parsed(folder, source, "csv", corpus.good_csv(source))
    assert len(plain) == len(corpus.TABLES[source][1])
    assert parsed(folder, source, "csv", corpus.csv_bytes(*corpus.TABLES[source], **dress)) == plain  # type: ignore[arg-type]


@pytest.mark.parametrize("source", sorted(corpus.TABLES))
# Rule I.formats
def test_the_order_of_columns_and_a_missing_last_line_end_change_nothing(
    folder: Path, source: str
) -> None:
    headings, rows = corpus.TABLES[source]
    plain = parsed(folder, source, "csv", corpus.good_csv(source))
    turned = corpus.csv_bytes(headings[::-1], [row[::-1] for row in rows])
    assert parsed(folder, source, "csv", turned) == plain
    assert parsed(folder, source, "csv", turned.rstrip(b"\n")) == plain
    assert parsed(folder, source, "csv", turned + b"\n\n") == plain


@pytest.mark.parametrize("source", sorted(corpus.TABLES))
# Rule I.formats
def test_csv_xlsx_and_parquet_of_one_table_give_the_same_rows(folder: Path, source: str) -> None:
    plain = parsed(folder, source, "csv", corpus.good_csv(source))
    for file_format in load_sources()[source].formats:
        if file_format in ("xlsx", "parquet"):
            assert parsed(folder, source, file_format, corpus.good(source, file_format)) == plain


# Rule I.dates
def test_a_date_cell_of_a_workbook_is_its_date(folder: Path) -> None:
    headings, rows = corpus.TABLES["deltagere"]
    dated = [[*row[:3], dt.date.fromisoformat(row[3]), *row[4:]] for row in rows]
    data = corpus.xlsx_bytes(headings, dated)
    assert parsed(folder, "deltagere", "xlsx", data) == parsed(
        folder, "deltagere", "csv", corpus.good_csv("deltagere")
    )


def test_a_date_cell_in_iso_form_is_its_date_with_and_without_a_midnight(folder: Path) -> None:
    headings, rows = corpus.TABLES["deltagere"]
    days = [dt.date.fromisoformat(row[3]) for row in rows]
    moments = [dt.datetime.combine(day, dt.time(0)) for day in days]
    for values in (days, moments):
        dated = [[*row[:3], value, *row[4:]] for row, value in zip(rows, values, strict=True)]
        data = corpus.xlsx_bytes(headings, dated, lambda book, _: setattr(book, "iso_dates", True))
        assert parsed(folder, "deltagere", "xlsx", data) == parsed(
            folder, "deltagere", "csv", corpus.good_csv("deltagere")
        )


def test_a_parquet_column_of_nothing_but_nulls_may_have_no_type(folder: Path) -> None:
    headings, rows = corpus.TABLES["ydelsesforloeb"]
    columns = [list(column) for column in zip(*rows, strict=True)]
    typeless = corpus.parquet_bytes(headings, [*columns[:3], *[[None] * len(rows)] * 2])
    assert parsed(folder, "ydelsesforloeb", "parquet", typeless) == parsed(
        folder,
        "ydelsesforloeb",
        "csv",
        corpus.csv_bytes(headings, [[*row[:3], "", ""] for row in rows]),
    )
    numbers = corpus.parquet_bytes(headings, [*columns[:4], pa.nulls(len(rows), pa.int32())])
    assert parsed(folder, "ydelsesforloeb", "parquet", numbers) == [("CELL_TYPE",)]


@pytest.mark.parametrize(
    ("physical", "said", "is_filled"),
    [
        ("INT32", None, False),
        ("INT32", SimpleNamespace(has_null_count=True, null_count=5), False),
        ("INT32", SimpleNamespace(has_null_count=True, null_count=4), True),
        ("BYTE_ARRAY", None, True),
    ],
)
def test_a_parquet_column_without_a_type_that_says_it_holds_a_value_is_no_empty_one(
    physical: str, said: object, is_filled: bool
) -> None:
    chunk = SimpleNamespace(physical_type=physical, statistics=said, num_values=5)
    assert parquet_reader.is_said_filled(chunk) == is_filled


def test_a_text_may_have_as_many_characters_as_its_source_declares(folder: Path) -> None:
    """Characters, not bytes; in every format, and in a column of any type."""
    headings, rows = corpus.TABLES["deltagere"]
    limit = load_sources()["deltagere"].limits.max_cell_chars
    for at, value in ((1, "å"), (2, "6"), (4, "å")):
        for more in (0, 1):
            table = [list(row) for row in rows]
            table[2][at] = value * (limit + more)
            for data, file_format in (
                (corpus.csv_bytes(headings, table), "csv"),
                (corpus.csv_bytes(headings, table, quoting=csv.QUOTE_ALL), "csv"),
                (corpus.xlsx_bytes(headings, table), "xlsx"),
            ):
                found = {code for code, *_ in parsed(folder, "deltagere", file_format, data)}
                assert ("FILE_LIMIT" in found) == bool(more)


# Rule I.dream
def test_equal_rows_of_a_person_in_a_wide_file_count_once(tmp_path: Path) -> None:
    headings, rows = corpus.TABLES["dream"]
    again = [*rows, ["610190-1234", *rows[0][1:]], rows[2], rows[2]]
    once, twice = homes.new_home(tmp_path / "once"), homes.new_home(tmp_path / "twice")
    name = f"dream_2024-02-01{corpus.WINDOWS['dream']}.csv"
    homes.land(once, name, corpus.good_csv("dream"))
    homes.land(twice, name, corpus.csv_bytes(headings, again))
    homes.receive(once)
    assert [note.row_count for note in homes.receive(twice).accepted] == [6]
    assert [row[1:] for row in homes.rows(twice, "dream")] == [
        row[1:] for row in homes.rows(once, "dream")
    ]


@pytest.mark.parametrize("size", [csv_format.STREAMED_BYTES, 0], ids=["small", "large"])
def test_a_window_may_reach_to_the_last_day_that_a_date_can_say(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_format, "STREAMED_BYTES", size)
    home = homes.new_home(tmp_path / "home")
    for source, first in (("ydelsesforloeb", "2023-01-01"), ("eindkomst", "2023-01-01")):
        homes.land(home, f"{source}_9999-12-31_{first}_9999-12-31.csv", corpus.good_csv(source))
    homes.land(home, "dream_9999-12-31_2023-01-02_9999-12-31.csv", corpus.good_csv("dream"))
    report = homes.receive(home)
    assert len(report.accepted) == 2
    assert [note.code for note in report.refused] == ["WINDOW_INVALID"]


def test_a_file_that_breaks_the_program_is_refused_alone_and_its_report_tells_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("6101901234")

    monkeypatch.setattr(json_format, "land_json", broken)
    home = homes.new_home(tmp_path / "home")
    homes.land(home, "jobindsats_2024-02-01.json", corpus.good_json())
    homes.land(home, "deltagere_2024-02-01.csv", corpus.good_csv("deltagere"))
    report = homes.receive(home)
    assert [note.file_name for note in report.accepted] == ["deltagere_2024-02-01.csv"]
    assert [note.code for note in report.refused] == ["FILE_FORMAT"]
    told = report.refused[0].findings[0].detail
    assert "KeyError" in told and "6101901234" not in told


def test_a_file_that_breaks_the_engine_is_named_and_no_other_file_is_refused_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(parser: duckdb.DuckDBPyConnection, *_: object) -> None:
        parser.close()
        raise FileRefusedError(findings.Finding("FILE_FORMAT"))

    monkeypatch.setattr(content, "parse", broken)
    home = homes.new_home(tmp_path / "home")
    landed = (
        f"ydelsesforloeb_2024-02-01{corpus.WINDOWS['ydelsesforloeb']}.parquet",
        f"ydelsesforloeb_2024-02-02{corpus.WINDOWS['ydelsesforloeb']}.csv",
    )
    homes.land(home, landed[0], corpus.good_parquet("ydelsesforloeb"))
    homes.land(home, landed[1], corpus.good_csv("ydelsesforloeb"))
    with pytest.raises(EffektError, match="parquet fik programmets læser til at gå ned") as error:
        homes.receive(home)
    assert error.value.code == "PARSER_BROKEN"
    assert sorted(path.name for path in home.landing.iterdir()) == sorted(landed)
    monkeypatch.undo()
    assert len(homes.receive(home).accepted) == 2


def test_a_full_disk_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(json_format, "land_json", full)
    home = homes.new_home(tmp_path / "home")
    homes.land(home, "jobindsats_2024-02-01.json", corpus.good_json())
    with pytest.raises(EffektError, match="disken er fuld"):
        homes.receive(home)
    assert [path.name for path in home.landing.iterdir()] == ["jobindsats_2024-02-01.json"]


def test_hidden_rows_and_further_sheets_of_a_workbook_change_nothing(folder: Path) -> None:
    def hide(book: object, sheet: object) -> None:
        sheet.row_dimensions[3].hidden = True  # type: ignore[attr-defined]
        sheet.auto_filter.ref = "A1:G5"  # type: ignore[attr-defined]
        book.create_sheet("Noter")["A1"] = "se telefonliste"  # type: ignore[attr-defined]

    data = corpus.xlsx_bytes(*corpus.TABLES["deltagere"], shape=hide)
    assert len(parsed(folder, "deltagere", "xlsx", data)) == len(corpus.TABLES["deltagere"][1])


OPTIONAL = [
    (source.source, column.heading)
    for source in load_sources().values()
    for column in source.columns
    if not column.must_be_present
]


def test_the_columns_that_a_file_may_leave_out_are_the_ones_without_which_it_means_the_same() -> (
    None
):
    assert sorted(OPTIONAL) == [
        ("aktiviteter", "kanal"), ("aktiviteter", "resultat"), ("aktiviteter", "slutdato"),
        ("deltagere", "slutaarsag"), ("deltagere", "slutdato"),
        ("personstatus", "nyt_cpr"), ("ydelsesforloeb", "andel"),
    ]  # fmt: skip


@pytest.mark.parametrize(("source", "heading"), OPTIONAL)
def test_a_column_that_is_not_required_may_be_left_out_and_reads_as_empty(
    folder: Path, source: str, heading: str
) -> None:
    headings, rows = corpus.TABLES[source]
    at = headings.index(heading)
    whole = [[*row[:at], "", *row[at + 1 :]] for row in rows]
    cut = [[*row[:at], *row[at + 1 :]] for row in rows]
    fewer = headings[:at] + headings[at + 1 :]
    empty = parsed(folder, source, "csv", corpus.csv_bytes(headings, whole))
    assert empty
    assert parsed(folder, source, "csv", corpus.csv_bytes(fewer, cut)) == empty
    if "xlsx" in load_sources()[source].formats:
        assert parsed(folder, source, "xlsx", corpus.xlsx_bytes(fewer, cut)) == empty
    if "parquet" in load_sources()[source].formats:
        columns = [[value or None for value in column] for column in zip(*cut, strict=True)]
        assert parsed(folder, source, "parquet", corpus.parquet_bytes(fewer, columns)) == empty


def test_formatted_cells_without_content_are_no_rows_however_far_they_lie(folder: Path) -> None:
    base = corpus.good_xlsx("deltagere")
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(base)) as package:
        xml = package.read(sheet)
    last = xml.index(b"</sheetData>")
    far = b"".join(b'<row r="%d"><c r="XFD%d" s="0"/></row>' % (n, n) for n in range(10, 20_000))
    far += b'<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    formatted = corpus.repacked(base, {sheet: xml[:last] + far + xml[last:]})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert parsed(folder, "deltagere", "xlsx", formatted) == parsed(
        folder, "deltagere", "xlsx", base
    )
    # a reader that makes the 330 million cells left out takes minutes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10


def test_overlapping_merged_ranges_are_read_once(folder: Path) -> None:
    base = corpus.good_xlsx("deltagere")
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(base)) as package:
        xml = package.read(sheet)
    ranges = b"".join(b'<mergeCell ref="A%d:B%d"/>' % (n, n + 500_000) for n in range(4, 20_000))
    end = xml.index(b"</sheetData>") + len(b"</sheetData>")
    merged = xml[:end] + b"<mergeCells>" + ranges + b"</mergeCells>" + xml[end:]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    found = parsed(folder, "deltagere", "xlsx", corpus.repacked(base, {sheet: merged}))
    assert found == [("CELL_TYPE", 3, 4)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10


# Rule I.jobindsats
def test_the_statistics_as_json_are_those_of_the_csv(folder: Path) -> None:
    as_json = parsed(folder, "jobindsats", "json", corpus.good_json())
    as_csv = parsed(folder, "jobindsats", "csv", corpus.good_csv("jobindsats"))
    assert [row[1:] for row in as_json] == [row[1:] for row in as_csv[:3]]


_REAL_DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31))


@st.composite
def person_numbers(draw: st.DrawFn) -> str:
    day = draw(_REAL_DAYS)
    serial = draw(st.integers(0, 9999))
    text = f"{day.day + 60:02d}{day.month:02d}{day.year % 100:02d}{serial:04d}"
    return text if draw(st.booleans()) else f"{text[:6]}-{text[6:]}"


@st.composite
def spells(draw: st.DrawFn) -> list[str]:
    first = draw(st.dates(dt.date(2023, 1, 1), dt.date(2023, 12, 31)))  # one row is in the window
    last = first + dt.timedelta(days=draw(st.integers(0, 500)))
    share = draw(st.one_of(st.just(""), st.integers(1, 9999).map(lambda n: f"0,{n:04d}")))
    return [
        draw(person_numbers()), str(draw(st.integers(890, 899))), first.isoformat(),
        draw(st.sampled_from([last.isoformat(), ""])), share,
    ]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(spells(), min_size=1, max_size=30), st.permutations(range(5)))
# Rules I.declared, I.formats
def test_any_table_survives_any_dress(
    folder: Path, rows: list[list[str]], order: list[int]
) -> None:
    headings = corpus.TABLES["ydelsesforloeb"][0]
    plain = parsed(folder, "ydelsesforloeb", "csv", corpus.csv_bytes(headings, rows))
    expected = [
        (
            number, int(row[0].replace("-", "")), int(row[1]), dt.date.fromisoformat(row[2]),
            dt.date.fromisoformat(row[3]) if row[3] else None,
        )
        for number, row in enumerate(rows, 1)
    ]  # fmt: skip
    assert [row[:5] for row in plain] == expected
    turned = [headings[place] for place in order], [[row[place] for place in order] for row in rows]
    dressed = corpus.csv_bytes(*turned, newline="\r\n", quoting=csv.QUOTE_ALL, encoding="utf-8-sig")
    assert parsed(folder, "ydelsesforloeb", "csv", dressed) == plain
    columns = [list(column) for column in zip(*rows, strict=True)]
    assert (
        parsed(folder, "ydelsesforloeb", "parquet", corpus.parquet_bytes(headings, columns))
        == plain
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(
            st.text(alphabet=st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=6
        ),
        max_size=4,
    ),
    st.sampled_from(["csv", "xlsx", "parquet"]),
    st.binary(max_size=200),
)
def test_no_rubbish_raises_anything_but_a_refusal(
    folder: Path, table: list[list[str]], file_format: str, tail: bytes
) -> None:
    source = "personstatus" if file_format == "xlsx" else "ydelsesforloeb"
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";").writerows([corpus.TABLES[source][0], *table])
    for data in (
        buffer.getvalue().encode("utf-8", "replace"),
        corpus.good(source, file_format) + tail,
        tail,
    ):
        # rows or codes: a file that gives neither would be a silent loss
        assert parsed(folder, source, file_format, data)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                    max_leaves=8))  # fmt: skip
def test_no_json_raises_anything_but_a_refusal(folder: Path, value: object) -> None:
    for shape in (value, [value], [{"Variables": value, "Data": value}]):
        found = parsed(folder, "jobindsats", "json", json.dumps(shape).encode())
        assert found
        assert all(isinstance(code, str) for code, *_ in found)


# wide weekly files --------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.sampled_from(["", "890", "891", "731"]), min_size=6, max_size=6),
                min_size=1, max_size=8), st.permutations(range(7)))  # fmt: skip
# Rule I.dream
def test_runs_of_weeks_are_those_of_a_plain_loop(
    folder: Path, table: list[list[str]], order: list[int]
) -> None:
    headings = ["cpr", *(f"y_{week}" for week in ("2051", "2052", "2053", "2101", "2102", "2103"))]
    rows = [[f"61019{number:05d}", *cells] for number, cells in enumerate(table)]
    name_window = corpus.WINDOWS["dream"]
    corpus.WINDOWS["dream"] = "_2020-12-14_2021-01-24"
    try:
        plain = parsed(folder, "dream", "csv", corpus.csv_bytes(headings, rows))
        turned = corpus.csv_bytes(
            [headings[at] for at in order], [[row[at] for at in order] for row in rows]
        )
        assert parsed(folder, "dream", "csv", turned) == plain
    finally:
        corpus.WINDOWS["dream"] = name_window
    for cells, row in zip(table, plain, strict=True):
        runs: list[list[int]] = []
        for week, code in enumerate(cells, 1):
            if code and runs and runs[-1][1] == week - 1 and runs[-1][2] == int(code):
                runs[-1][1] = week
            elif code:
                runs.append([week, week, int(code)])
        assert [[run["first"], run["last"], run["code"]] for run in row[2]] == runs  # type: ignore[attr-defined]


_ODD_CELLS = ["", "890", "890", "891", "731", "90", "0", "8900", "999", "ab;", "é", ";", "89\x1f"]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["6101901234", "610190-1235", "61019", "", "610190123456789012345678"]),
            st.lists(st.sampled_from(_ODD_CELLS), min_size=6, max_size=6)
            | st.lists(st.sampled_from(["", "890", "891"]), min_size=6, max_size=6)
            | st.lists(st.sampled_from(["", "890"]), min_size=4, max_size=8),
        ),
        min_size=1, max_size=12,
    ),
    st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(8, 200),
)  # fmt: skip
@example(  # four cells that look like six weeks, and eight cells that make up for them
    [("6101901234", ["890", "", "90", ""]), ("6101901235", [""] * 8)], "\n", True, 200
)
@example([("6101900890", ["890"] * 6), ("6101901235", [""] * 6)], "\n", True, 200)
@example(  # a key that is too short, and a delimiter where one of ten digits would end
    [("6101901234", [""] * 4), ("61019", ["", "890", *[""] * 6])], "\n", False, 8
)
@example(  # no key, and a cell too many that could stand for one; a short row makes up for it
    [("6101901234", [""] * 4), ("6101901234", [""] * 7), ("", [""] * 7)], "\n", False, 8
)
def test_a_large_wide_file_is_judged_as_a_small_one(
    folder: Path, table: list[tuple[str, list[str]]], end: str, is_ended: bool, block: int
) -> None:
    """I.dream: the size decides how weeks are read and never what is found in them."""
    headings = ["cpr", *(f"y_{week}" for week in ("2051", "2052", "2053", "2101", "2102", "2103"))]
    lines = [";".join(headings), *(";".join([key, *cells]) for key, cells in table)]
    data = (end.join(lines) + end * is_ended).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(corpus.WINDOWS, "dream", "_2020-12-14_2021-01-24")
        small = judged_wide(folder, data)
        patch.setattr(csv_format, "STREAMED_BYTES", 0)
        patch.setattr(week_lines, "_BLOCK", block)
        assert judged_wide(folder, data) == small


def judged_wide(folder: Path, data: bytes) -> object:
    """All that parsing a wide file gives: findings, and each row with its runs and its faults."""
    path = folder / "file"
    path.write_bytes(data)
    parts = names.parse_name("dream_2024-02-01.csv", load_sources())
    with engine.open_parser(folder) as (parser, spill):
        try:
            read = content.read_content(parser, path, parts, CONTEXT, spill, "typed")
        except FileRefusedError as refused:
            return refused.findings
        return read, wide_rows(parser, len(read.parsed.layout.weeks))


# evidence, check, templates -----------------------------------------------------------------------


@pytest.mark.parametrize("source", ["ydelsesforloeb", "dream"])
# Rule I.row_hmac
def test_a_row_hmac_is_that_of_the_landed_texts_in_declared_order(
    tmp_path: Path, source: str
) -> None:
    home = homes.new_home(tmp_path / "home")
    headings, rows = corpus.TABLES[source]
    turned = corpus.csv_bytes(headings[::-1], [row[::-1] for row in rows])
    homes.land(home, f"{source}_2024-02-01{corpus.WINDOWS[source]}.csv", turned)
    homes.receive(home)
    record = load_register(home).accepted()[0]
    found = receiving.row_hmacs(home, record.sha256, source, [1, 3])
    assert found == {
        number: hmac.new(
            homes.KEY.encode(), "\x1f".join(rows[number - 1]).encode(), hashlib.sha256
        ).hexdigest()[:32]
        for number in (1, 3)
    }


# Rule I.person_key
def test_a_person_key_is_the_hmac_of_the_ten_digits(tmp_path: Path) -> None:
    home = homes.new_home(tmp_path / "home")
    homes.land(home, "deltagere_2024-02-01.csv", corpus.good_csv("deltagere"))
    homes.receive(home)
    expected = {
        hmac.new(homes.KEY.encode(), row[2].replace("-", "").encode(), hashlib.sha256).hexdigest()[
            :32
        ]
        for row in corpus.TABLES["deltagere"][1]
    }
    assert {row[4] for row in homes.rows(home, "deltagere")} == expected


def test_a_checked_file_is_judged_as_the_night_judges_it_and_left_alone(tmp_path: Path) -> None:
    good = tmp_path / "deltagere_2024-02-01.csv"
    good.write_bytes(corpus.good_csv("deltagere"))
    bad = tmp_path / "deltagere_2024-02-02.csv"
    bad.write_bytes(corpus.good_csv("deltagere").replace(b"6101901234", b"101901234"))
    assert receiving.check_file(good, homes.CONTRACTS).is_accepted
    verdict = receiving.check_file(bad, homes.CONTRACTS)
    assert [(finding.code, finding.rows) for finding in verdict.findings] == [("CPR_LENGTH", (1,))]
    assert "Række: 1" in verdict.text() and "101901234" not in verdict.text() + verdict.to_json()
    assert sorted(path.name for path in tmp_path.iterdir()) == [good.name, bad.name]
    with pytest.raises(UsageError):
        receiving.check_file(tmp_path / "nej.csv", None)


def test_checking_five_thousand_rows_is_quick_and_imports_nothing_heavy(tmp_path: Path) -> None:
    lines = [f"{corpus.CONTRACT};F-{n:05d};2023-02;ja" for n in range(5000)]
    path = tmp_path / "resultatkrav_2024-02-01.csv"
    path.write_text("\n".join(["kontrakt_id;forloeb_id;maaned;krav", *lines]) + "\n")
    script = (
        "import sys, pathlib; from dagster_project.lib import receiving;"
        "r = receiving.check_file(pathlib.Path(sys.argv[1]), frozenset({'proeve-kontrakt'}));"
        "assert r.is_accepted and r.row_count == 5000;"
        "print([m for m in ('dagster', 'dbt', 'great_expectations', 'pandas') if m in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True, text=True, check=True, cwd=PROJECT_ROOT,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


@pytest.mark.parametrize("source", sorted(load_sources()))
def test_a_template_under_a_right_name_is_accepted(tmp_path: Path, source: str) -> None:
    window = "_2023-01-02_2023-01-22" if source == "dream" else corpus.WINDOWS.get(source, "")
    for path in receiving.write_template(source, tmp_path):
        if path.suffix[1:] not in load_sources()[source].formats:
            continue
        landed = path.rename(tmp_path / f"{source}_2024-02-01{window}{path.suffix}")
        report = receiving.check_file(landed, frozenset({"hedensted-arbejdsfastholdelse"}))
        assert report.is_accepted, report.text()


def test_a_template_may_be_written_again_but_never_over_what_was_filled_in(tmp_path: Path) -> None:
    for _ in range(2):
        table, _workbook = receiving.write_template("deltagere", tmp_path)
    filled = table.read_bytes() + b"udfyldt\r\n"
    table.write_bytes(filled)
    with pytest.raises(UsageError, match="findes allerede"):
        receiving.write_template("deltagere", tmp_path)
    assert table.read_bytes() == filled


@pytest.mark.parametrize(
    ("name", "cell", "told"),
    [
        ("deltagere_2024-02-01_2024-01-01_2024-01-31.csv", "", "Fjern perioden"),
        ("ydelsesforloeb_2024-02-01.csv", "", "Sæt periodens to datoer"),
        ("dream_2024-02-01.xlsx", "", "type: csv, parquet"),
        ("deltagere_2024-02-31.csv", "", "findes ikke i kalenderen"),
        ("deltagere_2024-02-01.csv", "kontrakt", "kontrakt-id"),
        ("resultatkrav_2024-02-01.csv", "JA", "„ja“, „nej“"),
    ],
)
def test_what_a_check_says_is_danish_and_names_what_was_expected(
    tmp_path: Path, name: str, cell: str, told: str
) -> None:
    path = tmp_path / name
    data = corpus.good_csv(name.split("_")[0])
    if cell:
        data = data.replace(
            {"JA": b"ja", "kontrakt": corpus.CONTRACT.encode()}[cell], cell.encode()
        )
    path.write_bytes(data)
    text = receiving.check_file(path, homes.CONTRACTS).text()
    assert told in text
    for internal in ("pattern", "unexpected", "missing", "contract", "yes_no", "digits"):
        assert f"Hvor: {internal}" not in text


def test_a_workbook_template_explains_every_column(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.load_workbook(receiving.write_template("deltagere", tmp_path)[1])
    explained = [row[0] for row in book["Forklaring"].iter_rows(values_only=True)]
    assert set(corpus.TABLES["deltagere"][0]) <= set(explained)


# small parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("links", "bad"),
    [
        ([(1, 10, 20), (2, 20, 30)], []),
        ([(1, 10, 20), (2, 20, 10)], [1, 2]),
        ([(1, 10, 10)], [1]),
        ([(1, 10, 20), (2, 10, 30)], [1, 2]),
        ([(1, 10, 20), (2, 10, 20)], []),
        ([(1, 10, 20), (2, 15, 20)], []),
        ([(1, 5, 10), (2, 10, 20), (3, 20, 10)], [2, 3]),
    ],
)
# Rule I.personstatus
def test_only_rings_and_forks_break_a_chain(
    links: list[tuple[int, int, int]], bad: list[int]
) -> None:
    assert broken_links(links) == bad


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("deltagere_2024-02-01.csv", "deltagere_2024-02-01.csv"),
        ("brev 610190-1234.csv", "….csv"),
        ("Hanne Prøve 610190 1234.csv", "….csv"),
        ("deltagere_2024-02-01_hanne-610190_1234_v2.csv", "deltagere_2024-02-01…v2.csv"),
        ("deltagere_61 01 90-1234.xlsx", "deltagere….xlsx"),
        ("６１０１９０１２３４.csv", "….csv"),
        (
            "ydelsesforloeb_2022-10-10_2020-01-01_2022-09-30.csv",
            "ydelsesforloeb_2022-10-10_2020-01-01_2022-09-30.csv",
        ),
        ("123456.csv", "….csv"),
        ("12345.csv", "12345.csv"),
        ("a\nb.csv", "a?b.csv"),
    ],
)
# Rule I.name
def test_a_name_is_shown_without_long_numbers_and_controls(name: str, shown: str) -> None:
    assert names.scrub(name) == shown


def test_every_benefit_group_is_its_own_name_and_every_name_leads_to_a_group() -> None:
    groups = {row.benefit_group for row in load_benefit_codes()}
    pairs = dict(load_benefits().group_of_name)
    assert all(pairs.get(group) == group for group in groups)
    assert set(pairs.values()) <= groups


# Rules F.quiet, F.hostile
def test_the_parser_reaches_nothing_but_what_it_is_shown(folder: Path, tmp_path: Path) -> None:
    import duckdb

    (tmp_path / "x.csv").write_text("a\n1\n")
    (folder / "x.csv").write_text("a\n1\n")
    with (
        engine.open_parser(folder) as (parser, spill),
        (tmp_path / "x.csv").open() as other,
        spill.shown(folder / "x.csv") as shown,
    ):
        assert parser.execute(f"select * from read_csv('{shown}')").fetchall() == [(1,)]
        for sql in (
            f"select * from read_csv('{tmp_path}/x.csv')",
            f"select * from read_csv('{folder}/x.csv')",
            f"select * from read_csv('/proc/self/fd/{other.fileno()}')",
            f"copy (select 1) to '{tmp_path}/y.csv'",
            f"attach '{tmp_path}/z.db'",
            f"select * from read_text('{folder}/../x')",
            "set memory_limit = '4GB'",
            "install httpfs",
        ):
            with pytest.raises(duckdb.Error):
                parser.execute(sql).fetchall()


@pytest.mark.parametrize("source", ["deltagere", "dream"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_rows_too_wide_and_too_narrow_that_make_up_for_each_other_are_named(
    folder: Path, source: str, quoting: int
) -> None:
    headings, rows = corpus.TABLES[source]
    table = [list(row) for row in rows]
    table[0].append("")
    table[2].pop()
    data = corpus.csv_bytes(headings, table, quoting=quoting)
    assert parsed(folder, source, "csv", data) == [("ROW_WIDTH", 1, 3)]


def test_a_unit_separator_in_a_wide_file_is_a_wrong_code_in_its_row(folder: Path) -> None:
    headings, rows = corpus.TABLES["dream"]
    table = [list(row) for row in rows]
    table[1][2] = "8\x1f90"
    found = parsed(folder, "dream", "csv", corpus.csv_bytes(headings, table))
    assert found == [("CODE_UNKNOWN", 2)]


PARQUET = f"ydelsesforloeb_2024-02-01{corpus.WINDOWS['ydelsesforloeb']}.parquet"


def killed_interpreter(folder: Path, name: str) -> Path:
    """A program that ends by a signal; by 0 it ends well and has printed nothing."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\nkill -{name} $$\n")
    path.chmod(0o700)
    return path


def test_a_process_that_a_parquet_file_ends_refuses_that_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = homes.new_home(tmp_path / "home")
    homes.land(home, PARQUET, corpus.good_parquet("ydelsesforloeb"))
    homes.land(home, "deltagere_2024-02-01.csv", corpus.good_csv("deltagere"))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(killed_interpreter(tmp_path, "ABRT")))
        report = homes.receive(home)
    assert [note.file_name for note in report.accepted] == ["deltagere_2024-02-01.csv"]
    assert [note.code for note in report.refused] == ["FILE_FORMAT"]
    homes.land(home, PARQUET, corpus.good_parquet("ydelsesforloeb"))
    assert len(homes.receive(home).accepted) == 1


@pytest.mark.parametrize("name", ["KILL", "0"])
def test_a_process_that_the_machine_ends_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    home = homes.new_home(tmp_path / "home")
    homes.land(home, PARQUET, corpus.good_parquet("ydelsesforloeb"))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(killed_interpreter(tmp_path, name)))
        with pytest.raises(EffektError) as error:
            homes.receive(home)
    assert error.value.code == "READER_ENDED"
    assert [path.name for path in home.landing.iterdir()] == [PARQUET]
    assert len(homes.receive(home).accepted) == 1


def test_a_machine_that_grants_less_than_the_limits_reads_parquet_all_the_same() -> None:
    program = (
        "import resource as r\n"
        "r.setrlimit(r.RLIMIT_DATA, (10**9, 10**9)); r.setrlimit(r.RLIMIT_CPU, (99, 99))\n"
        "from dagster_project.lib.receiving.formats import parquet_reader as p\n"
        "p.limit_this_process(); print(r.getrlimit(r.RLIMIT_DATA)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1000000000"], done.stderr


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])
@pytest.mark.parametrize("source", ["ydelsesforloeb", "dream"])
def test_every_encoding_of_a_parquet_text_gives_the_same_rows(
    folder: Path, source: str, encoding: str
) -> None:
    headings, rows = corpus.TABLES[source]
    columns = [[value or None for value in c] for c in zip(*rows, strict=True)]
    table = pa.Table.from_arrays([pa.array(c, pa.string()) for c in columns], names=headings)
    buffer = io.BytesIO()
    pq.write_table(
        table, buffer, use_dictionary=False, column_encoding=dict.fromkeys(headings, encoding)
    )
    assert parsed(folder, source, "parquet", buffer.getvalue()) == parsed(
        folder, source, "csv", corpus.good_csv(source)
    )


def test_categories_and_large_texts_of_parquet_are_texts(folder: Path) -> None:
    headings, rows = corpus.TABLES["ydelsesforloeb"]
    columns = [[value or None for value in c] for c in zip(*rows, strict=True)]
    for kind in (pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        table = pa.Table.from_arrays(
            [pa.array(c, pa.string()).cast(kind) for c in columns], names=headings
        )
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        assert parsed(folder, "ydelsesforloeb", "parquet", buffer.getvalue()) == parsed(
            folder, "ydelsesforloeb", "csv", corpus.good_csv("ydelsesforloeb")
        )


def test_no_code_beside_a_parquet_file_is_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("json", "pyarrow", "pathlib"):
        (folder / f"{module}.py").write_text("open('ran', 'w')\n")
    monkeypatch.chdir(folder)
    data = corpus.good_parquet("ydelsesforloeb")
    assert len(parsed(folder, "ydelsesforloeb", "parquet", data)) == 5
    assert not (folder / "ran").exists()


def test_a_small_parquet_file_of_many_repeated_texts_is_not_unpacked_without_end(
    folder: Path,
) -> None:
    headings, _ = corpus.TABLES["ydelsesforloeb"]
    texts = pa.array([f"{n:04d}" + "a" * 990 for n in range(50)])
    places = pa.array([n % 50 for n in range(100_000)], pa.int32())
    column = pa.DictionaryArray.from_arrays(places, texts)
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([column] * 5, names=headings), buffer, compression="zstd")
    assert parsed(folder, "ydelsesforloeb", "parquet", buffer.getvalue()) == [("FILE_LIMIT",)]


def test_what_a_workbook_escapes_is_read_as_it_was_written(folder: Path) -> None:
    headings, rows = corpus.TABLES["deltagere"]
    table = [list(row) for row in rows]
    at = headings.index("forloeb_id")
    table[0][at], table[1][at] = "Fx005F_1", "F_x0041_2"
    written = [list(row) for row in table]
    written[1][at] = "F_x005F_x0041_2"
    assert parsed(folder, "deltagere", "xlsx", corpus.xlsx_bytes(headings, written)) == parsed(
        folder, "deltagere", "csv", corpus.csv_bytes(headings, table)
    )
