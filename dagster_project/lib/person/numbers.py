"""The person who is asked for: one number, read from a file, and every number that it became.

What belongs here: reading the number, finding it in a text however it is written there. What does
not: where texts are looked for (``rows``, ``refused``).

Rules: F.person, I.person_key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.lib.base.errors import UsageError, said_by_system
from dagster_project.lib.base.person_numbers import holds_person_number, pattern_of, plain
from dagster_project.lib.keys.pseudonym import read_key
from dagster_project.settings import Home

if TYPE_CHECKING:
    import duckdb

SQL_FUNCTION = "holds_this_person"
STANDARD_INPUT = Path("-")
_MOST_BYTES = 64
_WRITTEN = re.compile(r"[0-9]{6}-?[0-9]{4}", re.ASCII)
_KEY_DIGITS = 32


@dataclass(frozen=True)
class Person:
    """One person by all numbers that are known.

    Args:
        numbers: ten digits each.
    """

    numbers: frozenset[str]

    @cached_property
    def pattern(self) -> str:
        """What finds the person in plain text."""
        return pattern_of(sorted(self.numbers))

    @cached_property
    def _search(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def is_in(self, text: str) -> bool:
        """Whether a text holds one of the numbers, however it is written."""
        return self._search.search(plain(text)) is not None

    @cached_property
    def _short(self) -> re.Pattern[str]:
        cut = "|".join(number[1:] for number in sorted(self.numbers))
        return re.compile(f"(?:^|[^0-9])(?:{cut})(?:[^0-9]|$)")

    def is_short_in(self, text: str) -> bool:
        """Whether a text holds one of the numbers without its first digit (see ``sql``)."""
        return self._short.search(text) is not None

    def register_sql(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give a connection the function that ``sql`` needs; once for each person."""
        import duckdb

        varchar, boolean = duckdb.sqltype("VARCHAR"), duckdb.sqltype("BOOLEAN")
        connection.create_function(SQL_FUNCTION, self.is_in, [varchar], boolean)

    def sql(self, text: str, *, is_number: bool) -> str:
        """SQL: whether a landed text is or holds one of the numbers.

        Args:
            text: an SQL expression, never null.
            is_number: the text stands in a column of person numbers. There a number without its
                first digit is taken for the whole one: a program that takes it for an amount drops
                a first 0, and such a row is rejected, whosever it is (I.refusal).
        """
        cell = ""
        if is_number:
            cells = ", ".join(f"'{n}', '{n[1:]}'" for n in sorted(self.numbers))
            cell = f" when regexp_replace({text}, '[^0-9]', '', 'g') in ({cells}) then true"
        return (
            f"case when strlen({text}) < 9 then false{cell}"
            f" when strlen({text}) = length({text}) then regexp_matches({text}, '{self.pattern}')"
            f" when length(regexp_replace({text}, '\\PN+', '', 'g')) < 10 then false"
            f" else {SQL_FUNCTION}({text}) end"
        )

    def keys(self, home: Home) -> frozenset[str]:
        """The pseudonyms of the numbers in this home."""
        key = read_key(home)
        digests = (hmac.new(key, n.encode(), hashlib.sha256).hexdigest() for n in self.numbers)
        return frozenset(digest[:_KEY_DIGITS] for digest in digests)


def read_number(source: Path) -> str:
    """The ten digits that a file, or standard input, holds.

    Args:
        source: the file; ``-`` is standard input.

    Raises:
        UsageError: it cannot be read, or holds anything but one person number.
    """
    try:
        if source == STANDARD_INPUT:
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with source.open("rb") as handle:
                data = handle.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"filen med personnummeret kan ikke læses ({said_by_system(error)})",
            remedy="angiv en fil med ét personnummer, eller - for at skrive det på standard input",
        ) from None
    text = data.decode("utf-8-sig", "replace").strip()
    if not _WRITTEN.fullmatch(text) or not holds_person_number(text):
        raise UsageError(
            "filen med personnummeret rummer ikke ét personnummer og intet andet",
            remedy="skriv nummeret på én linje, ti cifre, med eller uden bindestreg",
        )
    return text.replace("-", "")


def ten_digits(text: str) -> str | None:
    """The number of a well-formed cell of person numbers, null of any other."""
    return text.replace("-", "") if _WRITTEN.fullmatch(text) else None


def whole_chain(number: str, links: Iterable[tuple[str, str]]) -> frozenset[str]:
    """A number with all that it became and all that became it."""
    near: dict[str, set[str]] = {}
    for old, new in links:
        near.setdefault(old, set()).add(new)
        near.setdefault(new, set()).add(old)
    found, ahead = {number}, [number]
    while ahead:
        for other in near.get(ahead.pop(), set()) - found:
            found.add(other)
            ahead.append(other)
    return frozenset(found)
