"""Forgetting a person: decided once, recorded, carried out, and finished by whoever comes next.

What belongs here: the order of the steps. What does not: whose rows they are (``rows``), what a
sealed copy is (``sealing``), whether it may be done (``retained``).

The order is such that a kill between any two steps leaves a home that reads what it read before, or
one that the next night finishes:

1. the sealed copies are written, their names noted in ``vault/.forget.json``;
2. the decision is a line of the record of removals: from here on every reader takes the copies;
3. the received files go, and the refused files and checksum files that hold the person;
4. what was computed goes: ``work/``, restricted rooms of older snapshots, restricted pages, annexes
   (they name courses; the night writes those of approved periods again);
5. the note goes.

Rules: F.forget, F.killed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.lib import contracts, records, removals, vault
from dagster_project.lib.base import files, lock
from dagster_project.lib.base.errors import EffektError, UsageError
from dagster_project.lib.base.typed_text import clean
from dagster_project.lib.contracts import who_acts
from dagster_project.lib.person import retained, sealing
from dagster_project.lib.person.refused import InQuarantine, seek_refused
from dagster_project.lib.person.rows import Sought, opened_files, seek
from dagster_project.lib.publishing import closed_rooms, date_of_decision
from dagster_project.lib.purge.carrying_out import remove_computed, remove_received
from dagster_project.lib.receiving.intake import journal
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.removals import Removal
from dagster_project.lib.trace import side_home
from dagster_project.settings import Home, Settings

FORGET = "forget"


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten.

    Args:
        removal: the line that says so.
        rows: how many rows became empty.
        unread: refused files that nobody could look into.
    """

    removal: Removal
    rows: int
    unread: int

    def as_json(self) -> dict[str, Any]:
        """The line, and what was counted."""
        return {**self.removal.line, "rows": self.rows, "unread_refused_files": self.unread}

    def text(self) -> str:
        """What was done, in Danish."""
        received = [one for one in self.removal.files if one.copy_sha256 is not None]
        refused = sum(one.room == removals.QUARANTINE for one in self.removal.files)
        checksums = len(self.removal.files) - len(received) - refused
        told = [
            f"{self.rows} rækker i {len(received)} filer er glemt; kør effekt run",
            *(f"  vault/{one.sha256} → vault/{one.copy_sha256}" for one in received),
        ]
        if refused:
            told.append(f"{refused} afviste filer er fjernet fra quarantine/")
        if checksums:
            told.append(f"{checksums} kontrolsummer, der nævner personen, er fjernet fra vault/")
        if self.unread:
            told.append(
                f"{self.unread} afviste filer kan ikke læses og er ikke gennemset; de fjernes, når"
                " deres dage i quarantine/ er gået"
            )
        return "\n".join(told)


def forget(settings: Settings, number: str, actor: str, reason: str) -> Forgotten:
    """Remove a person from the home, under every number that is known.

    Args:
        settings: home and contracts.
        number: one of the person's numbers.
        actor: who decides, for the municipality.
        reason: why.

    Raises:
        UsageError: no name, no reason, or the home holds nothing of the person.
        NotAllowedError: ``PERSON_RETAINED``, or not by this person.
        EffektError: ``HOME_BUSY``, ``SECRETS_OPEN``, ``VAULT_BROKEN``, ``NIGHT_UNFINISHED``.
    """
    why = clean(reason, "begrundelsen")
    home = settings.home
    home.refuse_open_secrets()
    acting = who_acts.for_deliveries(settings, actor)
    with lock.hold(home.lock_file):
        finish(home)
        _require_nothing_left(home)
        records.check(home)
        as_of = date_of_decision(settings, None)
        register = load_register(home)
        with opened_files(home, register) as open_files:
            sought = seek(open_files, number)
            refused = seek_refused(
                home, register, open_files.parser, open_files.spill, sought.person
            )
            _require_known(sought, refused)
            _require_no_course(sought, why)
            terms = contracts.load_contracts(settings.contracts_dir, settings.area)
            retained.require_free(home, terms, sought, as_of)
            removed = sealing.seal(open_files, sought)
        removed += [
            removals.File(removals.QUARANTINE, one.sha256, one.size) for one in refused.holding
        ]
        removed += refused.checksums
        removal = removals.add(
            home, FORGET, as_of, removed, actor=acting.name, os_user=acting.os_user,
            is_confirmed=acting.is_confirmed, reason=why,
            publication=closed_rooms.last_number(home),
        )  # fmt: skip
        finish(home)
    return Forgotten(removal, sought.row_count, refused.unread)


def finish(home: Home) -> bool:
    """Carry out what was decided, as far as it is not; the home is held.

    Returns:
        whether a command was at it, or was killed.
    """
    if not home.vault.is_dir():
        return False
    begun = sealing.pending(home)
    known = [one for one in removals.read(home) if one.action == FORGET]
    _remove_received(home, known)
    if known:  # a night that was killed after it published left the room before it
        closed_rooms.remove_old_rooms(home)
    if begun is None:
        return False
    named = {one.copy_sha256 for removal in known for one in removal.files}
    for name in begun.copies:
        if name not in named:
            vault.Received(home, vault.VAULT, name).remove()
    for removal in known:
        if removal.sequence == begun.sequence:
            _remove_without_copy(home, removal)
    remove_computed(home)
    sealing.pending_file(home).unlink(missing_ok=True)
    files.fsync_dir(home.vault)
    return True


def _remove_received(home: Home, known: Sequence[Removal]) -> None:
    """Remove each received file in whose place a copy stands, and copies that others replaced."""
    last = {
        one.sha256: one.copy_sha256
        for removal in known
        for one in removal.files
        if one.copy_sha256 is not None
    }
    kept = set(last.values())
    copies = {one.copy_sha256 for removal in known for one in removal.files}
    for name in (last.keys() | copies) - kept - {None}:
        received = vault.Received(home, vault.VAULT, str(name))
        if received.is_there:
            received.remove()


def _remove_without_copy(home: Home, removal: Removal) -> None:
    """Remove the refused files with their reports, and the checksum files."""
    for one in removal.files:
        if one.copy_sha256 is None:
            remove_received(home, one)


def _require_nothing_left(home: Home) -> None:
    """Refuse while files lie aside that a killed night had decided on; what it had not, goes.

    Raises:
        EffektError: ``NIGHT_UNFINISHED``.
    """
    if journal.is_unfinished(home):
        raise EffektError(
            "NIGHT_UNFINISHED",
            "en kørsel er standset midt i modtagelsen, og dens filer kan rumme personen",
            remedy="kør effekt run, og glem så personen",
        )
    incoming = vault.incoming_folder(home)
    for left in incoming.iterdir() if incoming.is_dir() else ():
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    side_home.sweep(home)


def _require_known(sought: Sought, refused: InQuarantine) -> None:
    if not (sought.found or refused.holding or refused.checksums):
        raise unknown(sought)


def unknown(sought: Sought) -> UsageError:
    """The answer where the home holds nothing of the person."""
    numbers = "nummeret" if len(sought.person.numbers) == 1 else "numrene"
    return UsageError(
        f"ingen modtaget fil har en række om personen ({numbers} er søgt i alle skrivemåder)",
        remedy="er nummeret rigtigt, har kommunens mappe intet om personen",
        code="PERSON_UNKNOWN",
    )


def _require_no_course(sought: Sought, reason: str) -> None:
    if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", reason) for _, name in sought.courses):
        raise UsageError("begrundelsen nævner et forløb, der glemmes", remedy="skriv den uden")
