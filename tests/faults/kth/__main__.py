"""``python -m tests.faults.kth``: every durable call of every deed harmed, and random moments.

python -m tests.faults.kth [--deed NAME]... [--moments N] [--every N] [--only 'HARM, call K']
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support import kth_call

_FOLDER = "EFFEKT_KTH_FOLDER"


def main() -> int:
    """Try what is asked for; 1 where a trial went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deed", action="append", help="only these")
    parser.add_argument("--moments", type=int, default=40, help="kills at a moment, each deed")
    parser.add_argument("--every", type=int, default=1, help="only each N-th trial")
    parser.add_argument("--only", help="one trial, as it is told: 'HARM, call K'")
    arguments = parser.parse_args()
    folder = os.environ.get(_FOLDER)
    if folder is None:  # again, as a process whose calls can be harmed
        with tempfile.TemporaryDirectory(prefix="effekt-kth-") as made:
            plan = kth_call.make(Path(made))
            words = [sys.executable, "-m", "tests.faults.kth", *sys.argv[1:]]
            return subprocess.run(
                words, env={**os.environ, **plan.variables, _FOLDER: made}, check=False
            ).returncode
    return _try_all(arguments, Path(folder))


def _try_all(arguments: argparse.Namespace, folder: Path) -> int:
    from tests.faults.crashing import preload
    from tests.faults.kth import beginnings, deeds, records
    from tests.faults.kth.trial import Bench, Tally

    preload()
    importlib.import_module("dagster_project.orchestration.steps")
    plan = kth_call.make(folder)
    total, wrong = 0, 0
    for deed in (*deeds.FIRST, *records.ALL, *beginnings.ALL):
        if arguments.deed and deed.name not in arguments.deed:
            continue
        own = folder / deed.name
        own.mkdir()
        begun, tally = time.monotonic(), Tally()
        bench = Bench(deed, plan, own)
        for number, (harm, k) in enumerate(bench.trials(arguments.moments)):
            if arguments.only:
                if f"{harm}, call {k}" == arguments.only:
                    bench.try_one(harm, k, tally)
            elif number % arguments.every == 0:
                bench.try_one(harm, k, tally)
        spent = time.monotonic() - begun
        tried = ", ".join(f"{harm} {count}" for harm, count in tally.tried.items())
        print(f"{deed.name}: {tally.count} trials in {spent:.0f} s ({tried});"
              f" {tally.survived} unnoticed, {len(tally.wrong)} wrong", flush=True)  # fmt: skip
        for line in tally.wrong:
            print(f"  {line}", flush=True)
        total, wrong = total + tally.count, wrong + len(tally.wrong)
    print(f"{total} trials, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
