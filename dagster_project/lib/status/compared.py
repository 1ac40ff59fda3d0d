"""A publication, alone and beside the one before, and deliveries that wait or were refused.

What belongs here: reading Parquet files and the register. What does not: the mart's rules.

Rules: P.status, S.variant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.tables import MART, RESTRICTED
from dagster_project.lib.receiving.intake.held import HELD_CODES, held_as_of
from dagster_project.lib.receiving.intake.register import Record, Register, load_register
from dagster_project.lib.reference import words
from dagster_project.settings import Home

Rows = tuple[dict[str, Any], ...]
_CONTRACTS = """
    select contract_id, title, payment_ceiling_dkk::varchar as payment_ceiling_dkk,
        authorised_max_dkk::varchar as authorised_max_dkk, released_dkk::varchar as released_dkk
    from read_parquet(?)
    order by title, contract_id
"""
_CLOSED = """
    select contract_id, period_start::varchar as period_start, period_label, state, is_superseded,
        payment_dkk::varchar as payment_dkk
    from read_parquet(?)
    where is_closed
    order by contract_id, period_start
"""
_FORECAST = """
    select contract_id, scenario,
        arg_max(payment_cumulative_dkk, period_start)::varchar as payment_cumulative_dkk
    from read_parquet(?)
    group by contract_id, scenario
    order by contract_id, min(payment_cumulative_dkk), scenario
"""
_VARIANTS = """
    select variant.contract_id, variant.period_start::varchar as period_start,
        settlement.period_label, variant.variant_id,
        variant.difference_dkk::varchar as difference_dkk
    from read_parquet(?) as variant
    inner join read_parquet(?) as settlement
        on variant.contract_id = settlement.contract_id
        and variant.period_start = settlement.period_start
    where variant.variant_id <> ''
    qualify variant.period_start = max(variant.period_start) over (partition by variant.contract_id)
    order by variant.contract_id, variant.variant_id
"""
_BLOCKERS = """
    select blocker.contract_id, blocker.kind, blocker.owner, blocker.remedy,
        count(*) as periods, min(period.period_label) as first_label,
        min(blocker.period_start)::varchar as first_start,
        sum(blocker.item_count)::bigint as item_count,
        sum(blocker.amount_dkk)::varchar as amount_dkk
    from read_parquet(?) as blocker
    inner join read_parquet(?) as period
        on blocker.contract_id = period.contract_id and blocker.period_start = period.period_start
    where blocker.is_root_cause
    group by all
    order by sum(blocker.amount_dkk) desc, blocker.contract_id, blocker.kind
"""
_GATES = """
    select gate, count(*) as checks,
        count(*) filter (not is_success and severity = 'critical') as failed,
        count(*) filter (not is_success and severity <> 'critical') as warned
    from read_parquet(?)
    group by gate
    order by gate
"""
_CAUSES = """
    with now_shown as (from read_parquet(?)),
    shown_before as (from read_parquet(?))
    select coalesce(n.contract_id, b.contract_id) as contract_id,
        coalesce(n.{period}, b.{period})::varchar as period_start,
        coalesce(n.cause, b.cause) as cause,
        sum(coalesce(n.difference_dkk, 0) - coalesce(b.difference_dkk, 0))
            filter (not coalesce(n.is_suppressed, false) and not coalesce(b.is_suppressed, false)
            )::varchar as difference_dkk,
        bool_or(coalesce(n.is_suppressed, false) or coalesce(b.is_suppressed, false))
            as is_suppressed,
        bool_or(n.contract_id is not null) as is_now
    from now_shown as n
    full join shown_before as b
        on n.contract_id = b.contract_id and n.cause = b.cause
        and n.corrected_period_start = b.corrected_period_start{same}
    where (n.difference_dkk, n.is_suppressed)
        is distinct from (b.difference_dkk, b.is_suppressed)
    group by 1, 2, 3
    order by 1, 2, 3
"""
_LABELS = """
    select contract_id, period_start::varchar as period_start, period_label from read_parquet(?)
"""
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
_DEADLINES = """
    select deadline.contract_id, deadline.period_start::varchar as period_start,
        settlement.period_label, deadline.step, deadline.owner,
        deadline.due_on::varchar as due_on, deadline.days_late, deadline.status
    from read_parquet(?) as deadline
    inner join read_parquet(?) as settlement
        on deadline.contract_id = settlement.contract_id
        and deadline.period_start = settlement.period_start
    where deadline.status in ('due', 'overdue')
    order by deadline.due_on, deadline.contract_id, deadline.period_start, deadline.step
"""
_DISPUTES = """
    select contract_id, count(*) as open_count, sum(amount_dkk)::varchar as amount_dkk
    from read_parquet(?)
    where outcome is null
    group by contract_id
    order by contract_id
"""
_NEWEST = 3  # periods that a contract's line shows
_IDS = "select delivery_id from read_parquet(?)"


def due(folder: Path) -> Rows | None:
    """Closed periods of a snapshot that wait for a step of somebody; null where it is not read."""
    return _rows(_DUE, _file(folder, "settlement"))


def deadlines(folder: Path) -> Rows | None:
    """Steps of a snapshot's settlements that are due or over their deadline, the next first."""
    return _rows(_DEADLINES, _file(folder, "settlement_deadline"), _file(folder, "settlement"))


def disputes(folder: Path) -> Rows | None:
    """How many disputes of each contract are open, in kroner; null for who may not read them."""
    return _rows(_DISPUTES, str(folder / manifests.parquet_path(RESTRICTED, "dispute")))


def changed(folder: Path, before: Path) -> Rows | None:
    """Periods whose state or amounts differ between two snapshots; null where one is not read."""
    return _rows(_CHANGED, _file(folder, "settlement"), _file(before, "settlement"))


def contracts(folder: Path) -> Rows | None:
    """A line for each contract of a snapshot; null where it is not read.

    Kroner to date are sums of what the closed periods pay; what is due next is the step that the
    first period not yet paid waits for; the forecast is what each scenario pays in the end;
    variants are what the newest closed period is entitled to in all under other terms, less that
    under its own.
    """
    known, closed = (
        _rows(_CONTRACTS, _file(folder, "contract")), _rows(_CLOSED, _file(folder, "settlement")),
    )  # fmt: skip
    if known is None or closed is None:
        return None
    foreseen = _rows(_FORECAST, _file(folder, "settlement_forecast")) or ()
    files = (_file(folder, table) for table in ("settlement_variant", "settlement"))
    priced = _rows(_VARIANTS, *files) or ()
    return tuple(_line(row, closed, foreseen, priced) for row in known)


def _line(contract: dict[str, Any], closed: Rows, foreseen: Rows, priced: Rows) -> dict[str, Any]:
    own = [row for row in closed if row["contract_id"] == contract["contract_id"]]
    waiting = [row for row in own if row["state"] != "paid" or row["is_superseded"]]
    sums = {
        name: str(sum((Decimal(r["payment_dkk"]) for r in own if r["state"] in states), Decimal(0)))
        for name, states in (("approved_dkk", ("approved", "paid")), ("paid_dkk", ("paid",)))
    }
    settled = sum((Decimal(row["payment_dkk"]) for row in own), Decimal(0))
    return {
        **contract, **(sums if own else dict.fromkeys(sums)),
        "settled_dkk": str(settled) if own else None,
        "newest": [dict(row) for row in own[: -_NEWEST - 1 : -1]],
        "waiting": len(waiting), "next": dict(waiting[0]) if waiting else None,
        "forecast": {
            row["scenario"]: row["payment_cumulative_dkk"]
            for row in foreseen if row["contract_id"] == contract["contract_id"]
        },
        "variants": [
            {name: value for name, value in row.items() if name != "contract_id"}
            for row in priced if row["contract_id"] == contract["contract_id"]
        ],
    }  # fmt: skip


def blockers(folder: Path) -> Rows | None:
    """What keeps periods of a snapshot from being submitted, by contract and kind."""
    return _rows(_BLOCKERS, _file(folder, "settlement_blocker"), _file(folder, "settlement"))


def gates(folder: Path) -> Rows | None:
    """What the gates found before a snapshot was published."""
    return _rows(_GATES, _file(folder, "data_quality"))


def causes(folder: Path, before: Path, changes: Rows) -> Rows:
    """Why amounts differ between two snapshots, in kroner, as far as what is shown tells it.

    The basis of a changed period moves by the corrections that it settles, by cause, and by the
    rest: months that are new to it, and corrections whose rows are hidden. The rest is a
    difference of published figures, so nothing hidden can be got back from it.
    """
    settled = _moved("settlement_true_up", "period_start", folder, before)
    open_ = _moved("restatement", "corrected_period_start", folder, before)
    told = [{"kind": "true_up", **row} for row in settled]
    for row in changes:
        own = [r for r in settled if (r["contract_id"], r["period_start"]) == _place(row)]
        moved = Decimal(row["basis_dkk"] or 0) - Decimal(row["basis_before_dkk"] or 0)
        rest = moved - sum((Decimal(r["difference_dkk"] or 0) for r in own), Decimal(0))
        if rest:
            told.append({
                "kind": "period", "contract_id": row["contract_id"], "is_suppressed": False,
                "period_start": row["period_start"], "difference_dkk": str(rest),
                "cause": _cause_of(row),
            })  # fmt: skip
    radar = ({"kind": "radar" if row["is_now"] else "radar_gone", **row} for row in open_)
    labels = {
        _place(row): row["period_label"]
        for row in _rows(_LABELS, _file(folder, "settlement")) or ()
    }
    return tuple(
        {**{k: v for k, v in row.items() if k != "is_now"}, "period_label": labels.get(_place(row))}
        for row in (*told, *radar)
    )


def _cause_of(change: Mapping[str, Any]) -> str:
    """Why the rest of a period's basis moves."""
    if change["state"] is None:  # its contract's retention has ended, or the contract is gone
        return "no_longer_computed"
    return "period_closed" if change["state_before"] in (None, "open") else "draft_anew"


def _moved(table: str, period: str, folder: Path, before: Path) -> Rows:
    same = f" and n.{period} = b.{period}"
    query = _CAUSES.format(period=period, same=same)
    return _rows(query, _file(folder, table), _file(before, table)) or ()


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["contract_id"], row["period_start"]


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
        "owner": (words.owner("finding", different[0]) if different else None) or None,
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

    from dagster_project.lib.warehouse import ENGINE
    from dagster_project.lib.warehouse.rows import fetch_rows

    try:
        with duckdb.connect(config=ENGINE) as connection:
            return tuple(fetch_rows(connection, query, list(paths)))
    except duckdb.Error:
        return None
