"""The project's own dbt models, rendered and run in a DuckDB of the test, without dbt.

What belongs here: macros, ``ref`` and ``source`` as dbt would give them, and the order of models.
What does not: any figure. A model that is not built from SQL is a table that the test fills.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import duckdb
import jinja2

from dagster_project.lib.warehouse import create_raw
from dagster_project.settings import DBT_DIR
from tests.support import declared_graph

MODELS = DBT_DIR / "models"
_REF = re.compile(r"ref\('(\w+)'\)")
_MACRO = re.compile(r"\{% macro .*?endmacro -?%\}", re.DOTALL)
_CONFIG = re.compile(r"\{\{ config\(.*?\) \}\}\s*")


@cache
def _macros() -> str:
    texts = [path.read_text() for path in sorted((DBT_DIR / "macros").glob("*.sql"))]
    return "".join(macro for text in texts for macro in _MACRO.findall(text))


@cache
def render(text: str) -> str:
    """SQL of a model's or a test's Jinja text."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    template = environment.from_string(_macros() + _CONFIG.sub("", text))
    return template.render(
        ref=lambda name: f"model.{name}",
        source=lambda schema, table: f"{schema}.{table}",
        graph=declared_graph.graph(),
    )


@cache
def model_path(name: str) -> Path:
    """The one file of a model."""
    (path,) = MODELS.rglob(f"{name}.sql")
    return path


@cache
def parents(name: str) -> frozenset[str]:
    """The models that a model reads."""
    return frozenset(_REF.findall(model_path(name).read_text()))


def models_in(folder: str) -> list[str]:
    """Names of the models of a folder below ``models/``."""
    return sorted(path.stem for path in (MODELS / folder).glob("*.sql"))


class Warehouse:
    """A raw room, tables that stand in for upstream models, and the models under test.

    Args:
        given: upstream models as (name → column list) that the test fills itself.
        wanted: the models to build, with all their parents that are not given.
    """

    def __init__(self, given: dict[str, str], wanted: list[str]) -> None:
        self.connection = duckdb.connect()
        create_raw(self.connection)
        self.connection.execute("create schema model")
        for name, columns in given.items():
            self.connection.execute(f"create table model.{name} ({columns})")
        order: list[str] = []
        for name in wanted:
            self._visit(name, set(given), order)
        self.sql = [(name, render(model_path(name).read_text())) for name in order]

    def _visit(self, name: str, given: set[str], order: list[str]) -> None:
        if name in given or name in order:
            return
        for parent in sorted(parents(name)):
            self._visit(parent, given, order)
        order.append(name)

    def build(self) -> None:
        """Build every model anew from what the raw room and the given tables hold."""
        for name, text in self.sql:
            kind = "view" if name.startswith("stg_") else "table"
            self.connection.execute(f"create or replace {kind} model.{name} as {text}")

    def rows(self, query: str) -> list[dict[str, object]]:
        """The rows of a query, each by column name."""
        cursor = self.connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def fill(self, table: str, rows: list[dict[str, object]]) -> None:
        """Replace a table's rows; columns that a row leaves out are null."""
        self.connection.execute(f"delete from {table}")
        for row in rows:
            marks = ", ".join("?" for _ in row)
            self.connection.execute(
                f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values())
            )
