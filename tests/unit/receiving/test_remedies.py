"""Each way in which a program misleads its user: told by code and cause, and the remedy helps.

A case breaks one value as a program breaks it, and mends it as the remedy says. The remedies of
parquet files are run as they are written.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest

from dagster_project.lib.receiving.judging.declarations import Csv, load_sources
from dagster_project.lib.receiving.judging.findings import Finding
from tests.faults import corpus
from tests.unit.receiving.judging import Judge, remedy, table_with, told


def number_of(text: str) -> str:
    """The cell's number with a decimal comma, as Excel shows it in the format Tal."""
    plain = re.sub(r"[^0-9,.eE+-]", "", text.replace("\u2212", "-"))
    plain = plain.replace(".", "") if "," in plain else plain
    value = float(plain.replace(",", ".")) / (100 if "%" in text else 1)
    return f"{value:g}".replace(".", ",")


def day_of(pattern: str) -> Callable[[str], str]:
    return lambda text: dt.datetime.strptime(text, pattern).date().isoformat()  # noqa: DTZ007 - a day


def ten_digits(text: str) -> str:
    return f"{float(text.replace(',', '.')):010.0f}"


def strip(text: str) -> str:
    return text.strip(" \u00a0\t")


CELLS: list[tuple[str, str, str, str, str, str, Callable[[str], str]]] = [
    ("ydelsesforloeb", "cpr", "202901235", "CPR_LENGTH", "nine", "0000000000",
     lambda t: t.zfill(10)),
    ("ydelsesforloeb", "cpr", "20290-1235", "CPR_LENGTH", "nine", "bindestreg", lambda t: "0" + t),
    ("ydelsesforloeb", "cpr", "6,2029E+09", "CPR_LENGTH", "scientific", "0000000000",
     lambda _: "6202901235"),
    ("ydelsesforloeb", "cpr", "6202901235.0", "CPR_LENGTH", "decimals", "zfill(10)", ten_digits),
    ("ydelsesforloeb", "cpr", "6202901235,00", "CPR_LENGTH", "decimals", "Ctrl+1", ten_digits),
    ("ydelsesforloeb", "cpr", "'6202901235", "CPR_LENGTH", "mark", "apostrof", lambda t: t[1:]),
    ("ydelsesforloeb", "cpr", "620290 1235", "CPR_LENGTH", "mark", "mellemrum",
     lambda t: t.replace(" ", "")),
    ("ydelsesforloeb", "cpr", "620290\u20131235", "CPR_LENGTH", "mark", "bindestreg",
     lambda t: t.replace("\u2013", "")),
    ("ydelsesforloeb", "cpr", "6202901235 ", "CPR_LENGTH", "blanks", "strip", strip),
    ("ydelsesforloeb", "cpr", '="6202901235"', "CPR_LENGTH", "formula", "Værdier",
     lambda t: t[2:-1]),
    ("ydelsesforloeb", "ydelseskode", "890\u00a0", "CODE_UNKNOWN", "blanks", "TEGN(160)", strip),
    ("ydelsesforloeb", "ydelseskode", "890,0", "CODE_UNKNOWN", "decimals", "Int64",
     lambda t: t[:3]),
    ("ydelsesforloeb", "ydelseskode", "Sygedagpenge", "CODE_UNKNOWN", "words", "tre cifre",
     lambda _: "890"),
    ("ydelsesforloeb", "ydelseskode", "101", "CODE_UNKNOWN", "unknown", "tabellen",
     lambda _: "890"),
    ("ydelsesforloeb", "fra_dato", "01-02-2023", "DATE_FORMAT", "order", "ÅÅÅÅ-MM-DD",
     day_of("%d-%m-%Y")),
    ("ydelsesforloeb", "fra_dato", "01.02.2023", "DATE_FORMAT", "order", "date_format",
     day_of("%d.%m.%Y")),
    ("ydelsesforloeb", "fra_dato", "20230201", "DATE_FORMAT", "order", "yymmdd10",
     day_of("%Y%m%d")),
    ("ydelsesforloeb", "fra_dato", "2023-2-1", "DATE_FORMAT", "order", "ÅÅÅÅ-MM-DD",
     lambda _: "2023-02-01"),
    ("ydelsesforloeb", "fra_dato", "1. februar 2023", "DATE_FORMAT", "order", "ÅÅÅÅ-MM-DD",
     lambda _: "2023-02-01"),
    ("ydelsesforloeb", "fra_dato", "01FEB2023", "DATE_FORMAT", "order", "yymmdd10",
     lambda _: "2023-02-01"),
    ("ydelsesforloeb", "fra_dato", "2023-02-01 00:00:00", "DATE_FORMAT", "clock", "dt.strftime",
     lambda t: t[:10]),
    ("ydelsesforloeb", "fra_dato", "2023-01-31T23:00:00.000Z", "DATE_FORMAT", "evening", "tidszone",
     lambda _: "2023-02-01"),
    ("ydelsesforloeb", "fra_dato", "01-02-2023 00:00", "DATE_FORMAT", "clock", "Ctrl+1",
     lambda _: "2023-02-01"),
    ("ydelsesforloeb", "fra_dato", "44958", "DATE_FORMAT", "serial", "løbenummer",
     lambda t: (dt.date(1899, 12, 30) + dt.timedelta(int(t))).isoformat()),
    ("ydelsesforloeb", "fra_dato", "2023-02-30", "DATE_FORMAT", "calendar", "kalenderen",
     lambda _: "2023-02-28"),
    ("ydelsesforloeb", "fra_dato", "########", "DATE_FORMAT", "hashes", "for smal",
     lambda _: "2023-02-01"),
    ("ydelsesforloeb", "fra_dato", "#I/T", "DATE_FORMAT", "error", "formlen",
     lambda _: "2023-02-01"),
    ("ydelsesforloeb", "fra_dato", "NaT", "DATE_FORMAT", "missing", "udfyldt",
     lambda _: "2023-02-01"),
    ("ydelsesforloeb", "til_dato", "NA", "DATE_FORMAT", "nothing", "na_rep", lambda _: ""),
    ("ydelsesforloeb", "til_dato", "NULL", "DATE_FORMAT", "nothing", "null_tokens", lambda _: ""),
    ("ydelsesforloeb", "andel", "0.5", "NUMBER_FORMAT", "point", 'decimal=","',
     lambda t: t.replace(".", ",")),
    ("ydelsesforloeb", "andel", ",5", "NUMBER_FORMAT", "zero", "nul foran", lambda t: "0" + t),
    ("ydelsesforloeb", "andel", "50 %", "NUMBER_FORMAT", "percent", "andel", number_of),
    ("ydelsesforloeb", "andel", "0,33333", "NUMBER_FORMAT", "decimals", "højst 4 decimaler",
     lambda t: t[:6]),
    ("ydelsesforloeb", "andel", "5E-01", "NUMBER_FORMAT", "scientific", "Ctrl+1", number_of),
    ("ydelsesforloeb", "andel", "halv", "NUMBER_FORMAT", "words", "slet hele rækken",
     lambda _: "0,5"),
    ("ydelsesforloeb", "andel", "50", "SHARE_RANGE", "range", "ikke i procent", lambda _: "0,5"),
    ("eindkomst", "maaned", "2023-05-01", "DATE_FORMAT", "day", "ÅÅÅÅ-MM", lambda t: t[:7]),
    ("eindkomst", "maaned", "maj-23", "DATE_FORMAT", "day", "ÅÅÅÅ-MM", lambda _: "2023-05"),
    ("eindkomst", "maaned", "01-05-2023", "DATE_FORMAT", "day", "month_format",
     lambda _: "2023-05"),
    ("eindkomst", "maaned", "202305", "DATE_FORMAT", "month_order", "month_format",
     lambda t: f"{t[:4]}-{t[4:]}"),
    ("eindkomst", "maaned", "2023-13", "DATE_FORMAT", "calendar", "kilden", lambda _: "2023-12"),
    ("eindkomst", "loentimer", "1.234,50", "NUMBER_FORMAT", "thousands", "1000-separator",
     number_of),
    ("eindkomst", "loentimer", "1\u00a0234,5", "NUMBER_FORMAT", "thousands", "mellemrum",
     number_of),
    ("eindkomst", "loenbeloeb", "31.250", "NUMBER_FORMAT", "point_or_thousands", "decimaltegn",
     lambda t: t.replace(".", "")),
    ("eindkomst", "loenbeloeb", "\u2212500,5", "NUMBER_FORMAT", "minus", "almindeligt minus",
     number_of),
    ("eindkomst", "loenbeloeb", "500,5-", "NUMBER_FORMAT", "minus", "foran", lambda _: "-500,5"),
    ("eindkomst", "loenbeloeb", "(500,50)", "NUMBER_FORMAT", "minus", "foran", lambda _: "-500,50"),
    ("eindkomst", "loenbeloeb", "31.250,00 kr.", "NUMBER_FORMAT", "currency", "møntenhed",
     lambda _: "31250,00"),
    ("eindkomst", "loenbeloeb", "kr 31.250,00", "NUMBER_FORMAT", "currency", "Tal",
     lambda _: "31250,00"),
    ("eindkomst", "loentimer", "37 timer", "NUMBER_FORMAT", "unit", "enhed", lambda t: t[:2]),
    ("eindkomst", "loentimer", "37,5 ", "NUMBER_FORMAT", "blanks", "mellemrum", strip),
    ("eindkomst", "loentimer", "-1", "VALUE_NOT_ALLOWED", "range", "mindst 0", lambda t: t[1:]),
    ("eindkomst", "cvr", "12345678.0", "VALUE_NOT_ALLOWED", "decimals", "8 cifre", lambda t: t[:8]),
    ("eindkomst", "cvr", "DK12345678", "VALUE_NOT_ALLOWED", "grouped", "8 cifre", lambda t: t[2:]),
    ("eindkomst", "cvr", "12 34 56 78", "VALUE_NOT_ALLOWED", "grouped", "8 cifre",
     lambda t: t.replace(" ", "")),
    ("eindkomst", "ansaettelsestype", "Ordinær", "VALUE_NOT_ALLOWED", "case",
     "„ordinær“, „fleksjob“, „løntilskud“", str.lower),
    ("eindkomst", "ansaettelsestype", "ordinær ", "VALUE_NOT_ALLOWED", "blanks", "mellemrum",
     strip),
    ("eindkomst", "ansaettelsestype", "ordina\u0308r", "VALUE_NOT_ALLOWED", "spelling", "„ordinær“",
     lambda _: "ordinær"),
    ("aktiviteter", "type", "saerligt", "VALUE_NOT_ALLOWED", "spelling", "„særligt forløb“",
     lambda _: "særligt forløb"),
    ("aktiviteter", "kanal", "beso\u0308g", "VALUE_NOT_ALLOWED", "spelling", "„besøg“",
     lambda _: "besøg"),
    ("resultatkrav", "krav", "Ja", "VALUE_NOT_ALLOWED", "case", "„ja“, „nej“", str.lower),
    ("resultatkrav", "krav", "måske", "VALUE_NOT_ALLOWED", "spelling", "„ja“, „nej“",
     lambda _: "ja"),
    ("resultatkrav", "kontrakt_id", "Proeve-kontrakt", "CONTRACT_UNKNOWN", "case", "kontraktfilen",
     str.lower),
    ("resultatkrav", "forloeb_id", "F-009 ", "VALUE_NOT_ALLOWED", "blanks", "mellemrum", strip),
    ("resultatkrav", "forloeb_id", "F-009\u200b", "VALUE_NOT_ALLOWED", "invisible", "RENS",
     lambda t: t[:5]),
    ("ydelsesrefusion", "Ydelse", "Merudgifter", "CODE_UNKNOWN", "spelling", "ignore_values",
     lambda _: "Sygedagpenge"),
    ("ydelsesrefusion", "Ydelse", "SYGEDAGPENGE", "CODE_UNKNOWN", "case", "store og små",
     lambda _: "Sygedagpenge"),
    ("ydelsesrefusion", "Uge", "2023-01-10", "VALUE_NOT_ALLOWED", "monday", "mandag",
     lambda _: "2023-01-09"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "heading", "value", "code", "cause", "advice", "mend"),
    CELLS,
    ids=[f"{heading} {value}" for _, heading, value, *_ in CELLS],
)
# Rules I.refusal, I.silent
def test_a_value_that_a_program_changed_is_told_with_what_to_do_and_then_accepted(
    judge: Judge,
    source: str,
    heading: str,
    value: str,
    code: str,
    cause: str,
    advice: str,
    mend: Callable[[str], str],
) -> None:
    found = judge(source, "csv", corpus.csv_bytes(*table_with(source, heading, value)))
    assert told(found) == [(code, heading, cause)]
    assert found[0].rows == (2,)
    assert advice in remedy(found, "csv")
    assert value.strip() not in repr(found) or value.strip().lower() in found[0].expected
    assert not judge(source, "csv", corpus.csv_bytes(*table_with(source, heading, mend(value))))


def test_a_word_of_the_remedies_tells_what_the_declaration_says_and_never_a_value(
    judge: Judge,
) -> None:
    source = load_sources()["eindkomst"].model_copy(
        update={"csv": Csv(decimal="."), "month_format": "MM-YYYY"}
    )
    headings, rows = table_with("eindkomst", "loentimer", "37,25")
    rows = [[row[0], row[1], f"{row[2][5:]}-{row[2][:4]}", *row[3:]] for row in rows]
    found = judge(source, "csv", corpus.csv_bytes(headings, rows))
    points = {(f.column, f.cause, f.expected) for f in found}
    assert ("loentimer", "point", "højst 2 decimaler, decimalpunktum, mindst 0") in points
    assert not {column for column, *_ in points} - {"loentimer", "loenbeloeb"}
    rows[0][2] = "13-2023"
    found = judge(source, "csv", corpus.csv_bytes(headings, rows))
    assert ("maaned", "calendar", "MM-ÅÅÅÅ") in {(f.column, f.cause, f.expected) for f in found}


@pytest.mark.parametrize(
    ("line", "cause"), [("I alt;4", "short"), ("6101901234;890;2023-01-02;;1;note", "long")]
)
# Rule I.refusal
def test_a_totals_row_or_a_note_in_a_csv_file_is_told_by_its_width(
    judge: Judge, line: str, cause: str
) -> None:
    good = corpus.good_csv("ydelsesforloeb")
    found = judge("ydelsesforloeb", "csv", good + line.encode() + b"\n")
    assert told(found) == [("ROW_WIDTH", None, cause)]
    assert "slet" in remedy(found, "csv")
    assert not judge("ydelsesforloeb", "csv", good)


def test_a_totals_row_as_wide_as_the_table_is_told_in_every_column(judge: Judge) -> None:
    good = corpus.good_csv("ydelsesforloeb")
    found = judge("ydelsesforloeb", "csv", good + b"I alt;;;;\n")
    assert ("CPR_LENGTH", "cpr", "words") in told(found)
    assert all("slet hele rækken" in remedy((one,), "csv") for one in found)


@pytest.mark.parametrize(
    ("data", "file_format", "code", "cause", "advice"),
    [
        (corpus.good_xlsx("deltagere"), "csv", "FILE_ENCODING", "workbook", "CSV UTF-8"),
        (corpus.good_csv("deltagere"), "xlsx", "FILE_FORMAT", "text", ".csv"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "xlsx", "FILE_FORMAT", "old_workbook",
         "adgangskode"),
        (b"<html><table><tr><td>kontrakt_id</td></tr></table></html>", "xlsx", "FILE_FORMAT",
         "markup", "hjemmeside"),
        (corpus.csv_bytes(*corpus.TABLES["deltagere"], encoding="utf-16"), "csv", "FILE_ENCODING",
         "utf16", "CSV UTF-8"),
        (corpus.csv_bytes(*corpus.TABLES["deltagere"], encoding="cp1252"), "csv", "FILE_ENCODING",
         "eight_bits", "cp1252"),
        (corpus.good_csv("deltagere").decode().encode().decode("cp1252").encode(), "csv",
         "FILE_ENCODING", "twice", "Hent udtrækket igen"),
        (corpus.repacked(corpus.good_xlsx("deltagere"),
                         {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"}),
         "xlsx", "FILE_LIMIT", "links", "Bryd kæde"),
        (corpus.repacked(corpus.good_xlsx("deltagere"), {"xl/connections.xml": b"<connections/>"}),
         "xlsx", "FILE_LIMIT", "queries", "Forespørgsler og forbindelser"),
        (corpus.repacked(corpus.good_xlsx("deltagere"), {"xl/vbaProject.bin": b"x"}),
         "xlsx", "FILE_LIMIT", "macros", "uden makroer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_file_that_is_another_than_its_name_says_is_told_what_it_is(
    judge: Judge, data: bytes, file_format: str, code: str, cause: str, advice: str
) -> None:
    found = judge("deltagere", file_format, data)
    assert [(finding.code, finding.cause) for finding in found] == [(code, cause)]
    if advice != "uden makroer":
        assert advice in remedy(found, file_format)


def test_a_file_whose_rows_are_all_skipped_or_outside_its_window_says_nothing_and_is_refused(
    judge: Judge,
) -> None:
    head = "Område;Ydelse;Periode;Antal personer;Antal fuldtidspersoner\n"
    skipped = head + "Prøve;Ukendt ydelse;2021M11;12;10,5\n"
    assert told(judge("jobindsats", "csv", skipped.encode())) == [("FILE_EMPTY", None, "skipped")]
    one_known = skipped + "Prøve;Sygedagpenge;2021M11;12;10,5\n"
    assert not judge("jobindsats", "csv", one_known.encode())


@pytest.mark.parametrize(
    ("window", "is_inside"),
    [
        ("_2022-01-01_2022-12-31", False), ("_2022-01-01_2023-01-01", False),
        ("_2022-01-01_2023-01-02", True), ("_2023-03-31_2023-03-31", True),
        ("_2023-04-01_2023-04-30", False),
    ],
)  # fmt: skip
# Rule I.window
def test_a_window_needs_a_row_with_a_day_in_it(judge: Judge, window: str, is_inside: bool) -> None:
    headings, rows = corpus.TABLES["ydelsesforloeb"]
    found = judge("ydelsesforloeb", "csv", corpus.csv_bytes(headings, rows[:1]), window)
    assert told(found) == ([] if is_inside else [("FILE_EMPTY", None, "outside")])
    if found:
        assert "perioden i filnavnet" in remedy(found, "csv")


# Rule I.places
def test_rows_of_one_column_and_code_are_one_finding_that_tells_each_cause_by_its_rows(
    judge: Judge,
) -> None:
    headings, rows = table_with("ydelsesforloeb", "fra_dato", "01-02-2023")
    rows[2][headings.index("fra_dato")] = "2023-05-01 00:00:00"
    rows[4][headings.index("fra_dato")] = "01-06-2023"
    found = judge("ydelsesforloeb", "csv", corpus.csv_bytes(headings, rows))
    assert [(f.code, f.rows, f.row_total, f.places) for f in found] == [
        ("DATE_FORMAT", (2, 3, 5), 3, (3, 4, 6))
    ]
    advice = remedy(found, "csv")
    assert advice.startswith("Post 2, 5: ") and " Post 3: Datoen har et klokkeslæt" in advice
    assert Finding.from_json(found[0].as_json()) == found[0]
