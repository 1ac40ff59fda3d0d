"""The project's SQL as it is written and as it runs: models, the macros they call, rendering.

What belongs here: finding the files, and SQL of a text and its macros. What does not: changing it.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from dagster_project.settings import DBT_DIR
from tests.support import declared_graph

ROOMS = ("intermediate", "marts")
_MACRO = re.compile(r"\{% macro (\w+).*?endmacro -?%\}", re.DOTALL)
_MACRO_HEAD = re.compile(r"\{%-? macro .*?%\}", re.DOTALL)
_REF = re.compile(r"""ref\(['"](\w+)['"]\)""")
_CALL = re.compile(r"\b(\w+)\(")
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """A model, or a macro that models call: the unit that a mutant changes one token of."""

    name: str
    area: str
    kind: str
    path: Path
    text: str


@cache
def models() -> dict[str, Source]:
    """Every model, staging and Python too, by name."""
    found = {}
    for path in sorted((DBT_DIR / "models").rglob("*.*")):
        if path.suffix not in (".sql", ".py"):
            continue
        area = path.parent.relative_to(DBT_DIR / "models").as_posix()
        kind = "model" if path.suffix == ".sql" else "python"
        found[path.stem] = Source(path.stem, area, kind, path, path.read_text(encoding="utf-8"))
    return found


@cache
def macros() -> dict[str, Source]:
    """Every macro of the project that is SQL of a model, by name; none of the shadow's.

    What is rendered here is built once, over the home's own rows.
    """
    found = {}
    for path in sorted((DBT_DIR / "macros").glob("*.sql")):
        if path.stem == "shadow":
            continue
        for match in _MACRO.finditer(path.read_text(encoding="utf-8")):
            name = match.group(1)
            found[name] = Source(name, f"macros/{path.stem}", "macro", path, match.group(0))
    return found


def calls(text: str) -> set[str]:
    """The macros that a text names inside its Jinja."""
    jinja = " ".join(match.group(0) for match in JINJA.finditer(text))
    return set(_CALL.findall(_MACRO_HEAD.sub("", jinja))) & set(macros())


@cache
def calls_below(macro: str) -> frozenset[str]:
    """The macros that a macro calls, and those that they call."""
    found: set[str] = set()
    for name in calls(macros()[macro].text) - {macro}:
        found |= {name} | calls_below(name)
    return frozenset(found)


@cache
def macro_users() -> dict[str, frozenset[str]]:
    """The models of the mutated rooms that each macro ends in, called by other macros or not."""
    found: dict[str, set[str]] = {}

    def visit(text: str, model: str) -> None:
        for macro in calls(text):
            if model not in found.setdefault(macro, set()):
                found[macro].add(model)
                visit(macros()[macro].text, model)

    for source in models().values():
        if is_mutated(source):
            visit(source.text, source.name)
    return {name: frozenset(users) for name, users in found.items()}


def is_mutated(source: Source) -> bool:
    """Whether a model belongs to the rooms whose rules are mutated."""
    return source.kind == "model" and source.area.split("/")[0] in ROOMS


def targets() -> list[Source]:
    """What is mutated: models of the rooms, and macros that they end in."""
    own = [source for source in models().values() if is_mutated(source)]
    return own + [macros()[name] for name in sorted(macro_users())]


@cache
def parents(name: str) -> frozenset[str]:
    """The models that a model reads."""
    return frozenset(_REF.findall(models()[name].text))


@cache
def python_model(name: str) -> Callable[[Any, Any], Any]:
    """The function of a Python model."""
    spec = importlib.util.spec_from_file_location(name, models()[name].path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    built: Callable[[Any, Any], Any] = module.model
    return built


@cache
def order() -> tuple[str, ...]:
    """Every model, parents first."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in found:
            for parent in sorted(parents(name)):
                visit(parent)
            found[name] = None

    for name in models():
        visit(name)
    return tuple(found)


def below(changed: set[str]) -> list[str]:
    """The models that are changed or built from changed ones, parents first."""
    found: set[str] = set()
    for name in order():
        if name in changed or parents(name) & found:
            found.add(name)
    return [name for name in order() if name in found]


class Renderer:
    """Renders models as dbt does, with one source replaced by a changed text.

    Args:
        changed: text by the name of the model or macro that it stands in for.
    """

    def __init__(self, changed: Mapping[str, str] | None = None) -> None:
        self._changed = dict(changed or {})
        texts = [self._changed.get(name, macro.text) for name, macro in macros().items()]
        self._environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=False
        )
        template = self._environment.from_string("".join(texts))
        module = template.make_module({"graph": declared_graph.graph()})
        self._macros = {name: getattr(module, name) for name in macros()}

    def sql(self, model: str, relation: Callable[[str], str]) -> str:
        """A model's SQL.

        Args:
            model: its name.
            relation: where a model of a name stands.
        """
        text = self._changed.get(model, models()[model].text)
        template = self._environment.from_string(text)
        return template.render(
            **self._macros,
            ref=relation,
            shadow_ref=relation,
            source=lambda room, table: f'"warehouse"."{room}"."{table}"',
            config=lambda **_: "",
        )

    def text(self, jinja: str, relation: Callable[[str], str]) -> str:
        """SQL of any Jinja text, such as the rows of a unit test."""
        return self._environment.from_string(jinja).render(**self._macros, ref=relation)


@cache
def plain() -> Renderer:
    """The renderer of the project as it stands."""
    return Renderer()
