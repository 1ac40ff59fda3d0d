"""parquet: text columns only; a typed column is a guess of the sender's tool.

A parquet file says things about itself that nobody checks: how many nulls a column has, its least
and greatest value. An engine that believes them skips what it never read. So the values alone are
taken, into a file of our own, and nothing but that one is queried. This is done by a process of its
own with bounded memory: libraries of this format are known to end their process on a broken file.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dagster_project.lib.receiving.declarations import Source, load_sources
from dagster_project.lib.receiving.engine import open_parser
from dagster_project.lib.receiving.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.grammar import literal
from dagster_project.lib.receiving.landed import Landed, check_headings
from dagster_project.settings import PROJECT_ROOT

# what the process may take: memory for a row group of a whole nation's file, and time for it
_MEMORY_BYTES = 3_000_000_000
_CPU_SECONDS = 1800
_BATCH_ROWS = 16_384
_MAX_ROW_GROUPS = 100_000
_RATIO_MATTERS_FROM = 10_000_000  # cells


def land_parquet(path: Path, source: Source, spill: Path) -> Landed:
    """The landed form of a parquet file.

    Args:
        path: the received bytes under a name of our own.
        source: its declaration.
        spill: private folder for the file of our own.

    Raises:
        FileRefusedError: ``FILE_FORMAT``, ``FILE_LIMIT``, ``FILE_ENCODING``, ``FILE_EMPTY``,
            ``HEADER_…``, ``CELL_TYPE`` for a column that is not text; one that is all null may
            have no type.
        OSError: the disk is full or broken.
    """
    target = spill / f"{path.name}.landed"
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", __name__, str(path), source.source, str(target)],
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "ARROW_DEFAULT_MEMORY_POOL": "system"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # may quote cells
        check=False,
    )
    if done.returncode:
        raise FileRefusedError(Finding("FILE_FORMAT"))
    said = json.loads(done.stdout)
    if said["errno"]:
        raise OSError(said["errno"], os.strerror(said["errno"]))
    if said["findings"]:
        raise FileRefusedError(*map(Finding.from_json, said["findings"]))
    return Landed(f"read_parquet({literal(str(target))})", said["headings"], said["rows"])


def _main(path: Path, source: Source, target: Path) -> dict[str, Any]:
    """What the process says: headings and rows, or findings, or the disk's error."""
    said: dict[str, Any] = {"errno": 0, "findings": [], "headings": [], "rows": 0}
    try:
        said["headings"], said["rows"] = copy_values(path, source, target)
    except FileRefusedError as refused:
        said["findings"] = [finding.as_json() for finding in refused.findings]
    except MemoryError:
        said["findings"] = [Finding("FILE_LIMIT", detail="hukommelse").as_json()]
    except OSError as error:
        if not error.errno:  # the file's: what is wrong with the disk has a number
            raise
        said["errno"] = error.errno
    return said


def copy_values(path: Path, source: Source, target: Path) -> tuple[list[str], int]:
    """Copy the values of a parquet file into a file of our own, with columns ``h0``, ``h1``, ….

    Returns:
        headings and number of rows.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        _check_size(file.metadata, path.stat().st_size, source)
        schema = file.schema_arrow
    headings = list(schema.names)
    check_headings(headings, source)
    kinds = _kinds(schema)
    wrong = [name for name, kind in kinds.items() if kind is None]
    wrong += _filled(path, target.parent, [name for name, kind in kinds.items() if kind == "null"])
    if wrong:
        raise FileRefusedError(*(Finding("CELL_TYPE", name) for name in wrong))
    texts = [name for name, kind in kinds.items() if kind == "text"]
    # as dictionaries: a text that a page repeats a million times is held once
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        rows = _copy(file, target, source.limits.max_cell_chars, len(headings))
    if rows > source.limits.max_rows:
        raise _limit(f"rækker: {source.limits.max_rows}")
    if rows == 0 and not source.may_be_empty:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    return headings, rows


def _limit(detail: str) -> FileRefusedError:
    return FileRefusedError(Finding("FILE_LIMIT", detail=detail))


def _check_size(metadata: Any, size: int, source: Source) -> None:
    """What the file says of its size is within the limits; that it is true is seen later."""
    limits = source.limits
    if metadata.num_rows > limits.max_rows:
        raise _limit(f"rækker: {limits.max_rows}")
    if metadata.num_row_groups > _MAX_ROW_GROUPS:
        raise _limit(f"rækkegrupper: {_MAX_ROW_GROUPS}")
    cells = metadata.num_rows * metadata.num_columns
    if cells > _RATIO_MATTERS_FROM and cells > limits.max_unpack_ratio * size:
        raise _limit(f"pakningsgrad: {limits.max_unpack_ratio}")
    unpacked = sum(
        metadata.row_group(group).column(column).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )
    if unpacked > limits.max_bytes:
        raise _limit(f"byte: {limits.max_bytes}")


def _kinds(schema: Any) -> dict[str, str | None]:
    """``text``, ``null`` (no type, as one of nothing but nulls has) or None for each column."""
    return {column.name: _kind(column.type) for column in schema}


def _kind(kind: Any) -> str | None:
    import pyarrow as pa

    if pa.types.is_null(kind):
        return "null"
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_text = pa.types.is_string(inner) or pa.types.is_large_string(inner)
    return "text" if is_text else None


def _filled(path: Path, spill: Path, names: Sequence[str]) -> list[str]:
    """Which of the columns without a type hold a value all the same.

    An engine of its own looks: one that a broken file breaks is no loss.
    """
    if not names:
        return []
    counted = ", ".join(f'count("{name}")' for name in names)  # headings that are declared
    with open_parser(path.parent, spill) as engine:
        counts = engine.execute(
            f"select {counted} from read_parquet({literal(str(path))})"
        ).fetchall()[0]
    return [name for name, count in zip(names, counts, strict=True) if count]


def _copy(file: Any, target: Path, longest: int, width: int) -> int:
    """Write every value to the file of our own, in order; returns the number of rows.

    Of a text that is too long one character more than the longest is kept: enough to be refused.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    schema = pa.schema([(f"h{at}", pa.string()) for at in range(width)])
    with pq.ParquetWriter(target, schema, compression="none", write_statistics=False) as writer:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            columns = [_texts(column, longest) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            rows += batch.num_rows
    if rows != file.metadata.num_rows:
        raise FileRefusedError(Finding("FILE_FORMAT"))
    return rows


def _texts(column: Any, longest: int) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.string())
    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:  # bytes that are no text
        raise FileRefusedError(Finding("FILE_ENCODING")) from None
    if (pc.max(pc.binary_length(values)).as_py() or 0) > longest:
        values = pc.utf8_slice_codeunits(values, 0, longest + 1)
    values = values.cast(pa.string())
    if not pa.types.is_dictionary(column.type):
        return values
    column.validate(full=True)
    return values.take(column.indices)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps(_main(Path(sys.argv[1]), load_sources()[sys.argv[2]], Path(sys.argv[3]))))
