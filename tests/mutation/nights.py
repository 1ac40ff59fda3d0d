"""Builds the worlds: the very homes of the scenario and end-to-end tests, night after night.

What belongs here: running the real pipeline once on each home, and writing down which columns the
test of that home compares. The rows that the tests expect are asked for here and must be there, so
that a world whose night is wrong is never a yardstick. What does not: a home of our own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.end_to_end import test_approved_histories as approved
from tests.end_to_end import test_examples, test_generated_worlds, test_sparse_homes
from tests.oracle import rows
from tests.scenarios import build, test_scenarios
from tests.support import examples, night
from tests.support.compare import differences
from tests.worlds import generate, retell

Tables = dict[str, list[dict[str, Any]]]
SEEDS = test_generated_worlds.SEEDS


class Recorder:
    """Keeps the warehouse of a night and what its test compares."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(
        self, home: Path, name: str, expected: Tables, *, is_closed: bool = False,
        is_scenarios: bool = False,
    ) -> None:  # fmt: skip
        """Keep the night that has just been published in a home.

        Args:
            home: the home.
            name: the world's name.
            expected: the rows that must be there; their columns are what is compared.
            is_closed: the test leaves out periods that are still open.
            is_scenarios: the scenarios judge, not a whole table.
        """
        place = self._folder / name
        place.mkdir(parents=True)
        shutil.copy(home / "work" / "warehouse.duckdb", place / "warehouse.duckdb")
        tables = {
            table: {
                "columns": [c for c in found[0] if all(c in row for row in found)],
                "is_closed": is_closed and any("is_closed" in row for row in found),
            }
            for table, found in expected.items()
            if found
        }
        note = {"tables": tables, "is_scenarios": is_scenarios}
        (place / "compared.json").write_text(json.dumps(note, indent=1), encoding="utf-8")


def _require(said: list[str], name: str) -> None:
    if said:
        raise AssertionError(f"{name} differs from what its test expects: {said[:5]}")


def _scenarios(root: Path, recorder: Recorder) -> None:
    home = root / "scenarios"
    home.mkdir()
    build.publish(home)
    scenarios = test_scenarios.SCENARIOS
    named = {t for s in scenarios for t in (*s["expect"], *s["expect"].get("absent", {}))}
    found = night.read_marts(home, sorted(named - {"absent"}))
    for scenario in scenarios:
        _require(test_scenarios.violations(scenario, found, set()), scenario["law"])
    recorder.keep(home, "scenarios", found, is_scenarios=True)


def _examples(root: Path, recorder: Recorder) -> None:
    for name in sorted(test_examples.LAST):
        home = night.copy_inputs(examples.home_of(name), root / name)
        for example, as_of in (case.values for case in test_examples.CASES):
            if example == name:
                night.publish(home, as_of)
                expected = examples.expected(name, as_of)
                found = examples.closed_only(night.read_marts(home, list(expected)))
                _require(differences(expected, found), f"{name} {as_of}")
                recorder.keep(home, f"{name}-{as_of}", expected, is_closed=True)


def _oracle(home: Path, told: Path, as_of: str, name: str, recorder: Recorder) -> None:
    """A night that the oracle answers as well."""
    night.publish(home, as_of)
    answer = rows.answer(told, SEEDS, as_of)
    said = test_generated_worlds.compare(answer, home)["differences"]
    _require([line for lines in said.values() for line in lines], name)
    recorder.keep(home, name, answer)


def _generated(root: Path, recorder: Recorder) -> None:
    for hall, terms in test_generated_worlds.HALLS.items():
        own = {key: value for key, value in terms.items() if key != "as_of"}
        home = root / hall
        home.mkdir()
        world = generate.hall(**own)
        told = world.write(root / f"{hall}-told")
        world.write(home)
        for as_of in terms["as_of"]:
            _oracle(home, told, as_of, f"{hall}-{as_of}", recorder)


def _sparse(root: Path, recorder: Recorder) -> None:
    for name, (seed, register, missing) in test_sparse_homes.HOMES.items():
        whole = generate.hall(seed, 8, (register,), background_count=50, tracked_count=2)
        kept = {n: c for n, c in whole.files.items() if retell.source_of(n) not in missing}
        world = generate.World(files=kept, contracts=whole.contracts)
        home = root / name
        home.mkdir()
        told = world.write(root / f"{name}-told")
        world.write(home)
        _oracle(home, told, test_sparse_homes.AS_OF, name, recorder)


def _approved(root: Path, recorder: Recorder) -> None:
    home = root / "approved"
    home.mkdir()
    for as_of, found, expected in approved.live(home):
        said = [line for lines in found["differences"].values() for line in lines]
        _require(said, f"approved {as_of}")
        recorder.keep(home, f"approved-{as_of}", expected)


FAMILIES: dict[str, Callable[[Path, Recorder], None]] = {
    "scenarios": _scenarios,
    "examples": _examples,
    "generated": _generated,
    "sparse": _sparse,
    "approved": _approved,
}


def build_worlds(folder: Path) -> None:
    """Build every world that is missing from a folder; a family is built whole or not at all."""
    for family, run in FAMILIES.items():
        done = folder / f"{family}.done"
        if done.is_file():
            continue
        root = folder / f"homes-{family}"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        run(root, Recorder(folder))
        shutil.rmtree(root)
        done.touch()
