"""The steps of an upgrade, one function for each format that a home may be brought up from.

What belongs here: what a step does to a home. What does not: order, record, ``home.yml``
(``bring_up``). A step may be done again: a process may be killed behind it, before its record.

Rules: P.format, S.state, F.statement_key, F.encrypted.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dagster_project.lib import records, vault
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.keys.statement_key import make_statement_key
from dagster_project.lib.ledger import chain, upgrades
from dagster_project.lib.ledger.state import in_progress
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.leftovers import snapshots_dir
from dagster_project.lib.receiving.intake.register import REGISTER_NAME, Register, broken
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.reference import words
from dagster_project.settings import Home


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        from_format: the format that it takes a home from, to the next.
        parts: what is done, in order; each gives the lines to tell, in Danish.
        noted: what is recorded of the home beside that.
    """

    from_format: int
    parts: tuple[Callable[[Home], list[str]], ...]
    noted: Callable[[Home], dict[str, Any]]


def return_to_draft(home: Home) -> list[str]:
    """Tell which settlements are drafts again, because the format of the figures is another.

    Their state follows from their figures (S.state), which the next night computes in the new
    format; no event is written.
    """
    return [
        f"{contract_id} {start:%Y-%m} var {words.label('state', name)} og er igen kladde:"
        " tallenes format er nyt; kør effekt run, og indsend den på ny"
        for contract_id, start, name in in_progress(chain.read(home))
    ]


def give_statement_key(home: Home) -> list[str]:
    """Make the key that statements are signed with, which a home of format 1 does not have."""
    if home.statement_key_file.exists():
        return []
    key = make_statement_key(home)
    told = "Opgørelser underskrives fra nu af. Oplys parterne om nøglens fingeraftryk"
    return [f"{told}: {key.fingerprint}"]


def drop_documents_with_courses(home: Home) -> list[str]:
    """Remove the statements that older code wrote: each of them names courses."""
    folder = home.reports / "statements"
    if not folder.is_dir():
        return []
    shutil.rmtree(folder)
    told = "Opgørelserne i reports/statements nævnte forløb og er fjernet"
    return [f"{told}; effekt run skriver dem på ny, og forløbene står nu i bilaget"]


def seal_register(home: Home) -> list[str]:
    """Seal the register of deliveries, which has been checked against all that is known of it.

    Raises:
        EffektError: a record is broken, or the register lacks a delivery of a snapshot.
    """
    register = records.check(home).register
    _require_told_deliveries(home, register)
    if not register.seal():
        return []
    return [f"leveringsregistret er forseglet: {register.line_count - 1} linjer"]


def _require_told_deliveries(home: Home, register: Register) -> None:
    """A register from before the chain is held against the deliveries that snapshots name."""
    own = {
        record.delivery_id
        for record in register.records()
        if names.delivery_id(record.key, record.sha256) == record.delivery_id
    }
    changed = sum(record.delivery_id not in own for record in register.records())
    told = {
        delivery["delivery_id"]
        for manifest in records.kept_manifests(home)
        for delivery in manifest["deliveries"]
    }
    if changed or not told <= own:
        raise broken(
            f"vault/{REGISTER_NAME} siger andet end de leveringer, det handler om, eller mangler"
            " leveringer, som øjebliksbilleder nævner"
        )


def note_unsealed(home: Home) -> dict[str, Any]:
    """The manifests from before seals, each with its sha256: no other may lack one from now on."""
    found = {
        path.parent.name: sha256_file(path)
        for path in sorted(snapshots_dir(home).glob(f"*/{manifests.MANIFEST}"))
        if not manifests.is_sealed(manifests.read(path.parent))
    }
    return {upgrades.UNSEALED: found}


def encrypt_received(home: Home) -> list[str]:
    """Encrypt the files that older code stored as they were received."""
    count = vault.encrypt_all(home)
    if not count:
        return []
    name = vault.key_file(home).name
    told = f"{count} modtagne filer er krypteret; gem en kopi af {name}"
    return [f"{told}: uden den kan ingen læse dem igen"]


STEPS: tuple[Step, ...] = (
    Step(
        1,
        (seal_register, return_to_draft, give_statement_key, drop_documents_with_courses),
        note_unsealed,
    ),
    Step(2, (encrypt_received,), lambda _: {}),
)
"""All steps, in order; the last leads to ``settings.HOME_FORMAT``."""
