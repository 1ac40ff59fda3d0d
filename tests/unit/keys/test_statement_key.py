"""The key of statements: made once, never silently replaced, changed without losing the past."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.lib import statement
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys import signatures
from dagster_project.lib.keys.statement_key import (
    PUBLIC_NAME,
    ensure_statement_key,
    read_statement_key,
)
from dagster_project.orchestration import steps
from dagster_project.settings import HOME_FORMAT, Home, Settings
from tests.support.published import CONTRACT, make_world


# Rule F.statement_key
def test_a_new_home_gets_a_private_key_and_keeps_it(tmp_path: Path) -> None:
    home = Home(tmp_path).ensure()
    key = ensure_statement_key(home)
    assert home.statement_key_file.stat().st_mode & 0o777 == 0o600
    assert ensure_statement_key(home) == read_statement_key(home) == key
    assert key.seed.hex() not in repr(key)


# Rule F.statement_key
def test_a_lost_key_ends_the_night_before_anything_moves_and_is_not_replaced(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path)
    (world.home.vault / "0").touch()
    world.home.statement_key_file.unlink()
    with pytest.raises(EffektError, match=r"STATEMENT_KEY_MISSING.*læg secrets/") as found:
        steps.check_records(world.settings)
    assert found.value.exit_code == 1
    with pytest.raises(EffektError, match="STATEMENT_KEY_MISSING"):
        statement.write_statement(world.settings, CONTRACT, "2023-01")
    assert not world.home.statement_key_file.exists()


@pytest.mark.parametrize("text", ["", "private 00\n", f"private {'g' * 64}\n", "\xff", "earlier"])
def test_a_key_that_is_not_whole_is_no_key(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path).ensure()
    home.statement_key_file.write_text(text, encoding="latin-1")
    home.statement_key_file.chmod(0o600)
    with pytest.raises(EffektError, match="STATEMENT_KEY_BROKEN"):
        ensure_statement_key(home)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path).ensure()
    ensure_statement_key(home)
    home.statement_key_file.chmod(0o640)
    with pytest.raises(EffektError, match="SECRETS_READABLE"):
        read_statement_key(home)


# Rules F.statement_key, S.signature
def test_what_an_earlier_key_signed_stays_signed(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.home.home_file.write_text(f"format: {HOME_FORMAT}\n", encoding="utf-8")
    (path, *_) = statement.write_documents(world.home, world.settings)
    first = read_statement_key(world.home)
    done = CliRunner().invoke(app, ["rotate-key", "statement", "--home", str(world.home.root)])
    second = read_statement_key(world.home)
    assert (done.exit_code, second.fingerprint in done.output) == (0, True)
    assert second.earlier == (first.public_key,)
    assert statement.authenticate(path, first.fingerprint).is_key_confirmed
    assert statement.authenticate(path, second.fingerprint).exit_code == 4
    published = world.home.published / PUBLIC_NAME
    assert published.stat().st_mode & 0o777 == 0o444
    keys = [line.split() for line in published.read_text(encoding="utf-8").splitlines()[2:]]
    assert keys == [
        [second.fingerprint, second.public_key], [first.fingerprint, first.public_key],
    ]  # fmt: skip
    (again, *_) = statement.write_documents(world.home, world.settings)
    assert statement.authenticate(again, second.fingerprint).is_key_confirmed


def test_the_public_keys_are_published_anew_where_they_were_changed(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    published = world.home.published / PUBLIC_NAME
    published.write_text("en anden\n", encoding="utf-8")
    statement.write_documents(world.home, Settings(world.home, world.settings.contracts_dir,
                                                   world.settings.as_of, None))  # fmt: skip
    assert read_statement_key(world.home).public_key in published.read_text(encoding="utf-8")


def test_only_the_key_and_the_message_that_were_signed_fit() -> None:
    seed, other = b"\x01" * 32, b"\x02" * 32
    public = signatures.public_key_of(seed)
    signed = signatures.sign(seed, b"x")
    assert signatures.is_signed(public, signed, b"x")
    assert not signatures.is_signed(public, signed, b"y")
    assert not signatures.is_signed(signatures.public_key_of(other), signed, b"x")
    for wrong in ("", "zz", signed[:-2]):
        assert not signatures.is_signed(public, wrong, b"x")
        assert not signatures.is_signed(wrong, signed, b"x")
