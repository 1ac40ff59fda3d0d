"""``effekt check`` on a machine that has the product and one file, and no home."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.lib.base.errors import EXIT_REFUSED

HEADINGS = "kontrakt_id;forloeb_id;maaned;krav\n"


@pytest.fixture
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and no home named in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EFFEKT_HOME", raising=False)
    return tmp_path


def _check(folder: Path, row: str) -> int:
    path = folder / "resultatkrav_2023-06-01.csv"
    path.write_text(HEADINGS + row, encoding="utf-8")
    return CliRunner().invoke(app, ["check", str(path)]).exit_code


def test_a_claim_on_a_shipped_contract_passes_without_a_home(no_home: Path) -> None:
    assert _check(no_home, "hedensted-arbejdsfastholdelse;F-1;2023-05;ja\n") == 0
    assert not (no_home / "data").exists()


# Rule I.contract_known
def test_a_claim_on_a_contract_that_no_file_has_is_refused(no_home: Path) -> None:
    assert _check(no_home, "hedensted;F-1;2023-05;ja\n") == EXIT_REFUSED


def test_a_name_as_long_as_the_file_system_allows_is_a_name_like_any_other(no_home: Path) -> None:
    name = "resultatkrav_2023-06-01_" + "a" * (255 - 28) + ".csv"
    path = no_home / name
    path.write_text(HEADINGS + "hedensted-arbejdsfastholdelse;F-1;2023-05;ja\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["check", str(path)]).exit_code == 0


@pytest.mark.parametrize("command", sorted(get_command(app).commands))  # type: ignore[attr-defined]
# Rule P.commands
def test_every_command_takes_the_home_and_the_contracts(command: str) -> None:
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert "--home" in told
    assert "--contracts" in told
