"""Canonical JSON and content hashes: one form of bytes for everything that is hashed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any


def _plain(value: object) -> str:
    """Decimals as plain text, dates as ISO text; anything else is no JSON."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def money_text(amount: Decimal) -> str:
    """Kroner as text with exactly two decimals (S.hash)."""
    return format(amount.quantize(Decimal("0.01")), "f")


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with money and dates as text: what canonical JSON can hold."""
    return {name: _plain_value(name, value) for name, value in row.items()}


def _plain_value(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value) if name.endswith("_dkk") else format(value, "f")
    return value.isoformat() if isinstance(value, dt.date) else value


def canonical_json(value: Any) -> str:
    """UTF-8 JSON text with sorted keys and no blanks; floats are refused."""
    _refuse_floats(value)
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain
    )


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no canonical JSON form")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def sha256_text(text: str) -> str:
    """Hex sha256 of the text's UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def sha256_json(value: Any) -> str:
    """Hex sha256 of the canonical JSON of the value."""
    return sha256_text(canonical_json(value))


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
