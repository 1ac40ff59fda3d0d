"""The key that statements are signed with: ``secrets/statement.key``, and its public keys.

What belongs here: making, reading and changing the key, and publishing what others may know of it.
What does not: signing a document (``lib/statement``).

The file holds the private key in its first line and the earlier public keys, newest first, in the
lines after it, so that one rename changes all of it.

Rules: F.statement_key.
Decides: F.statement_key.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys import signatures
from dagster_project.lib.keys.pseudonym import refuse_open
from dagster_project.settings import Home

_SEED_BYTES = 32
_FORM = re.compile(r"private ([0-9a-f]{64})\n((?:earlier [0-9a-f]{64}\n)*)")
_PUBLIC = re.compile(r"^([0-9a-f]{32}) [0-9a-f]{64}$", re.MULTILINE)
PUBLIC_NAME = "statement.pub"
_HEAD = """\
# Offentlige nøgler, som kommunens opgørelser er underskrevet med (Ed25519), den nuværende først.
# fingeraftryk nøgle
"""


@dataclass(frozen=True)
class StatementKey:
    """The key that signs today, and the public keys of those that did before (hex digits)."""

    seed: bytes = field(repr=False)
    earlier: tuple[str, ...] = ()

    @property
    def public_key(self) -> str:
        """Today's public key."""
        return signatures.public_key_of(self.seed)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of today's key."""
        return signatures.fingerprint(self.public_key)

    def sign(self, message: bytes) -> str:
        """The signature of a message, as hex digits."""
        return signatures.sign(self.seed, message)


def ensure_statement_key(home: Home) -> StatementKey:
    """The key of a home, made if the home has no record yet.

    Raises:
        EffektError: ``STATEMENT_KEY_MISSING``, ``STATEMENT_KEY_BROKEN`` or ``SECRETS_READABLE``.
    """
    files.make_dir(home.secrets)
    if not home.has_records and not home.statement_key_file.exists():
        return make_statement_key(home)
    return read_statement_key(home)


def make_statement_key(home: Home) -> StatementKey:
    """A first key for a home that has none."""
    refuse_open(home.secrets)
    return _write(home, StatementKey(secrets.token_bytes(_SEED_BYTES)))


def rotate_statement_key(home: Home) -> StatementKey:
    """A new key; what the earlier ones signed stays signed."""
    before = read_statement_key(home)
    earlier = (before.public_key, *before.earlier)
    key = _write(home, StatementKey(secrets.token_bytes(_SEED_BYTES), earlier))
    publish_public_keys(home, key)
    return key


def read_statement_key(home: Home) -> StatementKey:
    """The key of a home that must have one (see ``ensure_statement_key``)."""
    path = home.statement_key_file
    refuse_open(home.secrets)
    if not path.is_file():
        raise EffektError(
            "STATEMENT_KEY_MISSING",
            f"secrets/{path.name}, som opgørelser underskrives med, mangler",
            remedy=f"læg secrets/{path.name} (rettigheder 600) tilbage fra mappens sikkerhedskopi; "
            "en ny nøgle ville ikke have det fingeraftryk, som parterne kender, så der "
            "laves ingen",
        )
    refuse_open(path)
    found = _FORM.fullmatch(path.read_bytes().decode("ascii", errors="replace"))
    if found is None:
        raise EffektError(
            "STATEMENT_KEY_BROKEN",
            f"secrets/{path.name} er ikke hel",
            remedy="læg den tilbage fra mappens sikkerhedskopi",
        )
    earlier = tuple(line.split()[1] for line in found[2].splitlines())
    return StatementKey(bytes.fromhex(found[1]), earlier)


def _write(home: Home, key: StatementKey) -> StatementKey:
    lines = [f"private {key.seed.hex()}", *(f"earlier {public}" for public in key.earlier)]
    files.write_atomic(home.statement_key_file, "\n".join(lines) + "\n")
    return key


def published_fingerprint(home: Home) -> str | None:
    """Fingerprint of the key that signs today, as ``published/statement.pub`` tells everybody.

    It needs no access to the key itself; null where nothing is published yet.
    """
    try:
        text = (home.published / PUBLIC_NAME).read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = _PUBLIC.search(text)
    return found[1] if found else None


def publish_public_keys(home: Home, key: StatementKey) -> None:
    """Write ``published/statement.pub`` where it is not what it should be."""
    path = home.published / PUBLIC_NAME
    keys = (key.public_key, *key.earlier)
    text = _HEAD + "".join(f"{signatures.fingerprint(one)} {one}\n" for one in keys)
    if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
        files.write_atomic(path, text, files.FILE_READ_ONLY)
