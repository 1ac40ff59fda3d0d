"""Whether a text holds a person number: the one definition, for Python and for DuckDB.

What belongs here: recognising one in a text, and in a name of a file outside its dates. What does
not: the grammar of the files' own ``cpr`` columns (``receiving.judging.grammar``).

Ten digits, in groups or not, with nothing between the groups but blanks, dashes, ``.``, ``/``,
``_``, and at most one letter between the sixth and the seventh; no further digit directly before or
after; the first six a date (docs/adr/0028). ``_NUMBER`` says so of plain ASCII, and both engines
read it alike; Python makes any other text plain first, and DuckDB asks Python about such texts.

Rules: I.person_text.
Decides: I.person_text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

SQL_FUNCTION = "holds_person_number_in_any_script"

# ASCII blanks, controls and the marks that may stand between two groups
_GAP = r"[\x00-\x20\x7f._/-]*"
# a blank stands for a gap; day 01-31, or 61-91 of a replacement number; 29 February in any year
# divisible by four
_NUMBER = (
    "(?:^|[^0-9])(?:"
    "(?:"
    "(?:[06] [1-9]|[17] [0-9]|[28] [0-8]) (?:0 [1-9]|1 [0-2])"
    "|(?:[28] 9|[39] 0) (?:0 [13-9]|1 [0-2])"
    "|[39] 1 (?:0 [13578]|1 [02])"
    ") [0-9] [0-9]"
    "|[28] 9 0 2 (?:[02468] [048]|[13579] [26])"
    ") [A-Za-z]? [0-9] [0-9] [0-9] [0-9](?:[^0-9]|$)"
).replace(" ", _GAP)
_SEARCH = re.compile(_NUMBER)

# in a file's name: a day as a delivery's name writes it
DAY_PATTERN = r"(?:19|20|21)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_NAMED_DAYS = re.compile(DAY_PATTERN)

_ROOMLESS = ("Z", "Cc", "Cf", "Mn", "Me", "Pd")
# look like a blank or a dash, and are filed elsewhere: fillers, minus signs, bars, what a reader of
# ours puts in the place of a control
_ALSO_BETWEEN = frozenset(
    "\u00af\u02d7\u115f\u1160\u2043\u2044\u207b\u208b\u2212\u2215\u23af\u2500\u2501\u2796\u2800"
    "\u3164\uffa0\ufffd"
)


class _Plain(dict[int, str]):
    """What stands for a character in plain ASCII: its digit, a blank, ``x`` for a letter."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = self._plain(chr(code))
        return plain

    @staticmethod
    def _plain(char: str) -> str:
        if (digit := unicodedata.digit(char, None)) is not None:
            return str(digit)
        if unicodedata.category(char).startswith(_ROOMLESS) or char in _ALSO_BETWEEN:
            return " "
        if not unicodedata.normalize("NFKC", char).strip(" -./_"):
            return " "
        return "x" if char.isalpha() else char


_PLAIN = _Plain()


def holds_person_number(text: str) -> bool:
    """Whether a text holds a person number (see the module; the check digit is no rule)."""
    return _SEARCH.search(text.translate(_PLAIN)) is not None


def pattern_of(numbers: Iterable[str]) -> str:
    """A pattern that finds these ten-digit numbers in plain text, written in any of the ways.

    Both engines read it alike. It finds none of them inside a longer row of digits.
    """
    written = (
        f"{_GAP.join(number[:6])}{_GAP}[A-Za-z]?{_GAP}{_GAP.join(number[6:])}" for number in numbers
    )
    return f"(?:^|[^0-9])(?:{'|'.join(written)})(?:[^0-9]|$)"


def plain(text: str) -> str:
    """A text in the plain characters that the patterns are made for."""
    return text if text.isascii() else text.translate(_PLAIN)


def without_days(name: str) -> str:
    """A name of a file or folder without the days in it, which are no part of a number."""
    return _NAMED_DAYS.sub("|", name)


def shown(name: str) -> str:
    """A key, or a name of a file, as a message may show it: a mark where it holds a number."""
    return "…" if holds_person_number(without_days(name)) else name


def number_paths(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Key paths of a parsed file at which a key or a value holds a person number."""
    if isinstance(tree, dict):
        inner = [(key, key, value) for key, value in tree.items()]
    elif isinstance(tree, list):
        inner = [(place, "", value) for place, value in enumerate(tree)]
    else:
        if holds_person_number(str(tree)):
            yield path
        return
    for part, key, value in inner:
        if holds_person_number(str(key)):
            yield (*path, part)
        else:
            yield from number_paths(value, (*path, part))


def register_sql(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the function that ``sql`` needs; once per connection."""
    import duckdb

    varchar, boolean = duckdb.sqltype("VARCHAR"), duckdb.sqltype("BOOLEAN")
    connection.create_function(SQL_FUNCTION, holds_person_number, [varchar], boolean)


def sql(text: str, *, is_name: bool = False) -> str:
    """SQL: whether a text holds a person number, as ``holds_person_number`` says.

    Only a text beyond ASCII that holds ten digits is handed to Python: DuckDB alone reads a million
    names of municipalities in 0.2 s and a million ids in 0.3 s, Python a million of the others in
    5 s. The digits are counted, not matched: a pattern of ten times any script's digits costs each
    statement 5 ms a column before it sees a row, a third of what a small file takes.

    Args:
        text: an SQL expression.
        is_name: it gives a file's name; its days are no part of a number.
    """
    if is_name:
        text = f"regexp_replace({text}, '{DAY_PATTERN}', '|', 'g')"
    return (
        f"case when strlen({text}) < 10 then false"
        f" when strlen({text}) = length({text}) then regexp_matches({text}, '{_NUMBER}')"
        f" when length(regexp_replace({text}, '\\PN+', '', 'g')) < 10 then false"
        f" else {SQL_FUNCTION}({text}) end"
    )
