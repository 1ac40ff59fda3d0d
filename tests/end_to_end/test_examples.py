"""The worked homes come out of a whole night, row by row, at each of their as-of dates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import examples, night
from tests.support.compare import differences

LAST = {
    name: max(as_of for other, as_of in examples.ALL if other == name) for name, _ in examples.ALL
}
# every date of the largest home, the last one of the others: a date is a night
CASES = [
    pytest.param(name, as_of, marks=pytest.mark.xdist_group(f"example-{name}"))
    for name, as_of in examples.ALL
    if name == "spells-six-contracts" or as_of == LAST[name]
]


def run_example(shared_folder: Path, name: str) -> dict[str, list[str]]:
    """Differences by as-of date: one home, one night for each date in turn."""

    def run(home: Path) -> dict[str, list[str]]:
        night.copy_inputs(examples.home_of(name), home)
        said = {}
        for example, as_of in (case.values for case in CASES):
            if example == name:
                night.publish(home, as_of)
                expected = examples.expected(name, as_of)
                found: dict[str, Any] = night.read_marts(home, list(expected))
                said[as_of] = differences(expected, examples.closed_only(found))
        return said

    answer: dict[str, list[str]] = night.built_once(shared_folder, f"example-{name}", run)[1]
    return answer


@pytest.mark.parametrize(("name", "as_of"), CASES)
def test_a_night_gives_every_expected_row(shared_folder: Path, name: str, as_of: str) -> None:
    assert run_example(shared_folder, name)[as_of] == []
