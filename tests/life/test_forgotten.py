"""Somebody is forgotten after the contract's retention: what is frozen stays, all others stay."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import backup, inspection, person
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.person.numbers import Person
from dagster_project.lib.trace import replay
from dagster_project.lib.vault import QUARANTINE, VAULT, Place, listed
from dagster_project.orchestration.dbt_runner import run_selected
from dagster_project.settings import HOME_FORMAT, Home
from tests.life.world import CONTRACT, CPR, NEIGHBOUR, Town, begin
from tests.support.holding import forms, holding
from tests.unit.backup.conftest import new_key

GONE, STAYS = CPR["A"], CPR["B"]
ENDED = "2025-01-05"
PLACES: tuple[Place, ...] = (VAULT, QUARANTINE)
SHOWN = ("mart.settlement", "mart.settlement_part", "mart.settlement_reading",
         "restricted.settlement_line")  # fmt: skip


@dataclass
class Told:
    """The town, and what was published and found before and after."""

    town: Town
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    is_whole: bool = False
    old: str = ""


def shown(town: Town) -> dict[str, Any]:
    """What is published of the approved periods."""
    return {table: town.rows(table) for table in SHOWN}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    town = begin(tmp_path_factory.mktemp("glemt"))
    town.retention_years = 1
    town.visited = {"A": "2023-01-02", "B": "2023-01-03"}
    town.claims = {("A", "2023-02"): True, ("B", "2023-02"): True}
    town.deliver("2023-04-05")
    town.night("2023-04-15")
    town.approve("2023-01")
    town.night(ENDED)
    made = Told(town, before=shown(town), is_whole=inspection.inspect_home(home(town)).is_whole)
    made.found = holding(home(town), *forms(GONE))
    made.old = (town.root / "published" / "current").resolve().name
    person.forget(town.settings, GONE, "Kai", "har bedt om det")
    town.night(ENDED)
    made.after = shown(town)
    yield made


def home(town: Town) -> Any:
    """The town's home."""
    return town.settings.home


# Rules F.forget, S.frozen
def test_closed_periods_keep_their_totals_to_the_ore(told: Told) -> None:
    assert told.before["mart.settlement"]
    assert told.after == told.before


# Rule F.forget
def test_the_number_is_found_nowhere_and_the_pseudonym_in_frozen_records_alone(told: Told) -> None:
    root = told.town.root
    assert [path.split("/")[0] for path in told.found] == ["vault"] * len(told.found)
    assert told.found
    assert holding(home(told.town), *forms(GONE)) == []
    (key,) = Person(frozenset({GONE})).keys(home(told.town))
    (annex,) = (root / "reports").rglob("2023-01-bilag.json")  # written again, of what is frozen
    assert '"A"' in annex.read_text("utf-8")
    (other,) = Person(frozenset({NEIGHBOUR})).keys(home(told.town))
    assert {path.split("/")[0] for path in holding(home(told.town), key.encode())} <= {"ledger"}
    assert holding(home(told.town), other.encode())


# Rules F.forget, F.verify
def test_the_home_is_whole_before_and_after_and_old_rooms_are_gone(told: Told) -> None:
    assert told.is_whole
    report = inspection.inspect_home(home(told.town))
    assert report.is_whole, report.text()
    current = (told.town.root / "published" / "current").resolve()
    for folder in (told.town.root / "published" / "snapshots").iterdir():
        assert (folder / "restricted").is_dir() is (folder == current)


# Rules F.forget, S.replay
def test_a_replay_of_the_period_that_read_the_file_is_refused(told: Told) -> None:
    with pytest.raises(NotAllowedError, match="PERIOD_FORGOTTEN") as refused:
        replay.replay(told.town.settings, CONTRACT, "2023-01", run_selected)
    assert refused.value.exit_code == 3


# Rules F.forget, G.staged
def test_gate_20_counts_the_forgotten_rows(told: Told) -> None:
    rows = told.town.asked(
        "select source, loaded.row_count, loaded_rows, forgotten_rows"
        " from raw.loaded_delivery as loaded"
        " join raw.delivery using (delivery_no) where forgotten_rows > 0 order by source"
    )
    assert [(row[0], row[3]) for row in rows] == [
        ("deltagere", 1), ("resultatkrav", 1), ("ydelsesforloeb", 1),
    ]  # fmt: skip
    assert all(count == loaded + forgotten for _, count, loaded, forgotten in rows)


# Rules F.backup, F.restore, F.encrypted, F.forget
def test_a_lost_home_comes_back_encrypted_and_without_the_forgotten(
    told: Told, tmp_path: Path
) -> None:
    lost = Town(tmp_path / "tabt", retention_years=1)
    shutil.copytree(told.town.root, lost.root, symlinks=True)
    own, far = Home(lost.root), tmp_path / "fjern.key"
    own.vault_key_file.rename(far)
    recipient = new_key(tmp_path / "backup.key")
    known = own.home_file.read_text() if own.home_file.exists() else f"format: {HOME_FORMAT}\n"
    own.home_file.write_text(
        f"{known}vault_key_file: {far}\nbackup: {{recipients: [{recipient}]}}\n"
    )
    made = backup.make_backup(lost.settings, tmp_path / "kopi.tar.age")
    shutil.rmtree(lost.root)
    far.unlink()
    back = Town(tmp_path / "et andet sted", retention_years=1)
    restored = backup.restore(made.path, Home(back.root), tmp_path / "backup.key").home
    received = [file for place in PLACES for file in listed(restored, place)]
    assert received
    assert all(file.is_encrypted for file in received)
    assert holding(restored, *forms(GONE)) == []
    back.night(ENDED)
    assert shown(back) == told.after
    was, now = ((town.root / "published" / "current").resolve() for town in (told.town, back))
    assert now.name == was.name
    assert inspection.inspect_home(home(back)).is_whole


# Rule F.person
def test_nothing_of_the_forgotten_and_all_of_the_others_is_told(told: Told) -> None:
    day = dt.date.fromisoformat(ENDED)
    found, path = person.insight(told.town.settings, STAYS, day)
    assert (found.row_count, len(found.deliveries)) == (3, 3)
    assert "1.000,00" in found.text()
    for text in (path.read_text("utf-8"), found.text()):
        assert STAYS not in text and "dit personnummer" in text
    with pytest.raises(UsageError, match="PERSON_UNKNOWN"):
        person.insight(told.town.settings, GONE, day)
