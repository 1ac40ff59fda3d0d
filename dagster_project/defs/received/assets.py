"""Assets of the received room."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.resources import NightResource

OWNERS = ["team:data-engineer"]


@dg.asset(group_name="received", owners=OWNERS, kinds={"python"})
def receive(night: NightResource) -> dg.MaterializeResult:
    """Files of `landing/`: into the vault, or refused into quarantine with a report."""
    return night.materialize("receive")


@dg.asset(
    group_name="received",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    deps=[receive],
    output_required=False,
)
def load_inputs(night: NightResource) -> Iterator[dg.MaterializeResult]:
    """Known deliveries, contract terms, reference tables and ledger, as typed rows of `raw`.

    Yields nothing when the home knows nothing new: all later steps are skipped then, and what is
    published stays.
    """
    outcome = night.perform("load_inputs")
    if not outcome.is_unchanged:
        rows = {f"rows {name}": count for name, count in sorted(outcome.tables.items())}
        yield dg.MaterializeResult(metadata={**outcome.metadata, **rows})
