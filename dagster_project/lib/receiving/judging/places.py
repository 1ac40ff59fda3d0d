"""Where the records of a file stand in it: its own lines, or the rows of its sheet.

What belongs here: the file's own number of a record, kept small. What does not: which rows are
records (``formats``). A record is a row after the header that is not empty.

Rules: I.places.
Decides: I.places.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from typing import Literal

Kind = Literal["", "line", "sheet_row"]


class Places:
    """The file's own number of each record: how far it lies ahead, noted where that changes."""

    def __init__(self, kind: Kind = "") -> None:
        self.kind = kind
        self._records = array("q")
        self._ahead = array("q")

    @staticmethod
    def from_the_first_line() -> Places:
        """Of a csv file whose header is line 1 and whose records are a line each."""
        places = Places("line")
        places.note(1, 2)
        return places

    def note(self, record: int, place: int) -> None:
        """Records are noted in their order."""
        ahead = place - record
        if not self._ahead or self._ahead[-1] != ahead:
            self._records.append(record)
            self._ahead.append(ahead)

    def of(self, records: Iterable[int]) -> tuple[int, ...]:
        """The file's own numbers; none of a file without such numbers."""
        if not self._records:
            return ()
        return tuple(record + self._ahead[self._run(record)] for record in records)

    def _run(self, record: int) -> int:
        return max(0, bisect_right(self._records, record) - 1)
