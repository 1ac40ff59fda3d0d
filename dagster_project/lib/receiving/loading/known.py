"""Which deliveries a run knows: ``raw.delivery`` and ``raw.known_delivery``.

Rules: I.knowledge, I.order, R0.known.
Decides: I.knowledge, I.order, R0.known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import duckdb

from dagster_project.lib.receiving.intake import volume
from dagster_project.lib.receiving.intake.held import held_as_of
from dagster_project.lib.receiving.intake.register import Record, load_register
from dagster_project.lib.warehouse.rows import replace_rows
from dagster_project.settings import Home

_REMOVED = "DELIVERY_REMOVED"


def write_known(connection: duckdb.DuckDBPyConnection, home: Home, as_of: dt.date) -> None:
    """Write the deliveries as a run with this business date sees them.

    ``raw.delivery`` holds every received delivery with ``extracted_on <= as_of`` or without a
    readable date; ``raw.known_delivery`` the accepted ones among them that no check holds and
    nobody has withdrawn by then, ranked per source by (extracted_on, version, file name);
    ``raw.delivery_volume`` the row-count check.

    Args:
        connection: an open warehouse with its raw tables.
        home: the home whose register is read.
        as_of: business date of the run.
    """
    register = load_register(home)
    seen = [r for r in register.records() if r.extracted_on is None or r.extracted_on <= as_of]
    volumes = [v for v in volume.volumes(register, as_of) if v.record in seen]
    held = {one.record.delivery_id for one in held_as_of(connection, register, as_of)}
    withdrawn = {r.delivery_id for r in seen if r.is_withdrawn(as_of)}
    replace_rows(
        connection,
        "raw.delivery",
        [_delivery_row(r, r.delivery_id in held, r.delivery_id in withdrawn) for r in seen],
    )
    known = [r for r in seen if r.is_accepted and r.delivery_id not in held | withdrawn]
    replace_rows(connection, "raw.known_delivery", _known_rows(known))
    replace_rows(
        connection,
        "raw.delivery_volume",
        [
            {
                "delivery_no": v.record.delivery_no,
                "source": v.record.source,
                "covered_days": v.record.covered_days,
                "rows_per_day": _six(v.rows_per_day),
                "usual_rows_per_day": None if v.usual is None else _six(v.usual),
                "is_warned": v.is_warned,
                "is_held": v.is_held,
            }
            for v in volumes
        ],
    )


def keep_known(
    connection: duckdb.DuckDBPyConnection, home: Home, delivery_ids: Collection[str]
) -> None:
    """Make exactly these received deliveries the known ones, held and withdrawn ones as well."""
    chosen = [r for r in load_register(home).records() if r.delivery_id in delivery_ids]
    replace_rows(connection, "raw.known_delivery", _known_rows(chosen))


def _six(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _named(record: Record, names: str) -> dict[str, object]:
    return {name: getattr(record, name) for name in names.split()}


def _delivery_row(record: Record, is_held: bool, is_withdrawn: bool) -> dict[str, object]:
    own = _named(
        record,
        "delivery_no delivery_id sha256 source file_name extracted_on covers_from covers_to sender"
        " version_no row_count rejected_rows is_accepted",
    )
    code = _REMOVED if record.is_removed else record.code
    return own | {
        "is_held": is_held, "is_opened": bool(record.opened_checks),
        "is_withdrawn": is_withdrawn, "refusal_code": code,
    }  # fmt: skip


def _known_rows(known: list[Record]) -> list[dict[str, object]]:
    columns = "delivery_no source sha256 file_name extracted_on covers_from covers_to"
    rows: list[dict[str, object]] = []
    for name in sorted({record.source or "" for record in known}):
        own = sorted((r for r in known if r.source == name), key=lambda one: one.order)
        rows += [
            {**_named(record, columns), "delivery_rank": rank} for rank, record in enumerate(own, 1)
        ]
    return rows
