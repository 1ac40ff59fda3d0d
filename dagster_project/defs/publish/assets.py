"""Assets of the published room."""

import dagster as dg

from dagster_project.defs.resources import NightResource
from dagster_project.defs.transform.phases import room_keys

OWNERS = ["team:controller"]


@dg.asset(
    group_name="published",
    owners=OWNERS,
    kinds={"duckdb", "parquet"},
    deps=room_keys("marts"),
)
def build_candidate(night: NightResource) -> dg.MaterializeResult:
    """The marts as finished files beside the published ones, for gate 50 to read."""
    return night.materialize("build_candidate")


@dg.asset(group_name="published", owners=OWNERS, kinds={"duckdb", "parquet"}, deps=["gate_50"])
def publish(night: NightResource) -> dg.MaterializeResult:
    """The audited candidate, made current by one rename."""
    return night.materialize("publish")


@dg.asset(group_name="published", owners=OWNERS, kinds={"python"}, deps=[publish])
def statements(night: NightResource) -> dg.MaterializeResult:
    """Statement documents of every closed period: JSON, HTML, PDF and XLSX."""
    return night.materialize("statements")
