"""parquet: text columns only; a typed column is a guess of the sender's tool.

A parquet file says things about itself that nobody checks: how many nulls a column has, its least
and greatest value. An engine that believes them skips what it never read. So the values alone are
taken, into a file of our own, and nothing but that one is queried.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dagster_project.lib.receiving.declarations import Source
from dagster_project.lib.receiving.engine import open_parser
from dagster_project.lib.receiving.findings import FileRefusedError, Finding
from dagster_project.lib.receiving.grammar import literal
from dagster_project.lib.receiving.landed import Landed, check_headings

_BATCH_ROWS = 16_384
_MAX_ROW_GROUPS = 100_000


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
    try:
        return _land(path, source, spill / f"{path.name}.landed")
    except (FileRefusedError, MemoryError):
        raise
    except OSError as error:
        if error.errno:  # the disk's; what is wrong in the file has none
            raise
        raise FileRefusedError(Finding("FILE_FORMAT")) from None
    except Exception:  # whatever a broken file breaks; the text may quote cells
        raise FileRefusedError(Finding("FILE_FORMAT")) from None


def _land(path: Path, source: Source, target: Path) -> Landed:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        _check_size(file.metadata, source)
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
        rows = _copy_values(file, target, source.limits.max_cell_chars, len(headings))
    if rows > source.limits.max_rows:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"rækker: {source.limits.max_rows}"))
    if rows == 0 and not source.may_be_empty:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    return Landed(f"read_parquet({literal(str(target))})", headings, rows)


def _check_size(metadata: Any, source: Source) -> None:
    """What the file says of its size is within the limits; that it is true is seen later."""
    limits = source.limits
    if metadata.num_rows > limits.max_rows:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"rækker: {limits.max_rows}"))
    if metadata.num_row_groups > _MAX_ROW_GROUPS:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"rækkegrupper: {_MAX_ROW_GROUPS}"))
    unpacked = sum(
        metadata.row_group(group).column(column).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )
    if unpacked > limits.max_bytes:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"byte: {limits.max_bytes}"))


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


def _copy_values(file: Any, target: Path, longest: int, width: int) -> int:
    """Write every value to the file of our own, in order; returns the number of rows.

    Of a text that is too long one character more than the longest is kept: enough to be refused.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    schema = pa.schema([(f"h{at}", pa.string()) for at in range(width)])
    with pq.ParquetWriter(target, schema) as writer:
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
    values = pc.utf8_slice_codeunits(values, 0, longest + 1).cast(pa.string())
    if not pa.types.is_dictionary(column.type):
        return values
    column.validate(full=True)
    return values.take(column.indices)
