"""dbt's own unit tests: each rule at its boundaries, beside the model that it is held to."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.settings import DBT_DIR
from tests.sql.conftest import Manifest, invoke_dbt

pytestmark = pytest.mark.xdist_group("empty_world")
AREAS = ("coverage", "participation", "person_months", "fte")


@pytest.mark.timeout(600)
def test_every_unit_test_of_the_models_passes(empty_world: Path, manifest: Manifest) -> None:
    statuses = invoke_dbt(empty_world, "test", "--select", "test_type:unit")
    wanted = {str(test["name"]): "pass" for test in manifest["unit_tests"].values()}
    assert statuses == wanted


@pytest.mark.parametrize("area", AREAS)
def test_every_model_that_decides_something_has_a_unit_test(manifest: Manifest, area: str) -> None:
    folder = DBT_DIR / "models" / "intermediate" / area
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert {path.stem for path in folder.glob("*.sql")} - tested == UNTESTED.get(area, set())


UNTESTED = {
    # columns put side by side: nothing is decided
    "participation": {"int_contracts__read_person_month_terms", "int_spells__keep_participants"},
}
"""Models whose rows are tested with those who read them."""
