"""The reference tables of seeds/: benefit codes and names, words, the documents' own figures.

What belongs here: strict reading, the raw tables. What does not: the arithmetic of the errata
(``errata``), what a benefit code means for a person-month (dbt).

Rules: I.benefit_codes, R7.expenditure.
Decides: I.benefit_codes, R7.expenditure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.base import canonical
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.reference.errata import DocumentFigure, FigureError, judge_figures
from dagster_project.lib.warehouse.rows import replace_rows
from dagster_project.settings import SEEDS_DIR

SEEDS = SEEDS_DIR
CODE_FIRST, CODE_LAST = 100, 999
EXIT_REASONS = frozenset({"udvandret", "folkepension", "død"})
CODE_COLUMNS = (
    "code_from", "code_to", "benefit_group", "match_group", "is_public_support",
    "is_subsidised_job", "is_exit", "exit_reason", "source",
)  # fmt: skip
NAME_COLUMNS = ("name", "benefit_group")
EXPENDITURE_COLUMNS = ("table_id", "year", "amount_mio", "index_stated")
CORRECTION_COLUMNS = ("correction", "table_id", "year", "as_printed", "amount_mio", "reason")
FIGURE_COLUMNS = (
    "figure", "document", "place", "stated", "unit", "decimals", "expression", "kind"
)  # fmt: skip
WORD_COLUMNS = (
    "domain", "code", "rule_id", "label_da", "remedy_da", "owner", "description_da"
)  # fmt: skip


@dataclass(frozen=True)
class KnownGroups:
    """The benefit groups and match groups of the benefit code table."""

    benefit_groups: frozenset[str]
    match_groups: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class BenefitCode:
    """A range of register codes and what it stands for."""

    code_from: int
    code_to: int
    benefit_group: str
    match_group: str
    is_public_support: bool
    is_subsidised_job: bool
    is_exit: bool
    exit_reason: str
    source: str


@dataclass(frozen=True)
class Benefits:
    """What a file may call a benefit.

    Args:
        code_ranges: first and last code of each range of the code table.
        group_of_name: name and benefit group of each row of benefit_names.csv.
        names_sha256: of that file; rows that are mapped by another one are loaded again.
    """

    code_ranges: tuple[tuple[int, int], ...]
    group_of_name: tuple[tuple[str, str], ...]
    names_sha256: str


@dataclass(frozen=True)
class Expenditure:
    """An amount of an expenditure table in millions of kroner, None where it is no number."""

    table_id: str
    year: int
    amount_mio: Decimal | None
    index_stated: Decimal
    amount_as_printed: str
    is_corrected: bool


@dataclass(frozen=True)
class Word:
    """What people read for a code.

    Args:
        domain: what the code is one of: ``state``, ``cause``, ``finding`` …
        code: as the mart, the ledger or a finding holds it.
        rule_id: the rule that gives the code, by its id in ``docs/rules``; may be empty.
        label_da: what the code is called; empty where it only says what else is to be done.
        remedy_da: what to do about it; may be empty.
        owner: who can act on it; may be empty.
        description_da: what the code means, where its name does not say it; may be empty.
    """

    domain: str
    code: str
    rule_id: str
    label_da: str
    remedy_da: str
    owner: str
    description_da: str = ""


@dataclass(frozen=True)
class Reference:
    """All reference tables, validated."""

    benefit_codes: tuple[BenefitCode, ...]
    expenditure: tuple[Expenditure, ...]
    figures: tuple[DocumentFigure, ...]
    words: tuple[Word, ...]

    @cached_property
    def sha256(self) -> dict[str, str]:
        """Hash of each table's content, by table; notation and order of the file play no role."""
        return {
            "benefit_codes": canonical.sha256_json([asdict(row) for row in self.benefit_codes]),
            "expenditure": canonical.sha256_json([asdict(row) for row in self.expenditure]),
            "document_figures": canonical.sha256_json([asdict(row) for row in self.figures]),
        }

    def codes_as_rows(self) -> list[dict[str, Any]]:
        """Benefit codes as JSON-ready rows: what an approved settlement stores."""
        return [asdict(row) for row in self.benefit_codes]

    def with_codes(self, rows: Sequence[Mapping[str, Any]]) -> Reference:
        """The same tables with the benefit codes of a stored settlement."""
        codes = tuple(BenefitCode(**{name: row[name] for name in CODE_COLUMNS}) for row in rows)
        _check_codes(codes, "de gemte ydelseskoder")
        return replace(self, benefit_codes=codes)


def groups_of(codes: Sequence[BenefitCode]) -> KnownGroups:
    """The benefit groups and match groups of a code table."""
    return KnownGroups(
        frozenset(row.benefit_group for row in codes),
        frozenset((row.benefit_group, row.match_group) for row in codes if row.match_group),
    )


def load_reference(seeds: Path = SEEDS) -> Reference:
    """Read the reference tables strictly.

    Args:
        seeds: the folder of the CSV files.

    Raises:
        EffektError: REFERENCE_TABLE, naming file, line and column.
    """
    return Reference(
        load_benefit_codes(seeds / "benefit_codes.csv"),
        _load_expenditure(seeds / "expenditure.csv", seeds / "corrections.csv"),
        _load_figures(seeds / "document_figures.csv"),
        load_words(seeds / "words.csv"),
    )


@cache
def load_benefits() -> Benefits:
    """What a file may call a benefit, from the code table and benefit_names.csv.

    Raises:
        EffektError: REFERENCE_TABLE, naming file, line and column.
    """
    path = SEEDS / "benefit_names.csv"
    groups: dict[str, str] = {}
    for row in _rows(path, NAME_COLUMNS):
        if row["name"] in groups:
            raise row.problem("name", "står to gange")
        groups[row["name"]] = row.text("benefit_group")
    codes = load_benefit_codes()
    ranges = tuple((row.code_from, row.code_to) for row in codes)
    return Benefits(ranges, tuple(groups.items()), canonical.sha256_file(path))


def load_benefit_codes(path: Path = SEEDS / "benefit_codes.csv") -> tuple[BenefitCode, ...]:
    """The benefit code table alone, ordered by code."""
    codes = [
        BenefitCode(
            code_from=row.code("code_from"),
            code_to=row.code("code_to"),
            benefit_group=row.text("benefit_group"),
            match_group=row["match_group"],
            is_public_support=row.flag("is_public_support"),
            is_subsidised_job=row.flag("is_subsidised_job"),
            is_exit=row.flag("is_exit"),
            exit_reason=row["exit_reason"],
            source=row["source"],
        )
        for row in _rows(path, CODE_COLUMNS)
    ]
    ordered = tuple(sorted(codes, key=lambda row: row.code_from))
    _check_codes(ordered, path.name)
    return ordered


def load_words(path: Path) -> tuple[Word, ...]:
    """The words of all codes, in the order of the file."""
    words: dict[tuple[str, str], Word] = {}
    for row in _rows(path, WORD_COLUMNS):
        key = (row.text("domain"), row.text("code"))
        if key in words:
            raise row.problem("code", "står to gange i sit domain")
        if not row["label_da"] and not row["remedy_da"]:
            raise row.problem("label_da", "må ikke være tom, hvor der ikke er et remedy")
        words[key] = Word(**row)
    return tuple(words.values())


def write_reference(connection: duckdb.DuckDBPyConnection, reference: Reference) -> dict[str, int]:
    """Replace the raw tables of benefit codes, expenditure, figures, words; rows by table."""
    tables: dict[str, list[dict[str, Any]]] = {
        "raw.benefit_code": [_nulled(asdict(row)) for row in reference.benefit_codes],
        "raw.expenditure": [asdict(row) for row in reference.expenditure],
        "raw.document_figure": judge_figures(reference.figures),
        "raw.word": [
            {"word_no": number, **_nulled(asdict(row))}
            for number, row in enumerate(reference.words, start=1)
        ],
    }
    return {table: replace_rows(connection, table, rows) for table, rows in tables.items()}


def _nulled(row: dict[str, Any]) -> dict[str, Any]:
    """An empty text is none."""
    return {name: None if value == "" else value for name, value in row.items()}


def _check_codes(codes: Sequence[BenefitCode], name: str) -> None:
    for earlier, later in pairwise(codes):
        if later.code_from <= earlier.code_to:
            raise _error(f"{name}: intervallerne overlapper ved {later.code_from}")
    for row in codes:
        place = f"{name}: codes {row.code_from}–{row.code_to}"
        if row.code_from > row.code_to:
            raise _error(f"{place}: code_from ligger efter code_to")
        if row.is_exit != (row.exit_reason in EXIT_REASONS) or (
            row.exit_reason and not row.is_exit
        ):
            raise _error(f"{place}: is_exit og exit_reason passer ikke sammen")
        if row.is_public_support and row.is_subsidised_job:
            raise _error(f"{place}: kan ikke både være offentlig forsørgelse og støttet job")
    if not codes:
        raise _error(f"{name}: tabellen er tom")


def _load_expenditure(path: Path, corrections_path: Path) -> tuple[Expenditure, ...]:
    corrections = _load_corrections(corrections_path)
    rows = []
    for row in _rows(path, EXPENDITURE_COLUMNS):
        key = (row.text("table_id"), row.whole("year"))
        printed = row.text("amount_mio")
        correction = corrections.pop((*key, printed), None)
        amount = correction if correction is not None else _mio(printed)
        rows.append(
            Expenditure(*key, amount, row.decimal("index_stated"), printed, correction is not None)
        )
    if corrections:
        table_id, year, _ = min(corrections)
        raise _error(
            f"{corrections_path.name}: intet trykt beløb for {table_id} {year} passer til en række"
        )
    if len({(row.table_id, row.year) for row in rows}) != len(rows):
        raise _error(f"{path.name}: et table_id og år står to gange")
    return tuple(sorted(rows, key=lambda row: (row.table_id, row.year)))


def _load_corrections(path: Path) -> dict[tuple[str, int, str], Decimal]:
    found: dict[tuple[str, int, str], Decimal] = {}
    for row in _rows(path, CORRECTION_COLUMNS):
        row.text("correction"), row.text("reason")
        amount = _mio(row.text("amount_mio"))
        if amount is None:
            raise row.problem("amount_mio", "skal være millioner kroner med én decimal")
        key = (row.text("table_id"), row.whole("year"), row.text("as_printed"))
        if key in found:
            raise row.problem("as_printed", "er rettet to gange")
        found[key] = amount
    return found


def _mio(printed: str) -> Decimal | None:
    """Millions of kroner: ``98,6``, or with a thousands mark, ``13.279``; else None.

    The documents print the national amounts in whole millions with a thousands mark, dot or comma,
    and Hedensted's with one decimal; a number that is neither is refused as a number.
    """
    digits = printed.replace(".", ",").split(",")
    if not all(part.isascii() and part.isdigit() for part in digits) or len(digits) != 2:
        return None
    head, tail = digits
    if len(tail) == 1:
        return Decimal(f"{head}.{tail}")
    return Decimal(f"{head}{tail}") if len(tail) == 3 and len(head) <= 3 else None


def _load_figures(path: Path) -> tuple[DocumentFigure, ...]:
    figures = tuple(
        DocumentFigure(
            figure=row.text("figure"),
            document=row.text("document"),
            place=row.text("place"),
            stated=row.text("stated"),
            unit=row.text("unit"),
            decimals=row.whole("decimals") if row["decimals"] else None,
            expression=row["expression"],
            kind=row["kind"],
        )
        for row in _rows(path, FIGURE_COLUMNS)
    )
    try:
        judge_figures(figures)
    except FigureError as error:
        raise _error(f"{path.name}: {error}") from None
    return figures


class _Row(dict[str, str]):
    """A row of a reference table, with its file and line."""

    def __init__(self, values: Mapping[str, str], file: str, line: int) -> None:
        super().__init__(values)
        self._place = f"{file}, linje {line}"

    def problem(self, column: str, text: str) -> EffektError:
        """An error that names file, line and column."""
        return _error(f"{self._place}: {column}: {text}")

    def text(self, column: str) -> str:
        """A text that may not be empty."""
        if not self[column]:
            raise self.problem(column, "må ikke være tom")
        return self[column]

    def flag(self, column: str) -> bool:
        """``true`` or ``false``."""
        if self[column] not in ("true", "false"):
            raise self.problem(column, "skal være true eller false")
        return self[column] == "true"

    def whole(self, column: str) -> int:
        """A whole number ≥ 0."""
        if not (self[column].isascii() and self[column].isdigit()):
            raise self.problem(column, "skal være et helt tal")
        return int(self[column])

    def code(self, column: str) -> int:
        """A three-digit code."""
        value = self.whole(column)
        if not CODE_FIRST <= value <= CODE_LAST:
            raise self.problem(column, "skal være en kode på tre cifre")
        return value

    def decimal(self, column: str) -> Decimal:
        """A number with decimal comma."""
        if "." in self[column]:
            raise self.problem(column, "skal skrives med decimalkomma")
        try:
            return Decimal(self[column].replace(",", "."))
        except InvalidOperation:
            raise self.problem(column, "skal være et tal") from None


def _rows(path: Path, columns: Sequence[str]) -> Iterator[_Row]:
    """Rows of a CSV file with exactly these headings, in this order."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _error(f"{path.name}: kan ikke læses som UTF-8 ({type(error).__name__})") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != tuple(columns):
            raise _error(f"{path.name}: overskrifterne skal være {', '.join(columns)}")
        for values in reader:
            if len(values) != len(columns):
                raise _error(
                    f"{path.name}, linje {reader.line_num}: skal have {len(columns)} felter"
                )
            cells = {name: value.strip() for name, value in zip(columns, values, strict=True)}
            yield _Row(cells, path.name, reader.line_num)
    except csv.Error:
        raise _error(f"{path.name}, linje {reader.line_num}: kan ikke læses som CSV") from None


def _error(message: str) -> EffektError:
    return EffektError("REFERENCE_TABLE", message, remedy="ret tabellen i mappen seeds/")
