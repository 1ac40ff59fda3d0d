"""The wide weekly file, from csv to rows of ``raw.dream``, against DuckDB merely parsing it.

Two plain parses are measured: *read* looks at every cell and keeps none; *table* keeps the cells as
text in memory. *receive* is all that the project does with a landed file: checksum, byte scan,
grammar, duplicate persons, pseudonyms, numbers, runs of weeks, vault, register, warehouse.
*receive after the copy* leaves out that the landed file is copied into the vault and hashed.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from unittest import mock

from dagster_project.settings import PROJECT_ROOT
from tests.benchmarks.core import peak_mb

WEEKS = 157
PERSONS = {"municipality": 50_000, "city": 300_000, "nation": 6_000_000}
STEPS = ("read", "table", "receive")
PARSED = "receive after the copy"
_FIRST = dt.date(2022, 1, 3)
_NAME = "dream_2025-02-01.csv"
_CODES = ("890", "870", "731", "130", "740", "771", "211", "661")


def _dense(chance: random.Random) -> list[str]:
    cells: list[str] = []
    while len(cells) < WEEKS:
        cells += [chance.choice(_CODES) if chance.random() < 0.7 else ""] * chance.randint(1, 40)
    return cells[:WEEKS]


def _sparse(chance: random.Random) -> list[str]:
    cells: list[str] = []
    if chance.random() < 0.35:
        cells = [""] * chance.randint(0, WEEKS)
        for _ in range(chance.randint(1, 3)):
            cells += [chance.choice(_CODES)] * chance.randint(1, 20) + [""] * chance.randint(0, 30)
    return (cells + [""] * WEEKS)[:WEEKS]


SHAPES = {"dense": _dense, "sparse": _sparse}


def write_csv(path: Path, persons: int, shape: str) -> None:
    """A wide file of synthetic persons (day + 60)."""
    weeks = [(_FIRST + dt.timedelta(weeks=week)).isocalendar() for week in range(WEEKS)]
    headings = ["cpr", *(f"y_{year % 100:02d}{week:02d}" for year, week, _ in weeks)]
    chance, cells_of = random.Random(157), SHAPES[shape]
    with path.open("w", encoding="utf-8") as stream:
        stream.write(";".join(headings) + "\n")
        for person in range(persons):
            day, rest = 61 + person % 28, person // 28
            cpr = f"{day}{1 + rest % 12:02d}{rest // 12 % 100:02d}{rest // 1200:04d}"
            stream.write(f"{cpr};{';'.join(cells_of(chance))}\n")


def _plain(path: Path, step: str) -> None:
    """DuckDB parses the csv and nothing else."""
    import duckdb

    columns = ", ".join(f"'h{place}': 'varchar'" for place in range(WEEKS + 1))
    relation = (
        f"read_csv('{path}', auto_detect = false, header = true, delim = ';', quote = '\"',"
        f" escape = '\"', nullstr = '', columns = {{{columns}}})"
    )
    with duckdb.connect(config={"memory_limit": "700MB", "temp_directory": str(path.parent)}) as c:
        if step == "read":
            c.execute(f"select count(columns(*)) from {relation}").fetchall()
        else:
            c.execute(f"create table cells as from {relation}")


def _receive(path: Path) -> dict[str, float]:
    """Receive the landed file; returns the seconds that its copy into the vault took of it."""
    from dagster_project.lib import receiving
    from dagster_project.lib.receiving.intake import walk as intake
    from dagster_project.settings import Home

    taken, stage = {"wall": 0.0, "cpu": 0.0}, intake.stage

    def timed(*arguments: Any) -> Any:
        with _Clock() as clock:
            staged = stage(*arguments)
        taken["wall"] += clock.wall
        taken["cpu"] += clock.cpu
        return staged

    with mock.patch.object(intake, "stage", timed):
        report = receiving.receive(Home(path.parent / "home"), frozenset())
    if len(report.accepted) != 1 or not taken["wall"]:
        raise SystemExit("the wide file was not accepted")
    return taken


class _Clock:
    """Wall and CPU seconds of this process."""

    wall = cpu = 0.0

    def __enter__(self) -> Self:
        self._before = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._before[0]
        self.cpu = time.process_time() - self._before[1]


def run_step(step: str, path: Path) -> None:
    """Measure one step in this process; imports and preparing the home are not counted."""
    for module in ("duckdb", "numpy", "pyarrow.compute", "dagster_project.lib.receiving.take_in"):
        importlib.import_module(module)
    from dagster_project.settings import Home

    if step == "receive":
        shutil.rmtree(path.parent / "home", ignore_errors=True)
        home = Home(path.parent / "home").ensure()
        shutil.copy(path, home.landing / _NAME)
        with (home.landing / _NAME).open("rb") as landed:
            os.fsync(landed.fileno())  # what landed before the night is on the disk
    with _Clock() as clock:
        copied = _receive(path) if step == "receive" else _plain(path, step)
    figures = {step: {"wall": clock.wall, "cpu": clock.cpu, "peak_mb": peak_mb()}}
    if copied:
        rest = {"wall": clock.wall - copied["wall"], "cpu": clock.cpu - copied["cpu"]}
        figures[PARSED] = {**rest, "peak_mb": peak_mb()}
    print(json.dumps(figures))


def _child(step: str, path: Path) -> dict[str, dict[str, float]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.wide", step, str(path)],
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def measure(size: str, runs: int, root: Path) -> list[dict]:
    """Both shapes of a size, the steps in turn, ``runs`` times; medians."""
    results = []
    for shape in SHAPES:
        folder = root / f"wide-{size}-{shape}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "wide.csv"
        write_csv(path, PERSONS[size], shape)
        taken: dict[str, list[dict[str, float]]] = {step: [] for step in (*STEPS, PARSED)}
        for _ in range(runs):
            for step in STEPS:
                for name, measured in _child(step, path).items():
                    taken[name].append(measured)
        figures = {
            step: {key: statistics.median(t[key] for t in times) for key in times[0]}
            for step, times in taken.items()
        }
        results.append({"shape": shape, "persons": PERSONS[size], "weeks": WEEKS,
                        "megabytes": path.stat().st_size / 1e6, "figures": figures})  # fmt: skip
        shutil.rmtree(folder)
    return results


if __name__ == "__main__":
    run_step(sys.argv[1], Path(sys.argv[2]))
