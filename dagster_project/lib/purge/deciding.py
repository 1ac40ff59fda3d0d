"""Deciding a purge: by name, with a reason, in the record of removals.

What belongs here: who decides, what is shown before, the line. What does not: which files may go
(``needs``), removing them (``carrying_out``).

Rules: F.purge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dagster_project.lib import contracts, publishing, records, removals
from dagster_project.lib.base import danish, lock
from dagster_project.lib.base.typed_text import clean
from dagster_project.lib.contracts import who_acts
from dagster_project.lib.ledger import publications, retention
from dagster_project.lib.ledger.retention import Standing
from dagster_project.lib.purge import carrying_out, needs
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.removals import EVIDENCE, PURGE, File, Removal
from dagster_project.settings import Settings

_ROOMS = {removals.VAULT: "vault", removals.QUARANTINE: "quarantine", EVIDENCE: "ledger/statements"}


@dataclass(frozen=True)
class Purged:
    """What a purge removes, or would remove.

    Args:
        standings: where each contract stands.
        files: what goes, each with what it is.
        removal: the line that says so; null where nothing was decided.
    """

    standings: tuple[Standing, ...]
    files: tuple[tuple[File, str], ...]
    removal: Removal | None

    def as_json(self) -> dict[str, Any]:
        """Contracts, files and the line."""
        return {
            "contracts": [
                {
                    "contract_id": one.contract_id, "retention_ends_on": one.ends_on,
                    "is_ended": one.is_ended, "is_purged": one.is_purged,
                }
                for one in self.standings
            ],
            "files": [{**file.as_json(), "what": what} for file, what in self.files],
            "is_done": self.removal is not None,
            "event": self.removal.line if self.removal else None,
        }  # fmt: skip

    def text(self) -> str:
        """The same for a person, in Danish."""
        told = [f"{one.contract_id}: {_standing(one)}" for one in self.standings]
        size = sum(file.size for file, _ in self.files)
        if not self.files:
            return "\n".join([*told, "intet kan fjernes"])
        is_done = self.removal is not None
        head = "fjernet" if is_done else "ville blive fjernet (intet er ændret)"
        told.append(f"{len(self.files)} filer, {size} byte, {head}:")
        told += [f"  {_ROOMS[file.room]}/{file.sha256}  {what}" for file, what in self.files]
        if is_done:
            told.append("kør effekt run, så det udgivne regnes uden dem")
        return "\n".join(told)


def _standing(one: Standing) -> str:
    if one.is_purged:
        return "data er slettet; regnes ikke længere"
    if one.ends_on is None:
        return "ingen opbevaringsfrist i kontraktfilen (retention); alt opbevares"
    if one.is_ended:
        return f"opbevaringen sluttede {danish.date(one.ends_on)}; regnes ikke længere"
    return f"opbevares, til fristen slutter {danish.date(one.ends_on)}"


def purge(settings: Settings, actor: str, reason: str, *, is_dry: bool = False) -> Purged:
    """Remove what no contract inside its retention needs.

    Args:
        settings: home and contracts.
        actor: who decides, for the municipality.
        reason: why.
        is_dry: only say what would go; nothing is changed.

    Raises:
        UsageError: no name or no reason.
        NotAllowedError: not by this person.
        EffektError: ``HOME_BUSY``, ``SECRETS_OPEN``, ``VAULT_BROKEN``, a record that is not whole.
    """
    why = clean(reason, "begrundelsen")
    home = settings.home
    home.refuse_open_secrets()
    acting = who_acts.for_deliveries(settings, actor)
    with lock.hold(home.lock_file):
        if not is_dry:
            carrying_out.finish(home)
        ledger = records.check(home).ledger
        register = load_register(home)
        as_of = publishing.date_of_decision(settings, None)
        terms = contracts.load_contracts(settings.contracts_dir, settings.area)
        standings = retention.all_standings(home, terms, as_of)
        sides = needs.Sides.of(standings)
        due = needs.unneeded_deliveries(home, register, sides)
        days = home.read_home_file().quarantine_days
        found = (
            *needs.vault_files(home, register, due),
            *needs.refused_files(home, register, as_of, days, by_extract=True, unneeded=due),
            *needs.evidence_files(home, ledger.known(as_of), sides.ended),
        )
        if is_dry or not found:
            return Purged(tuple(standings), found, None)
        removal = removals.add(
            home, PURGE, as_of, [file for file, _ in found], actor=acting.name,
            os_user=acting.os_user, is_confirmed=acting.is_confirmed, reason=why,
            contracts=sorted(sides.ended), register_lines=register.line_count,
            publication=len(publications.read(home)),
        )  # fmt: skip
        carrying_out.finish(home)
    return Purged(tuple(standings), found, removal)
