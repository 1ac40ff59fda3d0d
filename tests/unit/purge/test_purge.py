"""A purge: what goes, what stays, and what a kill in the middle leaves. No night is run here."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.lib import inspection, purge, receiving, removals, vault
from dagster_project.lib.backup import make_backup, restore
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.lib.keys.statement_key import make_statement_key
from dagster_project.lib.ledger import retention
from dagster_project.lib.purge import carrying_out
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import Home, Settings
from tests.support.number_forms import of
from tests.unit.backup.conftest import new_key
from tests.unit.receiving import homes

TERMS = """
contract_id: NAME
title: Prøve
area: Prøveby
parties: {municipality: Prøveby Kommune}
document: prøve
term: {starts_on: 2012-01-01, ends_on: ENDS, clause: "prøve"}
register: ydelsesforloeb
register_lag_days: 0
requires_person_status: false
parts: []
"""
HEADINGS = "kontrakt_id;forloeb_id;cpr;visitationsdato;maalgruppe;slutdato;slutaarsag"
NUMBERS = {"gammel": "6101701234", "ny": "6202711234", "register": "6303721234"}
ENDS = dt.date(2018, 12, 31)
"""Five years after the term of ``gammel``."""
REFUSED_ON = dt.date(2018, 10, 2)
"""90 days before ``ENDS``."""


def _course(contract: str, number: str) -> str:
    return f"{contract};F-{contract};{number};2013-02-01;sygedagpenge;;\n"


class World:
    """A home with an old contract, and files of it, of a newer one and of a register."""

    def __init__(self, root: Path, *, newer: bool) -> None:
        self.home = homes.new_home(root)
        make_statement_key(self.home)
        self.home.home_file.write_text("format: 2\narea: Prøveby\n")
        self.contracts = root / "contracts"
        self.contracts.mkdir()
        self.write("gammel", "2013-12-31", "retention: {years: 5}")
        if newer:
            self.write("ny", "2020-12-31", "retention: {years: 5}")
        self.land("deltagere_2014-01-01.csv", HEADINGS, _course("gammel", NUMBERS["gammel"]))
        self.land(
            "ydelsesforloeb_2014-01-02_2013-01-01_2013-12-31.csv",
            "cpr;ydelseskode;fra_dato;til_dato;andel",
            f"{NUMBERS['register']};890;2013-01-01;2013-02-01;\n",
        )
        if newer:
            self.land("deltagere_2014-01-03.csv", HEADINGS, _course("ny", NUMBERS["ny"]))
            mixed = _course("ny", NUMBERS["ny"]) + _course("gammel", NUMBERS["gammel"])
            self.land("deltagere_2014-01-04.csv", HEADINGS, mixed)
        self.receive()

    def write(self, name: str, ends: str, more: str = "") -> None:
        """Write a contract's file."""
        text = TERMS.replace("NAME", name).replace("ENDS", ends) + more + "\n"
        (self.contracts / f"{name}.yml").write_text(text, encoding="utf-8")

    def land(self, name: str, headings: str, rows: str) -> str:
        """Put a file into the drop zone; its sha256."""
        data = f"{headings}\n{rows}".encode()
        homes.land(self.home, name, data)
        return hashlib.sha256(data).hexdigest()

    def receive(self, as_of: dt.date | None = None) -> receiving.ReceiveReport:
        """A night's receiving."""
        return receiving.receive(self.home, frozenset({"gammel", "ny"}), as_of)

    def settings(self, as_of: dt.date = ENDS) -> Settings:
        """Settings of a command."""
        return Settings(self.home, self.contracts, as_of, "Prøveby")

    def purge(self, as_of: dt.date = ENDS, *, is_dry: bool = False) -> purge.Purged:
        """Purge as of a day."""
        return purge.purge(self.settings(as_of), "Kai", "opbevaringen er slut", is_dry=is_dry)

    def names(self) -> set[str]:
        """Names of the accepted deliveries whose files are there."""
        there = {path.name for path in self.home.vault.iterdir()}
        return {r.file_name for r in load_register(self.home).accepted() if r.sha256 in there}

    def tree(self) -> dict[str, str]:
        """Every file of the home with its hash, but the lock, which names who held it."""
        return {
            str(path.relative_to(self.home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.home.root.rglob("*")
            if path.is_file() and path != self.home.lock_file
        }


@pytest.fixture
def alone(tmp_path: Path) -> World:
    return World(tmp_path / "home", newer=False)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "home", newer=True)


def found(home: Home, number: str) -> list[str]:
    """Files of a home in which a person number stands, in any form; received ones are decrypted."""
    forms = [form.encode() for form in of(number)]
    read = {
        str(path.relative_to(home.root)): path.read_bytes()
        for path in home.root.rglob("*")
        if path.is_file()
    }
    for place in (vault.VAULT, vault.QUARANTINE):
        read |= {one.label: one.read() for one in vault.listed(home, place)}
    return sorted(name for name, data in read.items() if any(form in data for form in forms))


# Rules F.purge, F.retention
@pytest.mark.parametrize(("days", "is_purged"), [(-1, False), (0, True)])
def test_files_go_from_the_day_on_which_the_retention_ends(
    alone: World, days: int, is_purged: bool
) -> None:
    done = alone.purge(ENDS + dt.timedelta(days=days))
    assert alone.names() == (set() if is_purged else {"deltagere_2014-01-01.csv", YDELSER})
    assert (done.removal is not None) is is_purged


YDELSER = "ydelsesforloeb_2014-01-02_2013-01-01_2013-12-31.csv"


# Rule F.purge
def test_a_contract_inside_its_retention_keeps_every_file_that_it_could_read(world: World) -> None:
    world.purge()
    assert world.names() == {
        YDELSER, "deltagere_2014-01-03.csv", "deltagere_2014-01-04.csv",
    }  # fmt: skip
    assert found(world.home, NUMBERS["ny"])


# Rule F.purge
def test_a_file_that_names_a_contract_without_terms_stays(world: World) -> None:
    (world.contracts / "ny.yml").unlink()
    world.purge()
    assert world.names() == {"deltagere_2014-01-03.csv", "deltagere_2014-01-04.csv"}


# Rule F.purge
def test_without_retention_nothing_goes(alone: World) -> None:
    alone.write("gammel", "2013-12-31")
    assert alone.purge(dt.date(2026, 1, 1)).files == ()


# Rule F.purge
def test_a_purged_person_is_found_nowhere(alone: World) -> None:
    for name in ("gammel", "register"):
        assert found(alone.home, NUMBERS[name])
    alone.purge()
    for name in ("gammel", "register"):
        assert found(alone.home, NUMBERS[name]) == []


# Rules F.purge, F.removals
def test_the_line_names_each_file_with_hash_and_size_and_who_and_why(alone: World) -> None:
    before = {one.sha256: len(one.read()) for one in vault.listed(alone.home, vault.VAULT)}
    done = alone.purge()
    assert done.removal is not None
    (line,) = [one.line for one in removals.read(alone.home)]
    assert {file["sha256"]: file["size"] for file in line["files"]} == {
        r.sha256: before[r.sha256] for r in load_register(alone.home).accepted()
    }
    told = {name: line[name] for name in ("action", "actor", "reason", "as_of_date", "contracts")}
    assert told == {
        "action": "purge", "actor": "Kai", "reason": "opbevaringen er slut",
        "as_of_date": "2018-12-31", "contracts": ["gammel"],
    }  # fmt: skip


# Rule F.purge
def test_a_dry_run_changes_nothing_and_says_the_same(alone: World) -> None:
    before = alone.tree()
    dry = alone.purge(is_dry=True)
    assert alone.tree() == before
    assert "intet er ændret" in dry.text()
    assert alone.purge().files == dry.files


# Rule F.purge
def test_the_chains_are_whole_before_and_after(alone: World) -> None:
    assert inspection.inspect_home(alone.home).is_whole
    alone.purge()
    report = inspection.inspect_home(alone.home)
    assert report.is_whole, report.text()


# Rules F.purge, F.backup
def test_a_backup_of_a_purged_home_holds_nobody_and_is_whole(alone: World) -> None:
    key = alone.home.root.parent / "backup.key"
    text = f"backup: {{recipients: [{new_key(key)}]}}\n"
    alone.home.home_file.write_text(alone.home.home_file.read_text() + text)
    alone.purge()
    archive = alone.home.root.parent / "kopi.tar.age"
    make_backup(alone.settings(), archive)
    back = Home(alone.home.root.parent / "andet")
    restore(archive, back, key)
    assert inspection.inspect_home(back).is_whole
    assert found(back, NUMBERS["gammel"]) == []


# Rules F.purge, F.vault
def test_a_file_that_no_line_names_is_still_missed(alone: World) -> None:
    alone.purge()
    removals.record_file(alone.home).unlink()
    report = inspection.inspect_home(alone.home)
    assert "VAULT_BROKEN" in report.text()


# Rules F.purge, F.killed
@pytest.mark.parametrize("step", ["record", "computed", "first file", "rooms"])
def test_a_killed_purge_is_finished_by_whoever_holds_the_home_next(
    alone: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = World(alone.home.root.parent / "other", newer=False)
    whole.purge()
    _kill_at(step, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        alone.purge()
    monkeypatch.undo()
    assert inspection.inspect_home(alone.home).is_whole
    purge.finish(alone.home)
    assert alone.names() == set()
    assert found(alone.home, NUMBERS["gammel"]) == []
    assert set(alone.tree()) == set(whole.tree())
    assert purge.finish(alone.home) == 0


def _kill_at(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the purge end as if it were killed when a step is done."""

    def then_die(done: Callable[..., object], *, before: bool = False) -> Callable[..., object]:
        def dying(*values: object) -> None:
            if not before:
                done(*values)
            raise KeyboardInterrupt

        return dying

    if step == "record":
        monkeypatch.setattr(
            carrying_out, "remove_computed", then_die(carrying_out.remove_computed, before=True)
        )
    elif step == "computed":
        monkeypatch.setattr(carrying_out, "remove_computed", then_die(carrying_out.remove_computed))
    elif step == "first file":
        monkeypatch.setattr(carrying_out, "remove_received", then_die(carrying_out.remove_received))
    else:
        from dagster_project.lib import publishing

        monkeypatch.setattr(
            publishing, "remove_old_rooms", then_die(publishing.remove_old_rooms, before=True)
        )


# Rule F.purge
@pytest.mark.parametrize("name", ["deltagere_2014-01-01.csv", "deltagere_2014-01-01_v2.csv"])
def test_purged_bytes_that_land_again_are_refused_under_whatever_name(
    alone: World, name: str
) -> None:
    alone.purge()
    alone.land(name, HEADINGS, _course("gammel", NUMBERS["gammel"]))
    (note,) = alone.receive(ENDS).refused
    assert note.code == "DELIVERY_REMOVED"
    assert alone.names() == set()
    assert inspection.inspect_home(alone.home).is_whole


# Rules F.purge, F.retention
def test_a_purged_contract_stays_ended_whatever_its_file_says_later(alone: World) -> None:
    alone.purge()
    alone.write("gammel", "2013-12-31", "retention: {years: 50}")
    from dagster_project.lib.contracts import load_contracts

    terms = load_contracts(alone.contracts, "Prøveby")
    (one,) = retention.standings(alone.home, terms, dt.date(2014, 1, 1))
    assert (one.is_ended, one.is_purged) == (True, True)


# Rule F.purge
def test_a_purge_has_a_name_and_a_reason(alone: World) -> None:
    for actor, reason in ((" ", "prøve"), ("Kai", " ")):
        with pytest.raises(UsageError):
            purge.purge(alone.settings(), actor, reason)
    assert len(alone.names()) == 2


# Rule F.removals
def test_a_broken_record_ends_everything_that_asks_it(alone: World) -> None:
    alone.purge()
    path = removals.record_file(alone.home)
    path.write_text(path.read_text().replace('"Kai"', '"Ida"'))
    with pytest.raises(EffektError, match="REMOVALS_BROKEN"):
        load_register(alone.home)


def _refuse(world: World, as_of: dt.date = REFUSED_ON) -> str:
    """A refused file of the old contract; its sha256."""
    sha256 = world.land("deltagere_2014-02-01.csv", "forkert", NUMBERS["gammel"] + "\n")
    assert [note.sha256 for note in world.receive(as_of).refused] == [sha256]
    return sha256


# Rule F.quarantine
@pytest.mark.parametrize(("days", "is_there"), [(89, True), (90, False)])
def test_a_refused_file_goes_ninety_days_later(world: World, days: int, is_there: bool) -> None:
    sha256 = _refuse(world)
    purge.expire(world.home, REFUSED_ON + dt.timedelta(days=days))
    there = [path.name for path in world.home.quarantine.iterdir()]
    assert any(name.startswith(sha256) for name in there) is is_there
    assert [one.action for one in removals.read(world.home)] == ([] if is_there else ["expire"])
    assert inspection.inspect_home(world.home).is_whole


def _refuse_then_accept(world: World) -> str:
    """A list of the old contract that came before the contract's file did; its sha256."""
    course = _course("gammel", NUMBERS["gammel"])
    sha256 = world.land("deltagere_2014-01-09.csv", HEADINGS, course)
    receiving.receive(world.home, frozenset(), REFUSED_ON)
    world.land("deltagere_2014-01-09.csv", HEADINGS, course)
    assert not world.receive(REFUSED_ON).refused
    assert (world.home.quarantine / sha256).is_file()
    return sha256


# Rule F.quarantine
@pytest.mark.parametrize(("days", "is_there"), [(89, True), (90, False)])
def test_a_refused_file_that_came_again_and_was_accepted_goes_ninety_days_later(
    world: World, days: int, is_there: bool
) -> None:
    sha256 = _refuse_then_accept(world)
    purge.expire(world.home, REFUSED_ON + dt.timedelta(days=days))
    assert (world.home.quarantine / sha256).exists() is is_there
    assert (world.home.vault / sha256).is_file()
    assert inspection.inspect_home(world.home).is_whole


# Rule F.purge
def test_a_purge_takes_the_copy_of_a_file_that_was_refused_before_it_was_accepted(
    alone: World,
) -> None:
    sha256 = _refuse_then_accept(alone)
    alone.home.home_file.write_text("format: 2\narea: Prøveby\nquarantine_days: 9999\n")
    alone.purge()
    assert not (alone.home.vault / sha256).exists()
    assert list(alone.home.quarantine.glob(f"{sha256}*")) == []


# Rule F.quarantine
@pytest.mark.parametrize(("days", "is_there"), [(89, True), (90, False)])
def test_a_checksum_file_that_names_no_file_goes_with_the_last_that_was_refused_for_it(
    world: World, days: int, is_there: bool
) -> None:
    world.land("deltagere_2014-02-03.csv", HEADINGS, _course("gammel", NUMBERS["gammel"]))
    wrong = f"{'0' * 64}  {NUMBERS['gammel']}.csv\n".encode()
    homes.land(world.home, "deltagere_2014-02-03.csv.sha256", wrong)
    assert len(world.receive(REFUSED_ON).refused) == 1
    purge.expire(world.home, REFUSED_ON + dt.timedelta(days=days))
    sha256 = hashlib.sha256(wrong).hexdigest()
    assert (world.home.quarantine / sha256).exists() is is_there
    gone = [file.sha256 for one in removals.read(world.home) for file in one.files]
    assert (sha256 in gone) is not is_there
    assert inspection.inspect_home(world.home).is_whole


# Rule F.quarantine
def test_the_days_stand_in_home_yml(world: World) -> None:
    sha256 = _refuse(world)
    world.home.home_file.write_text("format: 2\narea: Prøveby\nquarantine_days: 10\n")
    purge.expire(world.home, REFUSED_ON + dt.timedelta(days=10))
    assert not (world.home.quarantine / sha256).exists()


# Rule F.quarantine
def test_a_file_that_is_refused_again_after_it_went_is_kept_anew(world: World) -> None:
    sha256 = _refuse(world)
    later = REFUSED_ON + dt.timedelta(days=90)
    purge.expire(world.home, later)
    assert _refuse(world, later) == sha256
    assert purge.finish(world.home) == 0
    purge.expire(world.home, later + dt.timedelta(days=89))
    assert (world.home.quarantine / sha256).is_file()
    purge.expire(world.home, later + dt.timedelta(days=90))
    assert not (world.home.quarantine / sha256).exists()


# Rule F.quarantine
def test_a_refusal_from_before_they_were_dated_waits_for_a_purge(world: World) -> None:
    sha256 = world.land("deltagere_2014-02-01.csv", "forkert", NUMBERS["gammel"] + "\n")
    world.receive()
    purge.expire(world.home, dt.date(2026, 1, 1))
    assert (world.home.quarantine / sha256).is_file()
    world.purge()
    assert not (world.home.quarantine / sha256).exists()
