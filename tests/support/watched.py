"""Processes whose syncs, renames and calls for the network are written down, on a disk of ours.

What belongs here: the library that they load, and what its log says. What does not: a promise.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).with_name("watched.c")
COMPILER = shutil.which("cc") or shutil.which("gcc")
"""None where there is no C compiler: a test then cannot watch a process."""


@dataclass(frozen=True)
class Watch:
    """What processes load before the C library, and what it wrote down of them.

    Args:
        library: the library.
        log: a line for each thing that they did.
    """

    library: Path
    log: Path

    @property
    def variables(self) -> Mapping[str, str]:
        """What a process is started with to be watched."""
        return {"LD_PRELOAD": str(self.library), "WATCHED_LOG": str(self.log)}

    def lines(self) -> list[tuple[str, str]]:
        """What was done, in order: a word, and what it was done to."""
        if not self.log.exists():
            return []
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return [(line.partition(" ")[0], line.partition(" ")[2]) for line in text.splitlines()]

    def calls(self) -> list[str]:
        """Attempts to reach another machine, and names that were asked for; each was refused."""
        return [f"{word} {what}" for word, what in self.lines() if word in ("call", "ask")]


def make(folder: Path) -> Watch:
    """A watch whose log is empty."""
    assert COMPILER is not None
    watch = Watch(folder / "watched.so", folder / "watched.log")
    words = [COMPILER, "-O1", "-shared", "-fPIC", "-o", str(watch.library), str(_SOURCE), "-ldl"]
    subprocess.run(words, check=True)
    return watch


def not_durable(lines: list[tuple[str, str]], below: Path) -> Iterator[str]:
    """Renames below a folder after which a power loss could show another file than either.

    A file or folder must have been synced under the name that it is renamed from; the folder that
    it is renamed in must be synced afterwards. What happens inside a hidden folder is seen by
    nobody until that folder is renamed, and a link has nothing to be synced.

    Args:
        lines: what was done, in order.
        below: the folder; renames elsewhere are nobody's promise.
    """
    synced: set[str] = set()
    waiting: dict[str, str] = {}
    for word, what in lines:
        if word == "sync":
            synced.add(what)
            waiting = {to: folder for to, folder in waiting.items() if folder != what}
        elif word == "move":
            source, _, target = what.partition("\t")
            is_synced = source in synced
            synced.discard(source)
            if is_synced:
                synced.add(target)  # it may be renamed once more
            if not target.startswith(f"{below}/"):
                continue
            inner = Path(target).relative_to(below).parts[:-1]
            if any(part.startswith(".") for part in inner):
                continue
            if not is_synced and not Path(target).is_symlink():
                yield f"not synced before it was renamed: {source} -> {target}"
            waiting[target] = str(Path(target).parent)
    yield from (f"folder not synced afterwards: {target}" for target in waiting)
