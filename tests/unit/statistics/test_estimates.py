"""The two estimates that a library makes, against hand calculations (30-rules.md §5 and §9)."""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from fractions import Fraction
from types import ModuleType

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


def test_two_groups_without_spread_have_an_interval_of_one_point() -> None:
    row = effect.estimate([4, 4], [1, 1], 104, Decimal("0.95"))
    assert row[6:] == (Decimal("3.000000"), Decimal("3.000000"))
