"""What must hold of a home after any night, whatever happened before it.

The towns' own law is ``tests.life.law``. What belongs here: received bytes, chains, snapshots,
person numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dagster_project.lib import inspection, publishing, removals, vault
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.ledger import publications
from dagster_project.settings import Home
from tests.faults import canaries
from tests.simulator.county import County


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

    def _received(self) -> None:
        """Every received byte is stored or named as removed; the drop zone is empty (F.after)."""
        gone = removals.removed(self.home)
        for digest, name in self.county.landed.items():
            is_stored = any(
                vault.Received(self.home, place, digest).is_there
                for place in (vault.VAULT, vault.QUARANTINE)
            )
            is_named = gone.of(removals.QUARANTINE, digest) is not None
            assert is_stored or is_named, f"{name} is lost"
        left = [path for path in self.home.landing.rglob("*") if path.is_file()]
        assert left == []

    def _snapshots(self) -> None:
        """A snapshot has one content for ever; those published stay in their order."""
        for folder in sorted((self.home.published / "snapshots").iterdir()):
            publishing.check_snapshot(folder)
            sha256 = sha256_file(folder / "manifest.json")
            assert self.bytes_of.setdefault(folder.name, sha256) == sha256, folder.name
        known = [link["snapshot_id"] for link in publications.read(self.home)]
        assert known[: len(self.published)] == self.published
        self.published = known
        current = publishing.current_snapshot(self.home)
        assert current is not None
        assert current.snapshot_id == known[-1]
