"""The oracle gives every row of the worked homes, at each of their as-of dates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle import rows
from tests.support import examples
from tests.support.compare import differences

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.mark.parametrize(("name", "as_of"), examples.ALL)
def test_oracle_gives_every_expected_row(name: str, as_of: str) -> None:
    answer = rows.answer(examples.home_of(name), SEEDS, as_of)
    expected = examples.expected(name, as_of)
    assert differences(expected, examples.closed_only(answer)) == []


def test_a_changed_figure_in_the_answer_is_reported() -> None:
    expected = examples.expected(*examples.ALL[0])
    changed = {table: [dict(row) for row in found] for table, found in expected.items()}
    changed["settlement"][0]["payment_dkk"] = "0.01"
    del changed["participant"][0]
    assert len(differences(expected, changed)) == 2
