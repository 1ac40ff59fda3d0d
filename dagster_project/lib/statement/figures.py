"""The figures of a settlement and their hash: what people submit, verify and approve.

What belongs here: which figures a statement has and their canonical form. What does not: state,
events, actors, as-of date, code version and deliveries — those are provenance, never hashed.

Rules: S.hash.
Decides: S.hash.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.lib.base.canonical import canonical_json, money_text
from dagster_project.lib.statement.tiers import Reading, Step, Tier, counted_basis, walk
from dagster_project.lib.warehouse.rows import fetch_rows, insert_rows

LINES = "intermediate.int_lines__number"
PAYMENTS = "intermediate.int_payments__settle_periods"
READINGS = "intermediate.int_payments__apply_readings"
TIERS = "intermediate.int_payments__walk_tiers"

_LINES_A_CHUNK = 10_000
_NO_LINES = "\x00lines\x00"
_SHARE = Decimal("0.000001")
_CONTROL = r"[\x00-\x1f]"

Row = Mapping[str, Any]
Key = tuple[str, dt.date]


def line_figures(line: Row) -> dict[str, Any]:
    """One line as it is hashed; ``line`` has the columns of ``restricted.settlement_line``."""
    return {
        "line_kind": line["line_kind"],
        "part": line["part_id"],
        "course": line["course_id"],
        "month": f"{line['month']:%Y-%m}",
        "price_group": line["price_group"],
        "old": money_text(line["old_amount_dkk"]),
        "new": money_text(line["new_amount_dkk"]),
        "difference": money_text(line["difference_dkk"]),
    }


def frame(
    settlement: Row, terms_sha256: str, readings: Sequence[Row], chosen: Reading,
    counted_dkk: Decimal, steps: Sequence[Step],
) -> dict[str, Any]:  # fmt: skip
    """All figures of a period but its lines.

    Args:
        settlement: the period's row with the columns of ``mart.settlement``.
        terms_sha256: hash of the terms that the period is computed with.
        readings: the period's rows with the columns of ``mart.settlement_reading``.
        chosen: the chosen reading.
        counted_dkk: the cumulated basis that the chosen reading counts, in kroner.
        steps: what each tier adds, in order.
    """
    return {
        "contract": settlement["contract_id"],
        "period": f"{settlement['period_start']:%Y-%m}",
        "terms_sha256": terms_sha256,
        "basis": {
            "period": money_text(settlement["basis_dkk"]),
            "cumulative": money_text(settlement["basis_cumulative_dkk"]),
        },
        "tiers": {
            "reading": chosen.reading_id,
            "basis_counted": money_text(counted_dkk),
            "basis_ceiling": _money(chosen.basis_ceiling_dkk),
            "payment_ceiling": _money(chosen.payment_ceiling_dkk),
            "steps": [
                {
                    "above": money_text(step.above_dkk),
                    "up_to": _money(step.up_to_dkk),
                    "provider_share": format(step.provider_share.quantize(_SHARE), "f"),
                    "basis": money_text(step.basis_dkk),
                    "amount": money_text(step.amount_dkk),
                }
                for step in steps
            ],
        },
        "entitlement": {"cumulative": money_text(settlement["entitlement_cumulative_dkk"])},
        "payment": {
            "period": money_text(settlement["payment_dkk"]),
            "cumulative": money_text(settlement["payment_cumulative_dkk"]),
            "carried_forward": money_text(settlement["carried_forward_dkk"]),
            "repayable": money_text(settlement["repayable_dkk"]),
        },
        "held": {"cumulative": money_text(settlement["held_cumulative_dkk"])},
        "readings": [
            {
                "reading": reading["reading_id"],
                "is_chosen": reading["is_chosen"],
                "entitlement": money_text(reading["entitlement_cumulative_dkk"]),
                "difference": money_text(reading["difference_to_chosen_dkk"]),
            }
            for reading in sorted(readings, key=lambda row: str(row["reading_id"]))
        ],
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else money_text(amount)


def figures(
    settlement: Row, terms_sha256: str, readings: Sequence[Row], tiers: Sequence[Tier],
    chosen: Reading, lines: Iterable[Row],
) -> dict[str, Any]:  # fmt: skip
    """All figures of a published period, walked through its tiers as the offline check does.

    ``lines`` in the order of their ``line_no``; the other arguments as in :func:`frame`.
    """
    basis = settlement["basis_cumulative_dkk"]
    counted, steps = counted_basis(basis, chosen), walk(basis, tiers, chosen)
    document = frame(settlement, terms_sha256, readings, chosen, counted, steps)
    document["lines"] = [line_figures(line) for line in lines]
    return document


def figures_sha256(document: Any) -> str:
    """``statement_sha256``: hex sha256 of the figures' canonical JSON."""
    return hashlib.sha256(canonical_json(document).encode("utf-8")).hexdigest()


def _digest(document: dict[str, Any], chunks: Iterable[str]) -> str:
    """The same hash as ``figures_sha256``, the lines given as ready canonical text in chunks."""
    text = canonical_json({**document, "lines": _NO_LINES})
    head, tail = text.split(json.dumps(_NO_LINES))
    digest = hashlib.sha256()
    digest.update(f"{head}[".encode())
    separator = ""
    for chunk in chunks:
        digest.update(f"{separator}{chunk}".encode())
        separator = ","
    digest.update(f"]{tail}".encode())
    return digest.hexdigest()


# Grain: one row per ten thousand lines of a closed, unapproved period: their canonical JSON.
# The keys stand in alphabetical order, as canonical JSON wants them (S.hash).
_CHUNKS = """
with fragments as (
    select
        lines.contract_id,
        lines.period_start,
        lines.line_no,
        '{"course":' || coalesce(courses.json_text, to_json(lines.course_id)::varchar, 'null')
        || ',"difference":"' || lines.difference_dkk::decimal(18, 2)
        || '","line_kind":"' || lines.line_kind
        || '","month":"' || strftime(lines.month, '%Y-%m')
        || '","new":"' || lines.new_amount_dkk::decimal(18, 2)
        || '","old":"' || lines.old_amount_dkk::decimal(18, 2)
        || '","part":' || to_json(lines.part_id)::varchar
        || ',"price_group":' || to_json(lines.price_group)::varchar || '}' as fragment
    from {lines} as lines
    inner join open_period on
        lines.contract_id = open_period.contract_id
        and lines.period_start = open_period.period_start
    left join odd_course as courses on lines.course_id = courses.course_id
)

select
    contract_id,
    period_start,
    string_agg(fragment, ',' order by line_no) as json_text
from fragments
group by contract_id, period_start, line_no // {chunk}
order by contract_id, period_start, min(line_no)
"""


def hash_statements(connection: duckdb.DuckDBPyConnection) -> dict[Key, str]:
    """The figures hash of each closed period that nobody has approved, by contract and period.

    Approved periods keep the hash of their frozen statement (``raw.frozen_settlement``).
    """
    settlements = fetch_rows(
        connection,
        f"""
        select settlement.*, contract.terms_sha256, contract.chosen_reading
        from {PAYMENTS} as settlement
        inner join raw.contract as contract using (contract_id)
        left join raw.frozen_settlement as frozen using (contract_id, period_start)
        where frozen.contract_id is null
        order by contract_id, period_start
        """,  # noqa: S608 - table names from code
    )
    readings = _grouped(fetch_rows(connection, f"from {READINGS}"))
    steps = _grouped(fetch_rows(connection, f"from {TIERS} order by tier_no"))
    ceilings = _read_ceilings(connection)
    chunks = _ChunkReader(_line_chunks(connection, settlements))
    hashes: dict[Key, str] = {}
    for row in settlements:
        key = (row["contract_id"], row["period_start"])
        chosen = ceilings[row["contract_id"], row["chosen_reading"]]
        document = _frame(row, readings[key], chosen, steps[key])
        hashes[key] = _digest(document, chunks.of(key))
    return hashes


def read_figures(
    connection: duckdb.DuckDBPyConnection, contract_id: str, period_start: dt.date
) -> dict[str, Any]:
    """Figures of one closed period as the settlement models of a warehouse have them."""
    place = "where contract_id = ? and period_start = ?"
    key = [contract_id, period_start]
    settlement = fetch_rows(
        connection,
        f"""
        select settlement.*, contract.terms_sha256, contract.chosen_reading
        from {PAYMENTS} as settlement
        inner join raw.contract as contract using (contract_id)
        {place}
        """,  # noqa: S608 - table names from code
        key,
    )[0]
    document = _frame(
        settlement,
        fetch_rows(connection, f"from {READINGS} {place}", key),
        _read_ceilings(connection)[contract_id, settlement["chosen_reading"]],
        fetch_rows(connection, f"from {TIERS} {place} order by tier_no", key),
    )
    lines = fetch_rows(connection, f"from {LINES} {place} order by line_no", key)
    return {**document, "lines": [line_figures(line) for line in lines]}


def _frame(
    settlement: Row, readings: Sequence[Row], chosen: Reading, steps: Sequence[Row]
) -> dict[str, Any]:
    """The frame of a period as the settlement models have it."""
    counted = next(row["counted_basis_dkk"] for row in readings if row["is_chosen"])
    walked = [
        Step(
            row["above_dkk"], row["up_to_dkk"], row["provider_share"], row["basis_dkk"],
            row["amount_dkk"],
        )
        for row in steps
    ]  # fmt: skip
    return frame(settlement, settlement["terms_sha256"], readings, chosen, counted, walked)


def _read_ceilings(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Reading]:
    """The readings by contract and name, from ``raw.contract_reading``."""
    return {
        (contract_id, name): Reading(name, payment, basis, clause or "")
        for contract_id, name, payment, basis, clause in connection.execute(
            """
            select contract_id, reading_id, payment_ceiling_dkk, basis_ceiling_dkk, clause
            from raw.contract_reading
            """
        ).fetchall()
    }


class _ChunkReader:
    """Hands out the chunks of one period after the other from one ordered stream."""

    def __init__(self, stream: Iterator[tuple[str, dt.date, str]]) -> None:
        self._stream = stream
        self._next = next(stream, None)

    def of(self, key: tuple[str, dt.date]) -> Iterator[str]:
        while self._next is not None and (self._next[0], self._next[1]) == key:
            yield self._next[2]
            self._next = next(self._stream, None)


def _line_chunks(
    connection: duckdb.DuckDBPyConnection, settlements: Sequence[Row]
) -> Iterator[tuple[str, dt.date, str]]:
    connection.execute(
        "create or replace temp table open_period (contract_id varchar, period_start date)"
    )
    if not settlements:
        return
    keys = [{name: row[name] for name in ("contract_id", "period_start")} for row in settlements]
    insert_rows(connection, "open_period", keys)
    _name_odd_courses(connection)
    result = connection.execute(
        _CHUNKS.replace("{lines}", LINES).replace("{chunk}", str(_LINES_A_CHUNK))
    )
    while rows := result.fetchmany(16):
        yield from rows


def _name_odd_courses(connection: duckdb.DuckDBPyConnection) -> None:
    """Course ids with control characters, which DuckDB and canonical JSON spell differently."""
    connection.execute(
        "create or replace temp table odd_course (course_id varchar, json_text varchar)"
    )
    odd = connection.execute(
        f"select course_id from {LINES} where regexp_matches(course_id, ?) group by all",  # noqa: S608
        [_CONTROL],
    ).fetchall()
    texts = [{"course_id": c, "json_text": json.dumps(c, ensure_ascii=False)} for (c,) in odd]
    insert_rows(connection, "odd_course", texts)


def _grouped(rows: Iterable[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault((row["contract_id"], row["period_start"]), []).append(row)
    return found
