"""``effekt verify``: ledger, register, vault, frozen statements, snapshots and keys of a home.

What belongs here: going through them one by one and gathering every place that is not whole. What
does not: what being whole means. Nothing is changed and no lock is taken: documents and manifests
are read first and the register after the ledger, so that a night at work beside this is no fault.

Rules: F.verify.
Decides: F.verify.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.lib import removals
from dagster_project.lib.base import chained
from dagster_project.lib.base.errors import EffektError, said_by_system
from dagster_project.lib.keys.pseudonym import read_key
from dagster_project.lib.keys.statement_key import read_statement_key
from dagster_project.lib.ledger import access, chain, frozen, publications, upgrades
from dagster_project.lib.ledger.chain import Event, Ledger
from dagster_project.lib.publishing import closed_rooms, history, last_night
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.atomic import MART_LINK
from dagster_project.lib.publishing.leftovers import CURRENT, snapshots_dir
from dagster_project.lib.publishing.manifest import Manifest
from dagster_project.lib.receiving.intake import journal, register
from dagster_project.lib.receiving.intake.register import REGISTER_NAME, Register
from dagster_project.lib.receiving.intake.walk import SIDE_FILE_BYTES, names_sha256
from dagster_project.lib.records import heads, vault
from dagster_project.lib.records.printed import Printed, printed_heads
from dagster_project.lib.vault import QUARANTINE, Received, check_key
from dagster_project.settings import ENCRYPTED_FORMAT, SEALED_FORMAT, Home


@dataclass
class Area:
    """One kind of record, and what was found in it.

    Args:
        name: stable name, for ``--json``.
        title: Danish name.
        checked: how many things were looked at.
        faults: what is not whole: code, message and remedy.
        notes: what is no fault but worth knowing, in Danish.
    """

    name: str
    title: str
    checked: int = 0
    faults: list[EffektError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The area as plain data."""
        faults = [
            {"code": fault.code, "message": fault.message, "remedy": fault.remedy}
            for fault in self.faults
        ]
        return {
            "area": self.name, "is_whole": not faults, "checked": self.checked, "faults": faults,
            "notes": self.notes,
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        """The area for a person, in Danish."""
        mark, state = ("✗", "IKKE hel") if self.faults else ("✓", "hel")
        yield f"  {mark} {self.title}: {state} ({self.checked} efterprøvet)"
        for fault in self.faults:
            yield f"      {fault.code}: {fault.message}"
            yield f"      Gør sådan: {fault.remedy}"
        yield from (f"      {note}" for note in self.notes)

    def attempt(self, check: Callable[..., object], *values: Any) -> bool:
        """Do one check; a failure of it becomes a fault of this area."""
        self.checked += 1
        try:
            check(*values)
        except EffektError as error:
            self.faults.append(error)
        except OSError as error:
            name = Path(error.filename).name if isinstance(error.filename, str) else "en fil"
            self.fault("UNREADABLE", f"{name} kan ikke læses ({said_by_system(error)})",
                       "giv driftens bruger adgang til filen, eller læg den tilbage")  # fmt: skip
        else:
            return True
        return False

    def fault(self, code: str, message: str, remedy: str) -> None:
        """Note a place that is not whole."""
        self.faults.append(EffektError(code, message, remedy=remedy))


@dataclass(frozen=True)
class Report:
    """What was found in a home."""

    home: Home
    areas: tuple[Area, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not any(area.faults for area in self.areas)

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {"is_whole": self.is_whole, "areas": [area.as_json() for area in self.areas]}

    def text(self) -> str:
        """The report for a person, in Danish."""
        head = "Hel" if self.is_whole else "IKKE hel"
        lines = [f"{head}: {self.home.root}"]
        return "\n".join([*lines, *(line for area in self.areas for line in area.lines())])


def inspect_home(home: Home) -> Report:
    """Go through everything that a home keeps; a new one keeps nothing, and is whole."""
    documents = printed_heads(home)
    named = heads.kept_manifests(home)
    ledger, events = _ledger(home, named, documents)
    received, deliveries = _register(home, named, documents, events)
    return Report(
        home,
        (ledger, received, _vault(home, deliveries), _statements(home, events), _snapshots(home),
         _keys(home, events)),
    )  # fmt: skip


def _ledger(
    home: Home, named: list[Manifest], documents: list[Printed]
) -> tuple[Area, Ledger | None]:
    area, found = Area("ledger", "Hovedbog"), None
    if area.attempt(chain.read, home):
        found = chain.read(home)
        for manifest in named:
            area.attempt(heads.require_ledger_head, found, manifest)
        for printed in documents:
            area.attempt(heads.require_printed_event, home, found, printed)
    area.attempt(upgrades.read, home)
    if area.attempt(publications.read, home):
        area.attempt(history.require_line, home)
    area.attempt(access.read, home)
    area.attempt(removals.read, home)
    area.checked = len(found.events) if found else 0
    records = (
        chain.ledger_file, upgrades.record_file, publications.record_file, access.record_file,
        removals.record_file,
    )  # fmt: skip
    for record_file in records:
        _note_torn(area, record_file(home))
    return area, found


def _register(
    home: Home, named: list[Manifest], documents: list[Printed], events: Ledger | None
) -> tuple[Area, Register | None]:
    area, found = Area("register", "Leveringsregister"), None
    if area.attempt(register.load_register, home):
        found = register.load_register(home)
        if home.read_home_file().format >= SEALED_FORMAT:
            area.attempt(found.require_chained)
        elif not found.is_chained:
            area.notes.append("fra før hashkæden; den næste kørsel forsegler det")
        for manifest in named:
            area.attempt(heads.require_register_head, found, manifest)
        for event in events.events if events else ():
            area.attempt(heads.require_register_line, found, event)
        for printed in documents:
            area.attempt(heads.require_printed_line, home, found, printed)
    area.checked = found.line_count if found else 0
    _note_torn(area, home.vault / REGISTER_NAME)
    return area, found


def _note_torn(area: Area, path: Path) -> None:
    if chained.read(path).torn:
        area.notes.append(
            f"{path.parent.name}/{path.name}: den sidste linje er ikke skrevet færdig;"
            " den næste kørsel lægger den til side"
        )


def _vault(home: Home, deliveries: Register | None) -> Area:
    area = Area("vault", "Modtagne filer")
    if deliveries is None:
        area.notes.append("ikke efterprøvet: leveringsregistret er ikke helt")
        return area
    if not area.attempt(check_key, home):
        return area
    known = {entry.sha256 for entry in deliveries.records()}
    for kept in vault.kept_files(home, deliveries):
        area.checked += 1
        damage = vault.find_damage(kept)
        if damage is not None:
            area.fault("VAULT_BROKEN", damage.told, damage.remedy)
            continue
        _note_plain(area, home, kept.file)
        is_named = kept.record is not None or kept.is_overlay
        if not is_named and not _is_explained(home, kept.file, known):
            area.fault(
                "VAULT_UNKNOWN",
                f"{kept.file.label} står ikke i leveringsregistret",
                "læg vault/deliveries.jsonl tilbage fra den nyeste sikkerhedskopi",
            )
    return area


def _note_plain(area: Area, home: Home, file: Received) -> None:
    """A file that was put back from a copy of before is whole, and is not encrypted."""
    if home.read_home_file().format >= ENCRYPTED_FORMAT and not file.is_encrypted:
        area.fault(
            "VAULT_PLAIN",
            f"{file.label} ligger ukrypteret",
            "kør effekt rotate-key vault, som krypterer alle modtagne filer på ny",
        )


def _is_explained(home: Home, file: Received, known: set[str]) -> bool:
    """Whether a file that no line names has a reason to be there.

    It is a checksum file that came beside a delivery, a refused file once, or a night is receiving.
    """
    if file.place == QUARANTINE or file.sha256 in known or journal.is_unfinished(home):
        return True
    with file.opened() as path:
        if path.stat().st_size > SIDE_FILE_BYTES:
            return False
        text = path.read_bytes().decode("utf-8", "replace")
    return any(names_sha256(text, sha256) for sha256 in known)


def _statements(home: Home, events: Ledger | None) -> Area:
    area = Area("statements", "Frosne opgørelser")
    approvals = [event for event in events.events if event.is_approval] if events else []
    for event in approvals:
        area.attempt(_check_approved, home, event)
    if events is None:
        area.notes.append("ikke efterprøvet: hovedbogen er ikke hel")
        return area
    named = {path for event in approvals for path, _ in chain.stored_files(home, event)}
    for path in sorted((home.ledger / "statements").rglob("*.json*")):
        if path not in named:
            area.notes.append(f"{path.relative_to(home.root)} er ikke godkendt og bruges ikke")
    return area


def _check_approved(home: Home, event: Event) -> None:
    """All that an approval stored, and that its statement holds the approved figures."""
    chain.check_frozen(home, event)
    frozen.read(home, event)


def _snapshots(home: Home) -> Area:
    area = Area("snapshots", "Øjebliksbilleder")
    folders = sorted(path for path in snapshots_dir(home).glob("*") if path.is_dir())
    for folder in folders:
        if not area.attempt(_check_snapshot, home, folder) and not folder.exists():
            area.faults.pop()  # a night beside this removed an old one
    if folders:
        area.attempt(_check_links, home)
    return area


def _check_snapshot(home: Home, folder: Path) -> None:
    try:
        closed = closed_rooms.may_lack_room(home, folder, manifests.read(folder))
        manifests.check_snapshot(folder, home, is_closed=closed)
    except EffektError as error:
        what = error.message.partition(": ")[2]
        raise EffektError(
            error.code,
            f"published/snapshots/{folder.name}: {what}",
            remedy="er det det nyeste, så kør effekt run; er det et ældre, så læg mappen tilbage,"
            " eller fjern den",
        ) from None


def _check_links(home: Home) -> None:
    link = home.published / CURRENT
    is_current = link.is_symlink() and link.resolve().parent == snapshots_dir(home).resolve()
    mart = home.published / MART_LINK
    if not (is_current and link.is_dir() and mart.is_file()):
        raise EffektError(
            "CURRENT_BROKEN",
            f"published/{CURRENT} eller published/{MART_LINK} peger ikke på et øjebliksbillede",
            remedy="kør effekt run",
        )
    current = heads.current_manifest(home)
    if current is not None:
        _require_newest(home, current)


def _require_newest(home: Home, current: Manifest) -> None:
    """What readers see is the last that was published, as far as the records tell.

    Each publication names the whole register as it stood, which only grows; the events that it
    names are those until its as-of date, which ``--earlier`` may set back. So a kept snapshot that
    names a later line was published later. Of those that name the same line, the mark of the last
    whole night says which; a home without the mark leaves that open.
    """
    try:
        hashes = register.load_register(home).hashes()
    except EffektError:
        return  # told of the register itself
    lines: dict[Any, int] = {line: n for n, line in enumerate(hashes) if line is not None}
    reached = lines.get(current.get("register_head"), -1)
    kept = heads.kept_manifests(home)
    later = [one for one in kept if lines.get(one.get("register_head"), -1) > reached]
    marked = last_night.remembered(home)
    names = [one["snapshot_id"] for one in kept]
    is_other = marked is not None and marked[1] in names and marked[1] != current["snapshot_id"]
    if later or is_other:
        raise EffektError(
            "CURRENT_BROKEN",
            f"published/{CURRENT} peger på {current['snapshot_id']}, som ikke er det senest"
            " udgivne; læsere ser gamle tal",
            remedy="kør effekt run",
        )


def _keys(home: Home, events: Ledger | None) -> Area:
    area = Area("keys", "Nøgler")
    area.attempt(home.refuse_open_secrets)
    if home.has_records:
        area.attempt(read_key, home)
        if home.read_home_file().format >= SEALED_FORMAT:
            area.attempt(read_statement_key, home)
    if events is not None:
        area.attempt(chain.check_key, home, events)
    return area
