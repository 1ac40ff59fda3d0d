"""Who may import whom. Imports inside functions and for types only count like any other."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = "dagster_project"
LAYERS = (
    "base", "removals", "keys", "vault", "warehouse", "reference", "contracts", "receiving",
    "ledger", "publishing", "postgres", "records", "purge", "upgrade", "gates", "nights",
    "charts", "statement", "life", "trace", "foresight", "inspection", "backup", "status", "pages",
    "person", "desk", "opening", "fleet",
)  # fmt: skip
"""The packages of ``lib``; each may import those before it."""
LIB = {f"lib.{layer}" for layer in LAYERS}
MAY_IMPORT: dict[str, set[str]] = {
    "settings": {"lib.base"},
    "demo": {"lib.base", "settings"},
    "orchestration": {*LIB, "settings"},
    "defs": {*LIB, "settings", "orchestration"},
    "definitions": {"defs"},
    "cli": {*LIB, "settings", "orchestration", "demo"},
    "lib.base": set(),
} | {
    f"lib.{layer}": {"settings", *(f"lib.{lower}" for lower in LAYERS[:place])}
    for place, layer in enumerate(LAYERS)
    if layer != "base"
}
"""The rooms of the project and what each may import besides itself."""
ENGINES = {"dagster", "dagster_dbt", "dagster_webserver", "dbt"}
KNOW_ENGINES = {"orchestration", "defs", "definitions"}


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name, a package by its own."""
    found = {}
    for path in sorted((ROOT / PROJECT).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(tree: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """Names of the modules that a source imports, wherever in it the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else str(node.module)


IMPORTS = {
    name: set(imported(ast.parse(path.read_text(encoding="utf-8")), MODULES))
    for name, path in MODULES.items()
}


def room_of(module: str) -> str:
    """The room in which a module of the project stands."""
    parts = module.split(".")[1:]
    return ".".join(parts[: 2 if parts[:1] == ["lib"] else 1])


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The nodes from which every way leads round in a circle; none where there is no circle."""
    left = {node: set(ahead) for node, ahead in graph.items()}
    while ends := {node for node, ahead in left.items() if not ahead & left.keys()}:
        left = {node: ahead for node, ahead in left.items() if node not in ends}
    return sorted(left)


def test_each_room_imports_only_what_it_may() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in IMPORTS.items()
        for other in sorted(others)
        if other.partition(".")[0] == PROJECT
        and room_of(other) != room_of(module)
        and room_of(other) not in MAY_IMPORT.get(room_of(module), set())
    ]
    assert not wrong


def test_every_room_of_the_project_is_known_to_the_law() -> None:
    assert {room_of(module) for module in MODULES} - {"", "lib"} == set(MAY_IMPORT)


def test_only_defs_and_orchestration_know_dagster_or_dbt() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in IMPORTS.items()
        for other in sorted(others)
        if other.partition(".")[0] in ENGINES and room_of(module) not in KNOW_ENGINES
    ]
    assert not wrong


def test_lib_holds_packages_only() -> None:
    assert [path.name for path in (ROOT / PROJECT / "lib").glob("*.py")] == ["__init__.py"]


def test_no_module_imports_itself_round_a_circle() -> None:
    assert not circle({module: others - {module} for module, others in IMPORTS.items()})


def test_no_package_imports_itself_round_a_circle() -> None:
    packages: dict[str, set[str]] = defaultdict(set)
    for module, others in IMPORTS.items():
        for other in others & MODULES.keys():
            own, theirs = package_of(module), package_of(other)
            if own != theirs:
                packages[own].add(theirs)
    assert not circle(packages)


def package_of(module: str) -> str:
    """The package in whose folder a module's file stands; those of the root stand for themselves.

    ``settings`` is below every room and ``definitions`` above, in one folder.
    """
    path = MODULES[module]
    is_own = path.name == "__init__.py" or path.parent == ROOT / PROJECT
    return module if is_own else module.rpartition(".")[0]


def test_no_file_of_dagster_mixes_definitions_with_assets() -> None:
    """Dagster drops the assets of a module that has ``@dg.definitions``, without a message."""
    for name, path in MODULES.items():
        names = {
            node.attr if isinstance(node, ast.Attribute) else node.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute | ast.Name)
        }
        assert "definitions" not in names, name


@pytest.mark.parametrize(
    "source",
    [
        "import dagster_project.lib.ledger",
        "def f():\n    from dagster_project.lib import ledger",
        "if TYPE_CHECKING:\n    from dagster_project.lib.ledger.chain import Event",
    ],
)
def test_an_import_is_seen_wherever_it_stands(source: str) -> None:
    (name,) = imported(ast.parse(source), MODULES)
    assert room_of(name) == "lib.ledger"


def test_a_circle_is_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"e"}}) == ["a", "b", "c"]
