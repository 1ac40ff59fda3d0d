"""Loading: typed rows of accepted deliveries, pseudonymised, into the warehouse's raw room.

What belongs here: which deliveries are loaded, and which of their rows and columns. What does not:
the numbers of persons and courses (``numbers``), deciding whether a file is accepted. A person
number never reaches the warehouse or its folder: the parser is another DuckDB, which hands over
pseudonyms and dense numbers only.

Rules: I.duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from dagster_project.lib import vault
from dagster_project.lib.base.canonical import sha256_file, sha256_text
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.keys.pseudonym import fingerprint, read_key
from dagster_project.lib.receiving.formats.content import Content, read_content
from dagster_project.lib.receiving.formats.engine import WAREHOUSE_MEMORY_LIMIT, open_parser
from dagster_project.lib.receiving.formats.parse import skip_condition
from dagster_project.lib.receiving.formats.spill import Spill
from dagster_project.lib.receiving.formats.weeks import run_rows
from dagster_project.lib.receiving.intake.register import Record, load_register
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.judging.findings import FileRefusedError
from dagster_project.lib.receiving.judging.grammar import Context
from dagster_project.lib.receiving.judging.names import NameParts
from dagster_project.lib.receiving.loading.as_accepted import (
    declared_otherwise,
    kept_of,
    source_of,
)
from dagster_project.lib.receiving.loading.numbers import Numbers, good_rows, hand_over
from dagster_project.lib.reference import load_benefits
from dagster_project.lib.warehouse import transaction
from dagster_project.lib.warehouse.rows import insert_rows
from dagster_project.settings import Home

# Raise it when parsing or loading changes what rows come out: the warehouse is then loaded anew.
LOADER_VERSION = 3
_RAW_TABLES = (
    "ydelsesforloeb", "dream", "ydelsesrefusion", "deltagere", "resultatkrav", "jobindsats",
    "personstatus", "eindkomst", "aktiviteter", "rejected_row", "loaded_delivery",
)  # fmt: skip


@dataclass(frozen=True)
class LoadReport:
    """What was loaded.

    Args:
        deliveries: how many deliveries were loaded.
        rows: rows of their files that were loaded.
    """

    deliveries: int
    rows: int


class Loader:
    """Pseudonymises and loads parsed files; one per run, so that each person is hashed once."""

    def __init__(
        self, warehouse: duckdb.DuckDBPyConnection, parser: duckdb.DuckDBPyConnection, key: bytes
    ) -> None:
        self._warehouse = warehouse
        self._parser = parser
        self._numbers = Numbers(warehouse, parser, key)
        warehouse.execute(f"set memory_limit = '{WAREHOUSE_MEMORY_LIMIT}'")

    def load(self, record: Record, content: Content) -> int:
        """Load one delivery; the caller holds the transaction of the warehouse.

        Returns:
            the number of rows of the file that were loaded.
        """
        source, parsed = content.parts.source, content.parsed
        is_placed = self._numbers.number_persons(source, parsed.table)
        if names_courses(source):
            self._numbers.number_courses(parsed.table)
        self._insert_rows(record, content, is_placed=is_placed)
        rejected = [one for one in record.rejected if one[0] not in content.forgotten]
        self._insert_rejected(record, rejected)
        apart = [record.rejected_rows, record.duplicate_rows, record.skipped_rows]
        if content.forgotten:
            apart = [
                len({row for row, *_ in rejected}),
                content.duplicate_rows,
                parsed.skipped_rows,
            ]
        apart.append(len(content.forgotten))
        loaded = record.row_count - sum(apart)
        self._warehouse.execute(
            "insert into raw.loaded_delivery values ($1, $2, $3, $4, $5, $6, $7, $8)",
            [record.delivery_no, record.delivery_id, record.row_count, loaded, *apart],
        )
        return loaded

    def _insert_rows(self, record: Record, content: Content, *, is_placed: bool) -> None:
        source, table = content.parts.source, content.parsed.table
        loaded = [column for column in source.columns if column.load]
        joins, picked = "", []
        for column in loaded:
            if column.type == "cpr" and is_placed:
                picked.append(f"t.number_here as {column.name}")
            elif column.type == "cpr":
                alias = f"p_{column.name}"
                joins += f" left join person {alias} on {alias}.cpr = t.{column.name}"
                picked.append(f"{alias}.person_no as {column.name}")
            else:
                picked.append(f"t.{column.name}")
        names = [column.name for column in loaded]
        if names_courses(source):
            joins += " left join course using (contract_id, course_id)"
            picked.append("course.course_ref")
            names.append("course_ref")
        good = f"{good_rows(source)} and not ({skip_condition(source)})"
        placed = " positional join placed" if is_placed else ""
        rows = f"(select rowid + 1 as row_number, * from {table}{placed} where {good}) t"
        if source.weeks:  # persons are looked up once per row, before its runs become rows
            monday = f"date '{content.parts.covers_from}'"
            numbered = f"(select t.row_number, t.runs, {', '.join(picked)} from {rows}{joins})"
            runs = run_rows(numbered, len(content.parsed.layout.weeks))
            rows, joins = f"{runs} t", ""
            picked = [f"t.{name}" for name in names]
            picked += [
                "cast(t.code as smallint) as code",
                f"{monday} + 7 * cast(t.first_week as integer) as from_date",
                f"{monday} + 7 * cast(t.last_week as integer) + 6 as to_date",
            ]
            names += ["code", "from_date", "to_date"]
        listed = ", ".join(names)
        told, window = mark_alone(source)
        into, values = listed, listed
        if told:
            into, values = f"{listed}, is_alone", f"{listed}, {told}"
        hand_over(
            self._parser,
            self._warehouse,
            f"select t.row_number, {', '.join(picked)} from {rows}{joins}",
            f"insert into raw.{source.source} (delivery_no, row_number, {into})"
            f" select {record.delivery_no}, row_number, {values} from handed_over{window}",
        )
        if is_placed:
            self._parser.unregister("placed")

    def _insert_rejected(self, record: Record, rejected: Iterable[tuple[int, str, str]]) -> None:
        insert_rows(
            self._warehouse,
            "raw.rejected_row",
            [
                {
                    "delivery_no": record.delivery_no,
                    "row_number": row,
                    "column_name": column,
                    "code": code,
                }
                for row, column, code in rejected
            ],
        )


def names_courses(source: Source) -> bool:
    """Whether the rows of a source belong to courses: its key names one."""
    return {"contract_id", "course_id"} <= set(source.key)


def mark_alone(source: Source) -> tuple[str, str]:
    """Whether a row of one delivery is alone in the months that it touches, and the window for it.

    Returns:
        a boolean expression over the delivery's typed rows (``declarations.RowDays.alone_by``) and
        the window clause that it needs; both empty where the source asks for none.
    """
    if source.window is None or not source.window.row_days.alone_by:
        return "", ""
    days = source.window.row_days
    told = (
        f"coalesce(max(coalesce({days.last}, 'infinity')) over (in_order rows between unbounded"
        f" preceding and 1 preceding) < date_trunc('month', {days.first}), true)"
        f" and coalesce(date_trunc('month', lead({days.first}) over in_order)"
        f" > coalesce({days.last}, 'infinity'), true)"
    )
    return told, f" window in_order as (partition by {days.alone_by} order by {days.first})"


def _forget_source(warehouse: duckdb.DuckDBPyConnection, source: str) -> None:
    """Take the rows of a source out, so that it is loaded anew."""
    numbers = (
        "select delivery_no from raw.loaded_delivery join raw.loading_rule using (delivery_no)"
        " where source = $1"
    )
    for table in _RAW_TABLES:
        warehouse.execute(f"delete from raw.{table} where delivery_no in ({numbers})", [source])
    warehouse.execute("delete from raw.loading_rule where source = $1", [source])


def rule_of(source: Source, key: bytes) -> str:
    """Fingerprint of everything that decides which rows a delivery of this source gives."""
    benefits = load_benefits()
    named = any(column.type == "benefit_name" for column in source.columns)
    return sha256_text(
        "\n".join(
            (
                str(LOADER_VERSION), source.sha256, fingerprint(key),
                benefits.names_sha256 if named else "",
            )
        )
    )  # fmt: skip


def drop_outdated(
    warehouse: duckdb.DuckDBPyConnection, home: Home, records: Iterable[Record], key: bytes
) -> None:
    """Take out what the register or today's declarations no longer stand behind."""
    known = {record.delivery_no: record for record in records}
    stale: set[str] = set()
    for number, identity, source, rule in warehouse.execute(
        "select delivery_no, delivery_id, source, rule_sha256 from raw.loading_rule"
    ).fetchall():
        record = known.get(number)
        if (
            record is None
            or record.delivery_id != identity
            or source not in load_sources()
            or rule_of(source_of(home, record), key) != rule
        ):
            stale.add(source)
    for source in sorted(stale):
        _forget_source(warehouse, source)


def note_rule(
    warehouse: duckdb.DuckDBPyConnection, record: Record, source: Source, key: bytes
) -> None:
    """Remember by which rules a delivery was loaded."""
    warehouse.execute(
        "insert into raw.loading_rule values ($1, $2, $3, $4)",
        [record.delivery_no, record.delivery_id, source.source, rule_of(source, key)],
    )


def _parts_of(home: Home, record: Record) -> NameParts:
    if record.extracted_on is None:
        raise _vault_error(record, "har ingen dato i leveringsregistret")
    return NameParts(
        source_of(home, record), record.format or "csv", record.extracted_on,
        record.covers_from, record.covers_to, record.sender, record.version_no or 1,
    )  # fmt: skip


def load_deliveries(warehouse: duckdb.DuckDBPyConnection, home: Home) -> LoadReport:
    """Load every accepted delivery of the register that the warehouse lacks, from the vault.

    One whose file was removed on purpose is not loaded, and its rows are taken out.

    Args:
        warehouse: an open warehouse with its raw tables.
        home: the home whose vault is read.

    Returns:
        how much was loaded; each delivery in a transaction of its own.

    Raises:
        EffektError: a vault file is missing or no longer what was accepted.
    """
    accepted = [record for record in load_register(home).accepted() if not record.is_removed]
    if not accepted:
        return LoadReport(0, 0)
    key = read_key(home)
    drop_outdated(warehouse, home, accepted, key)
    return load_records(warehouse, home, accepted, key)


def load_records(
    warehouse: duckdb.DuckDBPyConnection, home: Home, records: Sequence[Record], key: bytes
) -> LoadReport:
    """Load those of some accepted deliveries that the warehouse lacks, from the vault.

    Raises:
        EffektError: a vault file is missing or no longer what was accepted.
    """
    present = {
        number
        for (number,) in warehouse.execute("select delivery_no from raw.loaded_delivery").fetchall()
    }
    missing = [record for record in records if record.delivery_no not in present]
    if not missing:
        return LoadReport(0, 0)
    rows = 0
    with open_parser(home.vault) as (parser, spill):
        loader = Loader(warehouse, parser, key)
        context = Context(load_benefits(), None, is_new=False)
        for record in missing:
            parts = _parts_of(home, record)
            content = _content_of(home, record, parts, context, parser, spill)
            _reject_again(parser, content, record)
            with transaction(warehouse):
                rows += loader.load(record, content)
                note_rule(warehouse, record, parts.source, key)
            parser.execute("drop table typed")
    return LoadReport(len(missing), rows)


def _content_of(
    home: Home, record: Record, parts: NameParts, context: Context,
    parser: duckdb.DuckDBPyConnection, spill: Spill,
) -> Content:  # fmt: skip
    """Parse a whole file of the vault again, into the table ``typed``."""
    received, is_sealed = kept_of(home, record)
    if not received.is_there:
        raise _vault_error(record, "mangler i vault/")
    try:
        with received.opened() as path:
            if sha256_file(path) == received.sha256:
                return read_content(
                    parser, path, parts, context, spill, "typed", is_sealed=is_sealed
                )
    except vault.DamagedError:
        pass
    except FileRefusedError:
        raise declared_otherwise(record) from None
    raise _vault_error(record, "er ikke længere det, der blev modtaget")


def _reject_again(parser: duckdb.DuckDBPyConnection, content: Content, record: Record) -> None:
    """Rows that were rejected when the delivery was accepted stay rejected."""
    if record.rejected:
        parser.execute(
            f"update {content.parsed.table} set faults = coalesce(faults, 'rejected')"
            " where rowid + 1 in (select unnest($rows::bigint[]))",
            {"rows": sorted({row for row, *_ in record.rejected})},
        )
    if content.parsed.row_count != record.row_count:
        raise declared_otherwise(record)


def _vault_error(record: Record, what: str) -> EffektError:
    return EffektError(
        "VAULT_BROKEN",
        f"{record.file_name} (vault/{record.sha256[:12]}…) {what}",
        remedy="læg filen tilbage fra mappens sikkerhedskopi; dens navn er dens sha256",
    )
