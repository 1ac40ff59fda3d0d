"""The key that received files are encrypted with: an age identity, made once, never replaced.

What belongs here: making, reading and changing the key. What does not: encrypting (``cipher``) and
encrypting the files anew (``renewal``). The key is ``secrets/vault.key`` or the file that
``home.yml`` names. While it is being changed the file holds two identities, the new one first.
``vault/.recipient`` holds the public half, so that a key that is lost, or another home's, is
told before anything is encrypted with a new one.

Rules: F.vault_key.
Decides: F.vault_key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pyrage

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys.pseudonym import refuse_open
from dagster_project.settings import Home

_RECIPIENT = ".recipient"
_KNOWN = 64  # homes of one process
Stamp = tuple[int, int, int] | None


@dataclass(frozen=True)
class VaultKey:
    """The identities that open received files; the first one's public half encrypts them."""

    identities: tuple[pyrage.x25519.Identity, ...] = field(repr=False)

    @property
    def recipients(self) -> list[str]:
        """The public halves."""
        return [str(one.to_public()) for one in self.identities]

    @property
    def is_being_changed(self) -> bool:
        """Whether files may still be encrypted with an earlier identity."""
        return len(self.identities) > 1


def _state_of(path: Path) -> Stamp:
    """What differs between two states of a file; none where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(_KNOWN)
def _named(home: Home, _stamp: Stamp) -> Path:
    """The key's place, read again when ``home.yml`` changes."""
    return home.vault_key_file


@lru_cache(_KNOWN)
def _identities(path: Path, _stamp: Stamp) -> VaultKey:
    """The key, read again when its file changes."""
    lines = path.read_bytes().decode("ascii", errors="replace").splitlines()
    held = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    try:
        found = tuple(pyrage.x25519.Identity.from_str(line) for line in held)
    except pyrage.IdentityError:
        found = ()
    if not found:
        raise EffektError(
            "VAULT_KEY_BROKEN",
            f"{path.name}, som modtagne filer er krypteret med, er ikke hel",
            remedy="læg den tilbage fra dens kopi; intet er ændret",
        )
    return VaultKey(found)


def key_file(home: Home) -> Path:
    """Where the key lies."""
    return _named(home, _state_of(home.home_file))


def read_key(home: Home) -> VaultKey:
    """The key of a home that must have one (see ``ensure_key``).

    Raises:
        EffektError: ``VAULT_KEY_MISSING``, ``VAULT_KEY_BROKEN``, ``SECRETS_READABLE``.
    """
    path = key_file(home)
    _refuse_open_folder(home, path)
    if not path.is_file():
        raise _missing(path)
    refuse_open(path)
    return _identities(path, _state_of(path))


def ensure_key(home: Home, *, is_encrypted: bool) -> VaultKey:
    """The key of a home, made if nothing was ever encrypted here.

    Args:
        home: the home.
        is_encrypted: a file lies in it that some key has encrypted.

    Raises:
        EffektError: as ``check_key``.
    """
    path = key_file(home)
    files.make_dir(home.secrets)
    told = told_recipient(home)
    if not path.is_file() or not path.stat().st_size:
        if told is not None or is_encrypted:
            raise _missing(path)
        _refuse_open_folder(home, path)
        _write(path, (pyrage.x25519.Identity.generate(),))
    key = read_key(home)
    if told is None:
        _tell(home, key)
    check_key(home)
    return key


def check_key(home: Home) -> None:
    """Whether the key is there and the one that files are encrypted with, if any are.

    Raises:
        EffektError: ``VAULT_KEY_MISSING``, ``VAULT_KEY_OTHER`` (it opens nothing here),
            ``VAULT_KEY_BROKEN``, ``SECRETS_READABLE``.
    """
    told = told_recipient(home)
    if told is not None and told not in read_key(home).recipients:
        name = key_file(home).name
        raise EffektError(
            "VAULT_KEY_OTHER",
            f"{name} er en anden nøgle end den, som modtagne filer er krypteret med",
            remedy=f"læg den rigtige {name} (rettigheder 600) tilbage fra dens kopi; intet er "
            "ændret",
        )


def begin_change(home: Home) -> VaultKey:
    """A new identity before today's, both in one file; one that was begun before is gone on with.

    Raises:
        EffektError: as ``read_key``.
        OSError: the key file cannot be written.
    """
    key = read_key(home)
    if not key.is_being_changed:
        _write(key_file(home), (pyrage.x25519.Identity.generate(), *key.identities))
    return read_key(home)


def end_change(home: Home) -> VaultKey:
    """Forget the earlier identities: every file is encrypted with the first one."""
    key = read_key(home)
    _tell(home, key)
    _write(key_file(home), key.identities[:1])
    return read_key(home)


def drop_unused_key(home: Home) -> None:
    """Remove what a killed ``effekt init`` left of the key: nothing was received yet."""
    for left in (home.vault / _RECIPIENT, home.vault_key_file):
        left.unlink(missing_ok=True)


def told_recipient(home: Home) -> str | None:
    """The public half that ``vault/.recipient`` names; none where there is no such file."""
    try:
        return (home.vault / _RECIPIENT).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None


def _tell(home: Home, key: VaultKey) -> None:
    files.write_atomic(files.make_dir(home.vault) / _RECIPIENT, key.recipients[0] + "\n")


def _write(path: Path, identities: tuple[pyrage.x25519.Identity, ...]) -> None:
    files.write_atomic(path, "".join(f"{one}\n" for one in identities))


def _refuse_open_folder(home: Home, path: Path) -> None:
    if path.parent == home.secrets and path.parent.is_dir():
        refuse_open(path.parent)


def _missing(path: Path) -> EffektError:
    return EffektError(
        "VAULT_KEY_MISSING",
        f"{path.name}, som modtagne filer er krypteret med, mangler",
        remedy=f"læg {path.name} (rettigheder 600) tilbage fra dens kopi; uden den kan ingen "
        "modtaget fil læses igen, så der laves ingen ny, og intet er taget ud af landing/",
    )
