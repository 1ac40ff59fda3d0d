"""Withdrawals: what a run knows afterwards, who may, what becomes of the file that lands again."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from dagster_project.lib import receiving, warehouse
from dagster_project.lib.base.errors import EXIT_REFUSED, NotAllowedError, UsageError
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import SHIPPED_CONTRACTS_DIR, Home, Settings
from tests.faults import corpus
from tests.unit.receiving import homes
from tests.unit.receiving.test_deliveries import _land_spells as land_spells
from tests.unit.receiving.test_deliveries import accept

LIST = corpus.good_csv("deltagere").decode()
OTHER = LIST.replace("sygedagpenge", "jobafklaring")
FIRST, SECOND = "deltagere_2024-02-01.csv", "deltagere_2024-02-05.csv"
DAY = dt.date(2024, 3, 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return homes.new_home(tmp_path / "home")


def withdraw(
    home: Home, sha256: str, actor: str = "Kai Controller", reason: str = "forkert udtræk"
) -> list[receiving.DeliveryNote]:
    """Withdraw from a day on, in a municipality with the shipped contracts."""
    settings = Settings(home, SHIPPED_CONTRACTS_DIR, DAY, "Hedensted")
    return receiving.withdraw_delivery(settings, sha256, actor, reason, DAY)


def known(home: Home, as_of: dt.date) -> list[str]:
    """Names of the deliveries that a run knows."""
    with warehouse.connect(home.warehouse) as connection:
        warehouse.create_raw(connection)
        receiving.write_known(connection, home, as_of)
        rows = connection.execute(
            "select file_name from raw.known_delivery order by delivery_rank"
        ).fetchall()
    return [name for (name,) in rows]


def received(home: Home, name: str, text: str = LIST) -> receiving.DeliveryNote:
    """One accepted file."""
    homes.land(home, name, text)
    (note,) = homes.receive(home).accepted
    return note


@pytest.mark.parametrize(("days", "is_known"), [(-1, True), (0, False), (1, False)])
# Rule I.withdrawal
def test_a_withdrawn_delivery_is_known_to_runs_of_earlier_dates_only(
    home: Home, days: int, is_known: bool
) -> None:
    received(home, FIRST)
    second = received(home, SECOND, OTHER)
    withdraw(home, second.sha256)
    expected = [FIRST, SECOND] if is_known else [FIRST]
    assert known(home, DAY + dt.timedelta(days=days)) == expected
    assert (home.vault / second.sha256).is_file()


# Rule I.withdrawal
def test_withdrawn_twice_never_received_or_never_accepted_is_refused(home: Home) -> None:
    with pytest.raises(NotAllowedError, match="NOT_ACCEPTED"):
        withdraw(home, "0" * 64)
    note = received(home, FIRST)
    homes.land(home, SECOND, "kontrakt_id\n")
    (refused,) = homes.receive(home).refused
    for sha256 in ("0" * 64, refused.sha256, note.sha256[:7], ""):
        with pytest.raises(NotAllowedError, match="NOT_ACCEPTED"):
            withdraw(home, sha256)
    withdraw(home, note.sha256[:8])
    with pytest.raises(NotAllowedError, match="ALREADY_WITHDRAWN") as again:
        withdraw(home, note.sha256)
    assert again.value.exit_code == EXIT_REFUSED


# Rules I.withdrawal, S.people
def test_a_name_of_the_municipality_withdraws_and_gives_a_reason(home: Home) -> None:
    note = received(home, FIRST)
    for name in ("Lis Leverandør", "Ukendt"):
        with pytest.raises(NotAllowedError, match="ACTOR_ROLE"):
            withdraw(home, note.sha256, name)
    for reason in (" ", "se 610190-1234", "to\nlinjer", "x" * 501):
        with pytest.raises(UsageError):
            withdraw(home, note.sha256, reason=reason)
    assert known(home, DAY) == [FIRST]
    withdraw(home, note.sha256, "kai  controller")
    (line,) = load_register(home).decisions
    told = {name: line[name] for name in ("entry", "as_of_date", "actor", "reason")}
    assert told == {
        "entry": "withdraw", "as_of_date": "2024-03-01", "actor": "kai controller",
        "reason": "forkert udtræk",
    }  # fmt: skip


@pytest.mark.parametrize("text", [LIST, OTHER])
# Rule I.withdrawal
def test_a_file_under_a_withdrawn_name_is_refused_and_its_next_version_is_not(
    home: Home, text: str
) -> None:
    note = received(home, FIRST)
    withdraw(home, note.sha256)
    for _ in range(2):
        homes.land(home, FIRST, text)
        (refused,) = homes.receive(home).refused
        assert refused.code == "DELIVERY_WITHDRAWN"
        (told,) = receiving.untold_refusals(home)
        assert [finding.code for finding in told.findings] == ["DELIVERY_WITHDRAWN"]
        receiving.forget_untold(home)
        report = json.loads((home.quarantine / f"{refused.sha256}.json").read_text())
        assert report["refused"][0]["code"] == "DELIVERY_WITHDRAWN"
    assert known(home, DAY - dt.timedelta(days=1)) == [FIRST]
    assert known(home, DAY) == []
    received(home, FIRST.replace(".csv", "_v2.csv"), text)
    assert known(home, DAY) == [FIRST.replace(".csv", "_v2.csv")]


# Rule I.identity
def test_what_was_accepted_stays_accepted_when_it_comes_again_with_a_wrong_checksum(
    home: Home,
) -> None:
    received(home, FIRST)
    homes.land(home, FIRST, LIST)
    homes.land(home, f"{FIRST}.sha256", "0" * 64)
    assert [note.code for note in homes.receive(home).refused] == ["FILE_CHECKSUM"]
    assert [note.findings[0].code for note in receiving.untold_refusals(home)] == ["FILE_CHECKSUM"]
    assert known(home, DAY) == [FIRST]
    homes.land(home, FIRST, LIST)
    assert len(homes.receive(home).repeated) == 1


# Rule I.withdrawal
def test_bytes_that_came_under_two_dates_are_withdrawn_together_or_one_by_its_id(
    tmp_path: Path,
) -> None:
    for number, expected in enumerate(([], [SECOND])):
        home = homes.new_home(tmp_path / str(number))
        first, _ = received(home, FIRST), received(home, SECOND)
        withdraw(home, first.delivery_id if number else first.sha256)
        assert known(home, DAY) == expected


# Rules I.withdrawal, G.volume
def test_a_held_delivery_that_is_withdrawn_waits_for_nobody(home: Home) -> None:
    land_spells(home, 10, 11, 40, 41)
    (held,) = homes.receive(home).held
    withdraw(home, held.sha256)
    assert homes.receive(home).held == []
    with pytest.raises(NotAllowedError, match="NOT_HELD"):
        accept(home, held.sha256, "row_count", "Kai Controller", "set efter")
    assert len(known(home, DAY)) == 3


# Rules I.withdrawal, G.volume
def test_a_withdrawn_delivery_is_no_predecessor_of_later_ones(home: Home) -> None:
    land_spells(home, 10, 11, 40, 41)
    (held,) = homes.receive(home).held
    second = load_register(home).accepted()[1]
    withdraw(home, second.sha256)
    assert homes.receive(home).held == []  # the fourth is the third now
    assert known(home, DAY)[-1] == held.record.file_name
    assert held.record.file_name not in known(home, DAY - dt.timedelta(days=1))
