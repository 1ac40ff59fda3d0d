"""The published figures of a file and those that are known: what the check of figures compares.

What belongs here: reading figures from the parser and from the warehouse. What does not: when one
is unusual (``intake.figures``).

Rules: G.figures, I.order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import duckdb

from dagster_project.lib.receiving.formats.content import Content
from dagster_project.lib.receiving.formats.parse import skip_condition
from dagster_project.lib.receiving.intake import figures
from dagster_project.lib.receiving.intake.held import held_deliveries
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.judging import names
from dagster_project.lib.receiving.judging.declarations import Figures, Source, load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError
from dagster_project.lib.receiving.loading.load import load_records
from dagster_project.lib.warehouse.rows import insert_rows
from dagster_project.settings import Home


def known_before(register: Register, head: str | None) -> list[Record]:
    """The deliveries that new figures are compared with: known, and not since the night began.

    Args:
        register: the register of deliveries.
        head: its line that the last publication knew, None for all that it has.
    """
    accepted = register.accepted() if head is None else register.accepted_until(head)
    held = {one.record.delivery_id for one in held_deliveries(register)}
    return [r for r in accepted if not r.is_withdrawn() and r.delivery_id not in held]


def load_judging(
    warehouse: duckdb.DuckDBPyConnection, home: Home, known: Sequence[Record],
    file_names: Iterable[str], key: bytes,
) -> None:  # fmt: skip
    """Load what the figures of some files will be compared with, where the warehouse lacks it."""
    if any(map(_may_hold_figures, file_names)):
        judging = {name for name, source in load_sources().items() if source.figures is not None}
        load_records(warehouse, home, [r for r in known if r.source in judging], key)


def _may_hold_figures(file_name: str) -> bool:
    try:
        return names.parse_name(file_name, load_sources()).source.figures is not None
    except FileRefusedError:
        return False


def holding_checks(
    warehouse: duckdb.DuckDBPyConnection,
    parser: duckdb.DuckDBPyConnection,
    record: Record,
    content: Content,
    known: Sequence[Record],
) -> tuple[str, ...]:
    """The checks that hold an accepted file.

    Args:
        warehouse: holds the rows of the known deliveries.
        parser: holds the rows of the file.
        record: the file as the register will know it.
        content: the file.
        known: deliveries that were known when it came, of any source.
    """
    source = content.parts.source
    if source.figures is None:
        return ()
    before = [r for r in known if r.source == record.source and r.order < record.order]
    own = _own_figures(parser, content, source, source.figures)
    is_held = figures.is_unusual(own, _known(warehouse, before, source), source.figures)
    return (figures.FIGURE_CHECK,) if is_held else ()


def _series_of(source: Source, rule: Figures) -> str:
    return ", ".join(name for name in source.key if name != rule.month)


def _own_figures(
    parser: duckdb.DuckDBPyConnection, content: Content, source: Source, rule: Figures
) -> figures.Published:
    return _by_series(
        parser,
        f"""
        select {_series_of(source, rule)}, {rule.month}, {rule.column}
        from {content.parsed.table}
        where faults is null and not ({skip_condition(source)}) and {rule.column} is not null
    """,
    )


def _known(
    warehouse: duckdb.DuckDBPyConnection, before: Sequence[Record], source: Source
) -> figures.Published:
    """A month's figure is that of the newest delivery with a published value (I.jobindsats)."""
    rule = source.figures
    if rule is None or not before:
        return {}
    warehouse.execute("create or replace temp table before (delivery_no integer, place integer)")
    insert_rows(
        warehouse,
        "temp.before",
        [
            {"delivery_no": record.delivery_no, "place": place}
            for place, record in enumerate(sorted(before, key=lambda one: one.order))
        ],
    )
    found = _by_series(
        warehouse,
        f"""
        select {_series_of(source, rule)}, {rule.month}, arg_max({rule.column}, place)
        from raw.{source.source} inner join temp.before using (delivery_no)
        where {rule.column} is not null
        group by all
    """,
    )
    warehouse.execute("drop table temp.before")
    return found


def _by_series(connection: duckdb.DuckDBPyConnection, rows: str) -> figures.Published:
    found: dict[figures.Series, dict[int, Decimal]] = {}
    for *series, month, figure in connection.execute(rows).fetchall():
        found.setdefault(tuple(series), {})[12 * month.year + month.month] = figure
    return found
