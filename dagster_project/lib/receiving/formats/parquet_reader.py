"""The process that opens a received parquet file: it copies the values into a file of ours.

It is started for one file, with bounded memory and time, and imports nothing of the project, so
that it starts fast and a broken file breaks nothing else. It prints what it found as JSON.
What belongs here: the container. What does not: what a heading or a value means.

    python -P parquet_reader.py FILE TARGET LIMITS WANTED
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

# what the process may take; a file that needs more is refused
MEMORY_BYTES = 2_000_000_000
CPU_SECONDS = 1800
_BATCH_ROWS = 16_384
_MAX_ROW_GROUPS = 100_000
_RATIO_MATTERS_FROM = 10_000_000  # cells
_UNPACKED_MATTERS_FROM = 200_000_000  # bytes of text


class Wanted(TypedDict):
    """What the columns may be beside text, and how exact values are written as text.

    Args:
        exact: ``day`` or ``decimal`` by heading.
        ignored: headings of columns that are not read.
        day: the parts of the source's pattern of days.
        decimal: its decimal mark.
    """

    exact: dict[str, str]
    ignored: list[str]
    day: list[str]
    decimal: str


class TooMuchError(Exception):
    """The file is larger than its source allows; the text names the limit."""


class NoTextError(Exception):
    """Bytes that are no text."""


def read(path: Path, target: Path, limits: dict[str, int], wanted: Wanted) -> dict[str, Any]:
    """Copy the values into ``target``, a parquet file with text columns ``h0``, ``h1``, ….

    Of a text that is too long one character more than the longest is kept: enough to be refused.
    A day and a decimal are written as the source's texts write them.

    Args:
        path: the received file.
        target: the file to write.
        limits: ``max_rows``, ``max_bytes``, ``max_columns``, ``max_cell_chars`` and
            ``max_unpack_ratio`` of its source.
        wanted: what its columns may be beside text.

    Returns:
        ``headings``; ``wrong``: (heading, kind) of columns that are neither text nor exact (nothing
        was copied then); ``rows``.

    Raises:
        TooMuchError: a limit.
        NoTextError: bytes that are no text.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        size = path.stat().st_size
        _check_size(file.metadata, size, limits)
        headings = list(file.schema_arrow.names)
        kinds = [kind_of(column.type) for column in file.schema_arrow]
        named = list(zip(headings, kinds, strict=True))
        wrong = [one for one in named if not _is_taken(*one, wanted)]
        wrong = wrong or [(name, "null") for name in _filled(file.metadata, headings, kinds)]
        rows = 0 if wrong else _copy(file, target, size, limits, wanted)
    return {"headings": headings, "wrong": wrong, "rows": rows}


def _is_taken(heading: str, kind: str, wanted: Wanted) -> bool:
    """Text, nothing, what the column holds exactly, or a column that is not read."""
    return (
        kind in ("text", "null")
        or heading in wanted["ignored"]
        or kind == wanted["exact"].get(heading, "text")
    )


def _check_size(metadata: Any, size: int, limits: dict[str, int]) -> None:
    """Check that the stated size is within the limits; the true size is seen while copying."""
    columns, groups = metadata.num_columns, metadata.num_row_groups
    if columns > limits["max_columns"]:
        raise TooMuchError(f"kolonner: {limits['max_columns']}")
    if metadata.num_rows > limits["max_rows"]:
        raise TooMuchError(f"rækker: {limits['max_rows']}")
    if groups > _MAX_ROW_GROUPS:
        raise TooMuchError(f"rækkegrupper: {_MAX_ROW_GROUPS}")
    cells = metadata.num_rows * columns
    if cells > _RATIO_MATTERS_FROM and cells > limits["max_unpack_ratio"] * size:
        raise TooMuchError(f"pakningsgrad: {limits['max_unpack_ratio']}")
    unpacked = sum(
        metadata.row_group(group).column(column).total_uncompressed_size
        for group in range(groups)
        for column in range(columns)
    )
    if unpacked > limits["max_bytes"]:
        raise TooMuchError(f"byte: {limits['max_bytes']}")


def kind_of(kind: Any) -> str:
    """What an Arrow type is to a declaration: text, null (no type), day, decimal or another."""
    import pyarrow as pa

    types = pa.types
    inner = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_string(inner) or types.is_large_string(inner) or types.is_string_view(inner):
        return "text"
    tests = (
        ("null", types.is_null), ("day", types.is_date32), ("decimal", types.is_decimal),
        ("whole", types.is_integer), ("float", types.is_floating), ("time", types.is_temporal),
        ("binary", types.is_binary), ("binary", types.is_large_binary),
    )  # fmt: skip
    return next((name for name, is_one in tests if is_one(kind)), "other")


def _filled(metadata: Any, headings: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """The columns without a type that hold something, as far as that can be found out.

    No reader shows a value of such a column. A sound one is stored as INT32 without a value.
    """
    return [
        heading
        for at, (heading, kind) in enumerate(zip(headings, kinds, strict=True))
        if kind == "null"
        and any(
            is_said_filled(metadata.row_group(group).column(at))
            for group in range(metadata.num_row_groups)
        )
    ]


def is_said_filled(chunk: Any) -> bool:
    """Whether a chunk of a column without a type states that it holds a value."""
    said = chunk.statistics
    return chunk.physical_type != "INT32" or (
        said is not None and said.has_null_count and said.null_count != chunk.num_values
    )


def _copy(file: Any, target: Path, size: int, limits: dict[str, int], wanted: Wanted) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = unpacked = 0
    most = max(_UNPACKED_MATTERS_FROM, limits["max_unpack_ratio"] * size)
    names, longest = file.schema_arrow.names, limits["max_cell_chars"]
    schema = pa.schema([(f"h{at}", pa.string()) for at in range(len(names))])
    with pq.ParquetWriter(target, schema, compression="none", write_statistics=False) as writer:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            columns = [
                pa.nulls(len(column), pa.string())
                if name in wanted["ignored"]
                else _texts(column, longest, wanted)
                for name, column in zip(names, batch.columns, strict=True)
            ]
            unpacked += sum(_bytes_of(column) for column in columns)
            if unpacked > most:
                raise TooMuchError(f"pakningsgrad: {limits['max_unpack_ratio']}")
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            rows += batch.num_rows
    if rows != file.metadata.num_rows:
        raise ValueError("the file holds another number of rows than it says")
    return rows


def _bytes_of(texts: Any) -> int:
    """Bytes of the characters alone."""
    data = texts.buffers()[-1]
    return 0 if data is None else int(data.size)


def _texts(column: Any, longest: int, wanted: Wanted) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_date32(column.type):
        return _days(column, wanted["day"])
    if pa.types.is_decimal(column.type):
        return _decimals(column, wanted["decimal"])
    if pa.types.is_dictionary(column.type):
        column.validate(full=True)
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type):  # few functions take one
        column = column.cast(pa.large_string())
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raise NoTextError from None
    if (pc.max(pc.binary_length(column)).as_py() or 0) > longest:
        column = pc.utf8_slice_codeunits(column, 0, longest + 1)
    return column.cast(pa.string())


def _days(column: Any, parts: Sequence[str]) -> Any:
    """Days in the parts of the source's pattern: ``YYYY``, ``-``, ``MM``, …."""
    import pyarrow as pa
    import pyarrow.compute as pc

    iso = column.cast(pa.string())
    month, day = pc.utf8_slice_codeunits(iso, 5, 7), pc.utf8_slice_codeunits(iso, 8)
    written = {
        "YYYY": pc.utf8_slice_codeunits(iso, 0, 4), "MM": month, "DD": day,
        "M": pc.utf8_ltrim(month, "0"), "D": pc.utf8_ltrim(day, "0"),
    }  # fmt: skip
    if list(parts) == ["YYYY", "-", "MM", "-", "DD"]:
        return iso
    pieces = [written.get(part, pa.scalar(part)) for part in parts]
    return pc.binary_join_element_wise(*pieces, "")


def _decimals(column: Any, mark: str) -> Any:
    """Decimals without an exponent and without zeros that say nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column.validate(full=True)
    texts = column.cast(pa.string())
    if pc.any(pc.match_substring(texts, "E")).as_py():
        texts = pa.array(
            [None if value is None else format(value, "f") for value in column.to_pylist()],
            pa.string(),
        )
    texts = pc.replace_substring_regex(texts, r"(\.[0-9]*?)0+$", r"\1")
    texts = pc.replace_substring_regex(texts, r"\.$", "")
    return pc.replace_substring(texts, ".", mark)


def say(path: Path, target: Path, limits: dict[str, int], wanted: Wanted) -> dict[str, Any]:
    """What ``read`` gives, or ``fault``: ``limit``, ``text``, ``format`` or ``disk``, and why."""
    try:
        return {"fault": None, **read(path, target, limits, wanted)}
    except TooMuchError as error:
        return {"fault": "limit", "why": str(error)}
    except NoTextError:
        return {"fault": "text"}
    except MemoryError:
        return {"fault": "limit", "why": "hukommelse"}
    except ImportError:
        raise
    except OSError as error:
        if error.errno:  # the disk's; what is wrong in the file has no number
            return {"fault": "disk", "errno": error.errno}
        return {"fault": "format"}
    except Exception:  # whatever a broken file breaks; the text may quote cells
        return {"fault": "format"}


def limit_this_process() -> None:
    """Bound what this process may take, or less where the machine grants less."""
    for kind, limit in (
        (resource.RLIMIT_DATA, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (most, hard))


if __name__ == "__main__":
    os.umask(0o077)
    limit_this_process()
    print(json.dumps(say(Path(sys.argv[1]), Path(sys.argv[2]), *map(json.loads, sys.argv[3:]))))
