"""The scalar types of a contract file: how a text becomes a date, a number, an amount, a share.

What belongs here: one grammar per type. What does not: which key has which type (``model``).
Values come from the strict YAML reader (``Plain`` = unquoted, ``str`` = quoted) or from stored
terms (JSON types), and both give the same value. A wrong type is a ``ValueError`` too: pydantic
turns nothing else into an error with a key path.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from dagster_project.lib.base import months
from dagster_project.lib.base.strict_yaml import Plain

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MONEY_DECIMALS, _SHARE_DECIMALS, _FTE_DECIMALS = 2, 6, 4
_MAX_DIGITS = 15
MAX_COUNT = 1_000_000_000


def _decimal_pattern(decimals: int, *, signed: bool = True) -> str:
    sign = "-?" if signed else ""
    return rf"^{sign}(0|[1-9][0-9]{{0,{_MAX_DIGITS - 1}}})(\.[0-9]{{1,{decimals}}})?$"


def _stripped(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("skal være en tekst")  # noqa: TRY004 - see above
    text = str(value).strip()
    if not text:
        raise ValueError("må ikke være tom")
    return text


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Plain) and _INTEGER.fullmatch(value) and len(value) <= _MAX_DIGITS:
        return int(value)
    raise ValueError("skal være et helt tal, skrevet med cifre alene og uden anførselstegn")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Plain) and value in ("true", "false"):
        return value == "true"
    raise ValueError("skal være true eller false, uden anførselstegn")


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError("findes ikke i kalenderen") from None
        if _FIRST_YEAR <= day.year <= _LAST_YEAR:
            return day
    raise ValueError(f"skal være en dato ÅÅÅÅ-MM-DD mellem {_FIRST_YEAR} og {_LAST_YEAR}")


def _month(value: Any) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return months.first_day(value)
    if isinstance(value, str) and _MONTH.fullmatch(value):
        try:
            return _date(f"{value}-01")
        except ValueError:
            raise ValueError("findes ikke i kalenderen") from None
    raise ValueError("skal være en måned ÅÅÅÅ-MM")


def _decimal(decimals: int, *, quoted_only: bool = False) -> BeforeValidator:
    """A decimal number: a plain integer (unless ``quoted_only``) or a quoted decimal."""
    quantum = Decimal(1).scaleb(-decimals)
    form = re.compile(_decimal_pattern(decimals).rstrip("$"))

    def read(value: Any) -> Decimal:
        if isinstance(value, Decimal):
            return value.quantize(quantum)
        if isinstance(value, int) and not isinstance(value, bool) and not quoted_only:
            return Decimal(value).quantize(quantum)
        if not isinstance(value, str):
            raise ValueError("skal være et tal")  # noqa: TRY004 - see above
        if isinstance(value, Plain) and quoted_only:
            raise ValueError('skal være et decimaltal i anførselstegn, fx "0.50"')
        if isinstance(value, Plain) and not _INTEGER.fullmatch(value):
            raise ValueError(
                "skal være et helt tal, eller et decimaltal i anførselstegn (uden dem er det "
                "ikke nøjagtigt)"
            )
        if not form.fullmatch(value):
            raise ValueError(f"skal være et tal med punktum og højst {decimals} decimaler")
        return Decimal(str(value)).quantize(quantum)

    return BeforeValidator(read)


@dataclass(frozen=True)
class Between:
    """Bounds of a whole number, both included; the JSON Schema says them too."""

    low: int
    high: int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The number's own schema, then the bounds."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What an editor checks."""
        return {**handler(schema), "minimum": self.low, "maximum": self.high}

    def _check(self, value: int) -> int:
        if not self.low <= value <= self.high:
            raise ValueError(f"skal være mellem {self.low} og {self.high}")
        return value


def _month_text(month: dt.date) -> str:
    return f"{month.year:04d}-{month.month:02d}"


def _number_schema(decimals: int, *, signed: bool = False) -> WithJsonSchema:
    """What an editor checks of an amount: a whole number, or the text of a decimal."""
    greatest = 10**_MAX_DIGITS - 1
    return WithJsonSchema({
        "anyOf": [
            {"type": "integer", "minimum": -greatest if signed else 0, "maximum": greatest},
            {"type": "string", "pattern": _decimal_pattern(decimals, signed=signed)},
        ]
    })  # fmt: skip


_SHARE_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": rf"^(0(\.[0-9]{{1,{_SHARE_DECIMALS}}})?|1(\.0{{1,{_SHARE_DECIMALS}}})?)$",
    }
)


Text = Annotated[str, BeforeValidator(_stripped), Field(min_length=1, max_length=2000)]
Clause = Annotated[
    str,
    BeforeValidator(_stripped),
    Field(min_length=1, max_length=2000, description="Document, place and a short paraphrase."),
]
Integer = Annotated[int, BeforeValidator(_integer)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Day = Annotated[
    dt.date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
]
Month = Annotated[
    dt.date,
    BeforeValidator(_month),
    PlainSerializer(_month_text),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}$"}),
]
SignedMoney = Annotated[
    Decimal, _decimal(_MONEY_DECIMALS), _number_schema(_MONEY_DECIMALS, signed=True)
]
Money = Annotated[Decimal, _decimal(_MONEY_DECIMALS), Field(ge=0), _number_schema(_MONEY_DECIMALS)]
Share = Annotated[
    Decimal, _decimal(_SHARE_DECIMALS, quoted_only=True), Field(ge=0, le=1), _SHARE_SCHEMA
]
Measure = Annotated[
    Decimal, _decimal(_SHARE_DECIMALS), Field(ge=0, lt=1000), _number_schema(_SHARE_DECIMALS)
]
Fte = Annotated[Decimal, _decimal(_FTE_DECIMALS), Field(ge=0), _number_schema(_FTE_DECIMALS)]
Hours = Annotated[
    Decimal, _decimal(_MONEY_DECIMALS), Field(gt=0, lt=10_000), _number_schema(_MONEY_DECIMALS)
]
Days = Annotated[Integer, Between(0, 36_500)]
Count = Annotated[Integer, Between(0, MAX_COUNT)]
