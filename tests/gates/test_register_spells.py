"""Gate 30, register rows in, spells out: each row of any register becomes a spell.

DuckDB once dropped every row of a register without an error (docs/adr/0016).
"""

from __future__ import annotations

import pytest

from dagster_project.lib.gates import facts, runner
from dagster_project.lib.gates.suites import Suite

_SPELLS = "intermediate.int_spells__clip_to_windows"
_WINDOWS = "intermediate.int_deliveries__resolve_effective_windows"
_DELIVERY = 9001
_REGISTER_NO = {"ydelsesforloeb": 1, "dream": 2, "ydelsesrefusion": 3}
# a register row of four weeks from the first Monday of 2024; the delivery owns two stretches of it
_ROWS = {
    "ydelsesforloeb": "(delivery_no, row_number, person_no, code, from_date, to_date, share)"
    " values (9001, 1, 1, 890, date '2024-01-01', date '2024-01-28', 1)",
    "dream": "(delivery_no, row_number, person_no, code, from_date, to_date)"
    " values (9001, 1, 1, 890, date '2024-01-01', date '2024-01-28')",
    "ydelsesrefusion": "(delivery_no, row_number, person_no, week_start, benefit_group, paid_dkk)"
    " values (9001, 1, 1, date '2024-01-01', 'sygedagpenge', 4550),"
    " (9001, 2, 1, date '2024-01-15', 'sygedagpenge', 4550)",
}


def deliver(context: facts.Context, source: str) -> None:
    """A known delivery of the register that owns two weeks and leaves the one between to another.

    It is not the newest of its source: another one without rows owns the week between.
    """
    context.connection.execute(
        f"""
        insert into raw.known_delivery (delivery_no, source, covers_from, covers_to, delivery_rank)
            values ({_DELIVERY}, '{source}', date '2024-01-01', date '2024-01-21', 9001),
                ({_DELIVERY + 1}, '{source}', date '2024-01-08', date '2024-01-14', 9002);
        insert into {_WINDOWS} (source, delivery_no, starts_on, ends_before)
            values ('{source}', {_DELIVERY}, date '2024-01-01', date '2024-01-08'),
                ('{source}', {_DELIVERY + 1}, date '2024-01-08', date '2024-01-15'),
                ('{source}', {_DELIVERY}, date '2024-01-15', date '2024-01-22');
        insert into raw.{source} {_ROWS[source]};
        """
    )


def clip(context: facts.Context, source: str, first_day: str) -> None:
    """The spell that the rules make of a week of the row."""
    context.connection.execute(
        f"insert into {_SPELLS} (register_no, person_no, delivery_no, starts_on, ends_before)"
        f" values ({_REGISTER_NO[source]}, 1, {_DELIVERY}, date '{first_day}',"
        f" date '{first_day}' + 7)"
    )


def lost(
    context: facts.Context, suites: dict[str, Suite], check: str = "rows_in_are_spells_out"
) -> int:
    """How many deliveries the check says have lost rows (or break what it asks for)."""
    results, _ = runner.run_suite(context, suites[check])
    assert results[0].is_success, "the meta-gate"
    found = next(result for result in results if result.check_id == check)
    assert found.is_success == (found.unexpected == 0)
    return found.unexpected


@pytest.mark.parametrize("source", _ROWS)
def test_a_register_whose_rows_are_lost_holds_the_night_back(
    planted: facts.Context, suites: dict[str, Suite], source: str
) -> None:
    deliver(planted, source)
    assert lost(planted, suites) == 1


@pytest.mark.parametrize("source", _ROWS)
def test_a_row_without_its_spell_in_one_owned_stretch_is_lost(
    planted: facts.Context, suites: dict[str, Suite], source: str
) -> None:
    deliver(planted, source)
    clip(planted, source, "2024-01-01")
    assert lost(planted, suites) == 1


@pytest.mark.parametrize("source", _ROWS)
def test_a_row_with_a_spell_in_every_owned_stretch_is_there(
    planted: facts.Context, suites: dict[str, Suite], source: str
) -> None:
    deliver(planted, source)
    clip(planted, source, "2024-01-01")
    clip(planted, source, "2024-01-15")
    assert lost(planted, suites) == 0


def test_a_weekly_payment_that_is_taken_back_makes_no_spell(
    planted: facts.Context, suites: dict[str, Suite]
) -> None:
    deliver(planted, "ydelsesrefusion")
    clip(planted, "ydelsesrefusion", "2024-01-01")
    planted.connection.execute(
        "insert into raw.ydelsesrefusion values"
        " (9001, 3, 1, date '2024-01-15', 'sygedagpenge', -4550)"
    )
    assert lost(planted, suites) == 0


@pytest.mark.parametrize(
    ("others", "deliveries"),
    [
        ("1, date '2024-02-29', date '2024-03-01'", 0),
        ("1, date '2024-02-29', date '2024-03-02'", 1),
        ("2, date '2024-02-29', date '2024-03-02'", 0),
        ("1, date '2024-05-01', null", 0),
        ("1, date '2024-04-30', date '2024-05-01'", 1),
    ],
    ids=["the_month_before", "its_first_day", "somebody_else", "the_month_after", "its_last_day"],
)
def test_a_spell_that_stands_as_alone_shares_none_of_its_months(
    planted: facts.Context, suites: dict[str, Suite], others: str, deliveries: int
) -> None:
    deliver(planted, "ydelsesforloeb")
    planted.connection.execute(
        f"insert into {_SPELLS} by name select * from (values"
        f" (1, {_DELIVERY}, true, 1, date '2024-03-20', date '2024-04-11'),"
        f" (1, {_DELIVERY}, false, {others})) as"
        " spells (register_no, delivery_no, is_alone, person_no, starts_on, ends_before)"
    )
    assert lost(planted, suites, "alone_is_alone") == deliveries
