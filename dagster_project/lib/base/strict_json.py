"""JSON from strangers: read only where every reader would read the same.

What belongs here: what is refused. What does not: what a document must hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

_MAX_DIGITS = 18
_MAX_DEPTH = 100


def parse_strictly(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: no JSON, a key that stands twice in its mapping, a number that is not whole or
            too large, text after the value, a text that is no Unicode, nested more than a hundred
            deep.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_mapping, parse_int=_whole, parse_float=_refuse,
            parse_constant=_refuse,
        )  # fmt: skip
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("the text is nested too deeply") from None
    _refuse_depth(value)
    return value


def _refuse_depth(value: Any) -> None:
    """Whoever goes through the value may do so by recursion, whatever stack is left."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if level:
        raise ValueError("the text is nested too deeply")


def _mapping(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number is too large")
    return int(digits)


def _refuse(_text: str) -> NoReturn:
    raise ValueError("a number is not whole")
