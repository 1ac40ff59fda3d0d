"""One run per home, exit codes, alerts: what a run reports when it does not end well."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from dagster_project import settings as places
from dagster_project.lib.base import lock
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.failures import without_values
from dagster_project.orchestration.night import Night
from dagster_project.orchestration.outcome import Refused, StepOutcome
from dagster_project.settings import Home, Settings

PERSON_NUMBER = "610190" + "1234"
ROOT = Path(__file__).parents[2]


def effekt(*words: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the console command as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *words, "--home", str(home)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def holder_of(home: Path) -> subprocess.Popen[str]:
    """Another process that holds the home's lock until it is killed."""
    program = (
        "import sys, time; from pathlib import Path\n"
        "from dagster_project.lib.base import lock; from dagster_project.settings import Home\n"
        "with lock.hold(Home(Path(sys.argv[1])).lock_file):\n"
        "    print('held', flush=True); time.sleep(120)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def settings_of(home: Path) -> Settings:
    return Settings(Home(home), home / "contracts", dt.date(2025, 1, 10), None)


# Rule F.lock
def test_a_second_run_ends_1_at_once_and_says_who_holds_the_home(tmp_path: Path) -> None:
    child = holder_of(Home(tmp_path).ensure().root)
    try:
        begun = time.monotonic()
        done = effekt("run", home=tmp_path)
        assert done.returncode == 1
        assert f"proces {child.pid}" in done.stderr
        assert "HOME_BUSY" in done.stderr
        assert time.monotonic() - begun < 30
        assert json.loads((tmp_path / "reports" / "alert.json").read_text())["error"] == "HOME_BUSY"
    finally:
        child.kill()
        child.wait()


# Rule F.lock
def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    child = holder_of(tmp_path)
    with pytest.raises(EffektError, match="HOME_BUSY"), lock.hold(Home(tmp_path).lock_file):
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    with lock.hold(Home(tmp_path).lock_file):
        pass


def test_the_same_process_may_not_hold_a_home_twice_and_the_lock_is_free_afterwards(
    tmp_path: Path,
) -> None:
    own = rf"HOME_BUSY.*proces {os.getpid()}"
    with lock.hold(Home(tmp_path).lock_file), pytest.raises(EffektError, match=own):
        nightly.night(settings_of(tmp_path)).__enter__()
    child = holder_of(tmp_path)
    child.kill()
    child.wait()


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--as-of", "2025-02-30"),
        ("run", "--unknown"),
        ("statement",),
        ("release", "kontrakt", "mange", "--as", "Kai", "--reason", "x"),
        ("pay", "kontrakt", "2024-01", "--as", "Finn"),
    ],
)
# Rule P.exit_codes
def test_wrong_usage_ends_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = effekt(*words, home=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("is_in_home_file", [False, True])
# Rules P.run_date, P.alert
def test_a_run_as_of_tomorrow_ends_2_and_raises_no_alert_where_the_date_was_typed(
    tmp_path: Path, is_in_home_file: bool
) -> None:
    tomorrow = (places.today() + dt.timedelta(days=1)).isoformat()
    date = f"as_of: {tomorrow}\n" if is_in_home_file else ""
    (tmp_path / "home.yml").write_text(f"area: Hedensted\n{date}", encoding="utf-8")
    done = effekt("run", *(() if is_in_home_file else ("--as-of", tomorrow)), home=tmp_path)
    assert done.returncode == 2
    assert "den dag er ikke kommet" in done.stderr
    assert (tmp_path / "reports" / "alert.json").exists() is is_in_home_file
    assert not (tmp_path / "published" / "current").exists()


def test_a_wrong_home_file_ends_1_and_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "home.yml").write_text("area: Hedensted\nregion: midt\n", encoding="utf-8")
    done = effekt("run", home=tmp_path)
    assert done.returncode == 1
    assert "HOME_FILE" in done.stderr
    assert "region" in done.stderr


def test_secrets_that_others_may_read_are_refused(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "pseudonym.key").write_text("0" * 64, encoding="ascii")
    (secrets / "pseudonym.key").chmod(0o640)
    with pytest.raises(EffektError, match="SECRETS_OPEN"), nightly.night(settings_of(tmp_path)):
        pass
    (secrets / "pseudonym.key").chmod(0o600)
    with nightly.night(settings_of(tmp_path)):
        pass


@pytest.mark.parametrize(
    "words",
    [
        ("accept", "0" * 64, "row_count", "--as", "Kai", "--reason", "x"),
        ("submit", "kontrakt", "2024-01", "--as", "Lis"),
        ("statement", "kontrakt", "2024-01"),
        ("why", "kontrakt", "2024-01"),
    ],
)
# Rule F.secrets
def test_no_command_works_in_a_home_whose_secrets_are_open(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    home = Home(tmp_path).ensure()
    home.key_file.write_text("0" * 64, encoding="ascii")
    home.key_file.chmod(0o644)
    done = effekt(*words, home=tmp_path)
    assert done.returncode == 1
    assert "SECRETS_OPEN" in done.stderr


# Rule F.key
def test_a_lost_key_is_never_replaced(tmp_path: Path) -> None:
    home = Home(tmp_path).ensure()
    (home.vault / "deliveries.jsonl").write_text("{}\n", encoding="utf-8")
    done = effekt("run", home=tmp_path)
    assert done.returncode == 1
    assert not home.key_file.exists()


@pytest.mark.parametrize(
    ("error", "failed_checks", "refused", "code"),
    [
        (None, (), (), 0),
        (None, (), (Refused("a.csv", ("FILE_EMPTY",)),), 3),
        (None, ("30.x",), (Refused("a.csv", ("FILE_EMPTY",)),), 4),
        (EffektError("X", "y"), ("30.x",), (Refused("a.csv", ("FILE_EMPTY",)),), 1),
    ],
)
# Rule P.exit_codes
def test_1_goes_before_4_before_3(
    tmp_path: Path,
    error: EffektError | None,
    failed_checks: tuple[str, ...],
    refused: tuple[Refused, ...],
    code: int,
) -> None:
    report = Night(settings_of(tmp_path), error=error)
    report.outcomes["receive"] = StepOutcome(refused=refused)
    report.outcomes["gate_30"] = StepOutcome(failed_checks=failed_checks)
    assert report.exit_code == code


def test_an_unforeseen_failure_shows_place_and_kind_but_never_its_text() -> None:
    try:
        int(PERSON_NUMBER + "x")
    except ValueError as error:
        shown = str(without_values(error, "staging"))
    assert PERSON_NUMBER not in shown
    assert "ValueError i trinnet staging" in shown


class EngineError(Exception):
    """Stands for sqlite's, DuckDB's or dbt's own."""


@pytest.mark.parametrize(
    "words",
    [
        "(sqlite3.OperationalError) database or disk is full",
        "IO Error: Could not write file: No space left on device",
        "IO Error: Could not write file: File too large",
    ],
)
def test_a_full_disk_is_called_so_whichever_engine_met_it(words: str) -> None:
    try:
        try:
            raise EngineError(words)
        except EngineError as error:
            raise RuntimeError("step failed") from error
    except RuntimeError as error:
        assert without_values(error, "rules").code == "DISK_FULL"


@pytest.mark.parametrize(
    ("code", "free", "told"),
    [
        ("DBT_MODEL", 4096, "DISK_FULL"),
        ("DBT_MODEL", 10**9, "DBT_MODEL"),
        ("CONTRACT_FILE", 4096, "CONTRACT_FILE"),
    ],
)
def test_an_engine_that_fails_on_a_full_disk_is_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, free: int, told: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    with nightly.night(settings_of(tmp_path)) as report:
        report.error, report.failed_step = EffektError(code, "dbt model failed"), "rules"
    assert report.error.code == told
    assert json.loads((tmp_path / "reports" / "alert.json").read_text())["error"] == told


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("as_of: 2025-13-01\n", "kan ikke læses som YAML (en dato, der ikke findes i kalenderen)"),
        ("area: [\n", "kan ikke læses som YAML på linje 2 (en linje er rykket forkert ind)"),
        ("- a\n", "ikke nøgler med værdier"),
        ("area: a\nareas: b\n", "areas"),
        ("area: no\n", "area"),
        ("area: a\narea: b\n", "nøglen area står to gange (linje 2)"),
        ("area: 610190 1234\n", "area indeholder noget, der kan være et personnummer"),
        ("610190-1234: a\n", "…"),
    ],
)
def test_a_wrong_home_file_ends_1_with_its_key_and_an_alert(
    tmp_path: Path, text: str, where: str
) -> None:
    (tmp_path / "home.yml").write_text(text, encoding="utf-8")
    done = effekt("run", home=tmp_path)
    assert done.returncode == 1
    assert f"HOME_FILE: home.yml er ikke, som den skal være ({where})" in done.stderr
    told = json.loads((tmp_path / "reports" / "alert.json").read_text(encoding="utf-8"))
    assert (told["exit_code"], told["error"]) == (1, "HOME_FILE")


# Rule P.light
def test_fast_commands_import_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys; import dagster_project.cli; from dagster_project.lib import receiving\n"
        "from dagster_project.lib import ledger, life, statement; life.submit\n"
        "from dagster_project.lib.trace import why; why.explain\n"
        "from pathlib import Path; from dagster_project.settings import SHIPPED_CONTRACTS_DIR\n"
        "for path in SHIPPED_CONTRACTS_DIR.glob('*.yml'):\n"
        "    assert receiving.check_file(path, None).is_accepted\n"
        "heavy = {'dagster', 'dbt', 'great_expectations', 'pandas', 'scipy', 'polars', 'pyarrow',\n"
        "         'typst', 'altair', 'vl_convert', 'openpyxl', 'xlsxwriter',\n"
        "         'holidays'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
