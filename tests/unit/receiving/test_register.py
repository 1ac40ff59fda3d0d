"""The register of deliveries: reading changes nothing, and what was confirmed is there whole."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

from dagster_project.lib.receiving.intake.register import (
    REGISTER_NAME,
    load_register,
)
from tests.faults import corpus
from tests.unit.receiving import homes

_TORN = b'{"entry":"delivery","delivery_id":"half'


def test_reading_leaves_a_line_that_is_being_written_alone(tmp_path: Path) -> None:
    home = homes.new_home(tmp_path / "home")
    homes.land(home, "deltagere_2024-02-01.csv", corpus.good_csv("deltagere"))
    homes.receive(home)
    path = home.vault / REGISTER_NAME
    data = path.read_bytes() + _TORN
    path.write_bytes(data)
    assert len(load_register(home).accepted()) == 1
    assert path.read_bytes() == data


def test_the_next_to_append_sets_a_torn_line_aside_and_loses_no_whole_one(tmp_path: Path) -> None:
    home = homes.new_home(tmp_path / "home")
    homes.land(home, "deltagere_2024-02-01.csv", corpus.good_csv("deltagere"))
    homes.receive(home)
    path = home.vault / REGISTER_NAME
    whole = path.read_bytes()
    path.write_bytes(whole + _TORN)
    homes.land(home, "resultatkrav_2024-02-01.csv", corpus.good_csv("resultatkrav"))
    homes.receive(home)
    assert path.read_bytes().startswith(whole) and _TORN not in path.read_bytes()
    (aside,) = home.vault.glob("deliveries.torn-*")
    assert aside.read_bytes() == _TORN
    assert len(load_register(home).accepted()) == 2


def test_a_disk_that_takes_half_a_line_fails_the_night_and_loses_nothing(tmp_path: Path) -> None:
    home = homes.new_home(tmp_path / "home")
    homes.land(home, "deltagere_2024-02-01.csv", corpus.good_csv("deltagere"))
    homes.receive(home)
    record = load_register(home).accepted()[0]
    line = record.as_line() | {"delivery_id": "0" * 16}
    path = home.vault / REGISTER_NAME
    before = path.read_bytes()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = len(before) + 20  # room for twenty bytes of the line
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            load_register(home).append([line])
        except OSError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert path.read_bytes().startswith(before)
    assert [known.delivery_id for known in load_register(home).accepted()] == [record.delivery_id]
    load_register(home).append([line])
    assert len(load_register(home).accepted()) == 2
