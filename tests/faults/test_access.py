"""Owners and modes: what a user may not do ends 1 with its own code, before anything is touched."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import typer

from dagster_project.cli.app import app
from dagster_project.lib import receiving
from dagster_project.lib.base.errors import EXIT_FAILED, EXIT_REFUSED, EffektError
from dagster_project.orchestration import access
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.failures import blame_machine, without_values
from dagster_project.settings import Home, Settings
from tests.faults import corpus
from tests.faults.test_runs_alone import effekt
from tests.support import other_user

CONTRACTS = frozenset({corpus.CONTRACT})
FOLDERS = (
    "landing", "vault", "quarantine", "work", "ledger", "published", "reports", "secrets",
    "dagster",
)  # fmt: skip


@pytest.fixture(scope="module")
def _all_imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Somebody may not reach the interpreter's own files: what is imported late is there before."""
    home = Home(tmp_path_factory.mktemp("warm") / "home").ensure()
    (home.landing / "deltagere_2024-02-01.csv").write_bytes(corpus.good_csv("deltagere"))
    receiving.receive(home, CONTRACTS)


@pytest.fixture
def home(_all_imported: None) -> Iterator[Home]:
    """A home of an ordinary user with a file in its landing folder."""
    with other_user.folder() as place:
        with other_user.acting():
            made = Home(place / "home").ensure()
            (made.landing / "deltagere_2024-02-01.csv").write_bytes(corpus.good_csv("deltagere"))
            receiving.receive(made, CONTRACTS)
            (made.landing / "deltagere_2024-02-02.csv").write_bytes(corpus.good_csv("deltagere"))
        yield made


def begin(home: Home) -> None:
    """The beginning of a night as the home's user."""
    settings = Settings(home, home.root / "contracts", dt.date(2025, 1, 10), None)
    with other_user.acting(), nightly.night(settings):
        pass


def contents(home: Home) -> list[tuple[str, int]]:
    return sorted(
        (str(path.relative_to(home.root)), path.stat().st_size)
        for path in home.root.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def given_away(path: Path) -> None:
    os.chown(path, 0, 0)


def not_writable(path: Path) -> None:
    path.chmod(0o500)


def not_readable(path: Path) -> None:
    path.chmod(0o300)


@pytest.mark.parametrize("folder", ["", "published/snapshots", *FOLDERS])
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (given_away, "FOLDER_FOREIGN"), (not_writable, "FOLDER_CLOSED"),
        (not_readable, "FOLDER_CLOSED"),
    ],
)  # fmt: skip
# Rule F.access
def test_a_folder_that_the_nights_user_cannot_use_ends_the_night_before_it_begins(
    home: Home, folder: str, spoil: Callable[[Path], None], code: str
) -> None:
    expected = {
        ("", "FOLDER_FOREIGN"): "HOME_FOREIGN",
        ("landing", "FOLDER_FOREIGN"): "LANDING_NOT_EMPTIED",  # of another, and closed to us
    }.get((folder, code), code)
    if (folder, spoil) == ("landing", not_writable):
        expected = "LANDING_NOT_EMPTIED"
    path = home.root / folder
    with other_user.acting():
        path.mkdir(mode=0o755, exist_ok=True)
    if folder == "landing":
        path.chmod(0o755)
    before = contents(home)
    spoil(path)
    with pytest.raises(EffektError) as caught:
        begin(home)
    assert (caught.value.code, caught.value.exit_code) == (expected, EXIT_FAILED)
    assert (folder or "home") in caught.value.message
    assert caught.value.remedy
    assert contents(home) == before


# Rule F.access
def test_a_landing_folder_of_another_is_fine_where_files_can_be_taken_out_of_it(home: Home) -> None:
    os.chown(home.landing, 0, other_user.SOMEBODY)
    home.landing.chmod(0o770)
    begin(home)
    delivered = home.landing / "deltagere_2024-02-02.csv"
    assert delivered.is_file()
    with other_user.acting():
        delivered.unlink()
    assert not delivered.exists()


# Rule F.access
def test_the_superuser_is_refused_in_a_home_of_somebody_else(home: Home) -> None:
    before = contents(home)
    done = effekt("run", home=home.root)
    assert done.returncode == 1
    assert "HOME_FOREIGN" in done.stderr
    assert "UNEXPECTED" not in done.stderr
    told = json.loads((home.reports / "alert.json").read_text(encoding="utf-8"))
    assert (told["exit_code"], told["error"]) == (1, "HOME_FOREIGN")
    assert not [path for path in home.reports.iterdir() if path.stat().st_uid == 0]
    for name in ("alert.json", "alert.txt"):
        (home.reports / name).unlink()
    assert contents(home) == before


def _unreadable(home: Home) -> None:
    (home.landing / "deltagere_2024-02-02.csv").chmod(0o000)


def _in_a_folder(mode: int, owner: int = 0) -> Callable[[Home], None]:
    def spoil(home: Home) -> None:
        folder = home.landing / "indbakke"
        folder.mkdir()
        (home.landing / "deltagere_2024-02-02.csv").rename(folder / "deltagere_2024-02-02.csv")
        os.chown(folder, owner, owner)
        os.chown(folder / "deltagere_2024-02-02.csv", owner, owner)
        (folder / "deltagere_2024-02-02.csv").chmod(0o644)
        folder.chmod(mode)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "closed"),
    [
        (_unreadable, ("deltagere_2024-02-02.csv", "FILE_CLOSED")),
        (_in_a_folder(0o755), ("indbakke/deltagere_2024-02-02.csv", "FILE_NOT_TAKEN")),
        (_in_a_folder(0o1777), ("indbakke/deltagere_2024-02-02.csv", "FILE_NOT_TAKEN")),
        (_in_a_folder(0o700), ("indbakke", "LANDING_FOLDER_CLOSED")),
    ],
)
# Rule F.access
def test_what_cannot_be_read_or_taken_out_of_landing_stays_and_is_named_and_the_others_go_on(
    home: Home, spoil: Callable[[Home], None], closed: tuple[str, str]
) -> None:
    spoil(home)
    other = home.landing / "deltagere_2024-02-03.csv"
    with other_user.acting():
        other.write_bytes(corpus.good_csv("deltagere"))
        report = receiving.receive(home, CONTRACTS)
    assert report.closed == [closed]
    assert [note.file_name for note in report.accepted] == [other.name]
    assert not other.exists()
    assert list(home.landing.rglob("deltagere_2024-02-02.csv"))
    with other_user.acting():
        assert receiving.receive(home, CONTRACTS).accepted == []  # and nothing is received twice


# Rule F.access
def test_a_sticky_folder_gives_the_files_of_its_owner(home: Home) -> None:
    _in_a_folder(0o1777, other_user.SOMEBODY)(home)
    os.chown(home.landing / "indbakke" / "deltagere_2024-02-02.csv", 0, 0)
    with other_user.acting():
        report = receiving.receive(home, CONTRACTS)
    assert (report.closed, len(report.accepted)) == ([], 1)


def _refused_by_duckdb(path: Path) -> None:
    path.write_bytes(b"")
    path.chmod(0o000)
    duckdb.connect(str(path))


def _refused_by_sqlite(path: Path) -> None:
    sqlite3.connect(path / "runs.db").execute("create table t (i int)")


@pytest.mark.parametrize(
    "refuse",
    [
        lambda path: path.mkdir(mode=0o000) or (path / "x").write_bytes(b""),
        _refused_by_duckdb,
        _refused_by_sqlite,
    ],
    ids=["system", "duckdb", "sqlite"],
)
# Rules F.access, F.after
def test_a_lack_of_rights_found_later_has_its_code_too(
    home: Home, refuse: Callable[[Path], None]
) -> None:
    with other_user.acting(), pytest.raises(Exception, match=r".") as caught:
        refuse(home.work / "610190-1234")
    failure = without_values(caught.value, "receive")
    assert (failure.code, failure.exit_code) == ("NO_ACCESS", EXIT_FAILED)
    assert "trinnet receive" in failure.message
    assert failure.remedy
    assert "1234" not in str(failure)


# Rule F.access
def test_an_engine_that_fails_beside_a_closed_folder_is_not_blamed(home: Home) -> None:
    failure = EffektError("DBT_MODEL", "dbt model failed")
    with other_user.acting():
        assert blame_machine(failure, "rules", home) is failure
        home.work.chmod(0o500)
        assert blame_machine(failure, "rules", home).code == "FOLDER_CLOSED"


# Rule F.access
def test_a_home_that_is_in_order_is_let_through(home: Home) -> None:
    before, absent = contents(home), Home(home.root / "not" / "there")
    with other_user.acting():
        access.require_access(home)
    access.require_access(absent)
    assert (contents(home), absent.root.exists()) == (before, False)


NEIGHBOUR = 61_902
"""Another user, who is neither the owner nor the superuser."""


def _by_a_neighbour(home: Home, words: list[str]) -> EffektError:
    """What a command says to a user of the machine who does not own the home."""
    command = typer.main.get_command(app)
    with other_user.acting(NEIGHBOUR), pytest.raises(EffektError) as caught:
        command(
            [*words, "--home", str(home.root), "--contracts", str(home.root / "contracts")],
            standalone_mode=False,
        )
    return caught.value


@pytest.mark.parametrize(
    "words",
    [
        ["check", "/etc/hostname"], ["rotate-key", "statement"], ["ui"], ["desk"], ["status"],
        ["verify", "--against", "/etc/hostname"],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
@pytest.mark.parametrize("home_mode", [0o755, 0o700])
# Rule F.access
def test_a_command_that_the_desk_does_not_do_says_whose_the_home_is(
    home: Home, words: list[str], home_mode: int
) -> None:
    (home.root / "home.yml").write_text("as_of: 2025-01-10\n", encoding="utf-8")
    (home.root / "home.yml").chmod(0o600)
    home.root.chmod(home_mode)
    before = contents(home)
    error = _by_a_neighbour(home, words)
    assert (error.code, error.exit_code) == ("HOME_NOT_YOURS", EXIT_REFUSED)
    assert "chown" not in error.remedy
    assert contents(home) == before


@pytest.mark.parametrize("words", [["run"], ["demo"]], ids=lambda words: words[0])
# Rule F.access
def test_a_night_in_a_home_of_another_says_so_where_its_files_are_closed(
    home: Home, words: list[str]
) -> None:
    (home.root / "home.yml").write_text("as_of: 2025-01-10\n", encoding="utf-8")
    (home.root / "home.yml").chmod(0o600)
    assert _by_a_neighbour(home, words).code == "HOME_FOREIGN"


# Rule F.access
def test_the_superuser_makes_no_key_that_the_homes_user_cannot_read(home: Home) -> None:
    def files() -> dict[Path, tuple[int, int]]:
        found = ((path, path.lstat()) for path in home.root.rglob("*"))
        return {path: (stat.st_uid, stat.st_mtime_ns) for path, stat in found}

    before = files()
    done = effekt("rotate-key", "statement", home=home.root)
    assert (done.returncode, "HOME_NOT_YOURS" in done.stderr) == (EXIT_REFUSED, True), done.stderr
    assert files() == before
