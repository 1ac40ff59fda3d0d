"""Received files at rest: the only way to their bytes in ``vault/`` and ``quarantine/``.

What belongs here: how such a file is stored, read, looked at and removed. What does not: which
files a home must hold (``records``), who decides where one goes (``receiving.intake``), and the
register, the journal's decisions and the reports that lie in the same folders.
"""

from __future__ import annotations

from dagster_project.lib.vault.incoming import (
    Copied,
    copy_in,
    incoming_folder,
    keep_in,
    settle,
    take_in,
)
from dagster_project.lib.vault.store import (
    QUARANTINE,
    VAULT,
    Place,
    Received,
    is_sha256,
    link,
    listed,
    put,
)

__all__ = [
    "QUARANTINE",
    "VAULT",
    "Copied",
    "Place",
    "Received",
    "copy_in",
    "incoming_folder",
    "is_sha256",
    "keep_in",
    "link",
    "listed",
    "put",
    "settle",
    "take_in",
]
