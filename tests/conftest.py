"""Fixtures that several test folders use, and which tests one worker runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.lib import charts
from dagster_project.lib.charts import drawing
from dagster_project.orchestration import dbt_runner


def pytest_sessionstart() -> None:
    """Parse the dbt project once, as ``make setup`` does: a home would parse it for itself."""
    dbt_runner.parsed_folder()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a module's fixture makes is made once: one worker runs the tests that ask for it.

    A test with a group of its own keeps it; a test without such a fixture runs wherever there is
    room.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _has_module_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Groups that a version of pytest does not pass on would go unseen, and all be made twice."""
    if not session.config.getoption("loadgroup", default=False):
        return
    for item in session.items:
        is_named = item.nodeid.rfind("@") > item.nodeid.rfind("]")
        if item.get_closest_marker("xdist_group") and not is_named:
            raise pytest.UsageError("pytest-xdist passes no group on with this version of pytest")


def _has_module_fixture(item: pytest.Item) -> bool:
    found = getattr(item, "_fixtureinfo", None)
    if found is None:
        return False
    made = (name for name in found.names_closure if name != "anyio_backend")
    return any(
        fixture.scope in ("module", "package")
        for name in made
        for fixture in found.name2fixturedefs.get(name, ())
    )


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this test session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base


@pytest.fixture(scope="session", autouse=True)
def shared_pictures(shared_folder: Path) -> Iterator[Path]:
    """One process draws for a worker's whole session, and every home finds its pictures.

    A picture is named by what is drawn and by what draws it, so whose home it is does not matter.
    """
    kept = shared_folder / "charts"
    patch = pytest.MonkeyPatch()
    patch.setattr(drawing, "folder", lambda _home: kept)
    with charts.standby():
        yield kept
    patch.undo()
