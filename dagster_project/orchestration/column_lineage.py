"""What each column of a model is computed from: columns of other models, found at installation.

What belongs here: reading compiled SQL, and keeping what was found beside the parsed project. What
does not: assets (``defs.models``), what a column means. Reading the SQL of all models takes ten
seconds, so it is done at ``make setup`` and never at night; a model whose SQL and whose parents'
columns are unchanged is not read again. A night that finds nothing kept shows no lineage and goes
on.

Rules: P.asset.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import canonical, files
from dagster_project.orchestration import dbt_runner
from dagster_project.settings import Home

if TYPE_CHECKING:
    from sqlglot import MappingSchema
    from sqlglot.expressions import Expr

Columns = dict[str, list[list[str]]]
"""Of each column of a model: model and column, of all that it is computed from."""

_FILE = "columns.json"
_METHOD = 1  # raise it when the same SQL is to be read anew
_DIALECT = "duckdb"


def install() -> None:
    """Find the lineage of every model of this state of ``dbt/``, and let every user read it."""
    folder = dbt_runner.parsed_folder()
    kept = folder / _FILE
    if kept.is_file():
        return
    found = _find(dbt_runner.manifest_json(), dbt_runner.compiled_sql(), _known_before())
    files.write_atomic(kept, json.dumps(found, indent=0, sort_keys=True) + "\n")
    files.set_mode(kept, files.FILE_PUBLIC)


@cache
def of_models(home: Home | None = None) -> dict[str, Columns]:
    """What was found at installation, by model; empty where nothing is kept for this state."""
    folder = dbt_runner.parsed_folder(home)
    try:
        kept = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return {name: entry["columns"] for name, entry in kept.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _known_before() -> dict[str, Columns]:
    """What was found for earlier states of the project, by the key of what it was found in."""
    known: dict[str, Columns] = {}
    for path in sorted(dbt_runner.parsed_folder().parent.glob(f"*/{_FILE}")):
        try:
            entries = json.loads(path.read_text(encoding="utf-8")).values()
            known |= {entry["key"]: entry["columns"] for entry in entries}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue  # of other code, or half written: it is found anew
    return known


def _find(
    manifest: Mapping[str, Any], compiled: Mapping[str, str], known: Mapping[str, Columns]
) -> dict[str, Any]:
    """The lineage of every model that is SQL, beside the key of what it was found in."""
    nodes = manifest["nodes"]
    models = {n["name"]: n for n in nodes.values() if n["resource_type"] == "model"}
    sql = {name: text for name, text in compiled.items() if models[name]["language"] == "sql"}
    found: dict[str, Any] = {}
    for name in sorted(sql):
        parents = [nodes[key] for key in models[name]["depends_on"]["nodes"] if key in nodes]
        key = _key(sql[name], [models[name], *parents])
        columns = known.get(key)
        if columns is None:
            columns = _read(sql[name], list(models[name]["columns"]), parents)
        found[name] = {"key": key, "columns": columns}
    return found


def _key(sql: str, nodes: list[Mapping[str, Any]]) -> str:
    """Hash of a model's SQL, its columns and those of its parents."""
    tables = [[node["schema"], node["alias"], sorted(node["columns"])] for node in nodes]
    return canonical.sha256_json([_METHOD, sql, tables])


def _read(sql: str, columns: list[str], parents: list[Mapping[str, Any]]) -> Columns:
    """What each column is computed from, as the SQL of its model says."""
    from sqlglot import exp, parse_one
    from sqlglot.lineage import lineage
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    names = {(node["schema"], node["alias"]): node["name"] for node in parents}
    schema = _schema(parents)
    query = qualify(
        parse_one(sql, dialect=_DIALECT), schema=schema, dialect=_DIALECT,
        validate_qualify_columns=False, identify=False,
    )  # fmt: skip
    query = _by_position(query)
    scope = build_scope(query)
    found: Columns = {}
    for column in columns:
        sources = set()
        for node in lineage(column, query, schema=schema, dialect=_DIALECT, scope=scope).walk():
            table = node.expression.find(exp.Table)
            if not node.downstream and table is not None and (table.db, table.name) in names:
                source = exp.to_column(node.name).name.lower()
                sources.add((names[table.db, table.name], source))
        found[column] = [list(source) for source in sorted(sources)]
    return found


def _schema(nodes: list[Mapping[str, Any]]) -> MappingSchema:
    from sqlglot import MappingSchema, exp

    schema = MappingSchema(dialect=_DIALECT)
    for node in nodes:
        table = exp.to_table(node["relation_name"], dialect=_DIALECT)
        schema.add_table(table, dict.fromkeys(node["columns"], "unknown"), dialect=_DIALECT)
    return schema


def _by_position(query: Expr) -> Expr:
    """The query with each ``union by name`` written out by position, as sqlglot reads a union."""
    from sqlglot import exp

    for union in _unions_inner_first(query):
        sides = [union.left, union.right]
        names = list(dict.fromkeys(name for side in sides for name in side.named_selects))
        for side in sides:
            for select in _selects(side):
                shown = {item.alias_or_name: item for item in select.selects}
                nothing = exp.null()
                select.set(
                    "expressions",
                    [shown.get(name, exp.alias_(nothing.copy(), name)) for name in names],
                )
        union.set("by_name", False)
    return query


def _unions_inner_first(query: Expr) -> Iterator[Any]:
    from sqlglot import exp

    yield from reversed([union for union in query.find_all(exp.SetOperation) if _named(union)])


def _named(union: Any) -> bool:
    return bool(union.args.get("by_name"))


def _selects(side: Any) -> Iterator[Any]:
    """The plain selects of one side of a union."""
    from sqlglot import exp

    if isinstance(side, exp.SetOperation):
        yield from _selects(side.left)
        yield from _selects(side.right)
    elif isinstance(side, exp.Subquery):
        yield from _selects(side.unnest())
    else:
        yield side
