"""``python -m tests.simulator``: a county of each seed, until so many nights have been lived.

    python -m tests.simulator [--nights 2000] [--towns 20] [--length 40] [--calm 0] [--seed 1]
        [--jobs 2]

A night of a county is a night of each of its towns, which share nothing but home and files. A seed
that fails says so and is run again by ``--seed S --nights 1`` with its towns, length and calm.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from tests.simulator.run import Lived, WrongError, forker, live


def main() -> int:
    """Live; 1 where the law did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=2000, help="nights of a contract's life")
    parser.add_argument("--towns", type=int, default=20)
    parser.add_argument("--length", type=int, default=40, help="nights of one county")
    parser.add_argument("--calm", type=float, default=0, help="share of towns without an event")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=600, help="no county begins after these")
    asked = parser.parse_args()
    begun, wrong, lived = time.monotonic(), [], 0
    seeds = count(asked.seed)

    def work() -> None:
        nonlocal lived
        with forker() as runner, tempfile.TemporaryDirectory(prefix="effekt-county-") as folder:
            while lived < asked.nights and time.monotonic() - begun < asked.minutes * 60:
                seed = next(seeds)
                lived += asked.towns * asked.length  # taken before it is lived, for the others
                try:
                    place = Path(folder) / str(seed)
                    _tell(live(runner, place, seed, asked.towns, asked.length, asked.calm))
                except WrongError as error:
                    wrong.append(str(error))
                    print(error, flush=True)

    with ThreadPoolExecutor(asked.jobs) as workers:
        for job in [workers.submit(work) for _ in range(asked.jobs)]:
            job.result()
    print(f"{lived} nights in {time.monotonic() - begun:.0f} s, {len(wrong)} counties went wrong")
    return 1 if wrong else 0


def _tell(done: Lived) -> None:
    acts = ", ".join(f"{name} {number}" for name, number in sorted(done.done.items()))
    print(
        f"seed {done.seed}: {done.nights} nights of {done.towns} towns, {done.faulty} faulty,"
        f" {done.twins} compared with one without a fault; {acts}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
