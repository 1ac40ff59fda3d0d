"""Received files at rest: the only way to their bytes in ``vault/`` and ``quarantine/``.

What belongs here: how such a file is stored, read, looked at and removed. What does not: which
files a home must hold (``records``), who decides where one goes (``receiving.intake``), and the
register, the journal's decisions and the reports that lie in the same folders.
"""

from __future__ import annotations

from dagster_project.lib.vault.cipher import DamagedError, path_of, unnamed
from dagster_project.lib.vault.incoming import (
    Copied,
    copy_in,
    incoming_folder,
    keep_in,
    read_note,
    settle,
    take_in,
    write_note,
)
from dagster_project.lib.vault.keys import (
    VaultKey,
    begin_change,
    check_key,
    drop_unused_key,
    end_change,
    key_file,
    read_key,
)
from dagster_project.lib.vault.renewal import encrypt_all, make_durable, renew
from dagster_project.lib.vault.store import (
    QUARANTINE,
    VAULT,
    Place,
    Received,
    ensure_key,
    is_sha256,
    link,
    listed,
    put,
)

__all__ = [
    "QUARANTINE",
    "VAULT",
    "Copied",
    "DamagedError",
    "Place",
    "Received",
    "VaultKey",
    "begin_change",
    "check_key",
    "copy_in",
    "drop_unused_key",
    "encrypt_all",
    "end_change",
    "ensure_key",
    "incoming_folder",
    "is_sha256",
    "keep_in",
    "key_file",
    "link",
    "listed",
    "make_durable",
    "path_of",
    "put",
    "read_key",
    "read_note",
    "renew",
    "settle",
    "take_in",
    "unnamed",
    "write_note",
]
