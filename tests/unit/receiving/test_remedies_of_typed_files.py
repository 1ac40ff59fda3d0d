"""What programs do to cells of workbooks and columns of parquet files, and what then helps.

A case does to one value what a program does, and then what the remedy says. The remedies of parquet
files are code, and are run as they are written.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from tests.faults import corpus
from tests.unit.receiving.judging import Judge, remedy, table_with, told

SERIAL_ZERO = dt.date(1899, 12, 30)
FEBRUARY, APRIL = dt.date(2023, 2, 1), dt.date(2023, 4, 1)
NOON = dt.datetime.combine(FEBRUARY, dt.time(12))


def serial(day: dt.date) -> int:
    return (day - SERIAL_ZERO).days


# source, heading, the cell as a program made it, code, cause, words of the remedy, the mended cell
CELLS: list[tuple[str, str, Any, str, str, str, Any]] = [
    ("deltagere", "cpr", 101901235, "CELL_TYPE", "number_cpr", "0000000000", "0101901235"),
    ("deltagere", "cpr", 6202901235.0, "CELL_TYPE", "number_cpr", "ikke nok", "6202901235"),
    ("deltagere", "cpr", "202901235", "CPR_LENGTH", "nine", "HØJRE", "0202901235"),
    ("deltagere", "forloeb_id", 17, "CELL_TYPE", "number_text", "TEKST", "17"),
    ("deltagere", "forloeb_id", FEBRUARY, "CELL_TYPE", "date_text", "skriv værdierne igen", "1-2"),
    ("deltagere", "visitationsdato", serial(FEBRUARY), "CELL_TYPE", "serial_day", "vælg Dato",
     FEBRUARY),
    ("deltagere", "visitationsdato", 20230201, "CELL_TYPE", "compact_day", "ÅMD", FEBRUARY),
    ("deltagere", "visitationsdato", NOON, "DATE_FORMAT", "clock",
     "HELTAL", FEBRUARY),
    ("deltagere", "visitationsdato", dt.time(12, 30), "DATE_FORMAT", "only_clock", "uden dato",
     FEBRUARY),
    ("deltagere", "visitationsdato", dt.date(1900, 1, 5), "DATE_FORMAT", "old", "ÅÅÅÅ-MM-DD",
     "1900-01-05"),
    ("deltagere", "visitationsdato", "01-02-2023", "DATE_FORMAT", "order", "Tekst til kolonner",
     FEBRUARY),
    ("deltagere", "visitationsdato", "2023-02-01 00:00:00", "DATE_FORMAT", "clock", "HELTAL",
     FEBRUARY),
    ("deltagere", "visitationsdato", True, "CELL_TYPE", "boolean", "som tekst", "2023-02-01"),
    ("deltagere", "slutaarsag", True, "CELL_TYPE", "boolean", "„død“", "død"),
    ("deltagere", "slutaarsag", "Død", "VALUE_NOT_ALLOWED", "case", "„død“", "død"),
    ("deltagere", "maalgruppe", "jobafklaring\u00a0", "VALUE_NOT_ALLOWED", "blanks", "TEGN(160)",
     "jobafklaring"),
    ("deltagere", "maalgruppe", "job\nafklaring", "VALUE_NOT_ALLOWED", "invisible", "RENS",
     "jobafklaring"),
    ("deltagere", "maalgruppe", "=A2", "CELL_TYPE", "formula", "Værdier og talformater",
     "jobafklaring"),
    ("resultatkrav", "maaned", dt.date(2023, 4, 15), "CELL_TYPE", "month_day", "åååå-MM",
     "2023-04"),
    ("resultatkrav", "maaned", dt.datetime.combine(APRIL, dt.time(12)), "CELL_TYPE",
     "month_clock", "åååå-MM", "2023-04"),
    ("resultatkrav", "maaned", serial(APRIL), "CELL_TYPE", "serial_month", "åååå-MM",
     "2023-04"),
    ("resultatkrav", "maaned", 202304, "CELL_TYPE", "compact_month", "0000-00", "2023-04"),
    ("resultatkrav", "maaned", "2023-04-01", "DATE_FORMAT", "day", "åååå-MM", "2023-04"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "heading", "value", "code", "cause", "advice", "mended"),
    CELLS,
    ids=[f"{heading} {value!r}" for _, heading, value, *_ in CELLS],
)
# Rules I.refusal, I.formats
def test_a_cell_that_a_program_changed_is_told_with_what_to_do_and_then_accepted(
    judge: Judge,
    source: str,
    heading: str,
    value: Any,
    code: str,
    cause: str,
    advice: str,
    mended: Any,
) -> None:
    def formula(_book: Any, sheet: Any) -> None:
        if value == "=A2":
            sheet.cell(3, 5).data_type = "f"

    found = judge(source, "xlsx", corpus.xlsx_bytes(*table_with(source, heading, value), formula))
    assert told(found) == [(code, heading, cause)]
    assert advice in remedy(found, "xlsx")
    assert not judge(source, "xlsx", corpus.xlsx_bytes(*table_with(source, heading, mended)))


# Rule I.formats
def test_a_month_that_became_the_first_of_it_is_that_month_under_both_systems_of_dates(
    judge: Judge,
) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    def from_1904(book: Any, sheet: Any) -> None:
        book.epoch = CALENDAR_MAC_1904
        sheet.cell(3, 3).value = APRIL

    for value in (APRIL, dt.datetime.combine(APRIL, dt.time())):
        table = table_with("resultatkrav", "maaned", value)
        assert not judge("resultatkrav", "xlsx", corpus.xlsx_bytes(*table))
        assert not judge("resultatkrav", "xlsx", corpus.xlsx_bytes(*table, from_1904))


def test_every_wrong_cell_of_a_row_is_told_at_once(judge: Judge) -> None:
    headings, rows = table_with("deltagere", "cpr", 6202901235)
    rows[1][headings.index("visitationsdato")] = serial(FEBRUARY)
    rows[1][headings.index("slutaarsag")] = "Død"
    found = judge("deltagere", "xlsx", corpus.xlsx_bytes(headings, rows))
    assert told(found) == [
        ("CELL_TYPE", "cpr", "number_cpr"), ("CELL_TYPE", "visitationsdato", "serial_day"),
        ("VALUE_NOT_ALLOWED", "slutaarsag", "case"),
    ]  # fmt: skip
    assert {finding.rows for finding in found} == {(2,)}


def test_a_workbook_of_wrong_cells_alone_is_told_by_column_however_long_it_is(
    judge: Judge,
) -> None:
    headings, rows = table_with("deltagere", "cpr", 6202901235)
    many = [[rows[1][0], f"F-{number}", *rows[1][2:]] for number in range(1002)]
    found = judge("deltagere", "xlsx", corpus.xlsx_bytes(headings, many))
    assert told(found) == [("CELL_TYPE", "cpr", "number_cpr")]
    assert "0000000000" in remedy(found, "xlsx")


@pytest.mark.parametrize(
    ("shape", "code", "cause", "advice"),
    [
        (lambda sheet: sheet.cell(3, 9, "husk at ringe"), "ROW_WIDTH", "beside", "til højre"),
        (lambda sheet: sheet.merge_cells("E2:E3"), "CELL_TYPE", "merged", "Ophæv fletning"),
        (lambda sheet: sheet.merge_cells("A1:B1"), "HEADER_MISSING", "", "præcis"),
        (lambda sheet: sheet.cell(6, 1, "I alt"), "CONTRACT_UNKNOWN", "spelling", ""),
    ],
    ids=["note beside", "merged cells", "merged heading", "totals row"],
)
def test_what_people_add_to_a_sheet_is_told_with_what_to_take_away(
    judge: Judge, shape: Callable[[Any], object], code: str, cause: str, advice: str
) -> None:
    data = corpus.xlsx_bytes(*corpus.TABLES["deltagere"], lambda _, sheet: shape(sheet))
    found = judge("deltagere", "xlsx", data)
    assert (found[0].code, found[0].cause) == (code, cause)
    assert advice in remedy(found, "xlsx")


# parquet ------------------------------------------------------------------------------------------


def columns_of(source: str) -> dict[str, Any]:
    headings, rows = corpus.TABLES[source]
    return {
        heading: pa.array([row[at] or None for row in rows], pa.string())
        for at, heading in enumerate(headings)
    }


def parquet_of(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def polars_of(data: bytes, heading: str, expression: str) -> bytes:
    import polars as pl

    frame = pl.read_parquet(io.BytesIO(data))
    buffer = io.BytesIO()
    changed = eval(expression, {"pl": pl, "n": 4})
    frame.with_columns(changed.alias(heading)).write_parquet(buffer)
    return buffer.getvalue()


def pandas_of(data: bytes, heading: str, expression: str) -> bytes:
    import pandas as pd

    frame = pd.read_parquet(io.BytesIO(data))
    names = {"pd": pd, "pa": pa, "n": 4, "df": frame}
    frame[heading] = eval(expression, names)
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


DAYS = [dt.date(2023, 1, day) for day in (2, 3, 4, 5, 6)]
MOMENTS = [dt.datetime.combine(day, dt.time()) for day in DAYS]
NUMBERS = [101901234, 6202901235, 9112851236, 7002881237, 8902001238]
# source, heading, the column as the program made it, code, cause
COLUMNS: list[tuple[str, str, Any, str, str]] = [
    ("ydelsesforloeb", "cpr", pa.array(NUMBERS), "CELL_TYPE", "number_cpr"),
    ("ydelsesforloeb", "cpr", pa.array([float(n) for n in NUMBERS]), "CELL_TYPE", "number_cpr"),
    ("ydelsesforloeb", "cpr", pa.array([str(n) for n in NUMBERS]), "CPR_LENGTH", "nine"),
    ("ydelsesforloeb", "ydelseskode", pa.array([890] * 5), "CELL_TYPE", "number_text"),
    ("ydelsesforloeb", "ydelseskode", pa.array([890.0] * 5), "CELL_TYPE", "number_text"),
    ("ydelsesforloeb", "fra_dato", pa.array(MOMENTS), "CELL_TYPE", "clock"),
    ("ydelsesforloeb", "fra_dato", pa.array([str(m) for m in MOMENTS]), "DATE_FORMAT", "clock"),
    ("ydelsesforloeb", "fra_dato", pa.array([f"{d:%d-%m-%Y}" for d in DAYS]), "DATE_FORMAT",
     "order"),
    ("ydelsesforloeb", "andel", pa.array([None, 0.5, 1.0, 0.3333, 0.25]), "CELL_TYPE",
     "number_float"),
    ("ydelsesforloeb", "andel", pa.array(["0.5"] * 5), "NUMBER_FORMAT", "point"),
    ("eindkomst", "maaned", pa.array(DAYS[:3]), "CELL_TYPE", "date_month"),
    ("eindkomst", "maaned", pa.array(MOMENTS[:3]), "CELL_TYPE", "date_month"),
    ("eindkomst", "maaned", pa.array(["2023-04-01"] * 3), "DATE_FORMAT", "day"),
    ("eindkomst", "ansaettelsestype", pa.array(["fleksjob "] * 3), "VALUE_NOT_ALLOWED", "blanks"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "heading", "column", "code", "cause"),
    COLUMNS,
    ids=[f"{heading} {column.type} {cause}" for _, heading, column, _, cause in COLUMNS],
)
# Rules I.refusal, I.formats
def test_the_code_that_a_remedy_of_a_parquet_file_names_makes_a_file_that_is_accepted(
    judge: Judge, source: str, heading: str, column: Any, code: str, cause: str
) -> None:
    data = parquet_of(columns_of(source) | {heading: column})
    found = judge(source, "parquet", data)
    assert told(found) == [(code, heading, cause)]
    advice = remedy(found, "parquet")
    for program, run in (("polars", polars_of), ("pandas", pandas_of)):
        said = re.search(rf"{program}:? (\S.*?)(?=, pandas|, R:? |, hvor|, når|\.$|\. )", advice)
        if said is not None:
            assert not judge(source, "parquet", run(data, heading, said[1])), program
    assert "polars" in advice


# Rule I.formats
def test_days_and_decimals_of_parquet_are_exact_and_every_type_of_text_is_text(
    judge: Judge,
) -> None:
    columns = columns_of("ydelsesforloeb")
    for kind in (
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
    ):
        texts = {name: column.cast(kind) for name, column in columns.items()}
        assert not judge("ydelsesforloeb", "parquet", parquet_of(texts))
    shares = [None, Decimal("0.5"), Decimal(1), Decimal("0.3333"), Decimal("0.25")]
    for kind in (pa.decimal128(5, 4), pa.decimal128(20, 9), pa.decimal256(40, 12)):
        typed = {
            "fra_dato": pa.array(DAYS), "til_dato": pa.array([*DAYS[:4], None], pa.date32()),
            "andel": pa.array(shares, kind),
        }  # fmt: skip
        assert not judge("ydelsesforloeb", "parquet", parquet_of(columns | typed))


@pytest.mark.parametrize(
    ("share", "found"),
    [
        ("0.33330", []), ("0.33333", [("NUMBER_FORMAT", "andel", "decimals")]),
        ("0.0000000001", [("NUMBER_FORMAT", "andel", "decimals")]),
        ("0", [("SHARE_RANGE", "andel", "range")]), ("-0.5", [("SHARE_RANGE", "andel", "range")]),
    ],
)  # fmt: skip
def test_a_decimal_of_parquet_has_the_decimals_that_say_something(
    judge: Judge, share: str, found: list[tuple[str, str, str]]
) -> None:
    column = pa.array([Decimal(share), *[Decimal("0.5")] * 4], pa.decimal128(20, 10))
    data = parquet_of(columns_of("ydelsesforloeb") | {"andel": column})
    assert told(judge("ydelsesforloeb", "parquet", data)) == found


# Rule I.overlay
def test_exact_values_are_exact_whatever_an_overlay_says_of_texts(judge: Judge) -> None:
    def overlaid(name: str) -> Source:
        return load_sources()[name].model_copy(
            update={"date_format": "D.M.YYYY", "month_format": "MM-YYYY",
                    "ignore_columns": ("note",)}
        )  # fmt: skip

    columns = columns_of("ydelsesforloeb") | {
        "fra_dato": pa.array(DAYS), "til_dato": pa.array([f"{d.day}.1.2023" for d in DAYS]),
        "note": pa.array([1, 2, 3, 4, 5]),
    }  # fmt: skip
    assert not judge(overlaid("ydelsesforloeb"), "parquet", parquet_of(columns))
    headings, rows = corpus.TABLES["resultatkrav"]
    months = [[*row[:2], dt.date(int(row[2][:4]), int(row[2][5:]), 1), row[3]] for row in rows]
    assert not judge(overlaid("resultatkrav"), "xlsx", corpus.xlsx_bytes(headings, months))
