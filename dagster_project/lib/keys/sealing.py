"""Signing the documents of a settlement, and finding out who signed one.

What belongs here: which bytes a signature is over, the file ``<name>.sig``. What does not: the
key's file (``statement_key``), what a document says.

A JSON document carries its signature; it is over the canonical text of the document without the
keys ``public_key`` and ``signature``, so that it holds however the text is laid out. The signature
of any other file stands in ``<name>.sig`` beside it and is over the hex digits of the file's
sha256.

Rules: S.signature.
Decides: S.signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.strict_json import parse_strictly
from dagster_project.lib.keys import signatures
from dagster_project.lib.keys.statement_key import StatementKey

_SEAL = ("public_key", "signature")
SUFFIX = ".sig"
_MAX_BYTES = 10_000


def signed(document: Mapping[str, Any], key: StatementKey) -> dict[str, Any]:
    """The document with its public key and signature."""
    return {
        **document,
        "public_key": key.public_key,
        "signature": key.sign(_message(document)),
    }


def is_sealed(document: Mapping[str, Any]) -> bool:
    """Whether the document carries the signature of its own text."""
    public_key, signature = (document.get(name) for name in _SEAL)
    if not isinstance(public_key, str) or not isinstance(signature, str):
        return False
    return signatures.is_signed(public_key, signature, _message(document))


def _message(document: Mapping[str, Any]) -> bytes:
    kept = {name: value for name, value in document.items() if name not in _SEAL}
    return canonical_json(kept).encode("utf-8")


def signature_file(raw: bytes, key: StatementKey) -> str:
    """The content of the file that is to lie beside a file with these bytes."""
    sha256 = hashlib.sha256(raw).hexdigest()
    seal = {
        "algorithm": signatures.ALGORITHM,
        "sha256": sha256,
        "public_key": key.public_key,
        "signature": key.sign(sha256.encode("ascii")),
    }
    return canonical_json(seal) + "\n"


class WrongSignatureError(Exception):
    """The file beside a document is no signature, or not one of the key that it names."""


def signature_beside(path: Path) -> tuple[str, bool] | None:
    """The public key of a file's ``.sig``, and whether it is of these bytes; None without one.

    Raises:
        WrongSignatureError: see there.
    """
    beside = path.with_name(path.name + SUFFIX)
    if not beside.is_file():
        return None
    try:
        with beside.open("rb") as stream:
            seal = parse_strictly(stream.read(_MAX_BYTES).decode("utf-8"))
        names = ("algorithm", "sha256", "public_key", "signature")
        algorithm, sha256, public_key, signature = (str(seal[name]) for name in names)
    except (ValueError, TypeError, KeyError):
        raise WrongSignatureError from None
    is_good = signatures.is_signed(public_key, signature, sha256.encode("utf-8"))
    if algorithm != signatures.ALGORITHM or not is_good:
        raise WrongSignatureError
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    return public_key, found == sha256
