"""Self-tests of the macros: exact division, øre, full-time persons, months, against Python."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.settings import DBT_DIR

LARGE = 10**30


@cache
def _environment() -> Any:
    """The macros as functions, compiled once."""
    import jinja2

    texts = [
        (DBT_DIR / "macros" / f"{name}.sql").read_text() for name in ("arithmetic", "calendar")
    ]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals.update(vars(environment.from_string("".join(texts)).module))
    return environment


def _render(call: str) -> str:
    text: str = _environment().from_string("{{ " + call + " }}").render()
    return text.strip()


def _value(engine: duckdb.DuckDBPyConnection, call: str) -> object:
    ((value,),) = engine.execute(f"select {_render(call)}").fetchall()
    return value


def _round(num: int, den: int) -> int:
    with localcontext() as context:
        context.prec = 80
        return int((Decimal(num) / Decimal(den)).quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("num", "den", "expected"),
    [
        (1, 2, 1),
        (-1, 2, -1),
        (4, 10, 0),
        (-4, 10, 0),
        (5, 10, 1),
        (14, 10, 1),
        (15, 10, 2),
        (-15, 10, -2),
        (0, 7, 0),
    ],
)
# Rule R0.exact
def test_half_goes_away_from_zero(
    engine: duckdb.DuckDBPyConnection, num: int, den: int, expected: int
) -> None:
    assert _value(engine, f"div_round('{num}', '{den}')") == expected


def test_nothing_divides_by_zero(engine: duckdb.DuckDBPyConnection) -> None:
    assert _value(engine, "div_round('1', '0')") is None
    assert _value(engine, "div_round('null', '1')") is None


@settings(max_examples=60, deadline=None)
@given(num=st.integers(-LARGE, LARGE), den=st.integers(1, 10**6))
def test_division_is_exact_far_beyond_a_double(
    engine: duckdb.DuckDBPyConnection, num: int, den: int
) -> None:
    assert _value(engine, f"div_round(\"'{num}'::hugeint\", '{den}')") == _round(num, den)


@settings(max_examples=40, deadline=None)
@given(amount=st.decimals(Decimal("-1e14"), Decimal("1e14"), places=2))
def test_kroner_become_oere_and_kroner_again(
    engine: duckdb.DuckDBPyConnection, amount: Decimal
) -> None:
    text = f"{amount}::decimal(18, 2)"
    assert _value(engine, f"to_oere('{text}')") == int(amount * 100)
    call = f"to_kroner(to_oere('{text}'))"
    assert _value(engine, call) == amount
    kind = engine.execute(f"select typeof(({_render(call)}))").fetchall()
    assert kind == [("DECIMAL(18,2)",)]


@settings(max_examples=40, deadline=None)
@given(fte=st.decimals(Decimal(0), Decimal("1e9"), places=4))
def test_full_time_persons_become_parts_and_full_time_persons_again(
    engine: duckdb.DuckDBPyConnection, fte: Decimal
) -> None:
    text = f"{fte}::decimal(18, 4)"
    assert _value(engine, f"to_fte_parts('{text}')") == int(fte * 10000)
    assert _value(engine, f"to_fte(to_fte_parts('{text}'))") == fte


@pytest.mark.parametrize(
    ("day", "first", "end"),
    [
        ("2024-02-29", "2024-02-01", "2024-03-01"),
        ("2023-02-28", "2023-02-01", "2023-03-01"),
        ("2023-12-31", "2023-12-01", "2024-01-01"),
        ("2023-01-01", "2023-01-01", "2023-02-01"),
    ],
)
# Rule R0.months
def test_a_month_begins_on_its_first_day_and_ends_before_the_next(
    engine: duckdb.DuckDBPyConnection, day: str, first: str, end: str
) -> None:
    text = f"\"date '{day}'\""
    assert _value(engine, f"month_of({text})") == dt.date.fromisoformat(first)
    assert _value(engine, f"month_end({text})") == dt.date.fromisoformat(end)


# Rule R0.months
def test_months_are_added_to_first_days(engine: duckdb.DuckDBPyConnection) -> None:
    assert _value(engine, "add_months(\"date '2023-11-01'\", '3')") == dt.date(2024, 2, 1)
