"""The pseudonymisation key: a private file, made once, never silently replaced (F.key).

Rules: F.key, I.person_key.
Decides: F.key, I.person_key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import Home

_KEY_BYTES = 32
_BLOCK = 64
# its hash stands on the first event of every ledger; with another text no key would match its
# ledger
_FINGERPRINT_TEXT = b"effektafregning: fingerprint of the pseudonymisation key"
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def refuse_open(path: Path) -> None:
    """Refuse a key or its folder that others may open, or that is a link."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode) or mode & _OPEN_TO_OTHERS:
        raise EffektError(
            "SECRETS_READABLE",
            f"{path.name} i mappen er åben for andre brugere eller er et link",
            remedy=f"chmod {'700' if path.is_dir() else '600'} på den rigtige {path.name}; kan "
            "andre have læst den, så regn nøglen for kendt, og underret "
            "databeskyttelsesrådgiveren",
        )


def _create(home: Home) -> None:
    handle = os.open(home.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(secrets.token_hex(_KEY_BYTES).encode("ascii"))
        stream.flush()
        os.fsync(stream.fileno())
    home.key_file.chmod(files.FILE_PRIVATE)
    files.fsync_dir(home.secrets)


def ensure_key(home: Home) -> bytes:
    """The key of a home, made if the home has no record yet.

    Returns:
        the bytes of ``secrets/pseudonym.key`` (64 hex characters when made here).

    Raises:
        EffektError: ``KEY_MISSING``: records exist but the key does not; ``SECRETS_READABLE``: the
            folder or the file is open to others; ``KEY_BROKEN``: too short to be a key.
    """
    files.make_dir(home.secrets)
    refuse_open(home.secrets)
    if not home.key_file.is_file() or (home.key_file.stat().st_size == 0):
        if home.has_records:
            raise EffektError(
                "KEY_MISSING",
                "secrets/pseudonym.key mangler, men vault/ eller hovedbogen rummer det, der er "
                "lavet med den",
                remedy="læg secrets/pseudonym.key (rettigheder 600) tilbage fra mappens "
                "sikkerhedskopi; en ny nøgle ville give alle personer et andet pseudonym, så "
                "der laves ingen",
            )
        home.key_file.unlink(missing_ok=True)
        _create(home)
    return read_key(home)


def read_key(home: Home) -> bytes:
    """The key of a home that must have one (see ``ensure_key``)."""
    refuse_open(home.secrets)
    if not home.key_file.is_file():
        raise EffektError(
            "KEY_MISSING",
            "secrets/pseudonym.key mangler",
            remedy="læg den (rettigheder 600) tilbage fra mappens sikkerhedskopi",
        )
    refuse_open(home.key_file)
    key = home.key_file.read_bytes().strip(b"\r\n")
    if len(key) < _KEY_BYTES:
        raise EffektError(
            "KEY_BROKEN",
            "secrets/pseudonym.key er for kort",
            remedy="læg den tilbage fra sikkerhedskopien",
        )
    return key


def fingerprint(key: bytes) -> str:
    """First 32 hex digits of an HMAC that tells two keys apart and reveals neither."""
    return hmac.new(key.strip(), _FINGERPRINT_TEXT, hashlib.sha256).hexdigest()[:32]


def hmac_pads(key: bytes) -> tuple[bytes, bytes]:
    """Inner and outer pad of HMAC-SHA256, for ``sha256(outer || sha256(inner || text))`` in SQL."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)
