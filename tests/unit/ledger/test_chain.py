"""The hash chain: durable, checked, torn lines set aside, every changed byte found."""

import datetime as dt
import multiprocessing
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import chain
from dagster_project.settings import Home


def event(day: int = 1, action: str = "submit", period: int = 1) -> chain.Event:
    """An event that has not been written yet."""
    return chain.Event(
        sequence=0, recorded_at="2024-01-01T00:00:00+00:00", as_of_date=dt.date(2024, 1, day),
        actor="Lis Leverandør", role="provider", os_user="lis", action=action, contract_id="k",
        period_start=dt.date(2023, period, 1), statement_sha256="ab", amount_dkk=Decimal("1.50"),
        reason=None, reference=None, paid_on=None, frozen_sha256=None, snapshot_id="s",
        key_fingerprint=None, prev="", hash="",
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a key."""
    home = Home(tmp_path / "hjem").ensure()
    home.key_file.write_text("0" * 64)
    home.key_file.chmod(0o600)
    return home


def test_the_first_event_and_only_it_holds_the_fingerprint_of_the_key(home: Home) -> None:
    first, second = chain.append(home, event()), chain.append(home, event(2))
    assert first.key_fingerprint == chain.key_fingerprint(home)
    assert (
        first.key_fingerprint == "a71d79ec14921bfffbc6372fbde14e91"
    )  # of every ledger begun with it
    assert second.key_fingerprint is None
    assert second.prev == first.hash
    assert chain.check_chain(home, second.hash).head == second.hash


def test_a_different_key_is_found(home: Home) -> None:
    chain.append(home, event())
    home.key_file.write_text("1" * 64)
    home.key_file.chmod(0o600)
    with pytest.raises(EffektError, match="LEDGER_KEY"):
        chain.check_chain(home, None)


@pytest.mark.parametrize("place", [5, 40, -3, -1])
# Rule S.ledger
def test_a_changed_byte_is_found_wherever_it_stands(home: Home, place: int) -> None:
    for day in (1, 2, 3):
        chain.append(home, event(day))
    path = chain.ledger_file(home)
    raw = bytearray(path.read_bytes())
    lines = raw.split(b"\n")
    position = len(lines[0]) + 1 + place if place > 0 else len(raw) + place
    raw[position] ^= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(EffektError, match="LEDGER_B") as found:
        chain.check_chain(home, chain.parse(b"").head or "0" * 64)
    assert found.value.exit_code == 1


def test_every_single_byte_of_a_ledger_counts(home: Home) -> None:
    chain.append(home, event())
    head = chain.append(home, event(2)).hash
    path = chain.ledger_file(home)
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(EffektError):
            chain.check(home, chain.read(home), head)


@pytest.mark.parametrize("cut", [2, 30])
# Rule S.ledger
def test_a_torn_last_line_is_set_aside_and_the_rest_goes_on(home: Home, cut: int) -> None:
    first = chain.append(home, event())
    chain.append(home, event(2))
    path = chain.ledger_file(home)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert chain.check_chain(home, first.hash).head == first.hash
    assert path.read_bytes() == whole[:-cut]
    chain.set_torn_line_aside(home)
    aside = list(home.ledger.glob("settlements.torn-*"))
    torn = whole[:-cut][whole.index(b"\n") + 1 :]
    assert [file.read_bytes() for file in aside] == [torn]
    assert chain.append(home, event(3)).sequence == 2


# Rule S.chain
def test_a_last_event_without_its_line_feed_is_a_whole_event(home: Home) -> None:
    chain.append(home, event())
    second = chain.append(home, event(2))
    path = chain.ledger_file(home)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert chain.set_torn_line_aside(home) is None
    assert chain.check_chain(home, second.hash).head == second.hash
    third = chain.append(home, event(3))
    assert third.prev == second.hash
    assert path.read_bytes().startswith(whole)
    assert chain.check_chain(home, None).head == third.hash


# Rule S.ledger
def test_a_ledger_without_the_recorded_head_is_refused(home: Home) -> None:
    chain.append(home, event())
    lost = chain.append(home, event(2)).hash
    path = chain.ledger_file(home)
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n")
    with pytest.raises(EffektError, match="LEDGER_BEHIND"):
        chain.check_chain(home, lost)
    path.unlink()
    with pytest.raises(EffektError, match="LEDGER_BEHIND"):
        chain.check_chain(home, lost)


def test_events_after_the_recorded_head_are_those_since(home: Home) -> None:
    first, second = chain.append(home, event()), chain.append(home, event(2))
    ledger = chain.read(home)
    assert ledger.since(first.hash) == (second,)
    assert ledger.since(None) == (first, second)
    assert ledger.since(second.hash) == ()


# Rule R0.known
def test_a_run_knows_the_events_up_to_its_own_date(home: Home) -> None:
    chain.append(home, event(1))
    chain.append(home, event(3))
    known = chain.read(home).known(dt.date(2024, 1, 2))
    assert [known_event.as_of_date.day for known_event in known.events] == [1]


def _append_many(root: Path) -> None:
    home = Home(root)
    for _ in range(20):
        with chain.lock(home):
            chain.append(home, event())


def test_two_processes_at_once_make_one_whole_chain(home: Home) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_many, args=(home.root,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(chain.check_chain(home, None).events) == 40
