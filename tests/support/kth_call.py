"""Lets the k-th durable call of a process fail, or end the process, for tests that count them.

A process is started with ``Plan.variables``; the plan is then set while it is at work, by itself or
by its parent. Children that are forked or started share the plan and its count.
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SOURCE = Path(__file__).with_name("kth_call.c")
_FORM = "5q"
COMPILER = shutil.which("cc") or shutil.which("gcc")
"""None where there is no C compiler: no call can then be harmed."""

WRITES, SYNCS, NAMES = 1, 2, 4
"""Kinds of calls: bytes of a file, fsync, and rename or link."""
ALL = WRITES | SYNCS | NAMES
COUNT, FAIL, KILL, TEAR = range(4)
"""What becomes of the k-th: nothing; an error; kill -9 before it; half of it, then kill -9."""


class Plan:
    """What is to happen, in a file that the processes have mapped."""

    def __init__(self, library: Path, path: Path) -> None:
        self._library, self._path = library, path
        path.touch()
        if path.stat().st_size == 0:
            path.write_bytes(bytes(struct.calcsize(_FORM)))
        with path.open("r+b") as file:
            self._seen = mmap.mmap(file.fileno(), struct.calcsize(_FORM))

    @property
    def variables(self) -> Mapping[str, str]:
        """What a process is started with."""
        return {"LD_PRELOAD": str(self._library), "KTH_CALL": str(self._path)}

    def arm(self, kth: int, harm: int, kinds: int = ALL) -> None:
        """From now on, the k-th call of these kinds is harmed."""
        self._seen[:] = struct.pack(_FORM, 1, kth, harm, kinds, 0)

    def disarm(self) -> int:
        """How many calls there were; from now on nothing is harmed."""
        counted = int(struct.unpack(_FORM, self._seen[:])[4])
        self._seen[:] = bytes(struct.calcsize(_FORM))
        return counted


def make(folder: Path) -> Plan:
    """A plan that harms nothing yet."""
    assert COMPILER is not None
    library = folder / "kth_call.so"
    if not library.is_file():
        words = [COMPILER, "-O1", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
        subprocess.run(words, check=True)
    return Plan(library, folder / "kth_call.plan")
