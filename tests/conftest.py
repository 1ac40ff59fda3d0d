"""Fixtures that several test folders use."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.orchestration import dbt_runner


def pytest_sessionstart() -> None:
    """Parse the dbt project once, as ``make setup`` does: a home would parse it for itself."""
    dbt_runner.parsed_folder()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this test session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base
