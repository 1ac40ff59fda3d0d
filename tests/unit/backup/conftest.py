"""A home with settlements and deliveries, and the key pair of who may open its backups."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest

from dagster_project.lib import life, statement
from dagster_project.lib.backup import Backup, Restored, make_backup, restore
from dagster_project.settings import HOME_FORMAT, Home, Settings
from tests.faults import corpus
from tests.support.published import CONTRACT, World, make_world
from tests.unit.receiving import homes

SOURCES = ("deltagere", "resultatkrav", "personstatus", "jobindsats")


@dataclass(frozen=True)
class Place:
    """A home, where its backups go, and the key that opens them."""

    settings: Settings
    folder: Path
    key: Path

    @property
    def home(self) -> Home:
        """The home."""
        return self.settings.home

    def back_up(self, name: str = "kopi.tar.age") -> Backup:
        """Make an archive."""
        return make_backup(self.settings, self.folder / name)

    def bring_back(self, archive: Path, name: str = "andet/sted") -> Restored:
        """Restore an archive."""
        return restore(archive, Home(self.folder / name), self.key)


def new_key(path: Path) -> str:
    """A key pair as age-keygen writes it; gives the public key."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    path.write_text(f"# created: x\n# public key: {public}\n{identity}\n", encoding="ascii")
    return public


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An approved period with its documents, four deliveries, one refused, an overlay."""
    world = make_world(tmp_path_factory.mktemp("world"))
    home = world.home
    shutil.rmtree(home.published)
    home.ensure()
    for source in SOURCES:
        homes.land(home, f"{source}_2024-02-01.csv", corpus.good_csv(source))
    homes.land(home, "deltagere_2024-03-01.csv", b"")
    homes.receive(home)
    world.publish_again(world.settings.as_of)
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    life.approve(world.settings, CONTRACT, "2023-01", "Lea")
    statement.write_statement(world.settings, CONTRACT, "2023-01")
    return world


@pytest.fixture
def place(made: World, tmp_path: Path) -> Place:
    """The same, to do harm to."""
    root = tmp_path / "hjem"
    shutil.copytree(made.home.root, root, symlinks=True)
    shutil.copytree(made.settings.contracts_dir, root / "contracts")
    (root / "sources").mkdir()
    (root / "sources" / "note.txt").write_text("x")
    key = tmp_path / "backup.key"
    (root / "home.yml").write_text(
        f"format: {HOME_FORMAT}\nbackup: {{recipients: [{new_key(key)}]}}\n", encoding="utf-8"
    )
    home = Home(root)
    settings = Settings(home, root / "contracts", made.settings.as_of, None)
    return Place(settings, tmp_path, key)
