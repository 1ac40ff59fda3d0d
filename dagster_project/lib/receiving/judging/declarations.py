"""The declaration of a source: ``seeds/sources/<source>.yml`` as a strict model.

What belongs here: what a declaration may say and how it is read. What does not: how a file is
parsed, and what a home says otherwise (``overlays``). Nothing about a source stands in code:
heading, type, limit and threshold are data.

Rules: I.declared, I.formats.
Decides: I.declared, I.formats.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dagster_project.lib.base import model_words
from dagster_project.lib.base.canonical import sha256_json
from dagster_project.lib.base.errors import EXIT_USAGE, EffektError
from dagster_project.lib.base.strict_yaml import (
    YamlRefusedError,
    as_json,
    read_document,
    show_path,
)
from dagster_project.lib.receiving.judging.dialect import (
    DayPattern,
    Delimiter,
    Encoding,
    MonthPattern,
)
from dagster_project.lib.receiving.judging.findings import ROWS_SHOWN
from dagster_project.lib.receiving.judging.patterns import Pattern, read_pattern
from dagster_project.lib.warehouse.raw_room import raw_columns
from dagster_project.settings import SOURCES_DIR

Format = Literal["csv", "xlsx", "parquet", "json"]
ColumnType = Literal[
    "cpr",  # ten digits, optionally DDMMYY-SSSS
    "benefit_code",  # three digits, in a range of seeds/benefit_codes.csv
    "benefit_name",  # mapped by seeds/benefit_names.csv
    "area",  # text; a trailing " Kommune" is dropped
    "contract",  # a contract_id that is loaded
    "text",
    "choice",  # one of allowed
    "yes_no",  # allowed[0] is true, allowed[1] is false
    "digits",  # exactly `length` digits
    "date",  # YYYY-MM-DD
    "month",  # YYYY-MM
    "statistics_month",  # YYYYMmm, e.g. 2021M11
    "number",  # declared decimals, decimal mark of the source
]


# the type of the raw room's column that a column of each type loads into
_RAW_TYPES: dict[ColumnType, str] = {
    "cpr": "integer", "benefit_code": "smallint", "yes_no": "boolean", "date": "date",
    "month": "date", "statistics_month": "date",
}  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _no_float(value: object) -> object:
    """Numbers are integers or quoted decimals, never floats."""
    if isinstance(value, float):
        raise ValueError("skriv tallet i anførselstegn")  # noqa: TRY004 - what pydantic wants
    return value


class Column(_Strict):
    """One column: its heading in the file, its name in the warehouse, its grammar.

    ``required``: every row has a value. A column that is not may be left out of a file altogether
    and then reads as empty, unless ``heading_required``: without it the file would say another
    thing than its sender means (I.formats: a missing required column refuses the file).
    """

    heading: str
    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    type: ColumnType
    required: bool
    heading_required: bool = False
    description: str
    example: str
    allowed: tuple[str, ...] = ()
    length: int | None = None
    max_decimals: int = 0
    max_digits: int = 14
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    above: Decimal | None = None
    range_code: Literal["SHARE_RANGE", "VALUE_NOT_ALLOWED"] = "VALUE_NOT_ALLOWED"
    default: Decimal | None = None
    weekday: Literal["monday"] | None = None
    # other names of the column in a json answer, in any case of letters
    json_names: tuple[str, ...] = ()
    null_tokens: tuple[str, ...] = ()
    unmapped: Literal["refuse", "skip"] = "refuse"
    load: bool = True
    # what an overlay says (judging.overlays)
    aliases: tuple[str, ...] = ()
    ignore_values: tuple[str, ...] = ()
    constant: str | None = None

    @property
    def must_be_present(self) -> bool:
        """Whether a file without this heading is refused."""
        return (self.required or self.heading_required) and self.constant is None

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading that the column may stand under."""
        return (self.heading, *self.aliases)

    @field_validator("minimum", "maximum", "above", "default", mode="before")
    @classmethod
    def _quoted(cls, value: object) -> object:
        return _no_float(value)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.type in ("choice", "yes_no")) != bool(self.allowed):
            raise ValueError("allowed hører til choice og yes_no, og kun dér")
        if self.type == "yes_no" and len(self.allowed) != 2:
            raise ValueError("yes_no skal have to tilladte værdier")
        if self.required and self.heading_required:
            raise ValueError("en kolonne, der skal udfyldes, har ikke heading_required")
        if (self.type == "digits") != (self.length is not None):
            raise ValueError("length hører til digits, og kun dér")
        return self


class Rule(_Strict):
    """A rule between columns (names, not headings).

    ``empty_allowed``: a period that ends the day before it begins covers no day; its row is skipped
    and counted, not rejected (an annulled spell). ``allowance``: by how much a figure may be above
    the other that it cannot exceed (both rounded when they are published).
    """

    rule: Literal["not_before", "needs", "only_with", "chain", "not_above"]
    column: str
    other: str
    value: str | None = None
    empty_allowed: bool = False
    allowance: Decimal = Decimal(0)

    @field_validator("allowance", mode="before")
    @classmethod
    def _quoted(cls, value: object) -> object:
        return _no_float(value)


class Csv(_Strict):
    """The dialect of a source's csv files."""

    encoding: Encoding = "utf-8"
    delimiter: Delimiter = ";"
    decimal: Literal[",", "."] = ","
    thousands: Literal[".", ""] = ""


class RowDays(_Strict):
    """The days of a row: from ``first`` to ``last``, or one week or month from ``first``.

    ``alone_by``: the column by which loading marks each row ``is_alone``: no other row of the same
    value has a day in the months that this row touches. Such a row is counted by itself.
    """

    first: str
    last: str | None = None
    span: Literal["period", "week", "month", "runs"] = "period"
    alone_by: str = ""


class Window(_Strict):
    """How a window source covers days."""

    row_days: RowDays

    granularity: Literal["days", "months", "weeks"] = "days"
    # a source's real name has no window, whatever stands here
    in_name: Literal["required", "optional"] = "required"
    # columns whose values are the window when the name has none
    derived_from: Literal["", "headings", "rows"] = ""


class Weeks(_Strict):
    """Headings of a wide weekly file: prefix and YYWW."""

    prefix: str
    description: str


class Limits(_Strict):
    """What a file may be at most; beyond it the file is refused unread (``FILE_LIMIT``)."""

    max_bytes: int
    max_rows: int
    max_columns: int
    max_line_bytes: int
    max_cell_chars: int
    max_unpacked_bytes: int = 200_000_000
    max_unpack_ratio: int = 100
    max_parts: int = 1000
    # elements of a workbook: cells with their values and texts; formats and everything else
    # (of a json file: the values and names it may have)
    max_cell_elements: int = 4_000_000
    max_other_elements: int = 500_000


class RowCounts(_Strict):
    """Thresholds of the row-count check of gate 10 (G.volume): data, with date and reason."""

    from_delivery: int = Field(ge=2)
    last: int = Field(ge=1)
    warning_share: Decimal
    held_share: Decimal
    decided_on: dt.date
    reason: str


class Figures(_Strict):
    """Thresholds of the check of published figures of gate 10 (G.figures): data, with reason.

    Args:
        column: the figure that is judged; the rest of the key is its series, ``month`` its place.
        months: how far neighbours lie on either side.
        least_known: how many of them must be known.
        neighbour_share: further from the mean of the neighbours than this share of it holds.
        moved_share: a known figure that is moved by more than this share of it holds.
        persons: neither holds unless it is more than so many full-time persons.
        usual_times: nor unless it is more than so many times the series' median change from one
            month to the next.
        usual_from: how many such changes must be known for that.
    """

    column: str
    month: str
    months: int = Field(ge=1)
    least_known: int = Field(ge=1)
    neighbour_share: Decimal
    moved_share: Decimal
    persons: Decimal
    usual_times: int = Field(ge=0)
    usual_from: int = Field(ge=1)
    decided_on: dt.date
    reason: str

    @field_validator("neighbour_share", "moved_share", "persons", mode="before")
    @classmethod
    def _quoted(cls, value: object) -> object:
        return _no_float(value)


class Source(_Strict):
    """One declared source."""

    source: str = Field(pattern=r"^[a-z]+$")
    title: str
    semantics: Literal["window", "upsert", "snapshot"]
    # whose file it is: for the package of templates
    sent_by: Literal["provider", "municipality"] = "municipality"
    formats: tuple[Format, ...]
    csv: Csv = Csv()
    sheet: str | None = None
    null_tokens: tuple[str, ...] = ("",)
    json_ignored: str = ""
    # words in the name of a column that is a measure and no dimension, where both could be digits
    json_measures: tuple[str, ...] = ()
    real_name: str | None = None
    window: Window | None = None
    weeks: Weeks | None = None
    key: tuple[str, ...] = ()
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    limits: Limits
    row_counts: RowCounts | None = None
    figures: Figures | None = None
    max_age_days: int = Field(ge=1)
    max_rejected_rows: int = Field(default=0, ge=0, le=ROWS_SHOWN)
    may_be_empty: bool = False
    # what an overlay says (judging.overlays)
    header_row: int = Field(default=1, ge=1)
    date_format: DayPattern | None = None
    month_format: MonthPattern | None = None
    ignore_columns: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [column.name for column in self.columns]
        headings = [column.heading for column in self.columns]
        if len(set(names)) != len(names) or len(set(headings)) != len(headings):
            raise ValueError("en kolonne står to gange")
        if (self.semantics == "window") != (self.window is not None):
            raise ValueError("window hører til kilder med vinduer, og kun dér")
        if (self.semantics == "window") != (self.row_counts is not None):
            raise ValueError("row_counts hører til kilder med vinduer, og kun dér")
        if ({r.column for r in self.rules} | {r.other for r in self.rules}) - set(names):
            raise ValueError("en regel nævner en ukendt kolonne")
        if set(self.key) - set(names):
            raise ValueError("nøglen nævner en ukendt kolonne")
        if self.figures is not None and (
            self.figures.column not in names or self.figures.month not in self.key
        ):
            raise ValueError("figures nævner en ukendt kolonne, eller en måned uden for nøglen")
        if self.real_name is not None:
            re.compile(self.real_name)
        return self

    def column(self, name: str) -> Column:
        """The column of this warehouse name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def day_pattern(self) -> Pattern | None:
        """The pattern of its dates, None for ``YYYY-MM-DD``."""
        return read_pattern(self.date_format, "day") if self.date_format else None

    @property
    def month_pattern(self) -> Pattern | None:
        """The pattern of its months, None for ``YYYY-MM`` (``YYYYMmm`` in statistics)."""
        return read_pattern(self.month_format, "month") if self.month_format else None

    @property
    def sha256(self) -> str:
        """Fingerprint of the declaration: rows parsed by another one are parsed again."""
        return sha256_json(self.model_dump(mode="json"))


def refused(file: str, problem: str) -> EffektError:
    """What ends a command that reads a declaration or an overlay which cannot be loaded (2).

    Args:
        file: the file's folder and name.
        problem: the key path and what is wrong there, in Danish.
    """
    return EffektError(
        "SOURCE_DECLARATION",
        f"{file}: {problem}",
        remedy="ret filen på det sted, der er nævnt, og kør igen; intet er modtaget",
        exit_code=EXIT_USAGE,
    )


def problems_of(error: ValidationError) -> str:
    """The key paths that a model refuses, and why."""
    told = [
        f"{show_path(item['loc'])}: {model_words.why(dict(item))}"
        for item in error.errors(include_input=False)
    ]
    return "; ".join(told)


def _read(path: Path) -> Source:
    name = f"seeds/sources/{path.name}"
    try:
        source = Source.model_validate(as_json(read_document(path).tree))
    except ValidationError as error:
        raise refused(name, problems_of(error)) from None
    except (YamlRefusedError, OSError) as error:
        raise refused(name, str(error)) from None
    if source.source != path.stem:
        raise refused(name, "source: er ikke filens navn")
    table = raw_columns().get(source.source)
    if table is None:
        raise refused(name, "source: varehuset har ingen tabel til kilden")
    for place, column in enumerate(source.columns):
        if column.load and (problem := _homeless(column, table)):
            raise refused(name, f"columns[{place}].{problem}")
    return source


def _homeless(column: Column, table: dict[str, str]) -> str | None:
    """Why the values of a column could not be loaded: its key and the reason."""
    kind = table.get(column.name)
    if kind is None:
        return f"name: kildens tabel i varehuset har ingen kolonne {column.name}"
    if column.type == "number":
        scale = re.fullmatch(r"decimal\(\d+, (\d+)\)", kind)
        places = int(scale[1]) if scale else 0
        is_fitting = places >= column.max_decimals and (scale or kind == "bigint")
    else:
        is_fitting = kind == _RAW_TYPES.get(column.type, "varchar")
    return None if is_fitting else f"type: varehusets kolonne {column.name} er af en anden type"


@cache
def load_sources(folder: Path = SOURCES_DIR) -> dict[str, Source]:
    """All declared sources by name.

    Raises:
        EffektError: ``SOURCE_DECLARATION`` (2): a file that is none, a source or a column that the
            warehouse has no place for.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.yml"))}
