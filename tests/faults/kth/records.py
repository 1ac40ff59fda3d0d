"""The deeds that exchange or carry away records: key, purge, forgetting, backup, restore."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyrage

from dagster_project.lib import backup, records, removals, vault
from dagster_project.lib import purge as purging
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.keys.statement_key import make_statement_key
from dagster_project.lib.person import forgetting
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import HOME_FORMAT, Home, Settings
from tests.faults.kth.deeds import NUMBER, require_no_plain_bytes
from tests.faults.kth.trial import Deed, State
from tests.unit.person import homes as people
from tests.unit.receiving import homes

_SOURCES = ("deltagere", "personstatus", "eindkomst")


def prepare(root: Path) -> None:
    """Three accepted deliveries with a person in each, one refused, a contract past retention."""
    home = homes.new_home(root)
    make_statement_key(home)
    for source in _SOURCES:
        people.land(home, source)
    homes.land(home, "nobody_knows_this.csv", b"cpr\n" + NUMBER + b"\n")
    homes.receive(home)
    people.settings_of(home)


def _settings(root: Path) -> Settings:
    return Settings(Home(root), root / "contracts", people.AS_OF, "Prøveby")


def _stored(home: Home) -> Iterator[vault.Received]:
    for place in (vault.VAULT, vault.QUARANTINE):
        yield from vault.listed(home, place)


def kept(root: Path) -> State:
    """What the home keeps, and what it says that it has removed."""
    home = Home(root)
    return {
        "kept": [file.label for file in _stored(home) if file.is_whole()],
        "broken": [file.label for file in _stored(home) if not file.is_whole()],
        "removed": [
            [removal.action, sorted(map(str, removal.files))] for removal in removals.read(home)
        ],
        "asides": sorted(path.name for path in home.vault.glob(".forget*")),
    }


def is_kept_or_named(root: Path) -> None:
    """Every file of the register is whole, or a line of the record of removals names it."""
    home = Home(root)
    gone = {(file.room, file.sha256) for removal in removals.read(home) for file in removal.files}
    for record in load_register(home).records():
        place = vault.VAULT if record.is_accepted else vault.QUARANTINE
        file = vault.Received(home, place, record.sha256)
        is_named = (place, record.sha256) in gone
        assert is_named or (file.is_there and file.is_whole()), file.label
    require_no_plain_bytes(home)


# the key ------------------------------------------------------------------------------------------


def _rotate(root: Path) -> None:
    records.rotate_vault_key(Home(root))


def _rotated(root: Path) -> State:
    key = vault.read_key(Home(root))
    return kept(root) | {"identities": len(key.identities)}


# removals -----------------------------------------------------------------------------------------


def _purge(root: Path) -> None:
    purging.purge(_settings(root), "Kai", "opbevaringen er endt")


def _forget(root: Path) -> None:
    """Forget the person, unless nothing is left of them."""
    forgetting.finish(Home(root))
    try:
        forgetting.forget(_settings(root), NUMBER.decode(), "Kai", "bedt om det")
    except UsageError:
        if not removals.read(Home(root)):
            raise


# backup -------------------------------------------------------------------------------------------


def _prepare_backup(root: Path) -> None:
    home = root / "hjem"
    prepare(home)
    identity = pyrage.x25519.Identity.generate()
    (root / "backup.key").write_text(f"{identity}\n", encoding="ascii")
    (home / "home.yml").write_text(
        f"format: {HOME_FORMAT}\narea: Prøveby\nbackup: {{recipients: [{identity.to_public()}]}}\n",
        encoding="utf-8",
    )


def _back_up(root: Path) -> None:
    archive = root / "kopi.tar.age"
    if not archive.exists():
        backup.make_backup(_settings(root / "hjem"), archive)


def _archive_is_whole_or_not_there(root: Path) -> None:
    is_kept_or_named(root / "hjem")
    if (root / "kopi.tar.age").exists():
        restored = Home(root / "proeve")
        backup.restore(root / "kopi.tar.age", restored, root / "backup.key")
        shutil.rmtree(restored.root)


def _backed_up(root: Path) -> State:
    _archive_is_whole_or_not_there(root)
    return {"there": sorted(path.name for path in root.iterdir() if path.is_file())}


def _prepare_archive(root: Path) -> None:
    _prepare_backup(root)
    _back_up(root)


def _restore(root: Path) -> None:
    backup.restore(root / "kopi.tar.age", Home(root / "nyt"), root / "backup.key")


def _restored_or_no_home(root: Path) -> None:
    """What a killed restore leaves is told from a home, and holds nothing that is not encrypted."""
    home = Home(root / "nyt")
    if home.root.exists():
        require_no_plain_bytes(home)
        if not home.restoring_file.exists() and any(home.root.iterdir()):
            is_kept_or_named(home.root)


def _restore_again(root: Path) -> None:
    """Restore, after removing what a killed one has left."""
    home = Home(root / "nyt")
    if home.root.exists() and home.restoring_file.exists():
        shutil.rmtree(home.root)
    if not home.root.exists() or not any(home.root.iterdir()):
        _restore(root)


def _restored(root: Path) -> State:
    home = Home(root / "nyt")
    return {
        str(path.relative_to(home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((*home.vault.iterdir(), *home.quarantine.iterdir()))
        if path.is_file()
    }


ALL: tuple[Deed, ...] = (
    Deed("rotate", prepare, _rotate, _rotated, is_kept_or_named),
    Deed("purge", prepare, _purge, kept, is_kept_or_named),
    Deed("forget", prepare, _forget, kept, is_kept_or_named),
    Deed("backup", _prepare_backup, _back_up, _backed_up, _archive_is_whole_or_not_there),
    Deed("restore", _prepare_archive, _restore, _restored, _restored_or_no_home, _restore_again),
)
