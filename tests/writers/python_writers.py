"""Files as the Python writers make them: openpyxl, XlsxWriter, pandas, polars, pyarrow.

What belongs here: making a file. What does not: what must come of it (``test_real_writers``).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.faults import corpus

Change = Callable[[str], Any]
DAYS: dict[str, Change] = dict.fromkeys(("visitationsdato", "slutdato"), dt.date.fromisoformat)
SPELL_DAYS: dict[str, Change] = dict.fromkeys(("fra_dato", "til_dato"), dt.date.fromisoformat)
SHARE: dict[str, Change] = {"andel": lambda text: Decimal(text.replace(",", "."))}


def first_of(text: str) -> dt.date:
    """The first day of a month."""
    return dt.date.fromisoformat(f"{text}-01")


def as_number(text: str) -> int:
    """A person number as a number."""
    return int(text.replace("-", ""))


def changed(source: str, changes: dict[str, Change]) -> tuple[list[str], list[list[Any]]]:
    """The table with the values of some columns changed; an empty value becomes None."""
    headings, rows = corpus.TABLES[source]
    change = [changes.get(heading, str) for heading in headings]
    return headings, [
        [one(value) if value else None for one, value in zip(change, row, strict=True)]
        for row in rows
    ]


def write_all(folder: Path) -> None:
    """Write the files of every Python writer."""
    for write in (_openpyxl, _xlsxwriter, _pandas, _polars, _pyarrow):
        write(folder)


def _openpyxl(folder: Path) -> None:
    import openpyxl

    for name, source, changes in (
        ("openpyxl-text", "deltagere", {}),
        ("openpyxl-days", "deltagere", DAYS),
        ("openpyxl-months", "resultatkrav", {"maaned": first_of}),
        ("openpyxl-numbers", "deltagere", {"cpr": as_number}),
    ):
        headings, rows = changed(source, changes)
        book = openpyxl.Workbook(write_only=name == "openpyxl-days")
        sheet: Any = book.create_sheet() if book.write_only else book.active
        for row in (headings, *rows):
            sheet.append(row)
        book.save(folder / name)


def _xlsxwriter(folder: Path) -> None:
    import xlsxwriter

    for name, options in (
        ("xlsxwriter-text", {}),
        ("xlsxwriter-inline", {"constant_memory": True}),
    ):
        with xlsxwriter.Workbook(folder / name, options) as book:
            sheet = book.add_worksheet("Deltagere")
            for number, row in enumerate(
                (corpus.TABLES["deltagere"][0], *corpus.TABLES["deltagere"][1])
            ):
                sheet.write_row(number, 0, row)
    headings, rows = changed("deltagere", DAYS)
    with xlsxwriter.Workbook(
        folder / "xlsxwriter-table", {"default_date_format": "dd-mm-yyyy"}
    ) as book:
        sheet = book.add_worksheet("Deltagere")
        columns = [{"header": heading} for heading in headings]
        sheet.add_table(0, 0, len(rows), len(headings) - 1, {"data": rows, "columns": columns})
        sheet.set_row(2, None, None, {"hidden": True})


def _pandas(folder: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(corpus.TABLES["deltagere"][1], columns=corpus.TABLES["deltagere"][0])
    frame.to_excel(folder / "pandas-text", index=False, engine="openpyxl")
    stamped = frame.assign(
        visitationsdato=pd.to_datetime(frame["visitationsdato"]),
        slutdato=pd.to_datetime(frame["slutdato"]),
    )
    stamped.to_excel(folder / "pandas-stamps", index=False, engine="openpyxl")
    frame.to_excel(folder / "pandas-index", engine="xlsxwriter")
    spells = pd.DataFrame(
        corpus.TABLES["ydelsesforloeb"][1], columns=corpus.TABLES["ydelsesforloeb"][0]
    )
    spells.to_csv(folder / "pandas-csv", sep=";", index=False)
    spells.to_csv(folder / "pandas-comma", index=False)
    guessed = spells.assign(
        andel=pd.to_numeric(spells["andel"].str.replace(",", ".")),
        fra_dato=pd.to_datetime(spells["fra_dato"]),
        til_dato=pd.to_datetime(spells["til_dato"]),
    )
    guessed.to_csv(folder / "pandas-danish", sep=";", index=False, decimal=",")
    guessed.to_csv(folder / "pandas-point", sep=";", index=False)
    guessed.assign(fra_dato=guessed["fra_dato"] + pd.Timedelta(hours=8)).to_csv(
        folder / "pandas-clock", sep=";", index=False, decimal=","
    )
    codes = spells.assign(ydelseskode=spells["ydelseskode"].astype(float))
    codes.to_csv(folder / "pandas-floats", sep=";", index=False, encoding="utf-8-sig")
    spells.to_parquet(folder / "pandas-parquet", index=False)
    spells.astype("category").to_parquet(folder / "pandas-category", index=False)
    spells.assign(cpr=spells["cpr"].map(as_number)).to_parquet(
        folder / "pandas-parquet-numbers", index=False
    )
    guessed.assign(andel=spells["andel"]).to_parquet(folder / "pandas-parquet-stamps", index=False)


def _polars(folder: Path) -> None:
    import polars as pl

    def frame(source: str, changes: dict[str, Change]) -> Any:
        headings, rows = changed(source, changes)
        return pl.DataFrame(rows, schema=headings, orient="row", infer_schema_length=None)

    buffer = io.BytesIO()  # it adds an ending to the name of a file
    frame("deltagere", DAYS).write_excel(buffer)
    (folder / "polars-excel").write_bytes(buffer.getvalue())
    spells = frame("ydelsesforloeb", SPELL_DAYS)
    spells.write_csv(folder / "polars-csv", separator=";", include_bom=True)
    frame("ydelsesforloeb", SPELL_DAYS | SHARE).write_csv(
        folder / "polars-decimal", separator=";", decimal_comma=True
    )
    spells.write_parquet(folder / "polars-parquet")
    frame("ydelsesforloeb", SPELL_DAYS | SHARE).write_parquet(
        folder / "polars-exact", compression="gzip", row_group_size=2
    )
    text = frame("ydelsesforloeb", {}).cast(pl.Categorical)
    text.write_parquet(folder / "polars-category", compression="lz4")
    spells.with_columns(pl.col("andel").str.replace(",", ".").cast(pl.Float64)).write_parquet(
        folder / "polars-float"
    )


def _pyarrow(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    headings, rows = changed("ydelsesforloeb", {})
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    table = pa.Table.from_arrays(columns, names=headings)
    options = pyarrow.csv.WriteOptions(delimiter=";")
    pyarrow.csv.write_csv(table, folder / "pyarrow-csv", options)
    for name, kind, more in (
        ("pyarrow-view", pa.string_view(), {}),
        ("pyarrow-zstd", pa.large_string(), {"compression": "zstd", "data_page_version": "2.0"}),
        ("pyarrow-brotli", pa.string(), {"compression": "brotli", "use_dictionary": False}),
    ):
        schema = pa.schema([(heading, kind) for heading in headings])
        pq.write_table(table.cast(schema), folder / name, **more)
