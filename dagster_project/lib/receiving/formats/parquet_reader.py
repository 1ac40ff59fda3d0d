"""The process that opens a received parquet file: it copies the values into a file of ours.

It is started for one file, with bounded memory and time, and imports nothing of the project, so
that it starts fast and a broken file breaks nothing else. It prints what it found as JSON.
What belongs here: the container. What does not: what a heading or a value means.

    python -P parquet_reader.py FILE TARGET LIMITS
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# what the process may take; a file that needs more is refused
MEMORY_BYTES = 2_000_000_000
CPU_SECONDS = 1800
_BATCH_ROWS = 16_384
_MAX_ROW_GROUPS = 100_000
_RATIO_MATTERS_FROM = 10_000_000  # cells
_UNPACKED_MATTERS_FROM = 200_000_000  # bytes of text


class TooMuchError(Exception):
    """The file is larger than its source allows; the text names the limit."""


class NoTextError(Exception):
    """Bytes that are no text."""


def read(path: Path, target: Path, limits: dict[str, int]) -> dict[str, Any]:
    """Copy the values into ``target``, a parquet file with text columns ``h0``, ``h1``, ….

    Of a text that is too long one character more than the longest is kept: enough to be refused.

    Args:
        path: the received file.
        target: the file to write.
        limits: ``max_rows``, ``max_bytes``, ``max_columns``, ``max_cell_chars`` and
            ``max_unpack_ratio`` of its source.

    Returns:
        ``headings``; ``wrong``: those of columns that are not text (nothing was copied then);
        ``rows``.

    Raises:
        TooMuchError: a limit.
        NoTextError: bytes that are no text.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        size = path.stat().st_size
        _check_size(file.metadata, size, limits)
        headings = list(file.schema_arrow.names)
        kinds = [_kind(column.type) for column in file.schema_arrow]
        wrong = [name for name, kind in zip(headings, kinds, strict=True) if kind is None]
        wrong = wrong or _filled(file.metadata, headings, kinds)
        rows = 0 if wrong else _copy(file, target, size, limits)
    return {"headings": headings, "wrong": wrong, "rows": rows}


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


def _kind(kind: Any) -> str | None:
    """``text``, ``null`` (no type, as a column of nothing but nulls has), or None for any other."""
    import pyarrow as pa

    if pa.types.is_null(kind):
        return "null"
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_text = pa.types.is_string(inner) or pa.types.is_large_string(inner)
    return "text" if is_text else None


def _filled(metadata: Any, headings: Sequence[str], kinds: Sequence[str | None]) -> list[str]:
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


def _copy(file: Any, target: Path, size: int, limits: dict[str, int]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = unpacked = 0
    most = max(_UNPACKED_MATTERS_FROM, limits["max_unpack_ratio"] * size)
    schema = pa.schema([(f"h{at}", pa.string()) for at in range(len(file.schema_arrow.names))])
    with pq.ParquetWriter(target, schema, compression="none", write_statistics=False) as writer:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            columns = [_texts(column, limits["max_cell_chars"]) for column in batch.columns]
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


def _texts(column: Any, longest: int) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_dictionary(column.type):
        column.validate(full=True)
        column = column.dictionary_decode()
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raise NoTextError from None
    if (pc.max(pc.binary_length(column)).as_py() or 0) > longest:
        column = pc.utf8_slice_codeunits(column, 0, longest + 1)
    return column.cast(pa.string())


def say(path: Path, target: Path, limits: dict[str, int]) -> dict[str, Any]:
    """What ``read`` gives, or ``fault``: ``limit``, ``text``, ``format`` or ``disk``, and why."""
    try:
        return {"fault": None, **read(path, target, limits)}
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
    print(json.dumps(say(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))))
