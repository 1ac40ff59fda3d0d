"""A sound night whose gates passed: the ground that every defect is planted in."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import publishing, warehouse
from dagster_project.lib.gates import facts
from dagster_project.lib.gates.suites import Suite, all_suites
from dagster_project.settings import Home, Settings
from tests.support import examples, night

AS_OF = "2025-04-30"
EXAMPLE = "spells-one-contract"


def _build(place: Path) -> str:
    home = night.copy_inputs(examples.home_of(EXAMPLE), place / "home")
    return night.publish(home, AS_OF)


def settings_of(home: Home) -> Settings:
    """The settings of the sound night."""
    return Settings(
        home=home,
        contracts_dir=home.root / "contracts",
        as_of=dt.date.fromisoformat(AS_OF),
        area=None,
    )


@pytest.fixture(scope="session")
def sound_night(shared_folder: Path) -> Home:
    """A home after a whole night; nobody changes it."""
    place, _ = night.built_once(shared_folder, "gates-sound-night", _build)
    return Home(place / "home")


@pytest.fixture(scope="module")
def own_night(sound_night: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the sound night that a test module may write to."""
    root = tmp_path_factory.mktemp("gates") / "home"
    shutil.copytree(sound_night.root, root, symlinks=True)
    return Home(root)


@pytest.fixture(scope="module")
def suites() -> dict[str, Suite]:
    """The suite of each check, by check id."""
    return {check.id: suite for suite in all_suites() for check in suite.checks}


def _harden_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a table of each view of the rules: a defect can be planted in any model."""
    views = connection.execute(
        "select view_name from duckdb_views() where schema_name = 'intermediate'"
    ).fetchall()
    for (name,) in views:
        connection.execute(f"create table intermediate.hardened as from intermediate.{name}")
        connection.execute(f"drop view intermediate.{name}")
        connection.execute(f"alter table intermediate.hardened rename to {name}")


@pytest.fixture(scope="module")
def open_warehouse(own_night: Home) -> Iterator[facts.Context]:
    """The warehouse of the sound night, open for a module's defects."""
    with warehouse.connect(own_night.warehouse) as connection:
        _harden_views(connection)
        yield facts.Context(connection, own_night, settings_of(own_night))


@pytest.fixture
def planted(open_warehouse: facts.Context) -> Iterator[facts.Context]:
    """The same inside a transaction: what a test plants is gone afterwards."""
    open_warehouse.connection.execute("begin")
    yield open_warehouse
    open_warehouse.connection.execute("rollback")


@pytest.fixture(scope="module")
def sound_candidate(
    own_night: Home, tmp_path_factory: pytest.TempPathFactory
) -> publishing.Candidate:
    """The finished files of the sound night, unaudited, kept where no publish clears up."""
    built = publishing.build_candidate(own_night, settings_of(own_night))
    kept = tmp_path_factory.mktemp("files") / "candidate"
    shutil.move(built.path, kept)
    return publishing.Candidate(kept, built.manifest)


@pytest.fixture
def candidate(sound_candidate: publishing.Candidate, own_night: Home) -> publishing.Candidate:
    """A copy of them for one test, the only one that waits in ``published``."""
    path = own_night.published / ".candidate-of-a-test"
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(sound_candidate.path, path)
    return publishing.Candidate(path, sound_candidate.manifest)
