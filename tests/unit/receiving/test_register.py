"""The register of deliveries: reading changes nothing, and what was confirmed is there whole."""

from __future__ import annotations

import json
import os
import resource
import signal
from pathlib import Path

import pytest

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.intake.register import (
    REGISTER_NAME,
    load_register,
)
from dagster_project.settings import Home
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


def received(root: Path) -> Home:
    """A home with two deliveries."""
    home = homes.new_home(root / "home")
    for source in ("deltagere", "resultatkrav"):
        homes.land(home, f"{source}_2024-02-01.csv", corpus.good_csv(source))
    homes.receive(home)
    return home


def unchain(home: Home) -> Path:
    """Make the register one from before the chain."""
    path = home.vault / REGISTER_NAME
    links = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    plain = [{k: v for k, v in link.items() if k not in ("seq", "prev", "hash")} for link in links]
    path.write_text("".join(_line(link) for link in plain), "utf-8")
    return path


def _line(link: object) -> str:
    return json.dumps(link, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


# Rule I.register
def test_a_register_from_before_the_chain_is_sealed_by_one_line(tmp_path: Path) -> None:
    home = received(tmp_path)
    path = unchain(home)
    before, records = path.read_bytes(), load_register(home).records()
    assert load_register(home).head is None
    assert load_register(home).seal() and not load_register(home).seal()
    assert path.read_bytes().startswith(before)
    seal = json.loads(path.read_bytes().splitlines()[-1])
    assert (seal["entry"], seal["seq"]) == ("seal", 3)
    assert load_register(home).records() == records
    homes.land(home, "personstatus_2024-02-01.csv", corpus.good_csv("personstatus"))
    homes.receive(home)
    assert load_register(home).head["sequence"] == 4


@pytest.mark.parametrize("place", ["before", "behind"])
# Rule I.register
def test_what_is_sealed_or_stands_behind_the_seal_cannot_be_changed(
    tmp_path: Path, place: str
) -> None:
    home = received(tmp_path)
    path = unchain(home)
    load_register(home).seal()
    first, second, seal = path.read_bytes().splitlines(keepends=True)
    if place == "before":
        changed = [first, second.replace(b'"size":', b'"size":1'), seal]
    else:
        changed = [first, second, seal, first]
    path.write_bytes(b"".join(changed))
    with pytest.raises(EffektError, match="REGISTER_BROKEN"):
        load_register(home)


def test_nothing_is_appended_behind_lines_that_no_chain_holds(tmp_path: Path) -> None:
    home = received(tmp_path)
    path = unchain(home)
    before = path.read_bytes()
    homes.land(home, "personstatus_2024-02-01.csv", corpus.good_csv("personstatus"))
    with pytest.raises(EffektError, match="REGISTER_BROKEN"):
        homes.receive(home)
    assert path.read_bytes() == before


# Rule S.chain
def test_a_last_line_without_its_line_feed_is_read_and_gets_it_from_the_next(
    tmp_path: Path,
) -> None:
    home = received(tmp_path)
    path = home.vault / REGISTER_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert len(load_register(home).accepted()) == 2
    homes.land(home, "personstatus_2024-02-01.csv", corpus.good_csv("personstatus"))
    homes.receive(home)
    assert path.read_bytes().startswith(whole)
    assert not list(home.vault.glob("*.torn-*"))
    assert len(load_register(home).accepted()) == 3
