"""The corpus of bad files, made on the spot: each with its code, its rows and its mended twin.

Real Danish export habits are imitated: BOM, CRLF, cp1252, decimal comma, thousands dots, Excel
dates, lost leading zeros, merged cells, hidden sheets, totals rows, ``NA``. All persons are
synthetic (day + 60). Nothing here is committed as data: ``all_cases`` builds the bytes, and
``python -m tests.faults.corpus FOLDER`` writes them as files.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from dagster_project.lib.receiving.judging.declarations import load_sources
from tests.support import number_forms

Row = dict[str, str]

CONTRACT = "proeve-kontrakt"

TABLES: dict[str, tuple[list[str], list[list[str]]]] = {
    "ydelsesforloeb": (
        ["cpr", "ydelseskode", "fra_dato", "til_dato", "andel"],
        [
            ["6101901234", "890", "2023-01-02", "2023-03-31", ""],
            ["620290-1235", "870", "2023-02-01", "", "0,5"],
            ["9112851236", "893", "2023-05-01", "2023-05-01", "1"],
            ["7002881237", "731", "2023-01-01", "2023-12-31", "0,3333"],
            ["8902001238", "998", "2023-06-01", "", ""],
        ],
    ),
    "deltagere": (
        [
            "kontrakt_id",
            "forloeb_id",
            "cpr",
            "visitationsdato",
            "maalgruppe",
            "slutdato",
            "slutaarsag",
        ],
        [
            [CONTRACT, "F-001", "6101901234", "2023-01-16", "sygedagpenge", "", ""],
            [CONTRACT, "F-002", "620290-1235", "2023-02-01", "jobafklaring", "2023-09-30", "død"],
            [CONTRACT, "F-003", "9112851236", "2023-02-02", "sygedagpenge", "2023-10-01", ""],
            [
                CONTRACT,
                "F-004",
                "7002881237",
                "2023-02-03",
                "sygedagpenge",
                "2023-10-02",
                "afsluttet",
            ],
        ],
    ),
    "resultatkrav": (
        ["kontrakt_id", "forloeb_id", "maaned", "krav"],
        [
            [CONTRACT, "F-001", "2023-02", "ja"],
            [CONTRACT, "F-001", "2023-03", "nej"],
            [CONTRACT, "F-002", "2023-03", "ja"],
            [CONTRACT, "F-003", "2023-12", "ja"],
        ],
    ),
    "jobindsats": (
        ["Område", "Ydelse", "Periode", "Antal personer", "Antal fuldtidspersoner"],
        [
            ["Prøve Kommune", "Sygedagpenge", "2021M11", "1.034", "812,4"],
            ["Prøve", "Sygedagpenge", "2021M12", "*", ".."],
            ["Prøve Kommune", "Jobafklaringsforløb", "2021M11", "40", "38,25"],
            ["Prøve Kommune", "Integrationsydelse", "2021M11", "12", "10,5"],
        ],
    ),
    "eindkomst": (
        ["cpr", "cvr", "maaned", "loentimer", "loenbeloeb", "ansaettelsestype"],
        [
            ["6101901234", "12345678", "2023-04", "148,33", "31250,00", "ordinær"],
            ["620290-1235", "12345678", "2023-05", "0", "-500,5", "løntilskud"],
            ["9112851236", "87654321", "2023-05", "37", "0", "fleksjob"],
        ],
    ),
    "aktiviteter": (
        ["aktivitet_id", "cpr", "type", "startdato", "slutdato", "kanal", "resultat"],
        [
            ["A-1", "6101901234", "virksomhedspraktik", "2023-02-01", "2023-04-30", "", ""],
            ["A-2", "620290-1235", "rundbordssamtale", "2023-02-01", "2023-02-01", "telefon", ""],
            ["A-3", "9112851236", "afsluttet forløb", "2023-02-01", "", "", "job"],
            ["A-4", "7002881237", "særligt forløb", "2023-02-01", "", "besøg", ""],
        ],
    ),
    "personstatus": (
        ["cpr", "haendelse", "dato", "nyt_cpr"],
        [
            ["6101901234", "død", "2023-06-14", ""],
            ["620290-1235", "nyt_cpr", "2023-06-15", "6202901299"],
            ["9112851236", "fraflyttet", "2023-06-16", ""],
            ["9112851236", "tilflyttet", "2023-07-16", ""],
        ],
    ),
    "dream": (
        ["cpr", "y_2301", "y_2302", "y_2303", "y_2304"],
        [
            ["6101901234", "890", "890", "", "870"],
            ["620290-1235", "", "", "", ""],
            ["9112851236", "731", "731", "731", "731"],
        ],
    ),
    "ydelsesrefusion": (
        [
            "Uge",
            "CPR nummer",
            "Ydelse",
            "Finansiering Kommunenavn",
            "Beregnet udbetalingsbeløb",
            "Refusionssats",
            "Refusionsbeløb",
            "Medfinansieringssats",
            "Medfinansieringsbeløb",
        ],
        [
            [
                "2023-01-02",
                "6101901234",
                "Sygedagpenge",
                "Prøve Kommune",
                "4655,00",
                "40",
                "1862,00",
                "60",
                "2793,00",
            ],
            [
                "2023-01-09",
                "6101901234",
                "Sygedagpenge",
                "Prøve Kommune",
                "4655,00",
                "40",
                "1862,00",
                "60",
                "2793,00",
            ],
            [
                "2023-01-09",
                "6101901234",
                "Sygedagpenge",
                "Prøve Kommune",
                "-4655,00",
                "40",
                "-1862,00",
                "60",
                "-2793,00",
            ],
            ["2023-01-16", "620290-1235", "Kontanthjælp", "", "2100,5", "", "", "", ""],
        ],
    ),
}

WINDOWS = {
    "ydelsesforloeb": "_2023-01-01_2023-12-31",
    "eindkomst": "_2023-01-01_2023-12-31",
    "dream": "_2023-01-02_2023-01-29",
    "ydelsesrefusion": "_2023-01-02_2023-01-22",
}


@dataclass(frozen=True)
class Case:
    """One bad file.

    Args:
        id: what is wrong, in words.
        name: file name.
        data: its bytes.
        code: code of the first finding.
        rows: row numbers of that finding; None where the file as a whole is meant.
        secrets: texts of the file that nobody may read in a message.
        mended_name: name of the mended twin.
        mended: its bytes.
        side: content of a checksum file beside it.
    """

    id: str
    name: str
    data: bytes
    code: str
    rows: tuple[int, ...] | None
    secrets: tuple[str, ...]
    mended_name: str
    mended: bytes
    side: bytes | None = None


def csv_bytes(
    headings: list[str],
    rows: Iterable[list[str]],
    *,
    delimiter: str = ";",
    encoding: str = "utf-8",
    newline: str = "\n",
    quoting: Any = csv.QUOTE_MINIMAL,
) -> bytes:
    """A csv file as a well-behaved exporter writes it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    writer.writerow(headings)
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)


def good_csv(source: str) -> bytes:
    """The valid file of a source."""
    return csv_bytes(*TABLES[source])


def xlsx_bytes(
    headings: list[str],
    rows: Iterable[Iterable[Any]],
    shape: Callable[[Any, Any], None] | None = None,
) -> bytes:
    """A workbook with text cells (and whatever ``shape(book, sheet)`` does to it)."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(headings)
    for number, row in enumerate(rows, 2):
        for place, value in enumerate(row, 1):
            cell = sheet.cell(number, place, None if value == "" else value)
            if isinstance(value, str):
                cell.number_format = "@"
                cell.data_type = "s"
    if shape:
        shape(book, sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def good_xlsx(source: str) -> bytes:
    """The valid workbook of a source."""
    return xlsx_bytes(*TABLES[source])


def repacked(data: bytes, changes: dict[str, bytes | None]) -> bytes:
    """A workbook with parts added, replaced or (None) dropped."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part not in changes:
                new.writestr(part, old.read(part))
        for part, content in changes.items():
            if content is not None:
                new.writestr(part, content)
    return buffer.getvalue()


def parquet_bytes(headings: list[str], columns: list[Any]) -> bytes:
    """A parquet file of the given columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(c) for c in columns], names=headings), buffer)
    return buffer.getvalue()


def good_parquet(source: str) -> bytes:
    """The valid parquet file of a source: text columns, null for empty."""
    headings, rows = TABLES[source]
    return parquet_bytes(
        headings, [[value or None for value in c] for c in zip(*rows, strict=True)]
    )


def statistics_json(variables: list[tuple[str, str]], data: list[list[Any]]) -> bytes:
    """An answer of the statistics API."""
    answer = [{"Variables": [{"Name": n, "Label": label} for n, label in variables], "Data": data}]
    return json.dumps(answer, ensure_ascii=False).encode()


VARIABLES = [
    ("area", "Område"),
    ("ydelse", "Ydelse"),
    ("period", "Periode"),
    ("_kon", "Køn"),
    ("mgrp1", "Antal personer"),
    ("mgrp2", "Antal fuldtidspersoner"),
]
STATISTICS = [
    ["Prøve", "Sygedagpenge", "2021M11", "Køn i alt", "1.034", "812,4"],
    ["Prøve", "Sygedagpenge", "2021M12", "Køn i alt", "..", None],
    ["Prøve", "Jobafklaringsforløb", "2021M11", "Køn i alt", 40, 38.25],
]


def good_json() -> bytes:
    """The valid answer."""
    return statistics_json(VARIABLES, STATISTICS)


def good(source: str, file_format: str) -> bytes:
    """The valid file of a source in a format."""
    makers: dict[str, Callable[[], bytes]] = {
        "csv": lambda: good_csv(source),
        "xlsx": lambda: good_xlsx(source),
        "parquet": lambda: good_parquet(source),
        "json": good_json,
    }
    return makers[file_format]()


@dataclass
class _Builder:
    """Collects cases and gives each a version number of its own."""

    cases: list[Case] = field(default_factory=list)

    def name(self, source: str, file_format: str = "csv") -> str:
        return f"{source}_2024-02-01{WINDOWS.get(source, '')}_v{len(self.cases) + 2}.{file_format}"

    def add(
        self,
        what: str,
        source: str,
        data: bytes,
        code: str,
        rows: Iterable[int] | None = None,
        *,
        secrets: Iterable[str] = (),
        file_format: str = "csv",
        name: str | None = None,
        side: bytes | None = None,
    ) -> None:
        """One case whose mended twin is the source's valid file."""
        mended_name = self.name(source, file_format)
        self.cases.append(
            Case(
                f"{source} {what}",
                name or mended_name,
                data,
                code,
                tuple(rows) if rows is not None else None,
                tuple(text for text in secrets if len(text) > len("null")),
                mended_name,
                good(source, file_format),
                side,
            )
        )

    def cell(self, source: str, row: int, heading: str, value: str, code: str, *more: int) -> None:
        """One cell of the valid csv replaced by a bad value."""
        headings, rows = TABLES[source]
        changed = [list(r) for r in rows]
        changed[row - 1][headings.index(heading)] = value
        self.add(
            f"{heading} {value!a} in row {row}",
            source,
            csv_bytes(headings, changed),
            code,
            sorted({row, *more}),
            secrets=[value],
        )


def _cells(build: _Builder) -> None:
    bad_cprs = {
        "CPR_LENGTH": [
            "101901234",
            "61019012345",
            "101901234.0",
            "1,02E+08",
            "610190 1234",
            "610190\u00a01234",
            "６１０１９０１２３４",
            "61O1901234",
            "6101-901234",
            "610190--1234",
            "'6101901234",
            "Samlet sum",
            " 6101901234",
            "6101901234 ",
            "NA",
            "=6101901234",
            "-",
            "６101901234",
        ],
        "CPR_DATE": [
            "0001901234",
            "3201901234",
            "6001901234",
            "9201901234",
            "6113901234",
            "6100901234",
            "3002901234",
            "9002901234",
            "290201-1234",
            "8902011234",
            "3104901234",
            "9106901234",
        ],
        "VALUE_MISSING": [""],
    }
    for code, values in bad_cprs.items():
        for value in values:
            build.cell("ydelsesforloeb", 3, "cpr", value, code)
    for value in ("101901234", "", "3201901234"):
        code = {"": "VALUE_MISSING", "3201901234": "CPR_DATE"}.get(value, "CPR_LENGTH")
        for source, heading in (
            ("deltagere", "cpr"),
            ("eindkomst", "cpr"),
            ("aktiviteter", "cpr"),
            ("personstatus", "cpr"),
            ("dream", "cpr"),
            ("ydelsesrefusion", "CPR nummer"),
        ):
            build.cell(source, 1 if source == "dream" else 2, heading, value, code)
    for value in (
        "03/04/2025",
        "45720",
        "31-02-2025",
        "2025-02-30",
        "2023-02-29",
        "25-01-01",
        "2023-1-1",
        "2023-01-01 00:00:00",
        "2023-01-01T00:00",
        "0000-01-01",
        " 2023-01-01",
        "2023-01-01 ",
        "2023\u201101\u201101",
        "20230101",
        "NA",
        "None",
        "null",
        "nan",
        "-",
        "1. januar 2023",
        "2023-13-01",
    ):
        build.cell("ydelsesforloeb", 1, "fra_dato", value, "DATE_FORMAT")
    build.cell("ydelsesforloeb", 1, "fra_dato", "", "VALUE_MISSING")
    build.cell("ydelsesforloeb", 1, "til_dato", "31.03.2023", "DATE_FORMAT")
    build.cell("ydelsesforloeb", 1, "til_dato", "2022-12-31", "PERIOD_REVERSED")
    for value in ("89", "8900", "abc", "000", "127", "890 ", "8９0", "NA", "890.0"):
        build.cell("ydelsesforloeb", 4, "ydelseskode", value, "CODE_UNKNOWN")
    build.cell("ydelsesforloeb", 4, "ydelseskode", "", "VALUE_MISSING")
    for value in (
        "0,12345",
        "0.5",
        "1.0",
        "½",
        ",5",
        "1e-1",
        "\u22120,5",
        "0,5 %",
        "NaN",
        "1 000",
        "00,5",
        "+0,5",
        "0,",
    ):
        build.cell("ydelsesforloeb", 2, "andel", value, "NUMBER_FORMAT")
    for value in ("0", "0,0", "1,0001", "-0,5", "50", "2"):
        build.cell("ydelsesforloeb", 2, "andel", value, "SHARE_RANGE")


def _cells_of_lists(build: _Builder) -> None:
    build.cell("deltagere", 1, "kontrakt_id", "ukendt-kontrakt", "CONTRACT_UNKNOWN")
    build.cell("deltagere", 1, "kontrakt_id", "", "VALUE_MISSING")
    for form in number_forms.HELD:
        build.cell("deltagere", 1, "forloeb_id", f"F-{form}", "PERSON_NUMBER")
    build.cell("deltagere", 1, "forloeb_id", "6101901234", "PERSON_NUMBER")
    build.cell("deltagere", 3, "kontrakt_id", "610190 1234", "PERSON_NUMBER")
    build.cell("deltagere", 1, "forloeb_id", " F-001", "VALUE_NOT_ALLOWED")
    build.cell("deltagere", 2, "forloeb_id", "F-001", "KEY_DUPLICATE", 1)
    build.cell("deltagere", 4, "maalgruppe", "sygedagpenge 6101901234", "PERSON_NUMBER")
    build.cell("deltagere", 4, "maalgruppe", "", "VALUE_MISSING")
    build.cell("deltagere", 4, "slutaarsag", "bortrejst", "VALUE_NOT_ALLOWED")
    build.cell("deltagere", 4, "slutaarsag", "Afsluttet", "VALUE_NOT_ALLOWED")
    build.cell(
        "deltagere",
        2,
        "slutaarsag",
        unicodedata.normalize("NFD", "trukket på"),
        "VALUE_NOT_ALLOWED",
    )
    build.cell("deltagere", 4, "slutdato", "", "VALUE_MISSING")
    build.cell("deltagere", 4, "visitationsdato", "16-01-2023", "DATE_FORMAT")
    build.cell("resultatkrav", 1, "krav", "Ja", "VALUE_NOT_ALLOWED")
    build.cell("resultatkrav", 1, "krav", "true", "VALUE_NOT_ALLOWED")
    build.cell("resultatkrav", 1, "krav", "", "VALUE_MISSING")
    build.cell("resultatkrav", 2, "maaned", "2023-03-01", "DATE_FORMAT")
    build.cell("resultatkrav", 2, "maaned", "2023-13", "DATE_FORMAT")
    build.cell("resultatkrav", 2, "maaned", "mar-23", "DATE_FORMAT")
    build.cell("resultatkrav", 2, "maaned", "2023-02", "KEY_DUPLICATE", 1)
    build.cell("resultatkrav", 3, "kontrakt_id", "Proeve-kontrakt", "CONTRACT_UNKNOWN")
    build.cell("resultatkrav", 3, "forloeb_id", "610190-1234", "PERSON_NUMBER")
    build.cell("jobindsats", 1, "Område", "61 01 90 1234", "PERSON_NUMBER")
    build.cell("jobindsats", 1, "Ydelse", "610190.1234", "PERSON_NUMBER")
    build.cell("ydelsesrefusion", 1, "Ydelse", "610190\u00a01234", "PERSON_NUMBER")
    build.cell("ydelsesrefusion", 1, "Finansiering Kommunenavn", "610190/1234", "PERSON_NUMBER")
    build.cell("aktiviteter", 1, "aktivitet_id", "A-610190_1234", "PERSON_NUMBER")
    build.cell("jobindsats", 1, "Periode", "2021-11", "DATE_FORMAT")
    build.cell("jobindsats", 1, "Periode", "2021M13", "DATE_FORMAT")
    for value in ("10.34", "1034.5", "1 034", "1,5", "-4", "ca. 40", "1.0345"):
        code = "VALUE_NOT_ALLOWED" if value == "-4" else "NUMBER_FORMAT"
        build.cell("jobindsats", 1, "Antal personer", value, code)
    build.cell("jobindsats", 3, "Antal fuldtidspersoner", "38,12345", "NUMBER_FORMAT")
    build.cell("jobindsats", 1, "Periode", "2021M12", "KEY_DUPLICATE", 2)
    build.cell("eindkomst", 1, "cvr", "1234567", "VALUE_NOT_ALLOWED")
    build.cell("eindkomst", 1, "cvr", "12345678.0", "VALUE_NOT_ALLOWED")
    build.cell("eindkomst", 1, "loentimer", "-1", "VALUE_NOT_ALLOWED")
    for value in ("148,333", "1.234", "1 234,50", "(100)", "148.33", "148:20"):
        build.cell("eindkomst", 1, "loentimer", value, "NUMBER_FORMAT")
    for value in ("31.250,00", "kr. 31250", "31250,-", "31250,005", "31250 kr.", "1e5"):
        build.cell("eindkomst", 1, "loenbeloeb", value, "NUMBER_FORMAT")
    build.cell("eindkomst", 2, "ansaettelsestype", "Ordinær", "VALUE_NOT_ALLOWED")
    build.cell("aktiviteter", 1, "type", "prøvetid", "VALUE_NOT_ALLOWED")
    build.cell("aktiviteter", 1, "slutdato", "2023-01-31", "PERIOD_REVERSED")
    build.cell("aktiviteter", 2, "kanal", "mail", "VALUE_NOT_ALLOWED")
    build.cell("aktiviteter", 3, "resultat", "ukendt", "VALUE_NOT_ALLOWED")
    build.cell("aktiviteter", 4, "aktivitet_id", "A-1", "KEY_DUPLICATE", 1)
    build.cell("personstatus", 2, "nyt_cpr", "", "VALUE_MISSING")
    build.cell("personstatus", 1, "nyt_cpr", "6202901299", "VALUE_NOT_ALLOWED")
    build.cell("personstatus", 2, "nyt_cpr", "620290-1235", "CHAIN_INVALID")
    build.cell("personstatus", 2, "nyt_cpr", "202901299", "CPR_LENGTH")
    build.cell("personstatus", 3, "haendelse", "bortrejst", "VALUE_NOT_ALLOWED")
    build.cell("dream", 1, "y_2302", "127", "CODE_UNKNOWN")
    build.cell("dream", 1, "y_2303", "89", "CODE_UNKNOWN")
    build.cell("dream", 1, "y_2303", "890 ", "CODE_UNKNOWN")
    build.cell("dream", 3, "cpr", "6101901234", "KEY_DUPLICATE", 1)
    build.cell("ydelsesrefusion", 1, "Uge", "2023-01-03", "VALUE_NOT_ALLOWED")
    build.cell("ydelsesrefusion", 1, "Uge", "202301", "DATE_FORMAT")
    build.cell("ydelsesrefusion", 4, "Ydelse", "Ukendt ydelse", "CODE_UNKNOWN")
    build.cell("ydelsesrefusion", 4, "Beregnet udbetalingsbeløb", "2.100,50", "NUMBER_FORMAT")
    build.cell("ydelsesrefusion", 4, "Beregnet udbetalingsbeløb", "2100,505", "NUMBER_FORMAT")
    build.cell("ydelsesrefusion", 4, "Beregnet udbetalingsbeløb", "", "VALUE_MISSING")


def _structure(build: _Builder) -> None:
    for source, (headings, rows) in TABLES.items():
        plain = csv_bytes(headings, rows)
        build.add("is empty", source, b"", "FILE_EMPTY")
        build.add("has a header only", source, csv_bytes(headings, []), "FILE_EMPTY")
        build.add(
            "lacks its first column",
            source,
            csv_bytes(headings[1:], [row[1:] for row in rows]),
            "HEADER_MISSING",
        )
        for column in load_sources()[source].columns[1:]:
            if column.must_be_present:
                at = headings.index(column.heading)
                build.add(
                    f"lacks {column.heading}",
                    source,
                    csv_bytes(
                        headings[:at] + headings[at + 1 :],
                        [row[:at] + row[at + 1 :] for row in rows],
                    ),
                    "HEADER_MISSING",
                )
        build.add(
            "has an unknown column",
            source,
            csv_bytes([*headings, "navn"], [[*row, "Hemmelig Hansen"] for row in rows]),
            "HEADER_UNKNOWN",
            secrets=["Hemmelig Hansen", "navn;"],
        )
        build.add(
            "has a heading twice",
            source,
            csv_bytes([*headings, headings[-1]], [[*row, row[-1]] for row in rows]),
            "HEADER_DUPLICATE",
        )
        short = plain.splitlines(keepends=True)
        short[1] = short[1].rpartition(b";")[0] + b"\n"
        build.add("has a short row", source, b"".join(short), "ROW_WIDTH", [1])
        long = plain.splitlines(keepends=True)
        long[2] = long[2].rstrip(b"\n") + b";\n"
        build.add("has an extra delimiter at a row's end", source, b"".join(long), "ROW_WIDTH", [2])
    headings, rows = TABLES["ydelsesforloeb"]
    plain, lines = good_csv("ydelsesforloeb"), good_csv("ydelsesforloeb").splitlines(keepends=True)
    add = build.add
    add("has only a BOM", "ydelsesforloeb", b"\xef\xbb\xbf", "FILE_EMPTY")
    add("is UTF-16", "ydelsesforloeb", plain.decode().encode("utf-16"), "FILE_ENCODING")
    add("has a NUL byte", "ydelsesforloeb", plain.replace(b"0,5", b"0\x005"), "FILE_ENCODING", [2])
    commas, tabs = (csv_bytes(headings, rows, delimiter=mark) for mark in ",\t")
    add("uses commas", "ydelsesforloeb", commas, "HEADER_NOT_FOUND")
    add("uses tabs", "ydelsesforloeb", tabs, "HEADER_NOT_FOUND")
    add(
        "has no header",
        "ydelsesforloeb",
        b"".join(lines[1:]),
        "HEADER_NOT_FOUND",
        secrets=["6101901234"],
    )
    add(
        "has headings in capitals",
        "ydelsesforloeb",
        plain.replace(b"cpr", b"CPR", 1),
        "HEADER_MISSING",
    )
    add(
        "has a heading with a blank",
        "ydelsesforloeb",
        plain.replace(b"cpr;", b"cpr ;", 1),
        "HEADER_MISSING",
    )
    add(
        "never closes a quote",
        "ydelsesforloeb",
        plain.replace(b"620290-1235", b'"620290-1235'),
        "ROW_WIDTH",
        [2],
        secrets=["620290-1235"],
    )
    add(
        "goes on after a quote",
        "ydelsesforloeb",
        plain.replace(b"620290-1235", b'"620290"-1235'),
        "ROW_WIDTH",
        [2],
    )
    add(
        "has blanks around a quote",
        "ydelsesforloeb",
        plain.replace(b"620290-1235", b' "620290-1235" '),
        "CPR_LENGTH",
        [2],
        secrets=["620290-1235"],
    )
    add(
        "has a line break in a value",
        "ydelsesforloeb",
        plain.replace(b"620290-1235", b'"620290\n1235"'),
        "CPR_LENGTH",
        [2],
    )
    add("was cut in the middle of a row", "ydelsesforloeb", plain[:-8], "ROW_WIDTH", [5])
    add("has a totals row", "ydelsesforloeb", plain + b"I alt;;;;5\n", "CPR_LENGTH", [6])
    add("has rows of delimiters of another width", "ydelsesforloeb", plain + b"; ;;\n", "ROW_WIDTH")
    add(
        "is a web page",
        "ydelsesforloeb",
        b"<!DOCTYPE html><html><body>6101901234</body></html>",
        "HEADER_NOT_FOUND",
        secrets=["6101901234", "html"],
    )
    add("has one enormous line", "ydelsesforloeb", plain + b"x" * 400_000 + b"\n", "FILE_LIMIT")
    wide = ";".join(f"k{number}" for number in range(16_384)).encode() + b"\n"
    add("has 16,384 columns", "ydelsesforloeb", wide + b"1\n", "FILE_LIMIT")
    add(
        "has SQL for a heading",
        "ydelsesforloeb",
        plain.replace(b"cpr", b"cpr\"'); drop table raw.person; --", 1),
        "HEADER_MISSING",
        secrets=["drop table"],
    )
    add(
        "has SQL for a value",
        "ydelsesforloeb",
        plain.replace(b"890", b"') drop table person --", 1),
        "CODE_UNKNOWN",
        [1],
        secrets=["drop table"],
    )
    add(
        "has several faults in one row",
        "ydelsesforloeb",
        plain.replace(b"6101901234;890;2023-01-02", b"101901234;127;02-01-2023"),
        "CPR_LENGTH",
        [1],
        secrets=["101901234", "02-01-2023"],
    )


def _structure_of_text(build: _Builder) -> None:
    add = build.add
    headings, rows = TABLES["deltagere"]
    plain = good_csv("deltagere")
    add(
        "is cp1252", "deltagere", csv_bytes(headings, rows, encoding="cp1252"), "FILE_ENCODING", [2]
    )
    twice = plain.decode("utf-8").encode().decode("cp1252").encode()
    add("was encoded twice", "deltagere", twice, "FILE_ENCODING", [2])
    add(
        "has replacement marks",
        "deltagere",
        plain.replace("ø".encode(), "\ufffd".encode()),
        "FILE_ENCODING",
        [2],
    )
    add(
        "has Jinja for a value",
        "deltagere",
        plain.replace(b"F-001", b"{{ env_var('HOME') }} 6101901234"),
        "PERSON_NUMBER",
        [1],
        secrets=["env_var"],
    )
    add(
        "has a control character",
        "deltagere",
        plain.replace(b"F-001", b"F-\x07001"),
        "VALUE_NOT_ALLOWED",
        [1],
    )
    add(
        "turns text around",
        "deltagere",
        plain.replace(b"F-001", "F-\u202e001".encode()),
        "VALUE_NOT_ALLOWED",
        [1],
    )
    add(
        "has an endless value",
        "deltagere",
        plain.replace(b"F-001", b"F" * 1001),
        "FILE_LIMIT",
        [1],
        secrets=["F" * 1001],
    )
    add(
        "has endless values in two rows",
        "deltagere",
        plain.replace(b"F-002", b"F" * 1001).replace(b"2023-02-02", b"9" * 1001),
        "FILE_LIMIT",
        [2, 3],
    )
    add(
        "has endless values in two rows, one of them with a delimiter",
        "deltagere",
        plain.replace(b"F-002", b'"' + b"F;" * 501 + b'"').replace(b"F-003", b"F" * 1001),
        "FILE_LIMIT",
        [2, 3],
    )
    add(
        "has a blank after the contract",
        "deltagere",
        plain.replace(CONTRACT.encode(), CONTRACT.encode() + b" ", 1),
        "CONTRACT_UNKNOWN",
        [1],
    )
    add(
        "has a bad person in two rows and a bad date in the first of them",
        "deltagere",
        plain.replace(b"6101901234", b"610190")
        .replace(b"620290-1235", b"620290-")
        .replace(b"2023-01-16", b"2023-1-16"),
        "CPR_LENGTH",
        [1, 2],
    )
    headings, rows = TABLES["personstatus"]
    ring = [
        ["6101901234", "nyt_cpr", "2023-01-01", "6202901235"],
        ["6202901235", "nyt_cpr", "2023-01-02", "9112851236"],
        ["9112851236", "nyt_cpr", "2023-01-03", "6101901234"],
    ]
    add(
        "has a ring of new numbers",
        "personstatus",
        csv_bytes(headings, [*rows[2:], *ring]),
        "CHAIN_INVALID",
        [3, 4, 5],
    )
    fork = [
        ["6101901234", "nyt_cpr", "2023-01-01", "6202901235"],
        ["610190-1234", "nyt_cpr", "2023-01-02", "9112851236"],
    ]
    add(
        "has a number with two successors",
        "personstatus",
        csv_bytes(headings, fork),
        "CHAIN_INVALID",
        [1, 2],
    )


def _weeks_and_windows(build: _Builder) -> None:
    add = build.add
    headings, rows = TABLES["dream"]
    holes = [h for h in headings if h != "y_2302"]
    add(
        "has a hole between its weeks",
        "dream",
        csv_bytes(holes, [[row[0], row[1], row[3], row[4]] for row in rows]),
        "WINDOW_INVALID",
    )
    add(
        "has weeks beyond its window",
        "dream",
        csv_bytes([*headings, "y_2305"], [[*r, ""] for r in rows]),
        "WINDOW_INVALID",
    )
    add(
        "has a week 53 that 2023 lacks",
        "dream",
        csv_bytes([*headings, "y_2353"], [[*r, ""] for r in rows]),
        "HEADER_UNKNOWN",
    )
    add(
        "has the mark between weeks inside a cell",
        "dream",
        csv_bytes(headings, [[row[0], "890;890", *row[2:]] for row in rows[:1]]),
        "CODE_UNKNOWN",
        [1],
    )
    add(
        "has no weeks",
        "dream",
        csv_bytes(headings[:1], [[row[0]] for row in rows]),
        "HEADER_MISSING",
    )
    add(
        "has a week 00",
        "dream",
        csv_bytes([*headings, "y_2300"], [[*r, ""] for r in rows]),
        "HEADER_UNKNOWN",
    )
    add(
        "names a person twice with other weeks",
        "dream",
        csv_bytes(headings, [*rows, rows[0], ["610190-1234", "890", "890", "", "871"]]),
        "KEY_DUPLICATE",
        [1, 4, 5],
    )
    plain = good_csv("ydelsesforloeb")
    number = 900
    for what, dates in (
        ("has no window", "2024-02-01"),
        ("has a reversed window", "2024-02-01_2023-12-31_2023-01-01"),
        ("has a window beyond its extract", "2024-02-01_2023-01-01_2024-02-02"),
    ):
        number += 1
        add(
            what,
            "ydelsesforloeb",
            plain,
            "WINDOW_INVALID",
            name=f"ydelsesforloeb_{dates}_v{number}.csv",
        )
    add(
        "has half a month in its window",
        "eindkomst",
        good_csv("eindkomst"),
        "WINDOW_INVALID",
        name="eindkomst_2024-02-01_2023-01-01_2023-12-15_v910.csv",
    )
    add(
        "ends after its extract",
        "dream",
        good_csv("dream"),
        "WINDOW_INVALID",
        name="dream_2023-01-20_v911.csv",
    )
    add(
        "has no window",
        "ydelsesrefusion",
        good_csv("ydelsesrefusion"),
        "WINDOW_INVALID",
        name="ydelsesrefusion_2024-02-01_v912.csv",
    )
    add(
        "has payments after its extract",
        "ydelsesrefusion",
        good_csv("ydelsesrefusion"),
        "WINDOW_INVALID",
        name="yr-ydelsesrefusion-beregning 2023-01-20.csv",
    )
    add(
        "has a week whose Sunday no date can say",
        "ydelsesrefusion",
        good_csv("ydelsesrefusion").replace(b"2023-01-16", b"9999-12-27"),
        "WINDOW_INVALID",
        name="yr-ydelsesrefusion-beregning 2024-02-01.csv",
    )
    add(
        "has a window to the last day that a date can say",
        "dream",
        good_csv("dream"),
        "WINDOW_INVALID",
        name="dream_9999-12-31_2023-01-02_9999-12-31.csv",
    )
    add(
        "does not match its checksum",
        "deltagere",
        good_csv("deltagere"),
        "FILE_CHECKSUM",
        side=b"0" * 64 + b"  deltagere.csv\n",
    )
    add("has an empty checksum", "deltagere", good_csv("deltagere"), "FILE_CHECKSUM", side=b"")


def _names(build: _Builder) -> None:
    for name in (
        "ukendt_2024-02-01.csv",
        "deltagere.csv",
        "deltagere_20240201.csv",
        "deltagere_2024-02-30.csv",
        "deltagere_2024-2-1.csv",
        "deltagere_2024-02-01.xls",
        "deltagere_2024-02-01.csv.exe",
        "deltagere_2024-02-01.parquet",
        "Deltagere_2024-02-01.csv",
        "deltagere_2024-02-01_V2.csv",
        "deltagere_2024-02-01_610190-1234.csv",
        "deltagere_2024-02-01_610190 1234.csv",
        "deltagere 61.01.90 1234_2024-02-01.csv",
        "Hanne Prøve 610190_1234.csv",
        "yr-ydelsesrefusion-beregning 61 01 90 1234 2024-02-01.csv",
        "deltagere_2024-02-01_6101901234_v2.csv",
        "deltagere_2024-02-01 (1).csv",
        "deltagere_2024-02-01[1].csv",
        "*.csv",
        "-rf",
        "a b\nc.csv",
        "deltagere_2024-02-01_\u202evsc.csv",
        "deltagere_2024-02-01_v0.csv",
        "README.txt",
        "deltagere_2024-02-01_afsender_v2_v3.csv",
        "'; drop table delivery; --.csv",
        "{{ x }}.csv",
        "a" * 250 + ".csv",
        "jobindsats_2024-02-01.xlsx",
        "dеltagere_2024-02-01.csv",
    ):
        secrets = [
            part
            for part in (
                "610190-1234",
                "6101901234",
                "610190",
                "20240201",
                "61.01",
                "61 01",
                "Hanne",
            )
            if part in name
        ]
        build.add(
            f"is called {ascii(name)[:60]}",
            "deltagere",
            good_csv("deltagere"),
            "FILE_NAME",
            name=name,
            secrets=secrets,
        )


def _xlsx(build: _Builder) -> None:
    headings, rows = TABLES["deltagere"]

    def add(
        what: str, data: bytes, code: str, at: Iterable[int] | None = None, **more: Any
    ) -> None:
        build.add(f"xlsx {what}", "deltagere", data, code, at, file_format="xlsx", **more)

    def changed(row: int, heading: str, value: Any) -> bytes:
        table = [list(r) for r in rows]
        table[row - 1][headings.index(heading)] = value
        return xlsx_bytes(headings, table)

    add("is no workbook", b"PK\x03\x04 but no", "FILE_FORMAT")
    add("is a csv file", good_csv("deltagere"), "FILE_FORMAT")
    add("is an old binary workbook", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "FILE_FORMAT")
    add("is empty", xlsx_bytes([], []), "FILE_EMPTY")
    add("has a header only", xlsx_bytes(headings, []), "FILE_EMPTY")
    endless = [[row[0], "F" * 1001, *row[2:]] if n in (1, 2) else row for n, row in enumerate(rows)]
    add("has endless values in two rows", xlsx_bytes(headings, endless), "FILE_LIMIT", [2, 3])
    add(
        "has a person number as a number",
        changed(2, "cpr", 101901234),
        "CELL_TYPE",
        [2],
        secrets=["101901234"],
    )
    add("has a course id as a number", changed(1, "forloeb_id", 17), "CELL_TYPE", [1])
    add("has a date as a plain number", changed(1, "visitationsdato", 44942), "CELL_TYPE", [1])
    add(
        "has a date with a time",
        changed(1, "visitationsdato", dt.datetime(2023, 1, 16, 12)),  # noqa: DTZ001
        "DATE_FORMAT",
        [1],
    )
    add(
        "has a date in a text column",
        changed(1, "maalgruppe", dt.date(2023, 1, 16)),
        "CELL_TYPE",
        [1],
    )
    add("has a truth value", changed(1, "maalgruppe", True), "CELL_TYPE", [1])
    add(
        "has a date before Excel's calendar is right",
        changed(1, "visitationsdato", dt.date(1900, 1, 5)),
        "DATE_FORMAT",
        [1],
    )

    _xlsx_shapes(add)
    _xlsx_packages(add)


def _twice(book: Any, sheet: Any) -> None:
    book.copy_worksheet(sheet)


def _far(_book: Any, sheet: Any) -> None:
    sheet["XFD2"] = "langt væk"


def _xlsx_shapes(add: Callable[..., None]) -> None:
    headings, rows = TABLES["deltagere"]

    def formula(_book: Any, sheet: Any) -> None:
        sheet["B3"] = '=HYPERLINK("http://evil.example","F-002")'

    def error(_book: Any, sheet: Any) -> None:
        sheet["B3"] = "#N/A"
        sheet["B3"].data_type = "e"

    def merged(_book: Any, sheet: Any) -> None:
        sheet.merge_cells("E2:E4")

    def outside(_book: Any, sheet: Any) -> None:
        sheet["K3"] = "note 6101901234"

    def titled(_book: Any, sheet: Any) -> None:
        sheet.insert_rows(1)
        sheet["A1"] = "Hemmelig Hansen"

    def total(_book: Any, sheet: Any) -> None:
        sheet["A7"] = "I alt"

    for what, shape, code, at in (
        ("has a formula", formula, "CELL_TYPE", [2]),
        ("has an error cell", error, "CELL_TYPE", [2]),
        ("has merged cells", merged, "CELL_TYPE", [1, 2, 3]),
        ("has a note beside the table", outside, "ROW_WIDTH", [2]),
        ("has a title above the header", titled, "HEADER_NOT_FOUND", None),
        ("has a totals row under an empty one", total, "CONTRACT_UNKNOWN", [5]),
        ("has its table in two sheets", _twice, "SHEET_AMBIGUOUS", None),
        ("has a cell in the last column", _far, "ROW_WIDTH", [1]),
    ):
        add(what, xlsx_bytes(headings, rows, shape), code, at)


def _xlsx_packages(add: Callable[..., None]) -> None:
    base = good_xlsx("deltagere")
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(base)) as package:
        xml = package.read(sheet)
    entity = xml.replace(
        b"<worksheet", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet', 1
    )
    if not entity.startswith(b"<!DOCTYPE") and b"<!DOCTYPE" not in entity:
        raise AssertionError("the sheet has another root element")
    add("has an XML entity", repacked(base, {sheet: entity}), "FILE_LIMIT")
    add("has macros", repacked(base, {"xl/vbaProject.bin": b"x"}), "FILE_LIMIT")
    add(
        "has an external link",
        repacked(base, {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"}),
        "FILE_LIMIT",
    )
    add(
        "has an embedded object",
        repacked(base, {"xl/embeddings/oleObject1.bin": b"x"}),
        "FILE_LIMIT",
    )
    add(
        "has a data connection",
        repacked(base, {"xl/connections.xml": b"<connections/>"}),
        "FILE_LIMIT",
    )
    add("is a zip bomb", repacked(base, {"xl/media/bomb.xml": b"\x20" * 60_000_000}), "FILE_LIMIT")
    add(
        "unpacks beyond the limit",
        repacked(base, {"xl/media/big.xml": b"\x20" * 210_000_000}),
        "FILE_LIMIT",
    )
    add(
        "has thousands of parts",
        repacked(base, {f"xl/media/{n}.xml": b"" for n in range(1100)}),
        "FILE_LIMIT",
    )
    _xlsx_bombs(add, base, sheet, xml)
    add("has a broken sheet", repacked(base, {sheet: xml[: len(xml) // 2]}), "FILE_FORMAT")
    add("has no sheet", repacked(base, {sheet: None}), "FILE_FORMAT")


def _noise(pieces: int) -> bytes:
    """XML text that hardly packs, so that the ratio alone does not give a bomb away."""
    return b"".join(hashlib.sha256(str(n).encode()).hexdigest().encode() for n in range(pieces))


def _xlsx_bombs(add: Callable[..., None], base: bytes, sheet: str, xml: bytes) -> None:
    """Small packages that would cost a parser its memory or its night."""
    rows = xml.index(b"<row")
    last = xml.index(b"</sheetData>")
    text = b'<c r="%s" t="inlineStr"><is><t>x</t></is></c>'

    def with_rows(more: bytes) -> bytes:
        return repacked(base, {sheet: xml[:last] + more + xml[last:]})

    strings = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>'
    laughs = b"".join(
        b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(98, 106)
    )
    bomb = b'<!DOCTYPE x [<!ENTITY a "haha">' + laughs + b"]>" + strings % b"<si><t>&i;</t></si>"
    add("laughs a billion times", repacked(base, {"xl/sharedStrings.xml": bomb}), "FILE_LIMIT")
    add(
        "laughs in a part that is called otherwise",
        repacked(base, {"xl/worksheets/sheet1.dat": b" " * 2_000_000 + bomb}),
        "FILE_LIMIT",
    )
    many = strings % (_noise(20_000) + b"<si><t/></si>" * 2_500_000)
    add("has millions of texts", repacked(base, {"xl/sharedStrings.xml": many}), "FILE_LIMIT")
    styles = b"<styleSheet>" + _noise(20_000) + b"<xf/>" * 600_000 + b"</styleSheet>"
    add("has a flood of formats", repacked(base, {"xl/styles.xml": styles}), "FILE_LIMIT")
    corner = b'<row r="1048576">' + text % b"XFD1048576" + b"</row>"
    add("has a cell in the last row and column", with_rows(corner), "FILE_LIMIT")
    add("has a row beyond every sheet", with_rows(b'<row r="99999999999"/>'), "FILE_LIMIT")
    add("has rows in another order", with_rows(b'<row r="2"/>'), "FILE_FORMAT")
    doubled = b'<row r="9">' + text % b"A9" + text % b"A9" + b"</row>"
    add("has a cell twice", with_rows(doubled), "FILE_FORMAT")
    wide = b"".join(b'<row r="%d">%s</row>' % (n, text % b"XFD%d" % n) for n in range(10, 2000))
    add("has notes far beside the table", with_rows(wide), "ROW_WIDTH")
    crowd = b'<row r="9">' + b"<c/>" * 16_385 + b"</row>"
    add("has a row of more cells than a sheet", with_rows(crowd), "FILE_LIMIT")
    far = xml[:rows] + b'<row r="1">' + text % b"XFD1" + b"</row></sheetData></worksheet>"
    add("has a heading in the last column", repacked(base, {sheet: far}), "FILE_LIMIT")
    link = (
        b'<Relationships><Relationship Id="rId1" Type="http://x/externalLinkPath"'
        b' Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
    )
    add(
        "refers to a file outside",
        repacked(base, {"xl/worksheets/_rels/sheet9.xml.rels": link}),
        "FILE_LIMIT",
    )
    _xlsx_long_pieces(add, base, sheet, xml)
    twice = io.BytesIO(base)
    with zipfile.ZipFile(twice, "a") as package, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package.writestr(sheet, xml)
    add("has a part twice", twice.getvalue(), "FILE_FORMAT")


def _xlsx_long_pieces(add: Callable[..., None], base: bytes, sheet: str, xml: bytes) -> None:
    """What costs a parser time or disk without being many elements, and what hides from a count."""
    start = xml.index(b"<sheetData>")

    def with_text(more: bytes) -> bytes:
        return repacked(base, {sheet: xml[:start] + more + xml[start:]})

    add("has an endless comment", with_text(b"<!--" + _noise(2000) + b"<x>-->"), "FILE_LIMIT")
    add("has an endless instruction", with_text(b"<?x " + _noise(2000) + b"?>"), "FILE_LIMIT")
    add("has an endless tag", with_text(b'<x y="' + _noise(40_000) + b'"/>'), "FILE_LIMIT")
    strings = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>'
    types = "[Content_Types].xml"
    with zipfile.ZipFile(io.BytesIO(base)) as package:
        listed = package.read(types).replace(b"/xl/sharedStrings.xml", b"/xl/none.xml")

    def texts_at(place: str) -> bytes:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        override = f'<Override PartName="{place}" ContentType="{kind}"/></Types>'
        return listed.replace(b"</Types>", override.encode())

    end = xml.index(b"</sheetData>")
    rows = b"".join(
        b'<row r="%d">%s</row>' % (n, b'<c t="s"><v>0</v></c>' * 7) for n in range(2, 1500)
    )
    header = TABLES["deltagere"][0]
    cells = b"".join(b'<c t="inlineStr"><is><t>%s</t></is></c>' % h.encode() for h in header)
    head = xml[: xml.index(b"<row")] + b'<row r="1">' + cells + b"</row>"
    repeated = {
        types: texts_at("/xl/sharedStrings.xml"),
        sheet: head + rows + xml[end:],
        "xl/sharedStrings.xml": strings % (b"<si><t>" + b"x" * 1_000_000 + b"</t></si>"),
    }
    add("names one long text from ten thousand cells", repacked(base, repeated), "FILE_LIMIT")
    hidden = (b'<?xml version="1.0"?>' + strings % (b"<si><t/></si>" * 1000)).decode()
    add(
        "hides texts in another character set under another name",
        repacked(
            base,
            {types: texts_at("/xl/texts.dat"), "xl/texts.dat": hidden.encode("utf-16-be")},
        ),
        "FILE_LIMIT",
    )
    strict = xml.replace(
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    )
    add("is of the strict kind", repacked(base, {sheet: strict}), "FILE_FORMAT")
    merged = b"<mergeCells><mergeCell ref = 'F2:F3'/></mergeCells></worksheet>"
    after = xml[: end + len(b"</sheetData>")] + merged
    add("has cells merged in other quotes", repacked(base, {sheet: after}), "CELL_TYPE", [1, 2])
    for what, cell in (
        ("a moment", b'<c r="D2" t="d"><v>2023-01-16 14:30:00</v></c>'),
        ("a day and a digit", b'<c r="D2" t="d"><v>2023-01-169</v></c>'),
        ("a time zone", b'<c r="D2" t="d"><v>2023-01-16T00:00:00+05:00</v></c>'),
    ):
        changed = re.sub(rb'<c r="D2"[^>]*>.*?</c>', cell, xml, count=1)
        assert changed != xml
        add(f"has {what} for a date", repacked(base, {sheet: changed}), "DATE_FORMAT", [1])
    dated = xlsx_bytes(
        header, [[*r[:3], dt.date.fromisoformat(r[3]), *r[4:]] for r in TABLES["deltagere"][1]]
    )
    with zipfile.ZipFile(io.BytesIO(dated)) as package:
        serials = package.read(sheet)
    for number, code in ((b"44942.9999999999", "DATE_FORMAT"), (b"4_4942", "CELL_TYPE")):
        changed = re.sub(rb'(<c r="D2"[^>]*><v>)[^<]*', rb"\g<1>" + number, serials, count=1)
        assert changed != serials
        what = f"has {number.decode()} for a date"
        add(what, repacked(dated, {sheet: changed}), code, [1])
    cell = b'<c r="B2" t="s"><v>-1</v></c>'
    other_text = re.sub(rb'<c r="B2"[^>]*>.*?</c>', cell, xml, count=1)
    assert other_text != xml
    add("names a text from the end", repacked(base, {sheet: other_text}), "FILE_FORMAT")


def _parquet_and_json(build: _Builder) -> None:
    headings, rows = TABLES["ydelsesforloeb"]
    columns: list[Any] = [list(c) for c in zip(*rows, strict=True)]

    def parquet(what: str, data: bytes, code: str, at: Iterable[int] | None = None) -> None:
        build.add(f"parquet {what}", "ydelsesforloeb", data, code, at, file_format="parquet")

    parquet("is no parquet", b"PAR1 but no PAR1", "FILE_FORMAT")
    parquet("was cut", good_parquet("ydelsesforloeb")[:-20], "FILE_FORMAT")
    parquet(
        "has person numbers as numbers",
        parquet_bytes(headings, [[int(v.replace("-", "")) for v in columns[0]], *columns[1:]]),
        "CELL_TYPE",
    )
    parquet("lacks a column", parquet_bytes(headings[1:], columns[1:]), "HEADER_MISSING")
    parquet("has no rows", parquet_bytes(headings, [[""][:0] for _ in headings]), "FILE_EMPTY")
    parquet(
        "has a list for an end date",
        parquet_bytes(headings, [*columns[:3], [[v] for v in columns[3]], columns[4]]),
        "CELL_TYPE",
    )
    parquet(
        "has a struct for a share",
        parquet_bytes(headings, [*columns[:4], [{"a": v, "b": [v]} for v in columns[4]]]),
        "CELL_TYPE",
    )
    parquet(
        "has no type for the persons",
        parquet_bytes(headings, [[None] * len(rows), *columns[1:]]),
        "VALUE_MISSING",
        range(1, len(rows) + 1),
    )
    parquet(
        "has a bad value",
        parquet_bytes(headings, [[*columns[0][:4], "101901234"], *columns[1:]]),
        "CPR_LENGTH",
        [5],
    )

    heap = [[value] * 2000 for value in ("6" * 1_000_000, "890", "2023-01-02", "", "")]
    parquet("names one long text from every row", parquet_bytes(headings, heap), "FILE_LIMIT")
    lying = parquet_bytes(headings, [[None, *columns[0][1:]], *columns[1:]])
    nulls = bytes.fromhex("360228")  # null_count 1, then the greatest value
    assert nulls in lying
    parquet(
        "says that nobody is missing", lying.replace(nulls, b"\x36\x00\x28"), "VALUE_MISSING", [1]
    )

    def answer(
        what: str, data: bytes, code: str, at: Iterable[int] | None = None, *secrets: str
    ) -> None:
        build.add(f"json {what}", "jobindsats", data, code, at, file_format="json", secrets=secrets)

    def with_row(row: list[Any]) -> bytes:
        return statistics_json(VARIABLES, [*STATISTICS, row])

    answer("is no json", b'[{"Variables": [', "FILE_FORMAT")
    answer("is an error page", b'{"error": "token 6101901234"}', "FILE_FORMAT", None, "6101901234")
    answer("is nested without end", b"[" * 100_000, "FILE_FORMAT")
    answer("names a key twice", b'[{"Data": [], "Data": [], "Variables": []}]', "FILE_FORMAT")
    answer("is one long list", b'[{"Variables": [], "Data": [' + b"1," * 4_000_001, "FILE_LIMIT")
    answer("has no data", statistics_json(VARIABLES, []), "FILE_EMPTY")
    answer(
        "lacks a dimension",
        statistics_json(VARIABLES[1:], [r[1:] for r in STATISTICS]),
        "HEADER_MISSING",
    )
    answer(
        "has a dimension twice",
        statistics_json([VARIABLES[0], *VARIABLES], [[r[0], *r] for r in STATISTICS]),
        "HEADER_DUPLICATE",
    )
    answer(
        "counts men only",
        with_row(["Prøve", "Sygedagpenge", "2022M01", "Mænd", "500", "400"]),
        "VALUE_NOT_ALLOWED",
        [4],
    )
    answer("has a short row", with_row(["Prøve", "Sygedagpenge"]), "ROW_WIDTH", [4])
    answer(
        "has a list for a value",
        with_row(["Prøve", "Sygedagpenge", "2022M01", "Køn i alt", [5], "1"]),
        "CELL_TYPE",
        [4],
    )
    answer("has a number in exponents", good_json().replace(b"38.25", b"3.825e1"), "CELL_TYPE", [3])
    answer("is not a number", good_json().replace(b"38.25", b"NaN"), "FILE_FORMAT")
    halves = good_json().replace(b"38.25", b'"3\\udc008"')
    answer("has half a character", halves, "FILE_ENCODING", [3])
    answer("is cp1252", good_json().decode().encode("cp1252"), "FILE_ENCODING")
    answer("names a key of the statistics twice", with_row(STATISTICS[0]), "KEY_DUPLICATE", [1, 4])


def all_cases() -> list[Case]:
    """Every bad file of the corpus."""
    build = _Builder()
    for part in (
        _cells,
        _cells_of_lists,
        _structure,
        _structure_of_text,
        _weeks_and_windows,
        _names,
        _xlsx,
        _parquet_and_json,
    ):
        part(build)
    return build.cases
