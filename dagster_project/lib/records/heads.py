"""Heads: whether ledger and register of deliveries still hold the lines that other records name.

What belongs here: who names a head (manifests of snapshots, events of the ledger, the home's own
settlements) and looking for it. What does not: the form of a chain (``base.chained``).

A chain alone does not show that its end was cut off. The heads that are looked for are those of
every snapshot that is kept, of every event and of every settlement in ``reports/``. What a record
grew by since is no fault.

Rules: S.heads, I.register.
Decides: S.heads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger.chain import Ledger
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.leftovers import CURRENT, snapshots_dir
from dagster_project.lib.publishing.manifest import Manifest
from dagster_project.lib.publishing.tables import MART
from dagster_project.lib.receiving.intake import register as registers
from dagster_project.lib.receiving.intake.register import REGISTER_NAME, Register
from dagster_project.lib.records.printed import Printed, is_own, printed_heads
from dagster_project.settings import SEALED_FORMAT, Home

_UNTOUCHED = ("open", "draft")


@dataclass(frozen=True)
class Records:
    """Ledger and register of a home, read and held against all that names their heads."""

    ledger: Ledger
    register: Register


def check(home: Home) -> Records:
    """Read ledger and register, and look for every head that another record names.

    Nothing is touched. Documents and manifests are read first and the register last: each grows
    before it is named, so that a night or a command at work beside this is no fault.

    Raises:
        EffektError: ``LEDGER_BROKEN``, ``LEDGER_BEHIND``, ``LEDGER_KEY`` or ``REGISTER_BROKEN``.
    """
    documents = printed_heads(home)
    named = kept_manifests(home)
    current = current_manifest(home)
    ledger = chain.check_chain(home, None)
    register = registers.load_register(home)
    if home.read_home_file().format >= SEALED_FORMAT:
        register.require_chained()
    for manifest in [*named, *([current] if current else [])]:
        require_ledger_head(ledger, manifest)
        require_register_head(register, manifest)
    for event in ledger.events:
        require_register_line(register, event)
    for printed in documents:
        require_printed_event(home, ledger, printed)
        require_printed_line(home, register, printed)
    return Records(ledger, register)


def set_torn_aside(home: Home) -> None:
    """Set aside what killed writes left in records that have been checked; the home is held."""
    registers.set_torn_aside(home)
    with chain.lock(home):
        chain.set_torn_line_aside(home)


def kept_manifests(home: Home) -> list[Manifest]:
    """Manifests of the snapshots that are kept, as far as they can be read and are what they were.

    A damaged old snapshot is for ``effekt verify`` to tell; it holds no night back.
    """
    found = []
    for path in sorted(snapshots_dir(home).glob(f"*/{manifests.MANIFEST}")):
        try:
            manifest = manifests.read(path.parent)
        except EffektError:
            continue
        if manifests.is_genuine(home, path.parent, manifest):
            found.append(manifest)
    return found


def current_manifest(home: Home) -> Manifest | None:
    """The manifest of the snapshot that readers see; null before the first publication.

    Raises:
        EffektError: it is missing, changed, or silent about records that its tables show.
    """
    link = home.published / CURRENT
    if not link.exists():
        return None
    folder = link.resolve()
    try:
        manifest = manifests.read(folder)
    except EffektError:
        manifest = {}
    if not manifest or not manifests.is_genuine(home, folder, manifest):
        raise _unknown(home, folder, "mangler eller er ændret")
    if _lacks_register_head(manifest):
        raise _unknown(home, folder, "nævner ingen linje i leveringsregistret, men leveringer")
    if manifest.get("ledger_head") is None and _shows_steps(folder):
        raise _unknown(
            home, folder, "nævner ingen hændelse, men viser opgørelser, der er behandlet"
        )
    return manifest


def _lacks_register_head(manifest: Manifest) -> bool:
    """Whether a snapshot rests on deliveries and does not say how far their register went.

    Only manifests from before seals lack it rightly.
    """
    is_silent = manifest.get("register_head") is None and bool(manifest.get("deliveries"))
    return manifests.has_seal(manifest) and is_silent


def _shows_steps(folder: Path) -> bool:
    """Whether a snapshot shows a settlement that somebody has acted on."""
    import duckdb

    from dagster_project.lib.warehouse import ENGINE

    table = folder / manifests.parquet_path(MART, "settlement")
    if not table.is_file():
        return False
    with duckdb.connect(config=ENGINE) as connection:
        states = connection.execute(
            "select distinct state, is_superseded from read_parquet(?)", [str(table)]
        ).fetchall()
    return any(state not in _UNTOUCHED or superseded for state, superseded in states)


def _unknown(home: Home, folder: Path, what: str) -> EffektError:
    """The head that a record must have is not known: which record, depends on what there is."""
    code = "LEDGER_BROKEN" if chain.ledger_file(home).is_file() else "REGISTER_BROKEN"
    return EffektError(
        code,
        f"published/snapshots/{folder.name}/{manifests.MANIFEST} {what}; hvor langt hovedbog og"
        " leveringsregister gik, kan ikke efterprøves",
        remedy="læg filen tilbage fra sikkerhedskopien; findes den ikke der, så efterprøv mappen"
        " mod opgørelser, som parterne har (effekt verify --against), fjern published/current, og"
        " kør igen",
    )


def require_ledger_head(ledger: Ledger, manifest: Manifest) -> None:
    """Refuse a ledger that lacks the head which a snapshot's manifest names."""
    head = manifest.get("ledger_head")
    if head is not None:
        chain.require(ledger, head, f"øjebliksbilledet {manifest.get('snapshot_id')}")


def require_register_head(register: Register, manifest: Manifest) -> None:
    """Refuse a register that lacks the head which a snapshot's manifest names."""
    head = manifest.get("register_head")
    if _lacks_register_head(manifest):
        raise registers.broken(
            f"øjebliksbilledet {manifest.get('snapshot_id')} nævner leveringer, men ingen linje i"
            f" vault/{REGISTER_NAME}"
        )
    if head is not None and not register.has_hash(head):
        raise registers.broken(
            f"vault/{REGISTER_NAME} har {register.line_count} linjer og mangler den linje, som"
            f" øjebliksbilledet {manifest.get('snapshot_id')} nævner"
        )


def require_register_line(register: Register, event: chain.Event) -> None:
    """Refuse a register that lacks the line which an event of the ledger names."""
    head = event.register_head
    if head is not None and not register.has(head):
        raise registers.broken(
            f"linje {head['sequence']} i vault/{REGISTER_NAME} mangler eller er en anden end den,"
            f" som hændelse {event.sequence} i hovedbogen nævner"
        )


def require_printed_event(home: Home, ledger: Ledger, printed: Printed) -> None:
    """Refuse a ledger that lacks the event which a settlement of this home prints."""
    if printed.ledger is not None and not ledger.has_line(printed.ledger):
        _refuse_lost(
            home, printed, chain.broken, f"hændelse {printed.ledger['sequence']} i hovedbogen"
        )


def require_printed_line(home: Home, register: Register, printed: Printed) -> None:
    """Refuse a register that lacks the line which a settlement of this home prints."""
    if printed.register is not None and not register.has(printed.register):
        what = f"linje {printed.register['sequence']} i vault/{REGISTER_NAME}"
        _refuse_lost(home, printed, registers.broken, what)


def _refuse_lost(
    home: Home, printed: Printed, error: Callable[[str], EffektError], what: str
) -> None:
    if is_own(home, printed):
        name = printed.path.relative_to(home.root)
        raise error(f"{what} mangler eller er en anden end den, som {name} nævner")
