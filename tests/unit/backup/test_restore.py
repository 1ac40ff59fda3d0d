"""An archive is trusted in nothing: what is wrong with one, and what a failed restore leaves."""

from __future__ import annotations

import io
import os
import signal
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.lib.backup import archive, listing, restoring
from dagster_project.lib.backup.archive import Entry
from dagster_project.lib.backup.listing import Listing
from dagster_project.lib.base.errors import EXIT_FAILED, EXIT_USAGE, EffektError
from dagster_project.settings import HOME_FORMAT, Home
from tests.unit.backup.conftest import Place, new_key

HOME_YML = f"format: {HOME_FORMAT}\n".encode()


@pytest.fixture
def backup(place: Place) -> Path:
    """An archive of the home."""
    return place.back_up().path


def refusal(place: Place, path: Path) -> tuple[str, int]:
    """How a restore is refused; a folder that was not there is not there afterwards."""
    with pytest.raises(EffektError) as failed:
        place.bring_back(path)
    assert not (place.folder / "andet" / "sted").exists()
    return failed.value.code, failed.value.exit_code


# Rule F.restore
def test_a_key_that_opens_it_not_is_told_and_the_folder_is_as_it_was(
    place: Place, backup: Path
) -> None:
    new_key(place.key)
    assert refusal(place, backup) == ("BACKUP_KEY", EXIT_FAILED)
    place.key.write_text("ingen nøgle")
    assert refusal(place, backup) == ("BACKUP_IDENTITY", EXIT_USAGE)
    place.key.unlink()
    assert refusal(place, backup) == ("BACKUP_IDENTITY", EXIT_USAGE)


# Rule F.restore
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99, 1.0])
def test_an_archive_that_is_cut_off_or_changed_anywhere_is_refused(
    place: Place, backup: Path, share: float
) -> None:
    raw = backup.read_bytes()
    at = min(int(len(raw) * share), len(raw) - 1)
    backup.write_bytes(raw[:at])
    assert refusal(place, backup) == ("BACKUP_BROKEN", EXIT_FAILED)
    backup.write_bytes(raw[:at] + bytes([raw[at] ^ 4]) + raw[at + 1 :])
    assert refusal(place, backup)[0] in ("BACKUP_BROKEN", "BACKUP_KEY")
    backup.write_bytes(raw + b"mere")
    assert refusal(place, backup) == ("BACKUP_BROKEN", EXIT_FAILED)


def test_what_is_no_archive_or_not_there_is_told(place: Place, backup: Path) -> None:
    backup.write_bytes(b"PK\x03\x04" * 500)
    assert refusal(place, backup) == ("BACKUP_BROKEN", EXIT_FAILED)
    backup.unlink()
    assert refusal(place, backup) == ("BACKUP_FILE", EXIT_USAGE)


def forge(place: Place, files: dict[str, bytes], change: Callable[[Listing], Any]) -> Path:
    """An archive of these files with a listing of them that was changed."""
    told = Listing("1", 2)

    def entries() -> Iterator[Entry]:
        for name, raw in files.items():
            yield told.noted(Entry(name, len(raw), iter([raw])))
        change(told)
        raw = told.as_bytes()
        yield Entry(listing.NAME, len(raw), iter([raw]))

    path = place.folder / "forfalsket"
    with path.open("wb") as stream:
        archive.write(stream, entries(), recipients(place))
    return path


def recipients(place: Place) -> list[Any]:
    return [identity.to_public() for identity in archive.identities_of(place.key)]


# Rule F.restore
@pytest.mark.parametrize(
    "name",
    ["../ude", "vault/../../ude", "/tmp/ude", "vault//ude", "vault/./ude", "vault/..", "ude",
     "work/ude", "published/ude", ".home.yml.restore", "home.yml/ude", "vault", "..", "landing/x"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(place: Place, name: str) -> None:
    before = sorted(place.folder.iterdir())
    path = forge(place, {"home.yml": HOME_YML, name: b"ond"}, lambda _told: None)
    assert refusal(place, path) == ("BACKUP_BROKEN", EXIT_FAILED)
    new = {path, place.folder / "andet"}
    assert set(place.folder.iterdir()) - set(before) <= new
    assert not Path("/tmp/ude").exists()


# Rule F.restore
@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_an_archive_holds_files_and_nothing_else(place: Place, kind: bytes) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        member = tarfile.TarInfo("vault/ude")
        member.type, member.linkname = kind, "../../.."
        tar.addfile(member)
    path = place.folder / "link"
    path.write_bytes(pyrage.encrypt(raw.getvalue(), recipients(place)))
    assert refusal(place, path) == ("BACKUP_BROKEN", EXIT_FAILED)


# Rule F.restore
@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.files.update({"home.yml": (10, "0" * 64)}),
        lambda told: told.files.pop("home.yml"),
        lambda told: told.files.update({"vault/mangler": (1, "0" * 64)}),
        lambda told: told.heads.update({"ledger/settlements.jsonl": {"sequence": 1, "hash": "x"}}),
    ],
)
def test_files_that_are_not_those_of_the_listing_are_refused(
    place: Place, change: Callable[[Listing], Any]
) -> None:
    sound = forge(place, {"home.yml": HOME_YML}, lambda _told: None)
    assert place.bring_back(sound, "helt").home.is_home
    path = forge(place, {"home.yml": HOME_YML}, change)
    assert refusal(place, path) == ("BACKUP_BROKEN", EXIT_FAILED)


# Rule F.restore
def test_a_home_that_is_not_whole_is_not_left_as_one(place: Place) -> None:
    chain = (place.home.ledger / "settlements.jsonl").read_bytes()
    files = {"home.yml": HOME_YML, "ledger/settlements.jsonl": chain}
    path = forge(place, files, lambda _told: None)  # what was approved is not in it
    assert refusal(place, path) == ("BACKUP_BROKEN", EXIT_FAILED)
    files["ledger/settlements.jsonl"] = chain.replace(b'"Kai"', b'"Kaj"')
    with pytest.raises(EffektError):
        forge(place, files, lambda _told: None)


# Rule F.restore
def test_only_a_folder_that_is_empty_or_not_there_becomes_a_home(
    place: Place, backup: Path
) -> None:
    (full := place.folder / "fuld").mkdir()
    (full / "noget").write_text("x")
    words = ["restore", str(backup), str(full), "--identity", str(place.key)]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, EffektError)
    assert (done.exception.code, done.exception.exit_code) == ("FOLDER_TAKEN", EXIT_USAGE)
    assert [path.name for path in full.iterdir()] == ["noget"]
    (full / "noget").unlink()
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert Home(full).is_home
    assert "effekt run" in done.output


# Rule F.restore
@pytest.mark.parametrize("last", [0, 3, 12])
def test_a_killed_restore_leaves_no_home(place: Place, backup: Path, last: int) -> None:
    target = place.folder / "sted"
    child = os.fork()
    if child == 0:
        files, plain = iter(range(last)), restoring._write

        def killing(path: Path, entry: Entry) -> None:
            plain(path, entry)
            if next(files, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        restoring._write = killing
        try:
            restoring.restore(backup, Home(target), place.key)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert not Home(target).is_home
    for words in (["verify", "--home", str(target)], ["init", str(target), "--area", "Prøveby"],
                  ["restore", str(backup), str(target), "--identity", str(place.key)]):  # fmt: skip
        failed = CliRunner().invoke(app, words).exception
        assert isinstance(failed, EffektError)
        assert failed.code in ("NO_HOME", "FOLDER_TAKEN")
    assert not Home(target).is_home
