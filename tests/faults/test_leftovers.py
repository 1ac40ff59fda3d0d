"""A killed replay or check leaves nothing of a person behind that the next one does not remove."""

from __future__ import annotations

import datetime as dt
import errno
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.lib.base import scratch
from dagster_project.lib.receiving import check as checking
from dagster_project.lib.receiving import check_file
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.trace import side_home
from dagster_project.orchestration import night as nightly
from dagster_project.settings import Home, Settings
from tests.faults import corpus
from tests.unit.receiving import homes

_PERSON = b"6101901234"


def killed(work: Callable[[], None]) -> None:
    """Do something in a child that is killed (-9) in the middle of it."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(9)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def received(path: Path) -> Home:
    home = homes.new_home(path)
    homes.land(home, "deltagere_2024-02-01.csv", corpus.good_csv("deltagere"))
    assert len(homes.receive(home).accepted) == 1
    return home


def replay_until_killed(home: Home) -> None:
    with side_home.side_home(home) as side:
        known = {record.delivery_id for record in load_register(home).accepted()}
        side_home.lay_out_vault(home, side, known)
        die()


def outside(home: Home) -> list[Path]:
    """Files outside landing and secrets that hold a person number or the key."""
    kept = (home.landing, home.secrets)
    return [
        path
        for path in home.root.rglob("*")
        if path.is_file() and not any(path.is_relative_to(folder) for folder in kept)
        if _PERSON in path.read_bytes() or homes.KEY.encode() in path.read_bytes()
    ]


def side_folders(home: Home) -> list[Path]:
    return [path for path in home.root.rglob("*side-*") if path.is_dir()]


def test_a_killed_replay_leaves_no_person_number_and_no_key_anywhere(
    tmp_path: Path,
) -> None:
    home = received(tmp_path / "home")
    killed(lambda: replay_until_killed(home))
    assert len(side_folders(home)) == 2, "it was killed in the middle"
    assert outside(home) == []
    assert [path for path in home.root.rglob("*") if path.name == home.key_file.name] == [
        home.key_file
    ]


def test_the_next_night_removes_what_a_killed_replay_left_and_keeps_the_vault(
    tmp_path: Path,
) -> None:
    home = received(tmp_path / "home")
    before = {path.name: path.read_bytes() for path in home.vault.iterdir() if path.is_file()}
    killed(lambda: replay_until_killed(home))
    with nightly.night(Settings(home, tmp_path, dt.date(2024, 2, 1), None)):
        assert side_folders(home) == []
    kept = [path for path in home.vault.iterdir() if path.is_file()]
    assert {path.name: path.read_bytes() for path in kept} == before
    assert {path.stat().st_nlink for path in kept} == {1}


def test_what_an_earlier_version_left_in_work_is_removed_too(tmp_path: Path) -> None:
    home = received(tmp_path / "home")
    old = home.work / "side-abc" / "secrets"
    old.mkdir(parents=True)
    (old / "pseudonym.key").write_text(homes.KEY)
    side_home.sweep(home)
    assert side_folders(home) == []


def test_a_live_side_home_is_left_alone(tmp_path: Path) -> None:
    home = received(tmp_path / "home")
    with side_home.side_home(home) as side:
        side_home.sweep(home)
        assert side.vault.is_dir() and side.root.is_dir()
    assert side_folders(home) == []


def test_a_killed_check_leaves_no_person_number_and_the_next_one_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temp))
    path = tmp_path / "deltagere_2024-02-01.csv"
    path.write_bytes(corpus.good_csv("deltagere"))
    with monkeypatch.context() as patch:
        patch.setattr(checking, "open_parser", die)
        killed(lambda: check_file(path, homes.CONTRACTS) and None)
    assert not any(_PERSON in left.read_bytes() for left in temp.rglob("*") if left.is_file())
    assert check_file(path, homes.CONTRACTS).is_accepted
    assert list(temp.iterdir()) == []


def half_written(folder: Path, process: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".2024-01.json.{process}.tmp"
    path.write_text("half")
    return path


def test_the_next_night_removes_what_was_half_written_and_leaves_a_living_writer_alone(
    tmp_path: Path,
) -> None:
    home = received(tmp_path / "home")
    dead = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(dead, 0)
    left = [
        half_written(folder, process)
        for folder in (home.root, home.vault, home.ledger / "statements" / "k", home.reports / "k")
        for process in (dead, os.getpid())
    ]
    alive = half_written(home.reports, os.getppid())
    dropped = half_written(home.landing, dead)
    outside = half_written(tmp_path / "outside", dead)
    (home.reports / "link").symlink_to(outside.parent)
    folder = home.reports / f".d.{dead}.tmp"
    folder.mkdir()
    with nightly.night(Settings(home, tmp_path, dt.date(2024, 2, 1), None)):
        pass
    assert [path for path in left if path.exists()] == []
    assert all(path.exists() for path in (alive, dropped, outside, folder))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (tmp_path / "side-link").symlink_to(kept)
    scratch.sweep(tmp_path, "side-")
    assert kept.is_dir() and (tmp_path / "side-link").is_symlink()


def test_a_folder_that_cannot_be_locked_at_all_fails_instead_of_being_made_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(scratch.fcntl, "flock", no_locks)
    with pytest.raises(OSError, match="no locks"), scratch.folder(tmp_path, "side-"):
        pass
