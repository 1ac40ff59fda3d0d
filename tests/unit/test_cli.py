"""The console command's own part: how what is typed becomes arguments and exit codes."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dagster_project.cli import app, speech
from dagster_project.lib import life
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.ledger.chain import Event

WHO = ["--as", "Kai", "--reason", "beslutning"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, which every command takes for its own."""
    root = tmp_path / "home"
    (root / "landing").mkdir(parents=True)
    monkeypatch.setenv("EFFEKT_HOME", str(root))
    return root


@pytest.mark.parametrize("amount", ["-5", "-0.01", "0"])
def test_an_amount_below_zero_reaches_the_rule_that_refuses_it(
    monkeypatch: pytest.MonkeyPatch, amount: str
) -> None:
    seen: list[Decimal] = []

    def refuse(_settings: Any, _contract: str, kroner: Decimal, *_: str) -> None:
        seen.append(kroner)
        raise NotAllowedError("AMOUNT", "must be above 0")

    monkeypatch.setattr(life, "release", refuse)
    done = CliRunner().invoke(app, ["release", "k", amount, *WHO])
    assert seen == [Decimal(amount)]
    assert isinstance(done.exception, NotAllowedError)


# Rule P.commands
def test_the_summary_says_how_the_command_is_called_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / ".venv" / "bin" / "effekt"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert speech.called_as() == ".venv/bin/effekt"
    monkeypatch.setenv("PATH", str(program.parent))
    assert speech.called_as() == "effekt"
    monkeypatch.setenv("PATH", "/nowhere")
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    assert speech.called_as() == str(program)


@pytest.mark.parametrize("words", [["-5", "6"], ["--incomplete", "x"], []])
def test_a_release_called_wrongly_is_wrong_usage(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["release", "k", *words, *WHO]).exit_code == 2


@pytest.mark.parametrize(
    "words",
    [["k"], ["k", "2023-01"], ["--as", "Kai"], ["k", "2023-01", "x", "--as", "Kai"]],
)
def test_verify_takes_a_whole_settlement_and_a_name_or_neither(
    words: list[str],
) -> None:
    done = CliRunner().invoke(app, ["verify", *words])
    assert isinstance(done.exception, UsageError)


# Rule P.danish
def test_a_step_is_told_in_danish(monkeypatch: pytest.MonkeyPatch) -> None:
    event = Event(
        sequence=8, recorded_at="", as_of_date=dt.date(2025, 1, 10), actor="Lis", role="provider",
        os_user="lis", action="verify", contract_id="k", period_start=dt.date(2023, 1, 1),
        statement_sha256=None, amount_dkk=Decimal("104384.00"), reason=None, reference=None,
        paid_on=None, frozen_sha256=None, snapshot_id="s", key_fingerprint=None, prev="", hash="",
    )  # fmt: skip
    monkeypatch.setattr(life, "verify", lambda *_: event)
    monkeypatch.setattr(life, "write_documents", lambda *_: [Path("/r/2023-01.json")])
    monkeypatch.setattr(life, "period_name", lambda *_: "2023-K1")
    done = CliRunner().invoke(app, ["verify", "k", "2023-01", "--as", "Lis"])
    told, place = done.output.splitlines()
    assert told == "8: efterprøvet · k · 2023-K1 · Lis (angivet; lis) · 104.384,00\u00a0kr."
    assert place == "/r/2023-01.json"


def _console(words: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "dagster_project.cli", *words]
    return subprocess.run(command, stderr=subprocess.PIPE, check=False, **options)


def test_the_process_ends_with_the_exit_code_of_its_command_and_all_of_its_output(
    tmp_path: Path,
) -> None:
    folder = ["--folder", str(tmp_path)]
    done = _console(["template", "deltagere", *folder], stdout=subprocess.PIPE)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
    assert _console(["template", "ukendt", *folder], stdout=subprocess.PIPE).returncode == 2


def test_what_waits_for_the_end_of_the_process_is_done(tmp_path: Path) -> None:
    code = (
        "import atexit, sys; from dagster_project import cli;"
        f" atexit.register(open({str(tmp_path / 'left')!r}, 'w').write, 'done');"
        " sys.argv = ['effekt', '--help']; cli.entry()"
    )
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
    assert (tmp_path / "left").read_text() == "done"


def test_output_that_could_not_be_written_is_no_success() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert _console(["--help"], stdout=writer).returncode == 1
    finally:
        os.close(writer)
    with Path("/dev/full").open("w") as full:
        assert _console(["--help"], stdout=full).returncode == 1
