"""What the documents name exists: files, models, modules, tables, commands and linked pages."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from dagster_project.cli.app import app
from dagster_project.lib.publishing.tables import declared_tables

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = ("", "dagster_project", "dbt", "docs", "tests")
"""A path is named from the root, or from one of these folders."""
ROOMS = {path.name for folder in FOLDERS for path in (ROOT / folder).iterdir() if path.is_dir()}
OF_A_HOME = {"data", "contracts"}
"""Folders of a home that the repository has too."""


def _quoted(page: Path) -> Iterator[str]:
    """What stands in backticks, outside blocks of code."""
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", page.read_text(encoding="utf-8"))
    for found in re.findall(r"`([^`\n]+)`", text):
        yield from found.split(", ")


def _is_there(path: str) -> bool:
    """Whether a path below one of the folders exists; ``<name>`` and ``*`` stand for any name."""
    pattern = re.sub(r"<[^<>]+>", "*", path.rstrip("/"))
    return any(next((ROOT / folder).glob(pattern), None) is not None for folder in FOLDERS)


def _models() -> set[str]:
    files = (ROOT / "dbt/models").rglob("*")
    return {path.stem for path in files if path.suffix in (".sql", ".py")}


def _tables() -> set[str]:
    text = (ROOT / "dagster_project/lib/warehouse/raw_room.sql").read_text(encoding="utf-8")
    made = set(re.findall(r"create table if not exists (\w+\.\w+)", text))
    return made | {f"{room}.{name}" for room, name in declared_tables()}


def _paths(page: Path) -> list[str]:
    """Paths of the repository that a page names, less those that only a run makes."""
    named = []
    for text in _quoted(page):
        first = text.split("/")[0]
        is_below = "/" in text and first in ROOMS - OF_A_HOME
        is_made = text.startswith("dbt/target")
        if (
            not is_made
            and re.fullmatch(r"[\w./<>*-]+", text)
            and (is_below or text.endswith((".py", ".sql")))
        ):
            named.append(text)
    return named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(page: Path) -> None:
    assert [path for path in _paths(page) if not _is_there(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_document_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_model_module_and_table_that_a_document_names_exists() -> None:
    models, tables, missing = _models(), _tables(), []
    for page in PAGES:
        for text in _quoted(page):
            is_wrong = (
                (re.fullmatch(r"(int|stg)_\w+", text) and text not in models)
                or (
                    re.fullmatch(r"(dagster_project|tests)(\.\w+)+", text)
                    and importlib.util.find_spec(text) is None
                )
                or (re.fullmatch(r"(raw|gate|mart|restricted)\.\w+", text) and text not in tables)
            )
            if is_wrong:
                missing.append((page.name, text))
    assert missing == []


def test_every_command_and_target_that_a_document_names_exists() -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z-]+):", makefile))
    missing = []
    for page in PAGES:
        for text in _quoted(page):
            missing += [(page.name, n) for n in re.findall(r"\beffekt ([a-z][a-z-]*)", text)
                        if n not in commands]  # fmt: skip
            missing += [(page.name, n) for n in re.findall(r"^make ([a-z-]+)", text)
                        if n not in targets]  # fmt: skip
    assert missing == []


def test_the_checks_of_this_file_find_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`lib/gone.py`, `lib/base/files.py`, `landing/`, `dbt/models/marts/<folder>`,"
        " `raw_room.py`\n```\n`lib/other.py`\n```\n",
        encoding="utf-8",
    )
    assert [path for path in _paths(page) if not _is_there(path)] == ["lib/gone.py", "raw_room.py"]
