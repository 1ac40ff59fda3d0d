"""The lines of a large wide weekly file, a block of bytes at a time, as runs of equal weeks.

What belongs here: the proof that every cell of a row is empty or a known code, and the runs of such
rows. What does not: any other row; its line is handed on as it is, and ``weeks`` judges it.
No cell becomes a value of its own: each byte of a block is compared with the one four bytes before
it, which shows where a week equals the week before it, and only the weeks that begin a run are
looked at. numpy and pyarrow are imported when such a file comes, and for no other.
What it saves: a nation's file (6 million persons, 157 weeks, 3.0 GB) takes 22 CPU s after the copy
(docs/benchmarks.md), two fifths less than the regular expression of ``weeks``; a municipality's
(50,000 persons, 26 MB) 0.1 CPU s less. The bounds of the nation alone are the reason that it is
kept (docs/adr/0021).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20
_LINE_ROOM = 1 << 16  # behind a block, for the rest of its last line
_CELL = 4  # three digits and a delimiter
# A run is one unsigned integer of 32 bits: its code, the weeks up to its end, its own weeks.
WEEK_BITS = 11
MAX_WEEKS = (1 << WEEK_BITS) - 1
_PAD = bytes(32)  # before and after a block, so that every look around a byte stays inside
_KEY_CHARS = range(1, 24)  # widths of a key, the narrowest first: its end is the first delimiter
_LINE_FEED, _DELIMITER, _ZERO = b"\n;0"


@dataclass(frozen=True)
class RunForm:
    """The number of weeks, and what may stand in a cell.

    Args:
        weeks: number of week columns.
        codes: the three-digit codes that a cell may hold.
    """

    weeks: int
    codes: Sequence[str]


def week_lines(path: Path, form: RunForm) -> Any:
    """An Arrow stream of ``h0``, ``runs``, ``filled`` and ``line``, a row per line.

    A proven row has its key, its runs of weeks with a code (``WEEK_BITS``), the number of its weeks
    with a code, and no ``line``; any other has nothing but its ``line``.

    Args:
        path: a file that the byte scan found plain, the key first and the weeks after it.
        form: of the runs, of ``MAX_WEEKS`` weeks at most.
    """
    import numpy as np
    import pyarrow as pa

    schema = pa.schema(
        [
            ("h0", pa.string()), ("runs", pa.list_(pa.uint32())),
            ("filled", pa.int16()), ("line", pa.string()),
        ]
    )  # fmt: skip
    known = np.zeros(1000, np.bool_)
    known[np.array(form.codes, np.int32)] = True
    batches = (
        pa.record_batch(_Block(cells, form, known).columns(), schema=schema)
        for cells in _blocks(path)
    )
    return pa.RecordBatchReader.from_batches(schema, batches)


def _blocks(path: Path) -> Iterator[Any]:
    """The lines after the header in blocks of whole lines, each ended by a line feed alone.

    Yields:
        the bytes of a block between two pads; the next block is read into the same place.
    """
    import numpy as np

    first = len(_PAD)
    room = bytearray(first + _BLOCK + _LINE_ROOM)
    with path.open("rb") as lines:
        lines.readline()
        while read := lines.readinto(memoryview(room)[first : first + _BLOCK]):
            end = first + read
            rest = b""
            if room[end - 1] != _LINE_FEED:
                rest = lines.readline().removesuffix(b"\n") + b"\n"
            after = rest + _PAD
            if room.find(b"\r", first, end) >= 0 or b"\r" in rest:
                text = (room[first:end] + rest).replace(b"\r\n", b"\n")
                yield np.frombuffer(bytearray(_PAD) + text + _PAD, np.uint8)
            elif len(after) <= _LINE_ROOM:
                room[end : end + len(after)] = after
                yield np.frombuffer(room, np.uint8, end + len(after))
            else:
                yield np.frombuffer(room[:end] + after, np.uint8)


class _Block:
    """Whole lines; the ``cells`` are their bytes with a delimiter after the last cell as well."""

    def __init__(self, cells: Any, form: RunForm, known: Any) -> None:
        import numpy as np

        self._form = form
        self._known = known
        self._ends = np.flatnonzero(cells == _LINE_FEED)
        self._starts = np.concatenate(([len(_PAD)], self._ends[:-1] + 1))
        cells[self._ends] = _DELIMITER
        self._cells = cells
        self._key_ends = self._find_key_ends()

    def _find_key_ends(self) -> Any:
        """The first delimiter of each line; the line's end where the key is empty or too wide."""
        import numpy as np

        found = self._ends.copy()
        open_rows = np.flatnonzero(self._cells[self._starts] != _DELIMITER)  # the key is not empty
        for width in _KEY_CHARS:
            at = self._starts[open_rows] + width
            first = (self._cells[np.minimum(at, len(self._cells) - 1)] == _DELIMITER) & (
                at < self._ends[open_rows]
            )
            found[open_rows[first]] = at[first]
            open_rows = open_rows[~first]
            if not len(open_rows):
                break
        return found

    def _run_starts(self) -> Any:
        """Where a run begins: a cell that is not what the cell before it is, or a row's first.

        Two empty cells are equal. Two others are equal where four bytes repeat, if the first of
        them is a code (three digits and a delimiter); that is checked where its run begins.
        """
        import numpy as np

        cells = self._cells
        delimiter = cells == _DELIMITER
        repeats = np.zeros(len(cells), np.bool_)
        repeats[_CELL:] = cells[_CELL:] == cells[:-_CELL]
        pairs = repeats[:-1] & repeats[1:]
        equal = (pairs[:-2] & pairs[2:])[2:]  # from the third byte on, so that two precede it
        is_empty, before_was_empty = delimiter[2:-3], delimiter[:-5]
        equal |= is_empty
        equal &= is_empty == before_was_empty
        begins = np.zeros(len(cells), np.bool_)
        np.greater(delimiter[1:-4], equal, out=begins[2:-3])
        begins[self._starts] = False
        begins[self._key_ends + 1] = True
        begins[: len(_PAD)] = begins[-len(_PAD) :] = False
        return np.flatnonzero(begins)

    def columns(self) -> list[Any]:
        """The columns of ``week_lines``."""
        import numpy as np
        import pyarrow as pa

        form, cells = self._form, self._cells
        has_key = self._key_ends < self._ends
        if not has_key.all():  # too odd a block: every line of it is judged by the grammar
            return self._unproven(np.zeros(len(self._ends), np.bool_), None)
        starts = self._run_starts()
        offsets = np.searchsorted(starts, self._key_ends + 1)
        ends = np.append(starts[1:], 0)
        ends[np.append(offsets[1:], len(starts)) - 1] = self._ends + 1
        chars = ends - starts
        digits = [cells[starts + place] - np.uint8(_ZERO) for place in range(3)]
        is_empty = cells[starts] == _DELIMITER
        is_code = (digits[0] < 10) & (digits[1] < 10) & (digits[2] < 10)
        is_code &= (cells[starts + 3] == _DELIMITER) & (chars % _CELL == 0)
        code = digits[0].astype(np.int64) * 100 + digits[1].astype(np.int32) * 10 + digits[2]
        code[~is_code] = 0
        is_code &= self._known[code]
        weeks = np.where(is_empty, chars, chars // _CELL).astype(np.int32)
        proven = np.add.reduceat(weeks, offsets) == form.weeks
        proven &= np.logical_and.reduceat(is_empty | is_code, offsets)
        until = np.cumsum(weeks)
        until -= np.repeat(until[offsets] - weeks[offsets], np.diff(offsets, append=len(weeks)))
        runs = (code << 2 * WEEK_BITS) + (until << WEEK_BITS) + weeks
        has_code = ~is_empty
        places = np.concatenate(([0], np.cumsum(has_code)))[np.append(offsets, len(weeks))]
        kept = pa.array(places.astype(np.int32))
        hidden = None if proven.all() else pa.array(~proven)
        values = pa.array(runs[has_code].astype(np.uint32))
        return self._unproven(proven, pa.ListArray.from_arrays(kept, values, mask=hidden))

    def _unproven(self, proven: Any, runs: Any) -> list[Any]:
        """All columns, where ``runs`` are those of the proven rows, or None where none is."""
        import numpy as np
        import pyarrow as pa

        rows = len(proven)
        filled = (self._ends - self._key_ends - self._form.weeks) // (_CELL - 1)
        lines: list[str | None] = [None] * rows
        for row in np.flatnonzero(~proven):
            lines[row] = self._cells[self._starts[row] : self._ends[row]].tobytes().decode("utf-8")
        return [
            self._keys(proven),
            pa.nulls(rows, pa.list_(pa.uint32())) if runs is None else runs,
            pa.array(np.where(proven, filled, 0).astype(np.int16), mask=~proven),
            pa.array(lines, pa.string()),
        ]

    def _keys(self, proven: Any) -> Any:
        import numpy as np
        import pyarrow as pa
        from pyarrow import compute

        widths = self._key_ends - self._starts
        offsets = np.concatenate(([0], np.cumsum(widths))).astype(np.int32)
        places = np.arange(offsets[-1]) + np.repeat(self._starts - offsets[:-1], widths)
        keys = pa.StringArray.from_buffers(
            len(widths), pa.py_buffer(offsets), pa.py_buffer(self._cells[places])
        )
        return keys if proven.all() else compute.if_else(pa.array(proven), keys, None)
