"""What Python adds to the facts of a gate: declarations, manifest, hashes, chain.

What belongs here: small tables that a query needs and no model holds. Each is a temporary table of
the gate's connection, made by a function that a suite names in ``prepare``. What does not: judging.

Rules: G.cost, G.candidate, I.person_text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import duckdb

from dagster_project.lib import warehouse
from dagster_project.lib.base import person_numbers
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.gates.suites import Suite
from dagster_project.lib.publishing import Candidate
from dagster_project.lib.publishing import manifest as manifests
from dagster_project.lib.publishing.candidate import metadata
from dagster_project.lib.publishing.tables import Suppression, Table, declared_tables
from dagster_project.lib.warehouse.literals import identifier, literal
from dagster_project.lib.warehouse.rows import insert_rows
from dagster_project.settings import Home, Settings

_LOG = logging.getLogger(__name__)
_SQL_ERRORS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
PUBLISHED = {room: f"{path.stem}.{room}" for room, path in manifests.DUCKDB_FILES.items()}


@dataclass(frozen=True)
class Context:
    """What a gate works on.

    Args:
        connection: the warehouse, or for gate 50 the candidate's files.
        home: the municipality.
        settings: the run's settings.
        candidate: the files to audit, at gate 50.
    """

    connection: duckdb.DuckDBPyConnection
    home: Home
    settings: Settings
    candidate: Candidate | None = None

    def log_failure(self, suite: Suite, error: Exception) -> None:
        """Say which subject could not be judged; the text only of errors that quote no data."""
        text = str(error).splitlines()[0] if isinstance(error, _SQL_ERRORS) else ""
        _LOG.error("gate %s %s: %s %s", suite.gate, suite.subject, type(error).__name__, text)

    def table(self, name: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        """Put a small table beside the others, under ``temp.main``."""
        self.connection.execute(f"create or replace temp table {name} ({columns})")
        names = [column[0] for column in self.connection.execute(f"from temp.{name}").description]
        named = [dict(zip(names, row, strict=True)) for row in rows]
        insert_rows(self.connection, f"temp.{name}", named)

    def files(self) -> Candidate:
        """The candidate; only gate 50 has one."""
        if self.candidate is None:
            raise ValueError("this subject belongs to gate 50")
        return self.candidate


def declared_sources(context: Context) -> None:
    """``declared_source``: thresholds of each source's declaration, and its allowed age."""
    from dagster_project.lib.receiving.judging.declarations import load_sources

    rows = []
    for source in load_sources().values():
        counts = source.row_counts
        rows.append([
            source.source, source.semantics, source.max_age_days,
            counts.from_delivery if counts else None, counts.last if counts else None,
            counts.warning_share if counts else None, counts.held_share if counts else None,
        ])  # fmt: skip
    context.table(
        "declared_source",
        "source varchar, semantics varchar, max_age_days integer, from_delivery integer,"
        " last_deliveries integer, warning_share decimal(9, 6), held_share decimal(9, 6)",
        rows,
    )


def declared_figures(context: Context) -> None:
    """``declared_figures``: thresholds of the check of published figures."""
    from dagster_project.lib.receiving.judging.declarations import load_sources

    rules = [source.figures for source in load_sources().values() if source.figures is not None]
    context.table(
        "declared_figures",
        "months integer, least_known integer, neighbour_share decimal(9, 6),"
        " persons decimal(18, 4)",
        [[one.months, one.least_known, one.neighbour_share, one.persons] for one in rules],
    )


def raw_columns(context: Context) -> None:
    """``declared_raw_column``: the raw room as ``lib/warehouse`` declares it."""
    with duckdb.connect(":memory:", config=warehouse.ENGINE) as empty:
        warehouse.create_raw(empty)
        rows = empty.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            " where schema_name = 'raw'"
        ).fetchall()
    context.table(
        "declared_raw_column", "table_name varchar, column_name varchar, data_type varchar", rows
    )


def ledger_state(context: Context) -> None:
    """``ledger_state``: the chain as checked now, against what the run has loaded of it."""
    from dagster_project.lib.ledger import approvals_of, chain

    loaded = context.connection.execute(
        "select coalesce(max(sequence), 0), count(*) from raw.ledger_event"
    ).fetchone() or (0, 0)
    frozen = context.connection.execute(
        "select count(*) from raw.frozen_settlement"
    ).fetchone() or (0,)
    try:
        whole = chain.read(context.home)
        chain.check(context.home, whole, None)
        # an event appended since the run began belongs to the next run and is no fault of this one
        known = whole.known(context.settings.as_of).events[: loaded[1]]
        last = known[-1].sequence if known else 0
        approvals = approvals_of(chain.Ledger(known))
        state = [True, (last, len(known)) == tuple(loaded), len(approvals) == frozen[0]]
    except EffektError:
        state = [False, False, False]
    context.table("ledger_state", "is_whole boolean, is_loaded boolean, is_backed boolean", [state])


def published_declarations(context: Context) -> None:
    """``declared_table`` and ``declared_column``: what the dbt yml of the marts declares."""
    tables = [
        [room, name, table.hides is not None, ", ".join(table.key), table.told()]
        for (room, name), table in declared_tables().items()
    ]
    columns = [
        [room, name, place, column, kind, column in table.key, table.told_of(column)]
        for (room, name), table in declared_tables().items()
        for place, (column, kind) in enumerate(table.columns)
    ]
    context.table(
        "declared_table",
        "room varchar, table_name varchar, has_suppression boolean, key varchar, comment varchar",
        tables,
    )
    context.table(
        "declared_column",
        "room varchar, table_name varchar, place integer, column_name varchar,"
        " data_type varchar, is_key boolean, comment varchar",
        columns,
    )


def published_files(context: Context) -> None:
    """``published_file``: every file of the candidate against its manifest, by hash."""
    candidate = context.files()
    differing = set(manifests.differing_files(candidate.path))
    manifest = manifests.read(candidate.path)
    expected = {
        str(manifests.parquet_path(room, name))
        for room, tables in manifest["tables"].items()
        for name in tables
    } | set(manifest["files"])
    present = {
        str(path.relative_to(candidate.path))
        for path in candidate.path.rglob("*")
        if path.is_file() and path.name != manifests.MANIFEST
    }
    context.table(
        "published_file",
        "file_name varchar, is_expected boolean, is_present boolean, is_as_hashed boolean",
        [
            [name, name in expected, name in present, name not in differing]
            for name in sorted(expected | present)
        ],
    )
    name = manifests.snapshot_id(manifest["as_of_date"], manifest["tables"])
    context.table(
        "published_manifest",
        "snapshot_id varchar, recomputed_id varchar, as_of_date varchar, run_as_of varchar,"
        " publication_no bigint, previous_snapshot_id varchar",
        [[
            manifest["snapshot_id"], name, manifest["as_of_date"], context.settings.as_of_text,
            manifest["publication"]["publication_no"],
            manifest["publication"]["previous_snapshot_id"],
        ]],
    )  # fmt: skip


def published_contents(context: Context) -> None:
    """``published_table``: rows in DuckDB, Parquet and manifest, rows that differ, broken keys."""
    candidate = context.files()
    manifest = manifests.read(candidate.path)
    rows = []
    for (room, name), table in declared_tables().items():
        entry = manifest["tables"].get(room, {}).get(name)
        if entry is not None:
            compared = _compare(context, table.key, room, name)
            rows.append([room, name, entry["rows"], *compared, _untold(context, table)])
    context.table(
        "published_table",
        "room varchar, table_name varchar, manifest_rows bigint, duckdb_rows bigint,"
        " parquet_rows bigint, differing_rows bigint, repeated_keys bigint, null_keys bigint,"
        " untold bigint",
        rows,
    )


def _untold(context: Context, table: Table) -> int:
    """How many things a table's Parquet file does not say of itself as they are declared."""
    path = context.files().path / manifests.parquet_path(table.room, table.name)
    rows = context.connection.execute(
        "select key, value from parquet_kv_metadata(?)", [str(path)]
    ).fetchall()
    told = {bytes(key).decode(): bytes(value).decode() for key, value in rows}
    return sum(told.get(key) != text for key, text in metadata(table).items())


def _compare(context: Context, key: tuple[str, ...], room: str, name: str) -> list[int]:
    place = f'{PUBLISHED[room]}."{name}"'
    path = literal(str(context.files().path / manifests.parquet_path(room, name)))
    keys = ", ".join(f'"{column}"' for column in key)
    nulls = " or ".join(f'"{column}" is null' for column in key)
    found = context.connection.execute(
        f"""
        select count(*), count(*) - count(distinct ({keys})), count(*) filter (where {nulls}),
            (select count(*) from read_parquet({path})),
            (select count(*) from (from {place} except all from read_parquet({path})))
        from {place}
        """  # noqa: S608 - names of declared tables
    ).fetchone()
    ours, repeated, null_keys, theirs, missing = (int(value) for value in found or ())
    # as many rows on both sides, and none missing: they are the same rows
    return [ours, theirs, missing + abs(ours - theirs), repeated, null_keys]


def published_texts(context: Context) -> None:
    """``published_text``: how many texts of each column could hold a person number."""
    rows: list[list[Any]] = []
    present = _present(context)
    person_numbers.register_sql(context.connection)
    for (room, name), table in declared_tables().items():
        texts = [column for column, kind in table.columns if kind == "VARCHAR"]
        if (room, name) in present and texts:
            counts = _scan(context, room, name, texts)
            rows += [
                [room, name, column, *counts[2 * place : 2 * place + 2]]
                for place, column in enumerate(texts)
            ]
    manifest = list(_texts_of(manifests.read(context.files().path)))
    numbered = sum(
        person_numbers.holds_person_number(text) and not re.fullmatch(COMPUTED_TEXT, text)
        for text in manifest
    )
    rows.append(["manifest", "manifest", "text", len(manifest), numbered])
    context.table(
        "published_text",
        "room varchar, table_name varchar, column_name varchar, texts bigint,"
        " person_numbers bigint",
        rows,
    )


COMPUTED_TEXT = "[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{64}|[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{12}"
"""A whole text that the product computes (hash, key, id, a snapshot's name): digits in it are no
number. One in fifty hashes would hold one by chance."""
NAMES_OF_FILES = frozenset({"file_name"})
"""Columns whose texts are names of files: the days in them are no part of a number."""


def _texts_of(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield str(key)
            yield from _texts_of(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _texts_of(value)
    else:
        yield str(tree)


def _scan(context: Context, room: str, name: str, columns: Sequence[str]) -> list[int]:
    counts = ", ".join(
        f'count("{column}"), count(*) filter (where '
        f"{person_numbers.sql(identifier(column), is_name=column in NAMES_OF_FILES)}"
        f' and not regexp_full_match("{column}", $computed))'
        for column in columns
    )
    found = context.connection.execute(
        f'select {counts} from {PUBLISHED[room]}."{name}"',  # noqa: S608 - declared names
        {"computed": COMPUTED_TEXT},
    ).fetchone()
    return [int(value) for value in found or ()]


def _present(context: Context) -> set[tuple[str, str]]:
    manifest = manifests.read(context.files().path)
    return {(room, name) for room, tables in manifest["tables"].items() for name in tables}


def published_cells(context: Context) -> None:
    """``published_cell``: what a table of statistics lets through of what it declares hidden."""
    present = _present(context)
    rows = [
        [room, name, *_count_cells(context, table, table.hides)]
        for (room, name), table in declared_tables().items()
        if table.hides is not None and (room, name) in present
    ]
    counts = (
        "hidden_but_shown", "small_counts", "counts_apart", "misnamed", "unexplained",
        "small_remainders",
    )  # fmt: skip
    context.table(
        "published_cell",
        "room varchar, table_name varchar, table_rows bigint, "
        + ", ".join(f"{count} bigint" for count in counts),
        rows,
    )


def _count_cells(context: Context, table: Table, hides: Suppression) -> list[int]:
    """Rows of a table, and how many have each fault.

    The faults: a hidden row that shows a measure; a count, or a difference of counts that stand
    together, from 1 to 4; counts of which some are hidden and others not, or hidden ones beside a
    figure that is computed from them; a row whose member does not say that it is hidden; a null
    without a reason, or a reason without a null; a total that less the shown members leaves 1 to 4.
    """
    columns = {column for column, _ in table.columns}
    groups = [
        (count_columns, [c for c in group.computed if c in columns])
        for group in hides.together
        if (count_columns := [c for c in group.counts if c in columns])
    ]
    # a count that the sources may leave empty says nothing by being empty
    is_count_known = hides.persons in columns
    member = f'"{hides.member}"' if hides.member else "''"
    faults = [
        "is_suppressed and " + _any(f'"{column}" is not null' for column in hides.measures),
        _any([
            *(f'"{c}" between 1 and 4' for c in {hides.persons, *_flat(groups)} & columns),
            *(_is_difference_small(*pair) for own, _ in groups for pair in combinations(own, 2)),
        ]),
        _any(
            f"not is_suppressed and {_is_apart(own, computed if is_count_known else [])}"
            for own, computed in groups
        ),
        f"is_suppressed is distinct from ({member} = 'hidden')" if hides.member else "false",
        _any([
            "null_reason is null",
            "is_suppressed and null_reason <> 'hidden'",
            "null_reason not in ('', 'hidden', 'not_observed', 'not_published', 'not_applicable')",
            f"(null_reason = '') = {_any(f'{identifier(c)} is null' for c in hides.measures)}",
        ]),
    ]  # fmt: skip
    place = f'{PUBLISHED[table.room]}."{table.name}"'
    counts = ", ".join(f"count(*) filter (where {fault})" for fault in faults)
    found = context.connection.execute(
        f"select count(*), {counts} from {place}"  # noqa: S608 - names of declared tables
    ).fetchone()
    remainders = _small_remainders(context, table, hides) if hides.total else 0
    return [*(int(value) for value in found or ()), remainders]


def _any(conditions: Iterable[str]) -> str:
    return f"({' or '.join(conditions) or 'false'})"


def _flat(groups: Sequence[tuple[list[str], list[str]]]) -> set[str]:
    return {count for counts, _ in groups for count in counts}


def _is_difference_small(one: str, other: str) -> str:
    return f'abs("{one}" - "{other}") between 1 and 4'


def _is_apart(counts: Sequence[str], computed: Sequence[str]) -> str:
    hidden = _any(f'"{column}" is null' for column in counts)
    return f"{hidden} and " + _any(f'"{column}" is not null' for column in [*counts, *computed])


def _small_remainders(context: Context, table: Table, hides: Suppression) -> int:
    """Families whose total, where another table shows it, less the shown members leaves 1 to 4."""
    whole = f'{PUBLISHED[table.room]}."{hides.total}"'
    members = f'{PUBLISHED[table.room]}."{table.name}"'
    keys = ", ".join(f'"{column}"' for column in table.key if column != hides.member)
    measure = next(
        name for name, kind in table.columns if name in hides.measures and kind == "BIGINT"
    )
    found = context.connection.execute(
        f"""
        select count(*)
        from {whole}
        inner join (
            select {keys}, coalesce(sum("{measure}"), 0) as shown
            from {members}
            group by {keys}
        ) as members using ({keys})
        where "{measure}" - shown between 1 and 4 and shown > 0
        """  # noqa: S608 - names of declared tables
    ).fetchone()
    return int((found or (0,))[0])


MAKERS: dict[str, Callable[[Context], None]] = {
    maker.__name__: maker
    for maker in (
        declared_sources,
        declared_figures,
        raw_columns,
        ledger_state,
        published_declarations,
        published_files,
        published_contents,
        published_texts,
        published_cells,
    )
}
"""What a suite may name in ``prepare``."""
