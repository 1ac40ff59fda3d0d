"""Changing the key of received files: every one is encrypted anew.

What belongs here: the order. What does not: the key and a file's encryption (``lib/vault``). The
new identity is written before the earlier one is forgotten, each file is replaced in one step, and
the earlier one is forgotten when all are: a killed command is gone on with by the next.

Rules: F.vault_key.
"""

from __future__ import annotations

from dagster_project.lib import vault
from dagster_project.lib.receiving.intake import journal
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.records.vault import Damage, broken, kept_files
from dagster_project.settings import Home


def rotate_vault_key(home: Home) -> int:
    """Encrypt every received file with a new key; the caller holds the home.

    Returns:
        how many files there are.

    Raises:
        EffektError: ``VAULT_BROKEN``: a file is not what it is called; both keys are kept, and the
            command can be given again; ``VAULT_KEY_MISSING``, ``VAULT_KEY_OTHER``.
        OSError: the disk is full or broken; the same holds.
    """
    vault.ensure_key(home)
    register = load_register(home)
    journal.recover(home, register)
    key = vault.begin_change(home)
    kept = [item for item in kept_files(home, register) if item.file.is_there]
    damaged = [item for item in kept if not vault.renew(item.file, key)]
    vault.make_durable(home)
    if damaged:
        raise broken(Damage(damaged[0], "er ikke længere den fil, den hedder"))
    vault.end_change(home)
    return len(kept)
