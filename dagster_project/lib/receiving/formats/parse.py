"""From the landed form to typed rows and faults, in one pass of DuckDB.

What belongs here: the SQL that applies a declaration. What does not: formats, names, the register.
Typed rows keep the order of the file, so that ``rowid + 1`` is the row number.

Rules: I.refusal, I.duplicates, I.contract_known.
Decides: I.duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from dagster_project.lib.receiving.formats.landed import (
    Landed,
    Layout,
    check_headings,
)
from dagster_project.lib.receiving.formats.marks import (
    SKIPPED,
    findings_of,
    mark,
    mark_forgotten,
    mark_format_faults,
)
from dagster_project.lib.receiving.formats.weeks import (
    name_weeks,
    release_weeks,
    week_columns,
    week_relation,
)
from dagster_project.lib.receiving.judging.declarations import Rule, Source
from dagster_project.lib.receiving.judging.findings import FileRefusedError, Finding, rows_finding
from dagster_project.lib.receiving.judging.grammar import Context, column_grammar, one_of
from dagster_project.lib.receiving.judging.places import Places
from dagster_project.lib.warehouse.literals import literal

_TOO_LONG = "-1:FILE_LIMIT"


@dataclass(frozen=True)
class Parsed:
    """A parsed file: its table in the parser, and what was found.

    Args:
        table: name of the typed table (one row per record, in file order).
        row_count: records in the file.
        rejected_rows: records with a fault.
        skipped_rows: records of benefits that the product does not map, without a day, or with a
            value that the overlay says to ignore.
        findings: one per (column, code).
        layout: where the columns stand.
        has_repeated_keys: rows of a window source have one key; they are equal, or faults.
        empty_rows: rows whose cells are all empty; they are no records.
        forgotten_rows: records of persons who are forgotten; they are in no other count.
    """

    table: str
    row_count: int
    rejected_rows: int
    skipped_rows: int
    findings: tuple[Finding, ...]
    layout: Layout
    has_repeated_keys: bool = False
    empty_rows: int = 0
    forgotten_rows: int = 0


def _texts(layout: Layout) -> str:
    return ", ".join(f"{text} as t{index}" for index, text in enumerate(layout.texts()))


def _unjudged(source: Source) -> str:
    """SQL: a row that is skipped whatever else it holds; empty where there are none.

    Its value is one that the overlay says to ignore, or a benefit that the product does not map.
    """
    hits = []
    for index, column in enumerate(source.columns):
        if column.ignore_values:
            hits.append(one_of(f"t{index}", column.ignore_values))
        if column.unmapped == "skip":
            hits.append(f"({column.name} is null and x{index} is null)")
    return " or ".join(hits)


def _rule_fault(rule: Rule, source: Source) -> str | None:
    """A rule between columns as a SQL expression giving a fault text or null."""
    index = source.columns.index(source.column(rule.column))
    other = source.columns.index(source.column(rule.other))
    if rule.rule == "not_before":
        first = f"{rule.other} - 1" if rule.empty_allowed else rule.other
        return f"case when {rule.column} < {first} then '{index}:PERIOD_REVERSED' end"
    if rule.rule == "not_above":
        return (
            f"case when {rule.column} > {rule.other} + {rule.allowance}"
            f" then '{index}:FIGURE_IMPOSSIBLE' end"
        )
    if rule.rule == "needs":
        return (
            f"case when {rule.column} is not null and {rule.other} is null and f{other} is null"
            f" then '{other}:VALUE_MISSING' end"
        )
    if rule.rule == "only_with":
        hit = f"{rule.other} = {literal(rule.value or '')}"
        return (
            f"case when f{index} is not null or f{other} is not null then null"
            f" when {hit} and {rule.column} is null then '{index}:VALUE_MISSING'"
            f" when not {hit} and {rule.column} is not null then '{index}:VALUE_NOT_ALLOWED' end"
        )
    return None


def _create(
    connection: duckdb.DuckDBPyConnection,
    landed: Landed,
    layout: Layout,
    source: Source,
    context: Context,
    table: str,
) -> None:
    grammars = [
        column_grammar(f"t{index}", column, source, context)
        for index, column in enumerate(source.columns)
    ]
    values = [
        f"{grammar.value} as {column.name}, "
        f"case when f{index} is not null then '{index}:' || f{index} end as x{index}"
        for index, (grammar, column) in enumerate(zip(grammars, source.columns, strict=True))
    ]
    faults = ", ".join(f"{grammar.fault} as f{index}" for index, grammar in enumerate(grammars))
    weeks = week_columns(landed, layout, source, context)
    marks = [_length_fault(source), *(f"x{index}" for index in range(len(source.columns)))]
    marks += [
        mark
        for rule in source.rules
        if (context.is_new or rule.rule != "not_above") and (mark := _rule_fault(rule, source))
    ]
    marks += [weeks.fault] if weeks else []
    found, unjudged = f"nullif(concat_ws(',', {', '.join(marks)}), '')", _unjudged(source)
    if unjudged:
        found = f"case when {unjudged} then '{SKIPPED}' else {found} end"
    names = ", ".join(column.name for column in source.columns)
    text = weeks.text if weeks else ""
    relation = week_relation(connection, landed, layout, context)
    steps = f"with landed as (select {_texts(layout)}{text} from {relation})"
    before = "landed"
    for step, added in weeks.steps if weeks else ():
        steps += f", {step} as (select *, {added} from {before})"
        before = step
    try:
        connection.execute(f"""
            create or replace temp table {table} as
            {steps},
            judged as (select *, {faults} from {before}),
            valued as (select *, {", ".join(values)} from judged)
            select {names}{", runs, " + weeks.filled if weeks else ""},
                {found} as faults
            from valued
        """)
    finally:
        release_weeks(connection, landed)


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])


def _length_fault(source: Source) -> str:
    """A cell of more characters than the source declares; a text has no more of them than bytes."""
    texts = [f"t{index}" for index in range(len(source.columns))]
    bytes_of, chars_of = (
        f"greatest({', '.join(f'{count}({text})' for text in texts)})"
        for count in ("strlen", "length")
    )
    limit = source.limits.max_cell_chars
    return (
        f"case when {bytes_of} > {limit} then"
        f" case when {chars_of} > {limit} then '{_TOO_LONG}' end end"
    )


def _check_lengths(
    connection: duckdb.DuckDBPyConnection, table: str, source: Source, places: Places
) -> None:
    rows = connection.execute(
        f"select rowid + 1 from {table} where starts_with(faults, '{_TOO_LONG}')"
    ).fetchall()
    if rows:
        detail = f"tegn pr. celle: {source.limits.max_cell_chars}"
        numbers = (row for (row,) in rows)
        raise FileRefusedError(rows_finding("FILE_LIMIT", None, numbers, detail, places))


def _mark_key_duplicates(connection: duckdb.DuckDBPyConnection, table: str, source: Source) -> bool:
    """Mark rows of one key; in a window source equal rows of one key are no fault.

    Returns:
        whether there are such equal rows.
    """
    if not source.key:
        return False
    key = ", ".join(source.key)
    whole = " and ".join(f"{name} is not null" for name in source.key)
    connection.execute(f"""
        create or replace temp table repeated as
        select {key} from {table} where faults is null and {whole}
        group by {key} having count(*) > 1
    """)
    has_repeated = bool(_count(connection, "select count(*) from repeated"))
    if has_repeated and source.window is not None:
        names = [column.name for column in source.columns]
        names += ["runs"] if source.weeks else []
        connection.execute(f"""
            create or replace temp table repeated as
            select {key} from (select distinct {", ".join(names)} from {table}
                               semi join repeated using ({key}) where faults is null)
            group by {key} having count(*) > 1
        """)
    if has_repeated:
        last = source.columns.index(source.column(source.key[-1]))
        connection.execute(f"""
            update {table} set faults = '{last}:KEY_DUPLICATE'
            where faults is null and ({key}) in (select ({key}) from repeated)
        """)
    connection.execute("drop table repeated")
    return has_repeated and source.window is not None


def _mark_chains(connection: duckdb.DuckDBPyConnection, table: str, source: Source) -> None:
    for rule in source.rules:
        if rule.rule != "chain":
            continue
        links = connection.execute(f"""
            select rowid + 1, {rule.column}, {rule.other} from {table}
            where faults is null and {rule.other} is not null order by rowid
        """).fetchall()
        if bad := broken_links(links):
            mark(
                connection,
                table,
                bad,
                source.columns.index(source.column(rule.other)),
                "CHAIN_INVALID",
            )


def broken_links(links: Sequence[tuple[int, int, int]]) -> list[int]:
    """Row numbers of links (row, old, new) that lie on a cycle or give a number two successors."""
    successors: dict[int, set[int]] = {}
    for _, old, new in links:
        successors.setdefault(old, set()).add(new)
    forked = {old for old, new in successors.items() if len(new) > 1}
    on_cycle = _on_cycles(
        {old: next(iter(new)) for old, new in successors.items() if len(new) == 1}
    )
    return [row for row, old, _ in links if old in forked or old in on_cycle]


def _on_cycles(successor: dict[int, int]) -> set[int]:
    done: set[int] = set()
    found: set[int] = set()
    for start in successor:
        path: dict[int, int] = {}
        here = start
        while here in successor and here not in done and here not in path:
            path[here] = len(path)
            here = successor[here]
        if here in path:
            found.update(number for number, place in path.items() if place >= path[here])
        done.update(path)
    return found


def skip_condition(source: Source) -> str:
    """SQL: an accepted row that is not loaded (unmapped benefit, period without a day)."""
    empty = [f"coalesce({r.column} < {r.other}, false)" for r in source.rules if r.empty_allowed]
    return " or ".join(filter(None, [unmapped_condition(source), *empty])) or "false"


def unmapped_condition(source: Source) -> str:
    """SQL: a row of a benefit that the product does not map; empty where all are mapped."""
    return " or ".join(f"{c.name} is null" for c in source.columns if c.unmapped == "skip")


def parse(
    connection: duckdb.DuckDBPyConnection,
    landed: Landed,
    source: Source,
    context: Context,
    table: str,
) -> Parsed:
    """Parse a landed file into a typed table of the parser.

    Args:
        connection: a parser of ``engine.open_parser``.
        landed: the file's landed form.
        source: its declaration.
        context: what values are judged against.
        table: name for the typed table.

    Raises:
        FileRefusedError: headings, an empty file, more rows than the limit, or a file whose records
            the reader counts differently than the scan.
    """
    layout = check_headings(landed.headings, source)
    try:
        _create(connection, landed, layout, source, context, table)
    except duckdb.Error as error:
        raise _engine_fault(error) from None
    rows = _count(connection, f"select count(*) from {table}")
    if landed.row_count is not None and rows != landed.row_count:
        raise FileRefusedError(Finding("ROW_WIDTH", detail="antal"))
    if rows > source.limits.max_rows:
        raise FileRefusedError(Finding("FILE_LIMIT", detail=f"rækker: {source.limits.max_rows}"))
    if rows == 0 and not source.may_be_empty:
        raise FileRefusedError(Finding("FILE_EMPTY"))
    _check_lengths(connection, table, source, landed.places)
    name_weeks(connection, landed, layout, source, context, table)
    mark_format_faults(connection, table, landed)
    forgotten = mark_forgotten(connection, table, landed)
    has_repeated_keys = _mark_key_duplicates(connection, table, source)
    _mark_chains(connection, table, source)
    findings, rejected = findings_of(connection, table, source, landed.places)
    skipped = _count(
        connection,
        f"select count(*) from {table} where faults = '{SKIPPED}'"
        f" or faults is null and ({skip_condition(source)})",
    )
    empty = landed.empty_rows
    if landed.row_count_with_empty is not None:
        empty = landed.row_count_with_empty - rows
    return Parsed(
        table, rows, rejected, skipped, findings, layout, has_repeated_keys, empty, forgotten
    )


def _engine_fault(error: duckdb.Error) -> FileRefusedError:
    """DuckDB's complaint as a code; its text quotes the file and is dropped."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return FileRefusedError(Finding("FILE_LIMIT", detail="hukommelse"))
    if "unicode" in text.lower() or "utf" in text.lower():
        return FileRefusedError(Finding("FILE_ENCODING"))
    if "maximum line size" in text.lower() or "line size" in text.lower():
        return FileRefusedError(Finding("FILE_LIMIT", detail="linje"))
    return FileRefusedError(Finding("FILE_FORMAT"))
