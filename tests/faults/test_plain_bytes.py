"""A process that is killed at any moment leaves no plain byte outside ``landing/``."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.lib import receiving, records, vault, warehouse
from dagster_project.lib.receiving.check import check_file
from dagster_project.lib.receiving.formats import content
from dagster_project.lib.receiving.intake import journal
from dagster_project.lib.receiving.intake.register import Register, load_register
from dagster_project.lib.vault import cipher, incoming, renewal
from dagster_project.settings import Home
from tests.faults import corpus
from tests.faults.test_leftovers import die, killed
from tests.unit.receiving import homes

PERSON = b"6101901234"
FILES = {
    "deltagere_2024-02-01.csv": corpus.good_csv("deltagere"),
    # what a normalised copy is written of: quotes, and a megabyte, more than stands in memory
    "personstatus_2024-02-01.csv": corpus.good_csv("personstatus").replace(
        PERSON, b'"' + PERSON + b'"'
    ),
    f"no delivery {PERSON.decode()}.csv": PERSON + b";x" * (1 << 20),
}


def plain(home: Home) -> list[str]:
    """Files of the home that hold the person's number, but for those in the landing folder."""
    return [
        str(path.relative_to(home.root))
        for path in home.root.rglob("*")
        if path.is_file() and home.landing not in path.parents
        if PERSON in path.read_bytes() or PERSON.hex().encode() in path.read_bytes()
    ]


def landed(path: Path) -> Home:
    home = homes.new_home(path)
    for name, data in FILES.items():
        homes.land(home, name, data)
    return home


def at_call(place: object, name: str, number: int = 1) -> Callable[[], None]:
    """Have a function end the process at its call of this number, when its work is done."""

    def arm() -> None:
        work, calls = getattr(place, name), []

        def last(*values: object, **more: object) -> object:
            found = work(*values, **more)
            calls.append(1)
            if len(calls) == number:
                die()
            return found

        setattr(place, name, last)

    return arm


MOMENTS = {
    "copied": at_call(incoming, "_copy"),
    "copied all": at_call(incoming, "_copy", 3),
    "half encrypted": at_call(cipher.pyrage, "encrypt_io"),
    "encrypted": at_call(incoming, "_seal", 2),
    "shown": at_call(content, "land"),
    "parsed": at_call(content, "parse"),
    "written down": at_call(vault, "write_note"),
    "stored": at_call(journal, "_store"),
    "registered": at_call(Register, "append"),
    "out of landing": at_call(journal, "_remove_landed"),
}


# Rules F.encrypted, F.killed
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_while_files_are_received_leaves_no_plain_byte_and_loses_none(
    tmp_path: Path, moment: str
) -> None:
    home = landed(tmp_path / "home")

    def work() -> None:
        MOMENTS[moment]()
        homes.receive(home)

    killed(work)
    assert plain(home) == []
    homes.receive(home)
    assert plain(home) == [] and not list(home.landing.iterdir())
    lying = [*vault.listed(home, vault.VAULT), *vault.listed(home, vault.QUARANTINE)]
    assert sorted(file.read() for file in lying) == sorted(FILES.values())
    assert not list(vault.incoming_folder(home).iterdir())


# Rules F.encrypted, F.killed
@pytest.mark.parametrize("work", ["load", "rows", "look", "rotate", "check"])
def test_a_kill_while_stored_files_are_read_leaves_no_plain_byte(
    tmp_path: Path, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = landed(tmp_path / "home")
    homes.receive(home)
    (tmp_path / "temp").mkdir()
    (tmp_path / "deltagere_2024-03-01.csv").write_bytes(FILES["deltagere_2024-02-01.csv"])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    accepted = load_register(home).accepted()[0]

    def load() -> None:
        shutil.rmtree(home.work)
        home.ensure()
        connection = warehouse.connect(home.warehouse)
        warehouse.create_raw(connection)
        receiving.load_deliveries(connection, home)

    works: dict[str, tuple[Callable[[], None], Callable[[], object]]] = {
        "load": (at_call(content, "parse"), load),
        "rows": (
            at_call(cipher, "_decrypted"),
            lambda: receiving.row_hmacs(home, accepted.sha256, accepted.source or "", [1]),
        ),
        "look": (
            at_call(cipher, "_decrypted"),
            lambda: records.look_after(home, load_register(home)),
        ),
        "rotate": (at_call(renewal, "_replace"), lambda: records.rotate_vault_key(home)),
        "check": (
            at_call(content, "parse"),
            lambda: check_file(tmp_path / "deltagere_2024-03-01.csv", homes.CONTRACTS),
        ),
    }
    arm, act = works[work]

    def armed() -> None:
        arm()
        act()

    killed(armed)
    assert plain(home) == []
    assert not [p for p in (tmp_path / "temp").rglob("*") if p.is_file() and p.stat().st_size]
    lying = [*vault.listed(home, vault.VAULT), *vault.listed(home, vault.QUARANTINE)]
    assert sorted(file.read() for file in lying) == sorted(FILES.values())


def test_the_scan_would_find_a_plain_file(tmp_path: Path) -> None:
    home = landed(tmp_path / "home")
    homes.receive(home)
    file = vault.listed(home, vault.QUARANTINE)[0]
    file.stored.write_bytes(file.read())
    assert plain(home) == [file.label]


# Rule F.encrypted
@pytest.mark.parametrize("after", [0.02, 0.1, 0.2, 0.3, 0.5])
def test_a_kill_at_a_moment_of_chance_leaves_no_plain_byte(tmp_path: Path, after: float) -> None:
    home = landed(tmp_path / "home")
    child = os.fork()
    if not child:
        signal.setitimer(signal.ITIMER_REAL, after)
        signal.signal(signal.SIGALRM, die)
        try:
            homes.receive(home)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert plain(home) == []
    homes.receive(home)
    assert plain(home) == [] and not list(home.landing.iterdir())
