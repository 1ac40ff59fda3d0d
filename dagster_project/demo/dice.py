"""A small generator of our own: the same draws on every machine, every Python, every day.

The standard library promises that only for a few methods; here everything is integer arithmetic
(splitmix64), and no floating point stands between a draw and a figure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Dice:
    """Integer draws from a seed text."""

    def __init__(self, seed: str) -> None:
        self._state = int.from_bytes(hashlib.sha256(seed.encode("utf-8")).digest()[:8], "big")

    def below(self, bound: int) -> int:
        """A whole number 0 … bound − 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ (mixed >> 31)) * bound) >> 64

    def between(self, low: int, high: int) -> int:
        """A whole number low … high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, per_mille: int) -> bool:
        """True in so many of a thousand draws."""
        return self.below(1000) < per_mille

    def pick(self, values: Sequence[T]) -> T:
        """One of the values, each as likely as the others."""
        return values[self.below(len(values))]

    def around(self, value: int, per_cent: int = 20) -> int:
        """The value, moved by at most so many per cent."""
        spread = value * per_cent // 100
        return value + self.below(2 * spread + 1) - spread

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """The values in a drawn order."""
        rest = list(values)
        for index in range(len(rest) - 1, 0, -1):
            other = self.below(index + 1)
            rest[index], rest[other] = rest[other], rest[index]
        return rest
