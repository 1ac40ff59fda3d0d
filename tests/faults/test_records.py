"""A broken ledger or register ends the night before anything leaves the landing folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dagster_project.lib.base.errors import EXIT_REFUSED
from tests.life.world import CONTRACT, Town, begin
from tests.support.night import read_mart, run_night

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]
ROOT = Path(__file__).parents[2]
ROOMS = ("landing", "vault", "quarantine")
AS_OF = "2023-05-15"
LEDGER, REGISTER = "ledger/settlements.jsonl", "vault/deliveries.jsonl"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A municipality after a night that knew a submitted settlement, with new files landed."""
    town = begin(tmp_path_factory.mktemp("town"))
    town.claims = {(course, "2023-02"): True for course in "ABC"}
    town.deliver("2023-04-10")
    town.night("2023-04-15")
    town.submit("2023-01")
    town.night("2023-04-16")
    town.deliver("2023-05-10")
    (town.root / "landing" / "nobody_knows_this.csv").write_bytes(b"x")
    return town


def flip_a_digit(data: bytes) -> bytes:
    return data.replace(b'"sequence":1', b'"sequence":7')


def forget_the_last_line(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


def break_the_json(data: bytes) -> bytes:
    return data.replace(b"{", b"[", 1)


def drop_a_key(data: bytes) -> bytes:
    return data.replace(b'"outcome"', b'"income"', 1)


@pytest.mark.parametrize(
    ("name", "harm", "code"),
    [
        (LEDGER, flip_a_digit, "LEDGER_BROKEN"),
        (LEDGER, break_the_json, "LEDGER_BROKEN"),
        (LEDGER, forget_the_last_line, "LEDGER_BEHIND"),
        (REGISTER, break_the_json, "REGISTER_BROKEN"),
        (REGISTER, drop_a_key, "REGISTER_BROKEN"),
    ],
)
def test_nothing_is_received_while_a_record_is_broken(
    town: Town, name: str, harm: Callable[[bytes], bytes], code: str
) -> None:
    with harmed(town.root / name, harm):
        before = contents(town.root)
        night = run_night(town.root, AS_OF)
        assert (night.exit_code, night.error.code) == (1, code)
        assert list(night.outcomes) == []
        assert contents(town.root) == before
        rows = read_mart(town.root, "settlement")
        assert {row["contract_id"] for row in rows} == {CONTRACT}


def test_the_command_ends_1_and_leaves_every_file_where_it_was(town: Town) -> None:
    with harmed(town.root / LEDGER, flip_a_digit):
        before = contents(town.root)
        done = subprocess.run(
            [sys.executable, "-m", "dagster_project.cli", "run", "--home", str(town.root)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert "FEJL LEDGER_BROKEN: line 1 of" in done.stderr
        assert contents(town.root) == before


def test_records_made_whole_again_let_the_files_in(town: Town) -> None:
    assert run_night(town.root, AS_OF).exit_code == EXIT_REFUSED
    assert not list((town.root / "landing").iterdir())


@contextmanager
def harmed(path: Path, harm: Callable[[bytes], bytes]) -> Iterator[None]:
    """A record that is broken for a while."""
    whole = path.read_bytes()
    path.write_bytes(harm(whole))
    try:
        yield
    finally:
        path.write_bytes(whole)


def contents(home: Path) -> dict[str, str]:
    """Path and hash of every file of landing, vault and quarantine."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for room in ROOMS
        for path in (home / room).rglob("*")
        if path.is_file()
    }
