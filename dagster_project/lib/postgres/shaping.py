"""Schema, tables, keys and comments on the server, changed in place and only where they differ.

What belongs here: what the server has, and the statements that make it what was published. What
does not: rows (``copying``). A table that is changed in place keeps its grants and the views that
others have put on it; one that is dropped and created loses both.

Rules: M.postgres.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagster_project.lib.postgres.connecting import failure
from dagster_project.lib.postgres.file_mart import Column, Shape
from dagster_project.lib.publishing.tables import MART

if TYPE_CHECKING:
    from psycopg import Cursor
    from psycopg.sql import Composed, Identifier

    Server = Cursor[tuple[Any, ...]]

GONE = "Udgået: tabellen udgives ikke længere."
_TABLES = """
    select relation.relname, obj_description(relation.oid, 'pg_class'),
        pg_get_userbyid(relation.relowner) = current_user
    from pg_class as relation
    join pg_namespace as place on place.oid = relation.relnamespace
    where place.nspname = %s and relation.relkind in ('r', 'p')
"""
_COLUMNS = """
    select relation.relname, attribute.attname,
        format_type(attribute.atttypid, attribute.atttypmod), attribute.attnotnull,
        col_description(relation.oid, attribute.attnum)
    from pg_attribute as attribute
    join pg_class as relation on relation.oid = attribute.attrelid
    join pg_namespace as place on place.oid = relation.relnamespace
    where place.nspname = %s and relation.relkind in ('r', 'p')
        and attribute.attnum > 0 and not attribute.attisdropped
    order by relation.relname, attribute.attnum
"""
_KEYS = """
    select relation.relname, entry.conname,
        array(
            select attribute.attname::text
            from unnest(entry.conkey) with ordinality as part (number, place)
            join pg_attribute as attribute
                on attribute.attrelid = relation.oid and attribute.attnum = part.number
            order by part.place
        )
    from pg_constraint as entry
    join pg_class as relation on relation.oid = entry.conrelid
    join pg_namespace as place on place.oid = relation.relnamespace
    where place.nspname = %s and entry.contype = 'p'
"""
_VIEWS_ON = """
    select distinct viewed.oid::regclass::text
    from pg_depend as link
    join pg_rewrite as rule on rule.oid = link.objid and link.classid = 'pg_rewrite'::regclass
    join pg_class as viewed on viewed.oid = rule.ev_class
    join pg_attribute as attribute
        on attribute.attrelid = link.refobjid and attribute.attnum = link.refobjsubid
    where link.refclassid = 'pg_class'::regclass and link.refobjid = to_regclass(%s)
        and attribute.attname = any(%s)
    order by 1
"""


def take_schema(server: Server, mark: str) -> None:
    """Make schema ``mart`` this home's, or see that it is.

    A schema that bears another home's mark, or holds tables without any, is not touched: two homes
    in one database would replace one another's rows every night.

    Raises:
        EffektError: ``POSTGRES_FOREIGN``.
    """
    from psycopg import sql

    server.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [MART]
    )
    found = server.fetchone()
    if found is not None and found[0] == mark:
        return
    if found is None:
        server.execute(sql.SQL("create schema {}").format(sql.Identifier(MART)))
    elif found[0] is not None or server.execute(_TABLES, [MART]).fetchone() is not None:
        raise failure("POSTGRES_FOREIGN")
    server.execute(_comment_on("schema", sql.Identifier(MART), mark))


class Tables:
    """The tables that schema ``mart`` has on the server, as they were when this was made."""

    def __init__(self, server: Server) -> None:
        """Read them from the server's catalogue."""
        self._server = server
        rows = server.execute(_TABLES, [MART]).fetchall()
        self._comments = {name: comment or "" for name, comment, _ in rows}
        self._own = {name for name, _, is_own in rows if is_own}
        self._columns: dict[str, dict[str, Column]] = {name: {} for name in self._comments}
        for table, name, kind, is_required, comment in server.execute(_COLUMNS, [MART]).fetchall():
            self._columns[table][name] = Column(name, kind, is_required, comment or "")
        self._keys = {
            table: (name, tuple(columns))
            for table, name, columns in server.execute(_KEYS, [MART]).fetchall()
        }

    def left_over(self, published: dict[str, Shape]) -> list[str]:
        """Tables of ours that are not published any more; those of others are none of ours."""
        return sorted(self._own - published.keys())

    def has(self, table: str) -> bool:
        """Whether the server has the table."""
        return table in self._columns

    def is_like(self, shape: Shape) -> bool:
        """Whether the server has the table with just these columns."""
        there = self._columns.get(shape.name, {})
        return {n: c.kind for n, c in there.items()} == {c.name: c.kind for c in shape.columns}

    def bring_to(self, shape: Shape) -> bool:
        """Make an emptied table, or a new one, what was published.

        Returns:
            whether its columns or its key had to change.

        Raises:
            EffektError: ``POSTGRES_IN_USE``: a view uses a column that is gone or has another type.
        """
        changes = [*self._changes(shape)]
        for statement in changes:
            self._server.execute(statement)
        self._describe(shape)
        return bool(changes)

    def _changes(self, shape: Shape) -> Iterator[Composed]:
        from psycopg import sql

        place, there = _place(shape.name), self._columns.get(shape.name)
        if there is None:
            columns = sql.SQL(", ").join(_declared(column) for column in shape.columns)
            yield sql.SQL("create table {} ({})").format(place, columns)
            yield from _add_key(shape)
            return
        name, key = self._keys.get(shape.name, ("", ()))
        if key and key != shape.key:
            yield sql.SQL("alter table {} drop constraint {}").format(place, sql.Identifier(name))
        yield from self._column_changes(shape, there)
        if key != shape.key:
            yield from _add_key(shape)

    def _column_changes(self, shape: Shape, there: dict[str, Column]) -> Iterator[Composed]:
        """Columns that go, that come, and those whose type or need of a value is another."""
        from psycopg import sql

        wanted = {column.name: column for column in shape.columns}
        gone = [name for name in there if name not in wanted]
        stay = [column for column in shape.columns if column.name in there]
        retyped = [column for column in stay if column.kind != there[column.name].kind]
        self._refuse_used(shape.name, [*gone, *(column.name for column in retyped)])
        alter = sql.SQL("alter table {} ").format(_place(shape.name))
        for name in gone:
            yield alter + sql.SQL("drop column {}").format(sql.Identifier(name))
        for column in (column for column in shape.columns if column.name not in there):
            yield alter + sql.SQL("add column {}").format(_declared(column))
        for column in retyped:
            yield alter + sql.SQL("alter column {} type {kind} using null::{kind}").format(
                sql.Identifier(column.name), kind=sql.SQL(column.kind)
            )
        for column in stay:
            if column.is_required != there[column.name].is_required:
                verb = sql.SQL("set" if column.is_required else "drop")
                named = sql.Identifier(column.name)
                yield alter + sql.SQL("alter column {} {} not null").format(named, verb)

    def _refuse_used(self, table: str, columns: list[str]) -> None:
        """Refuse to take a column from under a view that somebody made."""
        if not columns:
            return
        named = _place(table).as_string(self._server)
        views = [row[0] for row in self._server.execute(_VIEWS_ON, [named, columns]).fetchall()]
        if views:
            told = f"{MART}.{table}: {', '.join(columns)}; visninger: {', '.join(views)}"
            raise failure("POSTGRES_IN_USE", told)

    def _describe(self, shape: Shape) -> None:
        from psycopg import sql

        place, there = _place(shape.name), self._columns.get(shape.name, {})
        if self._comments.get(shape.name) != shape.comment:
            self._server.execute(_comment_on("table", place, shape.comment))
        for column in shape.columns:
            if column.name not in there or there[column.name].comment != column.comment:
                named = sql.Identifier(MART, shape.name, column.name)
                self._server.execute(_comment_on("column", named, column.comment))

    def retire(self, table: str) -> None:
        """Say of an emptied table that it is not published any more; views on it stay."""
        if self._comments[table] != GONE:
            self._server.execute(_comment_on("table", _place(table), GONE))


def _place(table: str) -> Identifier:
    from psycopg import sql

    return sql.Identifier(MART, table)


def _declared(column: Column) -> Composed:
    from psycopg import sql

    required = sql.SQL(" not null" if column.is_required else "")
    return sql.SQL("{} {}{}").format(sql.Identifier(column.name), sql.SQL(column.kind), required)


def _add_key(shape: Shape) -> Iterator[Composed]:
    from psycopg import sql

    if shape.key:
        columns = sql.SQL(", ").join(map(sql.Identifier, shape.key))
        yield sql.SQL("alter table {} add primary key ({})").format(_place(shape.name), columns)


def _comment_on(what: str, place: Identifier, text: str) -> Composed:
    from psycopg import sql

    return sql.SQL("comment on {} {} is {}").format(sql.SQL(what), place, sql.Literal(text))
