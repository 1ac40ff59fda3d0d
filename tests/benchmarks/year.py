"""A year of nights on the synthetic municipality: how large the home is, and how fast it still is.

Each night is a real one, in Dagster's record; a day passes by making that record a day older. The
first nights have a new business date each and publish; those after them find nothing new.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

from dagster_project import settings as places
from dagster_project.settings import PROJECT_ROOT, Home
from tests.support.dagster_record import make_older

NIGHTS = 365
PUBLISHED = 40
"""More than the snapshots and, with ``keep_runs_days``, more than the runs that a home keeps."""
FIRST_DAY = dt.date(2025, 1, 10)
_CHUNK = 15
_PORT = 3977
_ASKED = """{
    runsOrError(limit: 25) { ... on Runs { results { runId status startTime endTime } } }
    assetNodes { assetKey { path } assetMaterializations(limit: 1) { timestamp runId } }
}"""


def effekt(*words: str) -> float:
    """Seconds that a command takes; it must do what it is asked for."""
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *words],
        cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return time.monotonic() - begun


def pages(home: Path) -> float:
    """Seconds in which the UI answers what its lists of runs and of assets ask, the second time."""
    child = subprocess.Popen(
        [sys.executable, "-m", "dagster_project.cli", "ui", "--read-only", "--home", str(home),
         "--port", str(_PORT)],
        cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        found = re.search(r"\?key=(\S+)", child.stdout.readline())
        assert found is not None
        cookies = {f"effekt_ui_{_PORT}": found[1]}
        for _ in range(2):
            begun = time.monotonic()
            answer = requests.post(
                f"http://127.0.0.1:{_PORT}/graphql", json={"query": _ASKED}, cookies=cookies,
                timeout=120,
            )  # fmt: skip
            taken = time.monotonic() - begun
            assert answer.json()["data"]["assetNodes"]
        return taken
    finally:
        child.terminate()
        child.wait()


def size_mb(home: Path) -> float:
    """Megabytes of a home outside its vault."""
    files = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    inner = (path for path in files if path.relative_to(home).parts[0] != "vault")
    return sum(path.stat().st_size for path in inner) / 1e6


def nights(home: Path, first: int, last: int, published: int) -> None:
    """Nights of one process, each a day after the one before."""
    from dagster_project.orchestration import dagster_home

    for number in range(first, last):
        as_of = FIRST_DAY + dt.timedelta(days=min(number, published))
        night = dagster_home.run_recorded(places.resolve(home, as_of=as_of))
        if night.exit_code:
            raise SystemExit(f"night {number} ended {night.exit_code}: {night.error}")
        make_older(Home(home).dagster, 1)


def measure(root: Path, total: int = NIGHTS, published: int = PUBLISHED, pairs: int = 5) -> dict:
    """Megabytes along the year, and medians of commands on the first day and after it."""
    home, first = root / "year" / "home", root / "first" / "home"
    effekt("demo", "--home", str(home))
    effekt("run", "--home", str(home))
    shutil.copytree(home, first, symlinks=True)
    sizes = {1: size_mb(home)}
    for begin in range(1, total, _CHUNK):
        end = min(begin + _CHUNK, total)
        words = [str(home), str(begin), str(end), str(published)]
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.year", *words], cwd=PROJECT_ROOT, check=True
        )
        sizes[end] = size_mb(home)
    last = str(FIRST_DAY + dt.timedelta(days=min(total - 1, published)))
    timed: dict[str, Callable[[Path, str], float]] = {
        "`effekt run`": lambda at, as_of: effekt("run", "--home", str(at), "--as-of", as_of),
        "`effekt fleet status`": lambda at, _: effekt("fleet", "status", str(at.parent)),
        "the UI's lists of runs and assets": lambda at, _: pages(at),
    }
    taken: dict[str, dict[str, list[float]]] = {name: {"first": [], "after": []} for name in timed}
    for _ in range(pairs):
        for name, do in timed.items():
            taken[name]["first"].append(do(first, str(FIRST_DAY)))
            taken[name]["after"].append(do(home, last))
    medians = {
        name: {when: statistics.median(times) for when, times in of.items()}
        for name, of in taken.items()
    }
    return {"nights": total, "published": published, "sizes": sizes, "commands": medians}


if __name__ == "__main__":
    nights(Path(sys.argv[1]), *map(int, sys.argv[2:]))
