"""Two publications side by side, and the deliveries that wait or were refused.

What belongs here: reading Parquet files and the register. What does not: the mart's rules.

Rules: P.status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.tables import MART
from dagster_project.lib.receiving.intake.held import HELD_CODES, held_as_of
from dagster_project.lib.receiving.intake.register import Record, Register, load_register
from dagster_project.lib.reference import words
from dagster_project.settings import Home

Rows = tuple[dict[str, Any], ...]
_DUE = """
    select contract_id, period_start::varchar as period_start, period_label, state, is_superseded,
        payment_dkk::varchar as payment_dkk
    from read_parquet(?)
    where is_closed and (state <> 'paid' or is_superseded)
    order by contract_id, period_start
"""
_CHANGED = """
    with now_shown as (from read_parquet(?)),
    shown_before as (from read_parquet(?))
    select coalesce(n.contract_id, b.contract_id) as contract_id,
        coalesce(n.period_start, b.period_start)::varchar as period_start,
        coalesce(n.period_label, b.period_label) as period_label,
        n.state, b.state as state_before,
        n.basis_dkk::varchar as basis_dkk, b.basis_dkk::varchar as basis_before_dkk,
        n.payment_dkk::varchar as payment_dkk, b.payment_dkk::varchar as payment_before_dkk
    from now_shown as n
    full join shown_before as b
        on n.contract_id = b.contract_id and n.period_start = b.period_start
    where (n.state, n.basis_dkk, n.payment_dkk)
        is distinct from (b.state, b.basis_dkk, b.payment_dkk)
    order by 1, 2
"""
_IDS = "select delivery_id from read_parquet(?)"


def due(folder: Path) -> Rows | None:
    """Closed periods of a snapshot that wait for a step of somebody; null where it is not read."""
    return _rows(_DUE, _file(folder, "settlement"))


def changed(folder: Path, before: Path) -> Rows | None:
    """Periods whose state or amounts differ between two snapshots; null where one is not read."""
    return _rows(_CHANGED, _file(folder, "settlement"), _file(before, "settlement"))


def new_deliveries(folder: Path, before: Path) -> int | None:
    """How many deliveries a snapshot has and the one before had not; null where one is not read."""
    now, then = _known(folder), _known(before)
    return None if now is None or then is None else len(now - then)


def deliveries(
    home: Home, before: Path | None, found_held: Sequence[Mapping[str, str]]
) -> tuple[Rows, Rows]:
    """Deliveries that are held, and those that were refused since a publication.

    Args:
        home: the home.
        found_held: what the last run that received found held.
        before: the snapshot of that publication; without one, all that were ever refused.

    Raises:
        EffektError: ``REGISTER_BROKEN``.
    """
    register = load_register(home)
    known = (_known(before) if before else None) or set()
    held = tuple(
        _shown(record, [HELD_CODES[check]]) for record, check in _held(register, found_held)
    )
    refused = (record for record in register.refused() if record.delivery_id not in known)
    return held, tuple(_shown(record, [f.code for f in record.findings]) for record in refused)


def _held(
    register: Register, found_held: Sequence[Mapping[str, str]]
) -> Iterator[tuple[Record, str]]:
    """Held deliveries, each with its check.

    Rows are counted from the register. Figures are not judged again, for that takes the warehouse,
    which a night may have: what the last run found held is, until somebody opens or withdraws it.
    """
    by_rows = [(held.record, held.check) for held in held_as_of(None, register, None)]
    yield from by_rows
    for found in found_held:
        for record in register.accepted():
            is_same = record.sha256 == found["sha256"] and not record.is_withdrawn()
            is_open = found["check"] in record.opened_checks
            if is_same and not is_open and (record, found["check"]) not in by_rows:
                yield record, found["check"]


def _shown(record: Record, codes: list[str]) -> dict[str, Any]:
    different = list(dict.fromkeys(codes))
    return {
        "file_name": record.file_name,
        "sha256": record.sha256,
        "codes": different,
        "remedy": words.remedy("finding", different[0]) if different else None,
        "report": None if record.is_accepted else f"quarantine/{record.sha256}.txt",
    }


def _known(folder: Path) -> set[str] | None:
    rows = _rows(_IDS, _file(folder, "delivery"))
    return None if rows is None else {row["delivery_id"] for row in rows}


def _file(folder: Path, table: str) -> str:
    return str(folder / manifests.parquet_path(MART, table))


def _rows(query: str, *paths: str) -> Rows | None:
    """Rows of a query over files of snapshots; null where one is missing, broken or of old code."""
    import duckdb

    from dagster_project.lib.warehouse.rows import fetch_rows

    try:
        with duckdb.connect() as connection:
            return tuple(fetch_rows(connection, query, list(paths)))
    except duckdb.Error:
        return None
