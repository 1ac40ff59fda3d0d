"""A local command for ``$EFFEKT_ALERT`` that keeps what it was told, for a test to count."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib.nights.alerts import ALERT_VARIABLE

_PROGRAM = """\
import json, pathlib, sys
with pathlib.Path(sys.argv[1]).open("a") as ear:
    ear.write(json.dumps(json.load(sys.stdin)) + "\\n")
"""


def command(folder: Path) -> tuple[str, Callable[[], list[dict[str, Any]]]]:
    """The command, and what it has been told so far."""
    program, kept = folder / "alarm.py", folder / "heard.jsonl"
    program.write_text(_PROGRAM, encoding="utf-8")

    def told() -> list[dict[str, Any]]:
        lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
        return [json.loads(line) for line in lines]

    return shlex.join([sys.executable, "-S", str(program), str(kept)]), told


def listen(
    folder: Path, monkeypatch: pytest.MonkeyPatch, more: str = ""
) -> Callable[[], list[dict[str, Any]]]:
    """Set ``$EFFEKT_ALERT`` to such a command; gives what it has been told so far."""
    words, told = command(folder)
    monkeypatch.setenv(ALERT_VARIABLE, f"{words} {more}".strip())
    return told
