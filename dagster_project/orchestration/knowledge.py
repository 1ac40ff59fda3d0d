"""What a night knows, as one hash: unchanged knowledge publishes nothing new.

What belongs here: the hash of knowledge. What does not: reading a delivery, judging it, the mark
that the last whole night left (``publishing.last_night``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dagster_project.lib.base import canonical
from dagster_project.lib.ledger import access, publications
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.settings import Settings


def _hash_files(paths: Iterable[Path]) -> list[str]:
    return [f"{path.name} {canonical.sha256_file(path)}" for path in sorted(paths)]


def _folder(folder: Path, pattern: str) -> list[Path]:
    return [path for path in folder.glob(pattern) if path.is_file()] if folder.is_dir() else []


def knowledge(settings: Settings) -> str:
    """Hash of everything a night's result depends on.

    As-of date, area, register of deliveries (accepted, held, refused, opened), contract files,
    ledger, pseudonymisation key and code with its reference tables. The record of publications is
    what came of earlier nights: with it, no night would ever know the same as the one before. The access
    log is no knowledge either: a look moves no figure.
    """
    home = settings.home
    apart = (publications.record_file(home), access.record_file(home))
    ledger = [path for path in _folder(home.ledger, "*.jsonl") if path not in apart]
    return canonical.sha256_json(
        {
            "as_of": settings.as_of_text,
            "area": settings.area,
            "deliveries": _hash_files(_folder(home.vault, "*.jsonl")),
            "contracts": _hash_files(_folder(settings.contracts_dir, "*.yml")),
            "ledger": _hash_files(ledger),
            "key": _hash_files(_folder(home.secrets, home.key_file.name)),
            "code": code_version(),
        }
    )
