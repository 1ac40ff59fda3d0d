"""Received files at rest: encrypted one by one, decrypted only into what has no name."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dagster_project.lib import receiving, records, vault
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.inspection import inspect_home
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.vault import cipher
from dagster_project.lib.vault.keys import read_key
from dagster_project.settings import Home
from tests.faults import corpus
from tests.unit.receiving import homes

GOOD = corpus.good_csv("deltagere")
REFUSED = b"ingen levering, men et navn: Canary\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with an accepted and a refused file."""
    home = homes.new_home(tmp_path_factory.mktemp("first") / "home")
    homes.land(home, "deltagere_2024-02-01.csv", GOOD)
    homes.land(home, "forkert.csv", REFUSED)
    homes.receive(home)
    return home


@pytest.fixture
def home(first: Home, tmp_path: Path) -> Home:
    """The same, to do harm to."""
    shutil.copytree(first.root, tmp_path / "home")
    return Home(tmp_path / "home")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def received(home: Home) -> list[vault.Received]:
    return [*vault.listed(home, vault.VAULT), *vault.listed(home, vault.QUARANTINE)]


def kept(home: Home) -> dict[str, bytes]:
    """What every received file holds, decrypted."""
    return {file.label: file.read() for file in received(home)}


# Rule F.encrypted
def test_what_is_received_is_encrypted_and_is_read_as_it_came(home: Home) -> None:
    assert kept(home) == {f"vault/{sha256(GOOD)}": GOOD, f"quarantine/{sha256(REFUSED)}": REFUSED}
    for file in received(home):
        raw = file.stored.read_bytes()
        assert raw.startswith(b"age-encryption.org/v1\n")
        assert GOOD[:20] not in raw and b"Canary" not in raw
    assert vault.key_file(home) == home.secrets / "vault.key"
    assert home.vault_key_file.stat().st_mode & 0o777 == 0o600


# Rule F.encrypted
def test_what_is_decrypted_has_no_name_whatever_its_size_and_file_system(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in (b"", b"small", os.urandom(3 << 20)):
        file = vault.put(home, vault.VAULT, data)
        before = sorted(home.root.rglob("*"))
        with file.opened() as path:
            assert path.read_bytes() == data
            assert os.stat(path).st_nlink == 0
            assert sorted(home.root.rglob("*")) == before

    opened = os.open

    def no_such_files(path: Path, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "not supported")
        return opened(path, flags, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(cipher.os, "open", no_such_files)
        handle = vault.unnamed(home.vault)
    assert os.fstat(handle).st_nlink == 0
    os.close(handle)


# Rules F.encrypted, F.vault
@pytest.mark.parametrize("place", [3, 40, 200, -5])
def test_a_flipped_bit_is_a_broken_vault_that_names_the_delivery(home: Home, place: int) -> None:
    (record,) = load_register(home).accepted()
    stored = vault.Received(home, vault.VAULT, record.sha256).stored
    raw = bytearray(stored.read_bytes())
    raw[place] ^= 1
    stored.write_bytes(raw)
    with pytest.raises(EffektError, match=f"VAULT_BROKEN.*{record.delivery_id}"):
        records.look_after(home, load_register(home))
    home.warehouse.unlink()
    with pytest.raises(EffektError, match=r"VAULT_BROKEN: deltagere_2024-02-01\.csv"):
        _load(home)
    with pytest.raises(EffektError, match="VAULT_BROKEN"):
        receiving.row_hmacs(home, record.sha256, "deltagere", [1])


def _load(home: Home) -> None:
    from dagster_project.lib import warehouse

    connection = warehouse.connect(home.warehouse)
    warehouse.create_raw(connection)
    try:
        receiving.load_deliveries(connection, home)
    finally:
        connection.close()


# Rule F.vault_key
def test_a_lost_key_is_told_before_anything_leaves_landing_and_never_replaced(home: Home) -> None:
    homes.land(home, "deltagere_2024-03-01.csv", GOOD + b"\n")
    home.vault_key_file.unlink()
    for _ in range(2):
        with pytest.raises(EffektError, match=r"VAULT_KEY_MISSING: vault\.key.*læg vault\.key"):
            homes.receive(home)
    (home.vault / ".recipient").unlink()  # without it the files themselves tell
    with pytest.raises(EffektError, match="VAULT_KEY_MISSING"):
        homes.receive(home)
    assert not home.vault_key_file.exists()
    assert (home.landing / "deltagere_2024-03-01.csv").is_file()


# Rule F.vault_key
def test_another_home_s_key_is_told_and_verify_tells_it_once(home: Home, tmp_path: Path) -> None:
    other = homes.new_home(tmp_path / "other")
    vault.ensure_key(other)
    shutil.copy(other.vault_key_file, home.vault_key_file)
    with pytest.raises(EffektError, match=r"VAULT_KEY_OTHER: vault\.key"):
        homes.receive(home)
    (area,) = [area for area in inspect_home(home).areas if area.name == "vault"]
    assert [fault.code for fault in area.faults] == ["VAULT_KEY_OTHER"]


@pytest.mark.parametrize(
    ("text", "code"), [("x\n", "VAULT_KEY_BROKEN"), ("# none\n", "VAULT_KEY_BROKEN")]
)
def test_a_broken_key_is_told(home: Home, text: str, code: str) -> None:
    home.vault_key_file.write_text(text)
    with pytest.raises(EffektError, match=code):
        homes.receive(home)


# Rule F.vault_key
def test_the_key_file_that_home_yml_names_is_used_and_must_be_closed_to_others(
    tmp_path: Path,
) -> None:
    home = homes.new_home(tmp_path / "home")
    home.home_file.write_text("format: 3\nvault_key_file: ../own.key\n", encoding="utf-8")
    homes.land(home, "forkert.csv", REFUSED)
    homes.receive(home)
    assert (tmp_path / "own.key").read_text().startswith("AGE-SECRET-KEY-1")
    assert not (home.secrets / "vault.key").exists()
    assert kept(home) == {f"quarantine/{sha256(REFUSED)}": REFUSED}
    (tmp_path / "own.key").chmod(0o640)
    with pytest.raises(EffektError, match="SECRETS_READABLE"):
        kept(home)


# Rule F.vault_key
def test_a_new_key_opens_every_file_and_the_old_one_none(home: Home) -> None:
    before, old = kept(home), home.vault_key_file.read_text()
    assert records.rotate_vault_key(home) == len(before)
    assert kept(home) == before
    assert home.vault_key_file.read_text() != old
    assert len(vault.read_key(home).identities) == 1
    assert inspect_home(home).is_whole
    home.vault_key_file.write_text(old)
    with pytest.raises(OSError, match="No matching keys"):
        kept(home)


# Rule F.vault_key
@pytest.mark.parametrize("at", ["first file", "before", "renamed", "end"])
def test_a_change_of_key_that_is_killed_is_gone_on_with(
    home: Home, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    before = kept(home)

    class KilledError(BaseException):
        """The process ends."""

    def kill(*_: object) -> None:
        raise KilledError

    from dagster_project.lib.vault import keys, renewal

    with monkeypatch.context() as patched:
        if at == "first file":
            calls: list[object] = []
            replace = renewal._replace

            def second(*values: object) -> None:
                calls.append(values)
                kill() if len(calls) > 1 else replace(*values)  # type: ignore[arg-type]

            patched.setattr(renewal, "_replace", second)
        elif at == "renamed":
            patched.setattr(keys, "_tell", kill)
        elif at == "end":
            patched.setattr(vault, "end_change", kill)
        else:
            patched.setattr(vault, "renew", kill)
        with pytest.raises(KilledError):
            records.rotate_vault_key(home)
    assert kept(home) == before  # whole in the middle, too
    assert len(vault.read_key(home).identities) == 2
    identity = vault.read_key(home).recipients[0]
    records.rotate_vault_key(home)
    assert vault.read_key(home).recipients == [identity]
    assert kept(home) == before


# Rule F.vault_key
def test_a_damaged_file_keeps_both_keys_until_it_is_put_back(home: Home) -> None:
    file = vault.listed(home, vault.VAULT)[0]
    whole = file.stored.read_bytes()
    file.stored.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(EffektError, match=r"VAULT_BROKEN.*deltagere_2024-02-01"):
        records.rotate_vault_key(home)
    file.stored.write_bytes(whole)
    records.rotate_vault_key(home)
    assert file.read() == GOOD


# Rule F.encrypted
def test_a_received_file_that_looks_encrypted_is_a_file_like_any_other(home: Home) -> None:
    looks = b"age-encryption.org/v1\n-> no such thing\n"
    homes.land(home, "looks.csv", looks)
    homes.receive(home)
    assert kept(home)[f"quarantine/{sha256(looks)}"] == looks
    plain = vault.Received(home, vault.QUARANTINE, sha256(looks))
    plain.stored.write_bytes(looks)  # as older code stored it
    assert vault.encrypt_all(home) == 1
    assert plain.read() == looks
    assert vault.encrypt_all(home) == 0


# Rule F.encrypted
def test_what_does_not_fit_into_the_parser_s_memory_is_encrypted(tmp_path: Path) -> None:
    from dagster_project.lib.receiving.formats import engine

    with engine.open_parser(tmp_path) as (parser, _):
        (told,) = parser.execute("select current_setting('temp_file_encryption')").fetchall()
        assert told == (True,)


# Rules F.encrypted, F.verify
def test_a_file_put_back_unencrypted_is_read_told_and_encrypted_by_a_change_of_key(
    home: Home,
) -> None:
    file = vault.listed(home, vault.VAULT)[0]
    file.stored.write_bytes(GOOD)
    home.home_file.write_text("format: 3\n", encoding="utf-8")
    assert file.read() == GOOD
    assert receiving.row_hmacs(home, file.sha256, "deltagere", [1])  # the parser reads it, too
    (area,) = [area for area in inspect_home(home).areas if area.name == "vault"]
    assert [fault.code for fault in area.faults] == ["VAULT_PLAIN"]
    records.rotate_vault_key(home)
    assert file.is_encrypted and file.read() == GOOD


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond a size: the disk is full there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [1, 100, 65_536, 200_000, 3_000_000])
# Rules F.encrypted, F.after
def test_a_disk_that_is_full_at_any_piece_of_a_file_is_told_and_leaves_none(
    home: Home, tmp_path: Path, size: int
) -> None:
    """Also at the last piece, of whose failure the library says nothing."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * size)
    for limit in (0, size // 2, size + 64):  # what is encrypted is some hundred bytes longer
        with at_most(limit), pytest.raises(OSError, match=r"large|space"):
            cipher.seal_file(read_key(home), source, target)
        assert not target.exists()
    cipher.seal_file(read_key(home), source, target)
    with cipher.opened(home, target) as plain:
        assert os.pread(plain, size + 1, 0) == source.read_bytes()


@pytest.mark.parametrize("limit", [0, 1_000_000, 1_999_999])
# Rules F.encrypted, F.after
def test_a_file_that_is_not_decrypted_to_its_end_is_not_read(
    home: Home, tmp_path: Path, limit: int
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 2_000_000)
    cipher.seal_file(read_key(home), source, target)
    with (
        at_most(limit),
        pytest.raises(OSError, match=r"large|space"),
        cipher.opened(home, target),
    ):
        pass
