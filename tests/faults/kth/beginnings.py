"""The deeds by which a home begins, is brought up, loses a delivery or gets another key."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from dagster_project.lib import inspection, ledger, opening, receiving, upgrade, vault
from dagster_project.lib.keys import statement_key
from dagster_project.lib.ledger import upgrades
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.settings import HOME_FORMAT, Home, Settings
from tests.faults.kth import records
from tests.faults.kth.deeds import require_no_plain_bytes, require_whole_chain
from tests.faults.kth.trial import Deed, State
from tests.unit.person import homes as people
from tests.upgrade import old_homes

# a new home ---------------------------------------------------------------------------------------


def _nothing_there(root: Path) -> None:
    root.mkdir()


def _open(root: Path) -> None:
    if not Home(root / "hjem").is_home:
        opening.make_home(Home(root / "hjem"), "Prøveby")


def _no_home_or_a_whole_one(root: Path) -> None:
    home = Home(root / "hjem")
    if home.is_home:
        _opened(root)


def _opened(root: Path) -> State:
    """A home is whole as soon as it is one; keys differ from home to home."""
    home = Home(root / "hjem")
    statement_key.read_statement_key(home)
    vault.read_key(home)
    return {
        "files": sorted(str(path.relative_to(home.root)) for path in home.root.rglob("*")),
        "home.yml": home.home_file.read_text("utf-8"),
        "key": len(home.key_file.read_text("ascii").strip()),
        "is whole": inspection.inspect_home(home).is_whole,
    }


# a home of older code -----------------------------------------------------------------------------


def _prepare_old(root: Path) -> None:
    old_homes.unpack(1, root)
    shutil.rmtree(root / "work", ignore_errors=True)


def _bring_up(root: Path) -> None:
    upgrade.bring_up(Home(root))


def _plain_of(root: Path) -> dict[str, str]:
    """What every stored file holds, encrypted or not."""
    found = {}
    for place in (vault.VAULT, vault.QUARANTINE):
        for file in vault.listed(Home(root), place):
            found[file.label] = hashlib.sha256(file.read()).hexdigest()
    return found


def _every_record_is_readable(root: Path) -> None:
    home = Home(root)
    assert load_register(home).records()
    assert all(name.endswith(digest) for name, digest in _plain_of(root).items())
    require_whole_chain(home)


def _brought_up(root: Path) -> State:
    home = Home(root)
    assert home.read_home_file().format == HOME_FORMAT
    require_no_plain_bytes(home)
    assert inspection.inspect_home(home).is_whole
    return {
        "home.yml": home.home_file.read_text("utf-8"),
        "steps": [(step["from_format"], step["to_format"]) for step in upgrades.read(home)],
        "kept": sorted(_plain_of(root).items()),
        "events": [event.hash for event in ledger.read(home).events],
    }


# a delivery that is taken out of use --------------------------------------------------------------


def _withdraw(root: Path) -> None:
    home = Home(root)
    (one,) = [r for r in load_register(home).accepted() if r.source == "personstatus"]
    if not one.is_withdrawn():
        settings = Settings(home, root / "contracts", people.AS_OF, "Prøveby")
        receiving.withdraw_delivery(settings, one.sha256, "Kai", "forkert", people.AS_OF)


def _withdrawn(root: Path) -> State:
    kept = [record.is_withdrawn() for record in load_register(Home(root)).accepted()]
    return records.kept(root) | {"withdrawn": kept}


# the key of statements ----------------------------------------------------------------------------


def _sign_anew(root: Path) -> None:
    if not _earlier_keys(root):
        statement_key.rotate_statement_key(Home(root))


def _earlier_keys(root: Path) -> int:
    return len(statement_key.read_statement_key(Home(root)).earlier)


def _key_is_readable(root: Path) -> None:
    assert _earlier_keys(root) in (0, 1)


def _signed_anew(root: Path) -> State:
    return {"earlier keys": _earlier_keys(root)}


ALL: tuple[Deed, ...] = (
    Deed("init", _nothing_there, _open, _opened, _no_home_or_a_whole_one),
    Deed("upgrade", _prepare_old, _bring_up, _brought_up, _every_record_is_readable),
    Deed("withdraw", records.prepare, _withdraw, _withdrawn, records.is_kept_or_named),
    Deed("sign", records.prepare, _sign_anew, _signed_anew, _key_is_readable),
)
