"""The page of the first day says commands that do what it says, in the order that it says them."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.settings import SHIPPED_CONTRACTS_DIR
from tests.faults import corpus

PAGE = Path(__file__).resolve().parents[3] / "docs/how-to/den-foerste-dag.md"
COMMANDS = re.findall(r"(?m)^effekt (.+)$", PAGE.read_text(encoding="utf-8"))


def test_the_commands_of_the_first_day_end_0_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = corpus.good_csv("deltagere").replace(
        corpus.CONTRACT.encode(), b"hedensted-arbejdsfastholdelse"
    )
    for name in ("deltagere_2024-02-01.csv", "deltagere fra fagsystemet.csv"):
        (tmp_path / name).write_bytes(rows)
    *prepared, last = COMMANDS
    assert last == "run --home hjem"  # a night of its own is not run here
    for command in prepared:
        done = CliRunner().invoke(app, shlex.split(command))
        assert done.exit_code == 0, (command, done.output, done.exception)
        if command.startswith("init"):
            name = "hedensted-arbejdsfastholdelse.yml"
            (tmp_path / "hjem/contracts").mkdir()
            shutil.copy(SHIPPED_CONTRACTS_DIR / name, tmp_path / "hjem/contracts" / name)
            (tmp_path / "hjem/sources/deltagere.yml").write_text("csv: {encoding: utf-8}\n")
    assert (tmp_path / "pakke/vejledning.html").is_file()
