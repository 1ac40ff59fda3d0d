"""The drop zone as a hostile folder: links, pipes, depth, names in bytes, writers at work."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import receiving, vault
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.intake import journal
from dagster_project.lib.receiving.intake import walk as intake
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import Home

from . import corpus


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


CONTRACTS = frozenset({corpus.CONTRACT})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


# Rule F.hostile
def test_a_link_is_refused_and_what_it_points_at_is_untouched(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "deltagere_2024-02-01.csv"
    target.write_bytes(corpus.good_csv("deltagere"))
    (home.landing / target.name).symlink_to(target)
    report = receiving.receive(home, CONTRACTS)
    assert [note.code for note in report.refused] == ["FILE_LIMIT"]
    assert target.read_bytes() == corpus.good_csv("deltagere")
    assert list(home.landing.iterdir()) == []
    kept = vault.Received(home, vault.QUARANTINE, sha256(os.fsencode(target)))
    assert kept.read() == os.fsencode(target)
    assert not kept.stored.is_symlink()


def test_a_linked_folder_is_not_entered(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "deltagere_2024-02-01.csv").write_bytes(corpus.good_csv("deltagere"))
    (home.landing / "indbakke").symlink_to(outside)
    report = receiving.receive(home, CONTRACTS)
    assert report.accepted == []
    assert [note.code for note in report.refused] == ["FILE_LIMIT"]
    assert (outside / "deltagere_2024-02-01.csv").is_file()


def test_a_pipe_does_not_hold_the_night_up(home: Home) -> None:
    os.mkfifo(home.landing / "deltagere_2024-02-01.csv")
    report = receiving.receive(home, CONTRACTS)
    assert [note.code for note in report.refused] == ["FILE_LIMIT"]
    assert list(home.landing.iterdir()) == []


# Rule I.name
def test_a_name_that_is_no_text_is_refused_and_kept(home: Home) -> None:
    name = os.fsencode(home.landing) + b"/deltagere_\xff\xfe.csv"
    with os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:
        stream.write(b"x")
    report = receiving.receive(home, CONTRACTS)
    assert [note.code for note in report.refused] == ["FILE_NAME"]
    assert os.listdir(os.fsencode(home.landing)) == []
    assert vault.Received(home, vault.QUARANTINE, sha256(b"x")).read() == b"x"


@pytest.mark.parametrize(
    "name", [".deltagere_2024-02-01.csv", "deltagere_2024-02-01.csv.part", "x.tmp", "x.sha256"]
)
# Rule I.no_delivery
def test_a_writer_at_work_is_left_alone(home: Home, name: str) -> None:
    (home.landing / name).write_bytes(b"half")
    report = receiving.receive(home, CONTRACTS)
    assert report.refused == report.accepted == []
    assert (home.landing / name).read_bytes() == b"half"


# Rule I.no_delivery
def test_a_file_that_changes_while_it_is_read_waits_for_the_next_night(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home.landing / "deltagere_2024-02-01.csv"
    path.write_bytes(corpus.good_csv("deltagere"))
    copy = vault.copy_in

    def slow(home: Home, handle: int) -> vault.Copied:
        copied = copy(home, handle)
        path.write_bytes(corpus.good_csv("deltagere") + b"x")
        return copied

    monkeypatch.setattr(vault, "copy_in", slow)
    report = receiving.receive(home, CONTRACTS)
    assert (report.waiting, report.accepted, report.refused) == (1, [], [])
    assert path.is_file()


def test_folders_beyond_the_depth_wait_and_the_others_are_taken(home: Home) -> None:
    deep = home.landing
    for number in range(intake.MAX_DEPTH + 1):
        deep = deep / f"d{number}"
    deep.mkdir(parents=True)
    for folder in (deep, deep.parent):
        (folder / "deltagere_2024-02-01.csv").write_bytes(corpus.good_csv("deltagere"))
    report = receiving.receive(home, CONTRACTS)
    assert (len(report.accepted), report.waiting) == (1, 1)
    assert (deep / "deltagere_2024-02-01.csv").is_file()


def test_more_files_than_a_night_takes_wait_for_the_next_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_FILES", 3)
    for number in range(5):
        (home.landing / f"nej{number}.txt").write_bytes(b"%d" % number)
    first, second = receiving.receive(home, CONTRACTS), receiving.receive(home, CONTRACTS)
    assert (len(first.refused), first.waiting) == (3, 2)
    assert (len(second.refused), second.waiting) == (2, 0)


def test_a_file_beyond_the_byte_limit_is_encrypted_unread(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = corpus.good_csv("deltagere")
    (home.landing / "deltagere_2024-02-01.csv").write_bytes(data)
    monkeypatch.setattr(
        "dagster_project.lib.receiving.take_in._size_limit", lambda _: len(data) - 1
    )
    report = receiving.receive(home, CONTRACTS)
    assert [note.code for note in report.refused] == ["FILE_LIMIT"]
    assert vault.Received(home, vault.QUARANTINE, sha256(data)).read() == data
    assert list(home.landing.iterdir()) == []


# Rule I.checksum
def test_a_checksum_file_goes_where_its_delivery_goes(home: Home) -> None:
    data = corpus.good_csv("deltagere")
    side = f"{hashlib.sha256(data).hexdigest()}  deltagere_2024-02-01.csv\n".encode()
    (home.landing / "deltagere_2024-02-01.csv").write_bytes(data)
    (home.landing / "deltagere_2024-02-01.csv.sha256").write_bytes(side)
    report = receiving.receive(home, CONTRACTS)
    assert len(report.accepted) == 1
    assert list(home.landing.iterdir()) == []
    assert vault.Received(home, vault.VAULT, sha256(side)).read() == side


def test_a_checksum_file_that_was_replaced_meanwhile_stays_with_the_next_delivery(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = corpus.good_csv("deltagere")
    path = home.landing / "deltagere_2024-02-01.csv"
    side = home.landing / f"{path.name}.sha256"
    path.write_bytes(data)
    side.write_text(f"{hashlib.sha256(data).hexdigest()}  {path.name}\n")
    commit = journal.commit

    def meanwhile(*arguments: Any) -> None:
        side.write_text("of the next file")
        commit(*arguments)

    monkeypatch.setattr(journal, "commit", meanwhile)
    assert len(receiving.receive(home, CONTRACTS).accepted) == 1
    assert side.read_text() == "of the next file"
    assert not path.exists()


def test_nothing_is_decided_about_a_file_that_the_disk_did_not_keep(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = corpus.good_csv("deltagere")
    path = home.landing / "deltagere_2024-02-01.csv"
    path.write_bytes(data)

    fsync = os.fsync

    def broken(handle: int) -> None:
        if len(data) < os.fstat(handle).st_size < len(data) + 1000:  # the encrypted copy
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(EffektError, match="DISK"):
            receiving.receive(home, CONTRACTS)
    assert path.read_bytes() == data
    assert load_register(home).records() == []
    assert len(receiving.receive(home, CONTRACTS).accepted) == 1
    assert vault.Received(home, vault.VAULT, sha256(data)).read() == data


@pytest.mark.parametrize(
    ("number", "waiting", "told"),
    [(errno.EACCES, 0, ["FILE_CLOSED"]), (errno.ELOOP, 1, []), (errno.ENXIO, 1, [])],
)
# Rules I.no_delivery, F.access
def test_a_file_that_cannot_be_opened_stays_and_the_others_are_taken(
    home: Home, monkeypatch: pytest.MonkeyPatch, number: int, waiting: int, told: list[str]
) -> None:
    closed, other = "deltagere_2024-02-01.csv", "deltagere_2024-02-02.csv"
    for name in (closed, other):
        (home.landing / name).write_bytes(corpus.good_csv("deltagere"))
    opening = os.open

    def refused(path: Any, *arguments: Any, **more: Any) -> int:
        if path == closed:
            raise OSError(number, os.strerror(number))
        return opening(path, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refused)
        report = receiving.receive(home, CONTRACTS)
    assert ([note.file_name for note in report.accepted], report.waiting) == ([other], waiting)
    assert [code for _, code in report.closed] == told
    assert (home.landing / closed).is_file()
    assert len(receiving.receive(home, CONTRACTS).accepted) == 1
