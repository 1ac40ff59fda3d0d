"""Encrypting what lies there: files from before encryption, and all files when the key changes.

What belongs here: replacing a stored file by the same bytes encrypted. What does not: which files
a home must hold (``records``). Each file is replaced in one step, so that a killed process leaves
every file whole, and what is done is not done again.

Rules: F.encrypted, F.vault_key.
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import sha256_file
from dagster_project.lib.vault import cipher
from dagster_project.lib.vault.incoming import incoming_folder, new_part
from dagster_project.lib.vault.keys import VaultKey
from dagster_project.lib.vault.store import QUARANTINE, VAULT, Received, ensure_key, listed
from dagster_project.settings import Home


def encrypt_all(home: Home) -> int:
    """Encrypt every received file that lies there as it was received.

    Returns:
        how many were.

    Raises:
        EffektError: the key is missing though files are encrypted.
        OSError: the disk is full or broken; every file is as it was, or encrypted.
    """
    key, count = ensure_key(home), 0
    incoming = files.make_dir(incoming_folder(home))
    for left in incoming.glob("*.part"):
        left.unlink()
    lying = [file.stored for place in (VAULT, QUARANTINE) for file in listed(home, place)]
    notes = [path for path in incoming.iterdir() if not path.name.startswith(".")]
    for path in (*lying, *notes):
        if path.is_file() and not path.is_symlink() and _is_plain(path):
            _replace(home, key, path, path)
            count += 1
    make_durable(home)
    return count


def renew(file: Received, key: VaultKey) -> bool:
    """Encrypt a stored file with the first identity, unless it is.

    Returns:
        whether its bytes are those that were received; a file that is not stays as it is.

    Raises:
        OSError: the disk is full or broken, or it is not there.
    """
    first = VaultKey(key.identities[:1])
    if file.is_encrypted:
        try:
            with cipher.opened(file.home, file.stored, first) as handle:
                return sha256_file(cipher.path_of(handle)) == file.sha256
        except cipher.DamagedError:
            pass
    try:
        with cipher.opened(file.home, file.stored, key) as handle:
            plain = cipher.path_of(handle)
            if sha256_file(plain) != file.sha256:
                return False
            _replace(file.home, first, plain, file.stored)
    except cipher.DamagedError:
        return False
    return True


def _is_plain(path: Path) -> bool:
    """A received file may begin as an encrypted one does: then its name, its sha256, tells."""
    return not cipher.is_encrypted(path) or sha256_file(path) == path.name


def _replace(home: Home, key: VaultKey, plain: Path, target: Path) -> None:
    part = new_part(home)
    cipher.seal_file(key, plain, part)
    part.replace(target)


def make_durable(home: Home) -> None:
    """Make every file that was replaced survive a power loss."""
    for folder in (home.vault, home.quarantine):
        if folder.is_dir():
            files.fsync_dir(folder)
