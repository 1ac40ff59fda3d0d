"""The page of faults has a row for each id, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
COUNTS = {"A": 20, "B": 10, "C": 9, "D": 13, "E": 7, "F": 10, "G": 12, "H": 5}
IDS = [f"{group}{n}" for group, count in COUNTS.items() for n in range(1, count + 1)]
INVARIANTS = [str(n) for n in range(1, 41)]
_ROW = re.compile(r"^\| ([A-H]?\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
_NAMED = re.compile(r"`([\w/]+)::(\w+)`")


def rows(text: str) -> list[tuple[str, str, str]]:
    """Id, promise and tests of each row of the page."""
    return _ROW.findall(text)


@cache
def functions(path: Path) -> frozenset[str]:
    """The test functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def missing(text: str) -> list[str]:
    """Tests that the text names and that do not exist."""
    return [
        f"{path}::{name}"
        for path, name in _NAMED.findall(text)
        if not (file := ROOT / "tests" / f"{path}.py").is_file() or name not in functions(file)
    ]


def test_every_fault_and_invariant_has_one_row() -> None:
    assert len(IDS) == 86
    assert [one for one, _, _ in rows(PAGE.read_text(encoding="utf-8"))] == [*IDS, *INVARIANTS]


def test_every_row_names_tests_that_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert missing(text) == []
    assert [one for one, _, tests in rows(text) if not _NAMED.search(tests)] == []


def test_a_test_that_does_not_exist_is_found() -> None:
    here = "`docs/test_faults::test_a_test_that_does_not_exist_is_found`"
    assert missing(here) == []
    assert missing(here.replace("_is_found", "_is_lost")) != []
    assert missing("`docs/test_gone::test_a`") != []
    assert rows("| A1 | one | `docs/test_faults::test_x` |\nA2 | no row |\n") == [
        ("A1", "one", "`docs/test_faults::test_x`")
    ]
