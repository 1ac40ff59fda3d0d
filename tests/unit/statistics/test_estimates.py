"""The two estimates that a library makes, against hand calculations (R5.curve, R9.difference)."""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from fractions import Fraction
from types import ModuleType

import duckdb
import pytest

from dagster_project.settings import DBT_DIR


def _load(place: str) -> ModuleType:
    path = DBT_DIR / "models" / "intermediate" / f"{place}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


curve = _load("relapse/int_relapse__estimate_curve")
effect = _load("effect/int_effect__estimate_difference")


def _exact(at_risk: list[int], returned: list[int]) -> list[Decimal]:
    share, result = Fraction(1), []
    for n, r in zip(at_risk, returned, strict=True):
        share *= Fraction(n - r, n)
        millionths = (share * 2_000_000 + 1) // 2
        result.append(Decimal(int(millionths)).scaleb(-6))
    return result


# Rule R5.curve
def test_the_share_still_out_is_the_product_of_the_months_so_far() -> None:
    shares = curve.still_out_shares([4, 2, 1], [1, 1, 0])
    assert shares == [Decimal("0.750000"), Decimal("0.375000"), Decimal("0.375000")]


def test_without_a_return_everybody_is_still_out() -> None:
    assert curve.still_out_shares([3, 2], [0, 0]) == [Decimal("1.000000")] * 2


def test_when_all_return_nobody_is_still_out() -> None:
    assert curve.still_out_shares([2], [2]) == [Decimal("0.000000")]


@pytest.mark.parametrize(
    ("at_risk", "returned"),
    [([128], [127]), ([384, 256], [128, 254]), ([9, 6, 6, 2], [3, 0, 4, 1]), ([640, 5], [635, 4])],
)
def test_a_tie_rounds_away_from_zero_as_the_exact_fraction_does(
    at_risk: list[int], returned: list[int]
) -> None:
    assert curve.still_out_shares(at_risk, returned) == _exact(at_risk, returned)


# Rule R9.difference
def test_difference_and_interval_agree_with_a_hand_calculation() -> None:
    # means 80 and 70, variances 106 and 26.5, five persons each; Welch's degrees of freedom 5.8824
    # and the table value t(0.975) = 2.4589 at them
    treated = [66, 76, 80, 84, 94]
    controls = [63, 68, 70, 72, 77]
    assert sum((x - 80) ** 2 for x in treated) / 4 == pytest.approx(106)
    row = effect.estimate(treated, controls, 104, Decimal("0.95"))
    assert row[:2] == (5, 5)
    assert row[2:6] == (
        Decimal("80.000000"), Decimal("70.000000"), Decimal("10.000000"), Decimal("9.615385"),
    )  # fmt: skip
    half_width = (row[7] - row[6]) / 2
    spread = (106 / 5 + 26.5 / 5) ** 0.5
    freedom = (106 / 5 + 26.5 / 5) ** 2 / ((106 / 5) ** 2 / 4 + (26.5 / 5) ** 2 / 4)
    assert freedom == pytest.approx(5.8824, abs=1e-3)
    assert float(half_width) == pytest.approx(2.4589 * spread, rel=1e-4)
    assert row[6] + row[7] == Decimal("20.000000")


def test_one_person_has_no_interval_and_none_has_no_mean() -> None:
    assert effect.estimate([10], [1, 2], 104, Decimal("0.95"))[6:] == (None, None)
    assert effect.estimate([], [1, 2], 104, Decimal("0.95"))[2:6] == (
        None, Decimal("1.500000"), None, None,
    )  # fmt: skip


# Rule R9.difference
def test_two_groups_without_spread_have_an_interval_of_one_point() -> None:
    row = effect.estimate([4, 4], [1, 1], 104, Decimal("0.95"))
    assert row[6:] == (Decimal("3.000000"), Decimal("3.000000"))


class Room:
    """What dbt hands to a Python model: its inputs as relations of one connection."""

    def __init__(self, tables: dict[str, str]) -> None:
        self.connection = duckdb.connect()
        for name, query in tables.items():
            self.connection.execute(f"create table {name} as {query}")

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        return self.connection.table(name)

    def config(self, materialized: str) -> None:
        assert materialized == "table"


def test_the_curve_of_each_part_is_its_own_in_the_order_of_months() -> None:
    room = Room(
        {
            "int_relapse__time_returns": (
                "select * from (values ('k', 'q', 0, 2, 1), ('k', 'p', 1, 2, 1), "
                "('m', 'p', 0, 5, 0), ('k', 'p', 0, 4, 1)) "
                "as time(contract_id, part_id, months_since_entry, at_risk, returned)"
            )
        }
    )
    rows = curve.model(room, room.connection).order("contract_id, part_id, months_since_entry")
    assert rows.fetchall() == [
        ("k", "p", 0, Decimal("0.750000")),
        ("k", "p", 1, Decimal("0.375000")),
        ("k", "q", 0, Decimal("0.500000")),
        ("m", "p", 0, Decimal("1.000000")),
    ]


def test_each_part_is_estimated_from_its_own_persons_and_one_without_any_has_its_row() -> None:
    room = Room(
        {
            "stg_contracts__effects": (
                "select * from (values ('k', 'p', 104, 0.95), ('k', 'q', 52, 0.95), "
                "('m', 'p', 104, 0.95)) as part(contract_id, part_id, weeks, confidence_share)"
            ),
            "int_effect__count_weeks": (
                "select * from (values ('k', 'p', true, 10), ('k', 'p', true, 10), "
                "('k', 'p', false, 8), ('k', 'p', false, 8), ('k', 'q', true, 26), "
                "('k', 'q', false, 0)) as person(contract_id, part_id, is_treated, free_weeks)"
            ),
        }
    )
    rows = effect.model(room, room.connection).order("contract_id, part_id").fetchall()
    assert [row[:4] for row in rows] == [("k", "p", 2, 2), ("k", "q", 1, 1), ("m", "p", 0, 0)]
    assert rows[0][4:] == (
        Decimal("10.000000"), Decimal("8.000000"), Decimal("2.000000"), Decimal("1.923077"),
        Decimal("2.000000"), Decimal("2.000000"),
    )  # fmt: skip
    assert rows[1][4:] == (
        Decimal("26.000000"), Decimal("0.000000"), Decimal("26.000000"), Decimal("50.000000"),
        None, None,
    )  # fmt: skip
    assert rows[2][4:] == (None,) * 6


def test_without_a_part_both_tables_are_empty_and_have_their_columns() -> None:
    room = Room(
        {
            "int_relapse__time_returns": (
                "select '' as contract_id, '' as part_id, 0 as months_since_entry, 0 as at_risk, "
                "0 as returned where false"
            ),
            "stg_contracts__effects": (
                "select '' as contract_id, '' as part_id, 0 as weeks, 0.95 as confidence_share "
                "where false"
            ),
            "int_effect__count_weeks": (
                "select '' as contract_id, '' as part_id, true as is_treated, 0 as free_weeks "
                "where false"
            ),
        }
    )
    drawn = curve.model(room, room.connection)
    estimated = effect.model(room, room.connection)
    assert (drawn.fetchall(), estimated.fetchall()) == ([], [])
    assert drawn.columns == ["contract_id", "part_id", "months_since_entry", "still_out_share"]
    assert len(estimated.columns) == 10


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Fraction(1, 2_000_000), "0.000001"),
        (Fraction(-1, 2_000_000), "-0.000001"),
        (Fraction(1, 2_000_001), "0.000000"),
        (Fraction(-1, 3), "-0.333333"),
        (0.0000005, "0.000001"),
    ],
)
def test_an_estimate_is_rounded_to_six_places_half_away_from_zero(
    value: Fraction | float, wanted: str
) -> None:
    assert effect.rounded(value) == Decimal(wanted)


def test_a_greater_spread_or_confidence_widens_the_interval_around_the_difference() -> None:
    narrow = effect.welch_interval([10, 12], [4, 6], Decimal("0.95"))
    wide = effect.welch_interval([10, 12], [4, 6], Decimal("0.99"))
    assert sum(narrow) / 2 == pytest.approx(6)
    assert wide[0] < narrow[0] < 6 < narrow[1] < wide[1]
    spread = effect.welch_interval([9, 13], [4, 6], Decimal("0.95"))
    assert spread[0] < narrow[0] and narrow[1] < spread[1]
