"""What stands nowhere: readers that skip bad rows, and dbt variables that a cache would keep."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.orchestration import dbt_runner
from dagster_project.settings import DBT_DIR, PROJECT_ROOT

SKIPPING = ("ignore_errors", "store_rejects")
_TEXTS = (".sql", ".yml", ".yaml", ".j2", ".json", ".toml")
_MAY_IGNORE = {"rmtree"}  # removing folders, no reading of rows
_READS_VARIABLE = re.compile(r"\b(?:env_var|var)\s*\(")
PROFILES = DBT_DIR / "profiles.yml"


def product_files(*suffixes: str) -> list[Path]:
    """The product's own files, without what dbt makes."""
    made = DBT_DIR / "target"
    folders = ("dagster_project", "dbt", "expectations", "seeds", "bi", "deploy")
    return [
        path
        for folder in folders
        for path in sorted((PROJECT_ROOT / folder).rglob("*"))
        if path.suffix in suffixes and made not in path.parents
    ]


def skips(source: str, *, is_python: bool) -> bool:
    """Whether a source has a reader skip what it cannot read."""
    if not is_python:
        return any(word in source for word in SKIPPING)
    return any(_skips(node) for node in ast.walk(ast.parse(source)))


def _skips(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return any(word in node.value for word in SKIPPING)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        return name not in _MAY_IGNORE and any(word.arg in SKIPPING for word in node.keywords)
    return False


def test_no_reader_skips_rows_that_it_cannot_read() -> None:
    texts = [path for path in product_files(*_TEXTS) if skips(path.read_text(), is_python=False)]
    python = [path for path in product_files(".py") if skips(path.read_text(), is_python=True)]
    assert len(product_files(*_TEXTS)) > 100
    assert texts + python == []


@pytest.mark.parametrize(
    ("source", "is_python"),
    [
        ("select * from read_csv('x', ignore_errors = true)", False),
        ("from read_csv('x', store_rejects = true)", False),
        ("c.execute(\"from read_csv('x', ignore_errors=true)\")", True),
        ("f\"from read_csv('{x}', store_rejects=true)\"", True),
        ("c.read_csv('x', ignore_errors=True)", True),
        ("read_csv('x', store_rejects=True)", True),
    ],
)
def test_a_reader_that_skips_would_be_seen(source: str, is_python: bool) -> None:
    assert skips(source, is_python=is_python)


def test_removing_a_folder_is_no_reading() -> None:
    assert not skips("shutil.rmtree(x, ignore_errors=True)", is_python=True)


def variables_read(text: str) -> Iterator[str]:
    """What a file of dbt reads of its surroundings."""
    yield from _READS_VARIABLE.findall(text)


def test_no_model_reads_what_a_parsed_project_would_keep() -> None:
    sources = [path for path in product_files(".sql", ".yml") if DBT_DIR in path.parents]
    assert len(sources) > 100
    assert [p for p in sources if p != PROFILES and [*variables_read(p.read_text())]] == []
    asked = re.findall(r"env_var\('([^']+)'", PROFILES.read_text())
    assert asked == [dbt_runner.WAREHOUSE_VARIABLE]  # the place of a file, no figure
    assert [*variables_read("{{ var('as_of') }}")] == ["var("]


def test_a_changed_model_is_parsed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.sql").write_text("select 1")
    monkeypatch.setattr(dbt_runner, "DBT_DIR", tmp_path)
    before = dbt_runner.project_hash.__wrapped__()
    (tmp_path / "models" / "a.sql").write_text("select 2")
    assert dbt_runner.project_hash.__wrapped__() != before
    text = (PROJECT_ROOT / "dagster_project" / "orchestration" / "dbt_runner.py").read_text()
    parsing = [line for line in text.splitlines() if '["parse", ' in line]
    assert parsing
    assert all('"--no-partial-parse"' in line for line in parsing)
