"""A page that is walked through: its files are written, its commands run, what it shows is printed.

What belongs here: how a page is read and carried out. What does not: which pages, what they say.

A line "`path`:" above a block of yaml or csv writes the block to that file; with ", videre:" it is
added at the end. A block ``sh`` is run, all in one folder; ``sh exit=3`` must end with that code.
Each line of a block ``text`` names facts (figures, codes, ids, names of files): one line of what
the commands before it printed holds all of them. The sentences around them may change.

``python -m tests.docs.walkthrough PAGE`` prints what the commands of a page answer today.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(
    r"(?:^`(?P<file>[^`\n]+)`(?P<more>, videre)?:\n\n)?"
    r"^```(?P<kind>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FACT = re.compile(r"[\w./:%<>-]*(?:\d|_|[A-Z]{4}|\.yml|\.csv|\.json)[\w./:%<>,-]*")


class WalkError(AssertionError):
    """A page does not do what it says."""


@dataclass(frozen=True)
class Block:
    """One block of a page: what kind it is, and what stands in it."""

    kind: str
    text: str
    exit_code: int = 0
    file: str = ""
    is_added: bool = False


@dataclass
class Walk:
    """A folder in which a page is carried out, and what its commands have printed last."""

    folder: Path
    printed: str = ""
    answers: list[tuple[str, str]] = field(default_factory=list)

    def take(self, block: Block) -> None:
        """Write, run or compare one block.

        Raises:
            WalkError: a command ended with another code, or printed other facts.
        """
        if block.kind == "sh":
            self._run(block)
        elif block.kind == "text":
            self._compare(block.text)
        else:
            self._write(block)

    def _run(self, block: Block) -> None:
        done = subprocess.run(
            ["bash", "-e", "-c", block.text], cwd=self.folder, env=_environment(self.folder),
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        self.printed = done.stdout + done.stderr
        self.answers.append((block.text, self.printed))
        if done.returncode != block.exit_code:
            raise WalkError(f"{block.text}ended with {done.returncode}:\n{self.printed}")

    def _compare(self, shown: str) -> None:
        printed = self.printed.splitlines()
        for line in shown.splitlines():
            facts = facts_of(line)
            if not facts:
                raise WalkError(f"nothing of this line can be held against the answer: {line}")
            if not any(all(fact in told for fact in facts) for told in printed):
                raise WalkError(f"no line of the answer holds {facts}:\n{self.printed}")

    def _write(self, block: Block) -> None:
        if not block.file:
            raise WalkError(f"a block of {block.kind} without a file's name:\n{block.text}")
        path = self.folder / block.file
        with path.open("a" if block.is_added else "x", encoding="utf-8") as file:
            file.write(block.text)


def blocks_of(page: Path) -> list[Block]:
    """Every block of a page, in order."""
    found = []
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        code = re.fullmatch(r" exit=(\d)", match["info"])
        if match["info"] and not code:
            raise WalkError(f"unknown: {match['kind']}{match['info']}")
        found.append(
            Block(
                match["kind"], match["text"], int(code[1]) if code else 0,
                match["file"] or "", bool(match["more"]),
            )
        )  # fmt: skip
    return found


def facts_of(line: str) -> list[str]:
    """Figures, codes, ids and names of files in a line that a page shows."""
    return [fact.strip(".,:") for fact in _FACT.findall(line)]


def walk(page: Path, folder: Path) -> Walk:
    """Carry out a page in an empty folder.

    Raises:
        WalkError: the page does not do what it says.
    """
    walked = Walk(folder)
    for block in blocks_of(page):
        walked.take(block)
    return walked


def _environment(folder: Path) -> dict[str, str]:
    """The shell's environment, with ``effekt`` and ``python`` as an installation has them."""
    programs = folder.parent / f"{folder.name}-programs"
    programs.mkdir(exist_ok=True)
    python = shlex.quote(sys.executable)
    for name, words in {"effekt": "-m dagster_project.cli", "python": ""}.items():
        program = programs / name
        if not program.exists():
            program.write_text(f'#!/bin/sh\nexec {python} {words} "$@"\n', encoding="utf-8")
            program.chmod(0o755)
    told = {name: value for name, value in os.environ.items() if not name.startswith("EFFEKT_")}
    return told | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
    }  # fmt: skip


def main() -> None:
    """Print what the commands of a page answer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "mappe"
        folder.mkdir()
        for command, answer in walk(Path(sys.argv[1]), folder).answers:
            print(f"$ {command}{answer}")


if __name__ == "__main__":
    main()
