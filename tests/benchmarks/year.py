"""A year of nights on the synthetic municipality: how large the home is, and how fast it still is.

Each night is a real one, with a business date of its own, in Dagster's record; it publishes. A day
passes by making that record a day older. A year takes two hours and a half of a core. Where
there is less time, ``minutes`` ends it early, and a year in a folder that is kept goes on the next
time; or ``published`` lets only the first nights have a new date.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import requests

from dagster_project import settings as places
from dagster_project.lib.nights import record
from dagster_project.settings import PROJECT_ROOT, Home
from tests.support.dagster_record import make_older

NIGHTS = 365
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


def pages(home: Path) -> tuple[float, float]:
    """Seconds until a UI just started answers its lists of runs and assets, and once more."""
    opened = time.monotonic()
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
        times = [opened]
        for _ in range(2):
            answer = requests.post(
                f"http://127.0.0.1:{_PORT}/graphql", json={"query": _ASKED}, cookies=cookies,
                timeout=120,
            )  # fmt: skip
            assert answer.json()["data"]["assetNodes"]
            times.append(time.monotonic())
        return times[1] - times[0], times[2] - times[1]
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


def live(home: Path, total: int, published: int, minutes: float) -> dict[int, float]:
    """The nights of a year after those that there were; megabytes after some, and after the last.

    Args:
        home: the home, with a ``sizes.json`` beside it where the year was begun before.
        total: how many nights there shall be.
        published: how many of them have a business date of their own.
        minutes: no night begins after these.
    """
    kept = home.with_name("sizes.json")
    lived = len(record.read(Home(home)).nights)
    told = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    sizes = {int(number): size for number, size in told.items()} | {lived: size_mb(home)}
    until = time.monotonic() + minutes * 60
    for begin in range(lived, total, _CHUNK):
        if time.monotonic() > until:
            break
        end = min(begin + _CHUNK, total)
        words = [str(home), str(begin), str(end), str(published)]
        begun = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.year", *words], cwd=PROJECT_ROOT, check=True
        )
        sizes[end] = size_mb(home)
        kept.write_text(json.dumps(sizes), encoding="utf-8")
        each = (time.monotonic() - begun) / (end - begin)
        print(f"after night {end}: {sizes[end]:.1f} MB, {each:.1f} s a night", file=sys.stderr)
    return sizes


def measure(
    root: Path,
    total: int = NIGHTS,
    published: int = NIGHTS,
    minutes: float = 600,
    pairs: int = 5,
) -> dict:
    """Megabytes along the year, and medians of commands on the first day and after it.

    Args:
        root: a folder for the homes; a year that was begun in it goes on.
        total: nights.
        published: how many of them have a business date of their own.
        minutes: no night begins after these; the page says how many there were.
        pairs: how often each command is timed on either home.
    """
    home, first = root / "year" / "home", root / "first" / "home"
    if not first.exists():
        shutil.rmtree(home, ignore_errors=True)
        effekt("demo", "--home", str(home))
        effekt("run", "--home", str(home))
        shutil.copytree(home, first, symlinks=True)
    sizes = live(home, total, published, minutes)
    lived = max(sizes)
    days = {first: itertools.count(0), home: itertools.count(min(lived - 1, published))}
    today = {at: FIRST_DAY + dt.timedelta(days=next(days[at])) for at in days}

    def night(at: Path) -> float:
        today[at] = FIRST_DAY + dt.timedelta(days=next(days[at]))
        return effekt("run", "--home", str(at), "--as-of", str(today[at]))

    def quiet(at: Path) -> float:
        return effekt("run", "--home", str(at), "--as-of", str(today[at]))

    taken: dict[str, dict[str, list[float]]] = {}
    for _ in range(pairs):
        for when, at in (("first", first), ("after", home)):
            opened, again = pages(at)
            times = {
                "`effekt run`, a night that publishes": night(at),
                "`effekt run`, a night without news": quiet(at),
                "`effekt status`": effekt("status", "--home", str(at)),
                "the UI, from its start to its lists of runs and assets": opened,
                "these lists once more": again,
            }
            for name, seconds in times.items():
                taken.setdefault(name, {"first": [], "after": []})[when].append(seconds)
    medians = {
        name: {when: statistics.median(times) for when, times in of.items()}
        for name, of in taken.items()
    }
    return {
        "nights": lived, "published": min(lived, published), "sizes": sizes, "commands": medians
    }  # fmt: skip


if __name__ == "__main__":
    nights(Path(sys.argv[1]), *map(int, sys.argv[2:]))
