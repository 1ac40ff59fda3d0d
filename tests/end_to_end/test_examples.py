"""The worked homes come out of a whole night, row by row, at each of their as-of dates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import examples, night
from tests.support.compare import differences


def run_example(shared_folder: Path, name: str) -> dict[str, list[str]]:
    """Differences by as-of date: one home, one night for each date in turn."""

    def run(home: Path) -> dict[str, list[str]]:
        night.copy_inputs(examples.home_of(name), home)
        said = {}
        for example, as_of in examples.ALL:
            if example == name:
                night.publish(home, as_of)
                expected = examples.expected(name, as_of)
                found: dict[str, Any] = night.read_marts(home, list(expected))
                said[as_of] = differences(expected, examples.closed_only(found))
        return said

    answer: dict[str, list[str]] = night.built_once(shared_folder, f"example-{name}", run)[1]
    return answer


@pytest.mark.parametrize(("name", "as_of"), examples.ALL)
def test_a_night_gives_every_expected_row(shared_folder: Path, name: str, as_of: str) -> None:
    assert run_example(shared_folder, name)[as_of] == []
