"""The version of the code that makes figures, and of the engines that it makes them with."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from dagster_project import settings as places
from dagster_project.lib.base import canonical

_CODE_SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".json", ".csv", ".typ", ".j2", ".html", ".toml"}
ENGINES = (
    "duckdb", "dbt-core", "dbt-duckdb", "jinja2", "great-expectations", "scipy", "numpy", "pyarrow",
    "openpyxl", "pyyaml",
)  # fmt: skip
"""What reads files and computes figures beside our own code."""
_SKIPPED = {"__pycache__", "target", "logs", "contracts", ".user.yml"}


def _tree(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        # the contract model is code, a folder of contract files is not
        if path.name in _SKIPPED and not os.access(path / "__init__.py", os.R_OK):
            continue
        if path.is_dir():
            yield from _tree(path)
        elif path.suffix in _CODE_SUFFIXES:
            yield path


def hash_tree(folders: Iterable[Path], root: Path) -> str:
    """Hex sha256 over the relative names and contents of the code files below the folders."""
    lines = [
        f"{path.relative_to(root).as_posix()} {canonical.sha256_file(path)}"
        for folder in folders
        if folder.is_dir()
        for path in _tree(folder)
    ]
    return canonical.sha256_text("\n".join(lines))


@cache
def code_version() -> str:
    """First 16 hex digits of the hash of package, models, suites and reference tables."""
    package = places.PROJECT_ROOT / "dagster_project"
    folders = (package, places.DBT_DIR, places.EXPECTATIONS_DIR, places.SEEDS_DIR)
    return hash_tree(folders, places.PROJECT_ROOT)[:16]


def engine_versions() -> dict[str, str]:
    """The installed version of each engine: after an upgrade a night has other knowledge."""
    return {name: metadata.version(name) for name in ENGINES}
