"""A wall clock that a test sets for the processes that it starts, also while they are at work.

Waits are not touched: a process sees the clock jump, as it does after the machine has slept.
"""

from __future__ import annotations

import datetime as dt
import shutil
import struct
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).with_name("shifted_clock.c")
COMPILER = shutil.which("cc") or shutil.which("gcc")
"""None where there is no C compiler: a test then cannot set the clock."""


@dataclass(frozen=True)
class Clock:
    """A clock for other processes.

    Args:
        library: what they load before the C library.
        added: the file that says how far the clock is from the system's.
    """

    library: Path
    added: Path

    @property
    def variables(self) -> Mapping[str, str]:
        """What a process is started with to live by this clock."""
        return {"LD_PRELOAD": str(self.library), "SHIFTED_CLOCK": str(self.added)}

    def set(self, to: dt.datetime, *, keeps_second: bool = False) -> None:
        """Let it be another time.

        Args:
            to: the time, with its zone.
            keeps_second: the second of the minute stays what it is, for who waits for the minute.
        """
        seconds = int(to.timestamp() - time.time())
        if keeps_second:
            seconds += (self._read() - seconds) % 60
        with self.added.open("r+b") as file:  # in place: others have it mapped
            file.write(struct.pack("q", seconds))

    def now(self) -> dt.datetime:
        """What the processes take for the time."""
        return dt.datetime.fromtimestamp(time.time() + self._read(), dt.UTC)

    def _read(self) -> int:
        return int(struct.unpack("q", self.added.read_bytes())[0])


def make(folder: Path) -> Clock:
    """A clock that shows the system's time until it is set."""
    assert COMPILER is not None
    clock = Clock(folder / "shifted_clock.so", folder / "added")
    words = [COMPILER, "-O1", "-shared", "-fPIC", "-o", str(clock.library), str(_SOURCE)]
    subprocess.run(words, check=True)
    clock.added.write_bytes(struct.pack("q", 0))
    return clock
