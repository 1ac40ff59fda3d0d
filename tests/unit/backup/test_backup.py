"""What is in a backup, what stands in its way, and that it is whole before it has a name."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import shutil
import signal
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import inspection, removals, vault
from dagster_project.lib.backup import archive, cut, making, restoring
from dagster_project.lib.base import strict_yaml
from dagster_project.lib.base.errors import EXIT_FAILED, EXIT_USAGE, EffektError
from dagster_project.lib.ledger import access
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import HOME_FORMAT, Home
from tests.faults import corpus
from tests.unit.backup.conftest import Place, new_key
from tests.unit.receiving import homes

DAY = dt.date(2024, 3, 1)
RECORDS = ("home.yml", "contracts", "sources", "secrets", "ledger", "vault", "quarantine")


def contents(root: Path, *names: str) -> dict[str, bytes]:
    """Bytes of all files that are not hidden, by place."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for name in names
        for path in [root / name, *(root / name).rglob("*")]
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(root).parts)
    }


def code_of(place: Place, name: str = "kopi.tar.age") -> tuple[str, int]:
    """How a backup fails; none of it is left."""
    before = sorted(place.folder.iterdir())
    with pytest.raises(EffektError) as failed:
        place.back_up(name)
    assert sorted(place.folder.iterdir()) == before
    return failed.value.code, failed.value.exit_code


# Rules F.backup, F.restore
def test_all_records_come_back_byte_for_byte_and_nothing_that_is_computed(place: Place) -> None:
    for folder in ("work", "dagster", "landing"):
        (place.home.root / folder / "rest").write_text("x")
    made = place.back_up()
    back = place.bring_back(made.path).home
    documents = (*RECORDS, "reports/statements")
    assert contents(back.root, *documents) == contents(place.home.root, *documents)
    assert set(contents(back.root, ".")) == set(contents(back.root, *documents))
    assert inspection.inspect_home(back).is_whole
    names = made.listing.files
    assert any(name.startswith("ledger/statements/") for name in names)
    assert any(name.startswith("quarantine/") for name in names)
    assert {"secrets/pseudonym.key", "secrets/statement.key"} <= names.keys()
    register = load_register(place.home)
    assert made.listing.heads["vault/deliveries.jsonl"] == register.head


# Rule F.restore
def test_modes_are_those_of_a_home_whatever_the_umask(place: Place) -> None:
    made = place.back_up()
    before = os.umask(0)
    try:
        back = place.bring_back(made.path).home.root
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [back, *back.rglob("*")]}
    public = {back, back / "published"}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir() and path not in public} == {0o700}
    assert {modes[path] for path in public} == {0o755}
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600


# Rule F.backup
def test_what_opens_other_systems_stays_at_home(place: Place) -> None:
    for name in ("proxy", "dsn"):
        (place.home.secrets / name).write_text("hemmelig")
        (place.home.secrets / name).chmod(0o600)
    text = place.home.home_file.read_text()
    more = "ui: {proxy_secret_file: secrets/proxy}\npublish: {postgres: {dsn_file: secrets/dsn}}\n"
    assert "secrets/proxy" in place.back_up("før").listing.files  # no key of home.yml names it
    place.home.home_file.write_text(text + more)
    assert not {"secrets/proxy", "secrets/dsn"} & place.back_up().listing.files.keys()


# Rules F.backup, F.restore, F.vault_key
@pytest.mark.parametrize("elsewhere", ["../fjern.key", "secrets/fjern.key"])
def test_the_key_of_received_files_comes_along_wherever_it_lies(
    place: Place, elsewhere: str
) -> None:
    key = place.home.secrets / "vault.key"
    raw = key.read_bytes()
    assert place.back_up("før").listing.files["secrets/vault.key"][0] == len(raw)
    key.rename(place.home.root / elsewhere)
    key.write_text("en anden, som ingen fil nævner")
    key.chmod(0o600)
    with place.home.home_file.open("a") as stream:
        stream.write(f"vault_key_file: {(place.home.root / elsewhere).resolve()}\n")
    back = place.bring_back(place.back_up().path).home
    shutil.rmtree(place.home.root)  # nothing of the lost machine is asked for
    assert back.vault_key_file == back.secrets / "vault.key"
    assert back.vault_key_file.read_bytes() == raw
    assert inspection.inspect_home(back).is_whole


# Rules F.backup, F.access_log, F.removals
def test_who_looked_and_what_was_removed_comes_along(place: Place) -> None:
    access.note(place.home, "effekt trace", course="A")
    gone = next(path for path in sorted(place.home.quarantine.iterdir()) if len(path.name) == 64)
    remove(place.home, removals.QUARANTINE, gone)
    back = place.bring_back(place.back_up().path).home
    assert access.read(back) == access.read(place.home)
    assert removals.read(back) == removals.read(place.home)
    assert not (back.quarantine / gone.name).exists()


def remove(home: Home, room: str, path: Path) -> None:
    """Remove a received file as purge and forget do: first the line, then the file."""
    file = removals.File(room, path.name, path.stat().st_size)
    removals.add(home, removals.PURGE, DAY, [file], actor="Kai")
    path.unlink()


# Rules F.backup, F.removals
@pytest.mark.parametrize("room", [removals.VAULT, removals.QUARANTINE])
def test_what_is_removed_meanwhile_is_in_the_archives_record_of_removals(
    place: Place, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    folder = place.home.vault if room == removals.VAULT else place.home.quarantine
    gone = next(path for path in sorted(folder.iterdir()) if len(path.name) == 64)
    cuts, register = [], cut.Cut._register

    def removing(self: cut.Cut) -> Any:
        cuts.append(1)
        if len(cuts) == 1:  # the chains were copied, the files were not
            remove(place.home, room, gone)
        return register(self)

    monkeypatch.setattr(cut.Cut, "_register", removing)
    back = place.bring_back(place.back_up().path).home
    assert len(cuts) == 2
    assert removals.read(back) == removals.read(place.home)
    assert inspection.inspect_home(back).is_whole


# Rule F.restore
def test_a_restored_home_names_no_key_on_the_lost_machine() -> None:
    rest = "format: 2\n# vault_key_file: før\narea: Prøveby\n"
    assert restoring.without_key_file(f"vault_key_file: /etc/effekt/a.key\n{rest}") == rest
    assert restoring.without_key_file(f"{rest}vault_key_file: a.key") == rest
    assert restoring.without_key_file(rest) == rest
    for form in ("vault_key_file:\n  a.key\n", '"vault_key_file": a.key\n'):
        anew = restoring.without_key_file(f"{form}as_of: 2024-01-01\n{rest}")
        assert strict_yaml.load_typed(anew) == strict_yaml.load_typed(f"as_of: 2024-01-01\n{rest}")


# Rule F.backup
@pytest.mark.parametrize("told", ["", "backup: {recipients: []}\n"])
def test_without_recipients_it_ends_2_and_says_what_to_write(place: Place, told: str) -> None:
    place.home.home_file.write_text(f"format: {HOME_FORMAT}\n{told}")
    with pytest.raises(EffektError) as failed:
        place.back_up()
    assert (failed.value.code, failed.value.exit_code) == ("BACKUP_RECIPIENTS", EXIT_USAGE)
    assert "backup: {recipients: [" in failed.value.remedy


def test_a_mistyped_recipient_is_refused(place: Place) -> None:
    text = place.home.home_file.read_text()
    last = text.rindex("]") - 1
    wrong = "q" if text[last] != "q" else "p"
    place.home.home_file.write_text(text[:last] + wrong + text[last + 1 :])
    assert code_of(place) == ("BACKUP_RECIPIENTS", EXIT_USAGE)
    place.home.home_file.write_text("backup: {recipients: [age1kort]}\n")
    assert code_of(place) == ("HOME_FILE", EXIT_FAILED)


# Rule F.backup
def test_a_file_that_is_there_is_never_written_over(place: Place) -> None:
    (place.folder / "kopi.tar.age").write_text("den gamle")
    assert code_of(place) == ("BACKUP_FILE", EXIT_USAGE)
    assert (place.folder / "kopi.tar.age").read_text() == "den gamle"
    assert code_of(place, "ingen/mappe") == ("BACKUP_FILE", EXIT_USAGE)
    (place.folder / "kopier").mkdir()
    assert place.back_up("kopier").path.parent == place.folder / "kopier"


# Rule F.backup
def test_a_received_file_that_rotted_is_told_and_not_carried_over(place: Place) -> None:
    path = next(p for p in sorted(place.home.vault.iterdir()) if len(p.name) == 64)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert code_of(place) == ("VAULT_BROKEN", EXIT_FAILED)
    path.unlink()
    assert code_of(place) == ("VAULT_BROKEN", EXIT_FAILED)


def test_a_chain_that_was_edited_is_told(place: Place) -> None:
    path = place.home.ledger / "settlements.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"Kai"', b'"Kaj"'))
    assert code_of(place) == ("LEDGER_BROKEN", EXIT_FAILED)


# Rule F.backup
def test_what_the_disk_did_not_keep_is_found_before_the_archive_has_its_name(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rot(handle: int, *_rest: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)

    monkeypatch.setattr(making.os, "posix_fadvise", rot)
    assert code_of(place) == ("BACKUP_BROKEN", EXIT_FAILED)


# Rule F.backup
def test_a_torn_last_line_is_left_out_and_the_chain_is_whole(place: Place) -> None:
    path = place.home.vault / "deliveries.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"entry":"deliv')
    back = place.bring_back(place.back_up().path).home
    assert (back.vault / "deliveries.jsonl").read_bytes() == whole


def during(monkeypatch: pytest.MonkeyPatch, harm: Any, *, times: int) -> list[int]:
    """Do harm after the register was copied, so many times; gives the cuts that were made."""
    cuts: list[int] = []
    received = cut.Cut._received

    def hurt(self: cut.Cut, deliveries: Any) -> Iterator[archive.Entry]:
        yield from received(self, deliveries)
        cuts.append(1)
        if len(cuts) <= times:
            harm()

    monkeypatch.setattr(cut.Cut, "_received", hurt)
    return cuts


# Rule F.backup
def test_what_is_exchanged_meanwhile_makes_another_cut(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.home.secrets / "pseudonym.key"
    received = next(p for p in sorted(place.home.vault.iterdir()) if len(p.name) == 64)
    aside = place.folder / "ny"

    def exchange() -> None:
        shutil.copy(received, aside)
        aside.replace(received)
        path.touch()

    cuts = during(monkeypatch, exchange, times=2)
    back = place.bring_back(place.back_up().path).home
    assert len(cuts) == 3
    assert (back.vault / received.name).read_bytes() == received.read_bytes()


def test_a_home_that_never_holds_still_gives_no_archive(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = next(p for p in sorted(place.home.vault.iterdir()) if len(p.name) == 64)
    moments = itertools.count(1)
    during(monkeypatch, lambda: os.utime(received, ns=(1, next(moments))), times=99)
    assert code_of(place) == ("BACKUP_MOVED", EXIT_FAILED)


# Rule F.backup
def test_deliveries_that_come_meanwhile_leave_every_archive_whole(place: Place) -> None:
    done, failures = threading.Event(), []

    def deliver() -> None:
        try:
            for day in range(2, 29):
                if done.is_set():
                    return
                name = f"personstatus_2024-02-{day:02d}.csv"
                homes.land(place.home, name, corpus.good_csv("personstatus") + b"\n" * day)
                homes.receive(place.home)
        except Exception as error:
            failures.append(error)

    sender = threading.Thread(target=deliver)
    sender.start()
    lines = set()
    try:
        for number in range(5):
            made = place.back_up(f"kopi-{number}")
            back = place.bring_back(made.path, f"sted-{number}").home
            assert inspection.inspect_home(back).is_whole
            lines.add(load_register(back).line_count)
    finally:
        done.set()
        sender.join()
    assert failures == []
    assert len(lines) > 1  # deliveries did come in between


# Rule F.backup
@pytest.mark.parametrize("last", [1, 4, 9])
def test_a_killed_backup_leaves_no_archive_and_the_next_removes_what_is_left(
    place: Place, last: int
) -> None:
    (folder := place.folder / "kopier").mkdir()
    child = os.fork()
    if child == 0:
        chunks = iter(range(last))
        cut._chunks.__globals__["CHUNK"] = 64
        plain = cut._chunks

        def killing(handle: int, size: int) -> Iterator[bytes]:
            for chunk in plain(handle, size):
                if next(chunks, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield chunk

        cut._chunks = killing  # type: ignore[assignment]
        try:
            making.make_backup(place.settings, folder / "kopi")
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert not (folder / "kopi").exists()
    assert [path.name.startswith(".kopi.") for path in folder.iterdir()] == [True]
    making.make_backup(place.settings, folder / "kopi")
    assert [path.name for path in folder.iterdir()] == ["kopi"]


# Rule F.backup
def test_nothing_of_a_delivery_stands_in_the_archive_or_beside_it(place: Place) -> None:
    words = [
        line
        for file in vault.listed(place.home, vault.VAULT)
        for data in (file.read(), file.stored.read_bytes())
        for line in data.splitlines()
        if len(line) > 30
    ]
    assert words
    written = place.back_up().path.read_bytes()
    key = (place.home.secrets / "pseudonym.key").read_bytes()
    assert not [word for word in [*words, key, b"deliveries.jsonl"] if word in written]


def test_two_recipients_can_each_open_it_and_nobody_else(place: Place) -> None:
    second, other = place.folder / "anden.key", place.folder / "fremmed.key"
    text = place.home.home_file.read_text().replace("]", f", {new_key(second)}]")
    place.home.home_file.write_text(text)
    made = place.back_up()
    for key in (place.key, second):
        assert making.read_back(made.path, archive.identities_of(key)).files
    new_key(other)
    with pytest.raises(EffektError) as failed:
        making.read_back(made.path, archive.identities_of(other))
    assert failed.value.code == "BACKUP_KEY"
    assert Home(place.home.root).is_home
