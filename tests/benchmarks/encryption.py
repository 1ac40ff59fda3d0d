"""The same night with received files encrypted and with them stored as they came.

A night reads every file of ``landing/``, stores it and publishes; the next one is quiet and reads
stored files again. Each pair begins with the other of the two, so that neither has the warmer disk.
``python -m tests.benchmarks.encryption plain run …`` is ``effekt run …`` without encryption.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from pathlib import Path

from dagster_project.demo import write_demo
from dagster_project.settings import Home
from tests.benchmarks import worlds
from tests.benchmarks.night import timed, write_landing

_HOW = ("encrypted", "plain")


def store_plain() -> None:
    """Have this process store received files as they came; what is stored so is read so."""
    from dagster_project.lib.vault import cipher

    def seal_file(_: object, source: Path, target: Path) -> None:
        shutil.copyfile(source, target)
        with target.open("rb") as stream:
            os.fsync(stream.fileno())

    cipher.seal_file = seal_file
    cipher.seal = lambda _, data: data


def night_of(how: str, home: Path) -> dict[str, float]:
    """Wall and CPU seconds of a night."""
    module = ["tests.benchmarks.encryption", how]
    return timed([sys.executable, "-m", *module, "run", "--home", str(home)])


def pairs(template: Path, folder: Path, runs: int) -> dict[str, dict[str, float]]:
    """Medians of first and quiet nights of copies of a home, encrypted and plain in turn."""
    taken: dict[str, list[dict[str, float]]] = {}
    for number in range(runs):
        for how in _HOW if number % 2 else reversed(_HOW):
            home = folder / f"{how}-{number}"
            shutil.copytree(template, home)
            for night in ("first", "quiet"):
                taken.setdefault(f"{night} {how}", []).append(night_of(how, home))
            shutil.rmtree(home)
    return {
        name: {key: statistics.median(one[key] for one in times) for key in ("wall", "cpu")}
        for name, times in taken.items()
    }


def measure(runs: int, root: Path) -> dict[str, dict[str, dict[str, float]]]:
    """The synthetic municipality, and a municipality of the usual size."""
    folder = root / "encryption"
    folder.mkdir(parents=True, exist_ok=True)
    demo, large = folder / "demo", folder / "template"
    write_demo(Home(demo))
    worlds.build_raw(folder / "warehouse.duckdb", worlds.SIZES["municipality"])
    write_landing(folder, large)
    return {
        "demo": pairs(demo, folder, runs),
        "municipality": pairs(large, folder, runs),
    }


def text_of(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """The table of ``docs/benchmarks.md``."""
    lines = ["| home | night | measure | encrypted, s | as it came, s | ratio |", "|" + "---|" * 6]
    for home, nights in found.items():
        for night in ("first", "quiet"):
            for key in ("wall", "cpu"):
                own, plain = nights[f"{night} encrypted"][key], nights[f"{night} plain"][key]
                ratio = own / plain
                lines.append(
                    f"| {home} | {night} | {key} | {own:.2f} | {plain:.2f} | {ratio:.2f} |"
                )
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv.pop(1) == "plain":
        store_plain()
    from dagster_project.cli import main

    main()
