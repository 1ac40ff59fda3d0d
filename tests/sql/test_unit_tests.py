"""dbt's own unit tests: each rule at its boundaries, beside the model that it is held to."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.lib.publishing.tables import declared_tables
from dagster_project.settings import DBT_DIR
from tests.sql.conftest import Manifest, invoke_dbt

pytestmark = pytest.mark.xdist_group("empty_world")
MODELS = DBT_DIR / "models"
AREAS = sorted(
    str(folder.relative_to(MODELS))
    for room in ("intermediate", "marts")
    for folder in (MODELS / room).iterdir()
    if folder.is_dir()
)
COLUMN_LISTS = {
    "business_case_summary", "business_case_year", "contract_outlook",
    "contract_tier", "data_quality", "dispute", "payment_curve", "potential", "settlement_deadline",
    "settlement_event", "settlement_line", "settlement_variant",
}  # fmt: skip
"""Published tables that repeat the columns of one model: nothing is joined or computed."""


@pytest.mark.timeout(600)
def test_every_unit_test_of_the_models_passes(empty_world: Path, manifest: Manifest) -> None:
    statuses = invoke_dbt(empty_world, "test", "--select", "test_type:unit")
    wanted = {str(test["name"]): "pass" for test in manifest["unit_tests"].values()}
    assert statuses == wanted


@pytest.mark.parametrize("area", AREAS)
def test_every_model_that_decides_something_has_a_unit_test(manifest: Manifest, area: str) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    models = {path.stem for path in (MODELS / area).rglob("*.sql")}
    added = {name for (_, name), table in declared_tables().items() if table.is_added}
    assert models - tested - COLUMN_LISTS - added == set()


@pytest.mark.parametrize("name", sorted(COLUMN_LISTS))
def test_a_column_list_reads_one_model_and_decides_nothing(manifest: Manifest, name: str) -> None:
    model = manifest["nodes"][f"model.effekt.{name}"]
    lines = str(model["raw_code"]).splitlines()
    words = {word for line in lines if not line.startswith("--") for word in line.split()}
    assert len(model["depends_on"]["nodes"]) == 1
    assert not words & {"join", "where", "case", "group", "over", "union", "qualify", "coalesce"}
