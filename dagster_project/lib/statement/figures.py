"""The figures of a settlement and their hash: what people submit, verify and approve.

What belongs here: which figures a statement has and their canonical form. What does not: state,
events, actors, as-of date, code version and deliveries — those are provenance, never hashed.

Figures name no course: they hold the number and the hash of the lines, and what the lines give by
part and price. Figures of format 1, which were approved before, held the lines themselves
(``as_format_1``); they have no key ``format``.

Rules: S.hash.
Decides: S.hash.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.lib.base.canonical import money_text, sha256_json
from dagster_project.lib.statement.tiers import Reading, Step, Tier, counted_basis, walk
from dagster_project.lib.warehouse.rows import fetch_rows, insert_rows

FORMAT = 2
LINES = "intermediate.int_lines__number"
PAYMENTS = "intermediate.int_payments__settle_periods"
READINGS = "intermediate.int_payments__apply_readings"
TIERS = "intermediate.int_payments__walk_tiers"

_LINES_A_CHUNK = 10_000
_SHARE = Decimal("0.000001")
_CONTROL = r"[\x00-\x1f]"
_NO_AMOUNT = Decimal(0)

Row = Mapping[str, Any]
Key = tuple[str, dt.date]
PartKey = tuple[str, str, str]


@dataclass(frozen=True)
class Terms:
    """What of a contract's terms stands among the figures."""

    terms_sha256: str
    readings: Mapping[str, Reading]
    chosen: Reading
    authorised_max_dkk: Decimal | None


@dataclass(frozen=True)
class LineSums:
    """What the figures say of the lines: how many, their hash, and months by part and price."""

    count: int
    sha256: str
    parts: list[dict[str, Any]]


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


def frozen_lines(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines of a frozen statement, in the form of :func:`line_figures`."""
    if "format" not in document["figures"]:
        return list(document["figures"]["lines"])
    return [
        {
            "line_kind": line["line_kind"],
            "part": line["part_id"],
            "course": line["course_id"],
            "month": line["month"][: len("2023-01")],
            "price_group": line["price_group"],
            "old": line["old_amount_dkk"],
            "new": line["new_amount_dkk"],
            "difference": line["difference_dkk"],
        }
        for line in document["published"]["settlement_line"]
    ]


def sum_lines(lines: Sequence[Mapping[str, Any]]) -> LineSums:
    """Number, hash and parts of lines, given in the form of :func:`line_figures`."""
    months = Counter(
        ((line["line_kind"], line["part"], line["price_group"]), Decimal(line["difference"]))
        for line in lines
    )
    return LineSums(len(lines), sha256_json(lines), _parts(months))


def _parts(months: Mapping[tuple[PartKey, Decimal], int]) -> list[dict[str, Any]]:
    """One entry for each line_kind, part and price_group, with its distinct rates and their sum."""
    rates: dict[PartKey, dict[Decimal, int]] = {}
    for (key, rate), count in months.items():
        rates.setdefault(key, {})[rate] = count
    return [
        {
            "line_kind": line_kind,
            "part": part,
            "price_group": group,
            "months": sum(own.values()),
            "rates": [
                {"rate": money_text(rate), "months": own[rate]} for rate in sorted(own)
            ],
            "sum": money_text(sum((rate * own[rate] for rate in own), _NO_AMOUNT)),
        }
        for (line_kind, part, group), own in sorted(rates.items())
    ]  # fmt: skip


def frame(
    settlement: Row, terms: Terms, released_dkk: Decimal, readings: Sequence[Row],
    counted_dkk: Decimal, steps: Sequence[Step], lines: LineSums,
) -> dict[str, Any]:  # fmt: skip
    """The figures of a period.

    Args:
        settlement: the period's row with the columns of ``mart.settlement``.
        terms: the terms that the period is computed with.
        released_dkk: what has been released for the periods up to this one, in kroner.
        readings: the period's rows with the columns of ``mart.settlement_reading``.
        counted_dkk: the cumulated basis that the chosen reading counts, in kroner.
        steps: what each tier adds, in order.
        lines: what the period's lines come to.
    """
    return {
        "format": FORMAT,
        "contract": settlement["contract_id"],
        "period": f"{settlement['period_start']:%Y-%m}",
        "terms_sha256": terms.terms_sha256,
        "lines": {"count": lines.count, "sha256": lines.sha256},
        "parts": lines.parts,
        "basis": {
            "period": money_text(settlement["basis_dkk"]),
            "cumulative": money_text(settlement["basis_cumulative_dkk"]),
        },
        "authorised": {
            "maximum": _money(terms.authorised_max_dkk),
            "released": money_text(released_dkk),
        },
        "tiers": {
            "reading": terms.chosen.reading_id,
            "basis_counted": money_text(counted_dkk),
            **_ceilings(terms.chosen),
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
                **_ceilings(terms.readings[reading["reading_id"]]),
                "entitlement": money_text(reading["entitlement_cumulative_dkk"]),
                "difference": money_text(reading["difference_to_chosen_dkk"]),
            }
            for reading in sorted(readings, key=lambda row: str(row["reading_id"]))
        ],
    }


def _ceilings(reading: Reading) -> dict[str, str | None]:
    return {
        "basis_ceiling": _money(reading.basis_ceiling_dkk),
        "payment_ceiling": _money(reading.payment_ceiling_dkk),
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else money_text(amount)


def figures(
    settlement: Row, terms: Terms, released_dkk: Decimal, readings: Sequence[Row],
    tiers: Sequence[Tier], lines: Iterable[Row],
) -> dict[str, Any]:  # fmt: skip
    """The figures of a published period, walked through its tiers as the offline check does.

    ``lines`` in the order of their ``line_no``; the other arguments as in :func:`frame`.
    """
    basis = settlement["basis_cumulative_dkk"]
    counted, steps = counted_basis(basis, terms.chosen), walk(basis, tiers, terms.chosen)
    sums = sum_lines([line_figures(line) for line in lines])
    return frame(settlement, terms, released_dkk, readings, counted, steps, sums)


def as_format_1(document: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The same figures as they were approved before format 2: with the lines themselves.

    Args:
        document: figures of format 2.
        lines: the lines in the form of :func:`line_figures`.
    """
    kept = {
        name: value
        for name, value in document.items()
        if name not in ("format", "parts", "authorised", "lines", "readings")
    }
    rows = [
        {name: row[name] for name in ("reading", "is_chosen", "entitlement", "difference")}
        for row in document["readings"]
    ]
    return {**kept, "readings": rows, "lines": list(lines)}


def figures_sha256(document: Any) -> str:
    """``statement_sha256``: hex sha256 of the figures' canonical JSON."""
    return sha256_json(document)


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


# Grain: one row per part, price group and amount of the lines of a closed, unapproved period.
_MONTHS = """
select
    lines.contract_id, lines.period_start, lines.line_kind, lines.part_id, lines.price_group,
    lines.difference_dkk::decimal(18, 2) as rate_dkk, count(*) as months
from {lines} as lines
inner join open_period on
    lines.contract_id = open_period.contract_id
    and lines.period_start = open_period.period_start
group by all
"""

# Grain: one row per closed period: its figures of payment, its terms and what has been released.
_SETTLEMENTS = """
select
    settlement.*,
    contract.terms_sha256,
    contract.chosen_reading,
    contract.authorised_max_dkk,
    coalesce((
        select sum(release.amount_dkk)
        from raw.ledger_release as release
        where
            release.contract_id = settlement.contract_id
            and release.from_period_start <= settlement.period_start
    ), 0)::decimal(18, 2) as released_dkk
from {payments} as settlement
inner join raw.contract as contract on settlement.contract_id = contract.contract_id
"""


def hash_statements(connection: duckdb.DuckDBPyConnection) -> dict[Key, str]:
    """The figures hash of each closed period that nobody has approved, by contract and period.

    Approved periods keep the hash of their frozen statement (``raw.frozen_settlement``).
    """
    settlements = fetch_rows(
        connection,
        f"""
        select settled.*
        from ({_SETTLEMENTS.replace("{payments}", PAYMENTS)}) as settled
        left join raw.frozen_settlement as frozen
            on settled.contract_id = frozen.contract_id
            and settled.period_start = frozen.period_start
        where frozen.contract_id is null
        order by settled.contract_id, settled.period_start
        """,  # noqa: S608 - table names from code
    )
    if not settlements:
        return {}
    _name_open_periods(connection, settlements)
    readings = _grouped(fetch_rows(connection, f"from {READINGS}"))
    steps = _grouped(fetch_rows(connection, f"from {TIERS} order by tier_no"))
    months = _grouped(fetch_rows(connection, _MONTHS.replace("{lines}", LINES)))
    terms = _read_readings(connection)
    chunks = _ChunkReader(_line_chunks(connection))
    hashes: dict[Key, str] = {}
    for row in settlements:
        key = (row["contract_id"], row["period_start"])
        counted = Counter(
            {
                ((one["line_kind"], one["part_id"], one["price_group"]), one["rate_dkk"]): (
                    one["months"]
                )
                for one in months.get(key, ())
            }
        )
        lines = LineSums(counted.total(), _digest(chunks.of(key)), _parts(counted))
        hashes[key] = figures_sha256(
            _frame(row, readings[key], terms[row["contract_id"]], steps[key], lines)
        )
    return hashes


def _digest(chunks: Iterable[str]) -> str:
    """sha256 of a JSON list whose entries are given as ready canonical text in chunks."""
    digest = hashlib.sha256(b"[")
    separator = ""
    for chunk in chunks:
        digest.update(f"{separator}{chunk}".encode())
        separator = ","
    digest.update(b"]")
    return digest.hexdigest()


def read_figures(
    connection: duckdb.DuckDBPyConnection, contract_id: str, period_start: dt.date
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Figures and lines of one closed period as the settlement models of a warehouse have them."""
    place = "where contract_id = ? and period_start = ?"
    key = [contract_id, period_start]
    settlement = fetch_rows(
        connection,
        f"from ({_SETTLEMENTS.replace('{payments}', PAYMENTS)}) {place}",
        key,
    )[0]
    found = fetch_rows(connection, f"from {LINES} {place} order by line_no", key)
    lines = [line_figures(line) for line in found]
    document = _frame(
        settlement,
        fetch_rows(connection, f"from {READINGS} {place}", key),
        _read_readings(connection)[contract_id],
        fetch_rows(connection, f"from {TIERS} {place} order by tier_no", key),
        sum_lines(lines),
    )
    return document, lines


def _frame(
    settlement: Row, rows: Sequence[Row], readings: Mapping[str, Reading], steps: Sequence[Row],
    lines: LineSums,
) -> dict[str, Any]:  # fmt: skip
    """The figures of a period as the settlement models have it."""
    counted = next(row["counted_basis_dkk"] for row in rows if row["is_chosen"])
    walked = [
        Step(
            row["above_dkk"], row["up_to_dkk"], row["provider_share"], row["basis_dkk"],
            row["amount_dkk"],
        )
        for row in steps
    ]  # fmt: skip
    terms = Terms(
        settlement["terms_sha256"], readings, readings[settlement["chosen_reading"]],
        settlement["authorised_max_dkk"],
    )  # fmt: skip
    return frame(settlement, terms, settlement["released_dkk"], rows, counted, walked, lines)


def _read_readings(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Reading]]:
    """The readings by contract and name, from ``raw.contract_reading``."""
    found: dict[str, dict[str, Reading]] = {}
    for contract_id, name, payment, basis, clause in connection.execute(
        """
        select contract_id, reading_id, payment_ceiling_dkk, basis_ceiling_dkk, clause
        from raw.contract_reading
        """
    ).fetchall():
        found.setdefault(contract_id, {})[name] = Reading(name, payment, basis, clause or "")
    return found


class _ChunkReader:
    """Hands out the chunks of one period after the other from one ordered stream."""

    def __init__(self, stream: Iterator[tuple[str, dt.date, str]]) -> None:
        self._stream = stream
        self._next = next(stream, None)

    def of(self, key: tuple[str, dt.date]) -> Iterator[str]:
        while self._next is not None and (self._next[0], self._next[1]) == key:
            yield self._next[2]
            self._next = next(self._stream, None)


def _name_open_periods(connection: duckdb.DuckDBPyConnection, settlements: Sequence[Row]) -> None:
    connection.execute(
        "create or replace temp table open_period (contract_id varchar, period_start date)"
    )
    keys = [{name: row[name] for name in ("contract_id", "period_start")} for row in settlements]
    insert_rows(connection, "open_period", keys)


def _line_chunks(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, dt.date, str]]:
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
