"""What must hold of a home after any night, whatever happened before it.

The towns' own law is ``tests.life.law``. What belongs here: received bytes, chains, snapshots,
person numbers, who was removed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dagster_project.lib import inspection, publishing, removals, vault
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.ledger import publications
from dagster_project.lib.person.numbers import Person
from dagster_project.settings import Home
from tests.faults import canaries
from tests.simulator.county import County
from tests.support.holding import contents


@dataclass
class HomeLaw:
    """Remembers what was published, and compares every night with it."""

    county: County
    bytes_of: dict[str, str] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)

    @property
    def home(self) -> Home:
        """The home."""
        return Home(self.county.root)

    def check(self, *, is_whole: bool) -> None:
        """What holds after a night; at times also what takes long to look at."""
        self._received()
        self._snapshots()
        if is_whole:
            report = inspection.inspect_home(self.home)
            assert report.is_whole, report.text()
            assert canaries.Scan().trace(self.county.root) == []
            self._removed()

    def _received(self) -> None:
        """Every received byte is stored or named as removed; the drop zone is empty (F.after).

        What is named does not stand, its copy does; a purge took what it had to, and no more.
        """
        gone = removals.removed(self.home)
        for digest, file in self.county.landed.items():
            in_vault = vault.Received(self.home, vault.VAULT, digest).is_there
            is_stored = in_vault or vault.Received(self.home, vault.QUARANTINE, digest).is_there
            removal = gone.by_file.get((removals.VAULT, digest))
            is_named = removal is not None or gone.of(removals.QUARANTINE, digest) is not None
            assert is_stored or is_named, f"{file.name} is lost"
            assert not (in_vault and removal), f"{file.name} stands and is removed"
            copy = gone.copy_of(removals.VAULT, digest)
            assert copy is None or vault.Received(self.home, vault.VAULT, copy).is_there, file.name
            is_purged = removal is not None and removal.action == removals.PURGE
            assert is_purged or not (in_vault and digest in self.county.purged), file.name
            assert not is_purged or digest in self.county.purged, f"{file.name} was needed"
        left = [path for path in self.home.landing.rglob("*") if path.is_file()]
        assert left == []

    def _removed(self) -> None:
        """Nothing is left of who was removed but a pseudonym where the law keeps one (F.forget)."""
        if not self.county.removed:
            return
        scan = canaries.Scan(self.county.removed)
        again = {f"quarantine/{digest}" for digest in self.county.again}
        keys = {
            key.encode(): rooms
            for number, rooms in self.county.removed.items()
            for key in Person(frozenset({number})).keys(self.home)
        }
        for name, data in contents(self.home):
            assert name in again or not scan.finds(data), name
            found = [key for key in keys if key in data]
            assert all(name.split("/")[0] in keys[key] for key in found), name

    def _snapshots(self) -> None:
        """A snapshot has one content for ever; those published stay in their order.

        One from before a removal loses its restricted room when the next takes its place.
        """
        last = (self.home.published / "current").resolve().name
        for folder in sorted((self.home.published / "snapshots").iterdir()):
            is_closed = folder.name in self.county.closed and folder.name != last
            assert (folder / "restricted").is_dir() is not is_closed, folder.name
            publishing.check_snapshot(folder, is_closed=is_closed)
            sha256 = sha256_file(folder / "manifest.json")
            assert self.bytes_of.setdefault(folder.name, sha256) == sha256, folder.name
        known = [link["snapshot_id"] for link in publications.read(self.home)]
        assert known[: len(self.published)] == self.published
        self.published = known
        current = publishing.current_snapshot(self.home)
        assert current is not None
        assert current.snapshot_id == known[-1]
