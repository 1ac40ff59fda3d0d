"""Ed25519 signatures and the fingerprints of their keys.

What belongs here: signing bytes, checking a signature, naming a key. What does not: where a key
lies (``statement_key``) and what is signed (``sealing``).

Rules: S.signature.
"""

from __future__ import annotations

import hashlib

ALGORITHM = "Ed25519"
_FINGERPRINT_DIGITS = 32


def fingerprint(public_key: str) -> str:
    """What people compare: the first 32 hex digits of the sha256 of the public key's bytes.

    Raises:
        ValueError: the key is no text of hex digits.
    """
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:_FINGERPRINT_DIGITS]


def is_fingerprint(text: str) -> bool:
    """Whether a text has the form of a fingerprint."""
    return len(text) == _FINGERPRINT_DIGITS and all(digit in "0123456789abcdef" for digit in text)


def public_key_of(seed: bytes) -> str:
    """The public key of a private one, as hex digits."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()


def sign(seed: bytes, message: bytes) -> str:
    """The signature of a message, as hex digits; the same message gives the same signature."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).sign(message).hex()


def is_signed(public_key: str, signature: str, message: bytes) -> bool:
    """Whether the signature of the message was made with the key; False where either is no hex."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
