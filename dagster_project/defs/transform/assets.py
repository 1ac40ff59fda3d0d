"""Assets of the rooms that dbt builds: one per model, built phase by phase between the gates."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.resources import NightResource
from dagster_project.defs.transform.phases import room_keys, room_specs
from dagster_project.orchestration.night import Step
from dagster_project.orchestration.steps import build


def _phase(phase: str) -> dg.AssetsDefinition:
    """The assets of one phase; any of them can be built again alone."""

    @dg.multi_asset(name=f"dbt_{phase}", specs=room_specs(phase), can_subset=True)
    def models(
        context: dg.AssetExecutionContext, night: NightResource
    ) -> Iterator[dg.MaterializeResult]:
        chosen = {key.path[-1]: key for key in context.selected_asset_keys}
        is_whole = len(chosen) == len(room_keys(phase))
        step = Step(phase, build(phase, None if is_whole else sorted(chosen)))
        outcome = night.perform(step)
        for name in outcome.tables:  # dbt's order: a model after those that it reads
            metadata: dict[str, int | str] = {"dagster/row_count": outcome.tables[name]}
            if name in outcome.kroner:
                metadata["kroner"] = outcome.kroner[name]
            yield dg.MaterializeResult(asset_key=chosen[name], metadata=metadata)

    return models


staging = _phase("staging")
rules = _phase("rules")
settlement = _phase("settlement")
marts = _phase("marts")


@dg.asset(
    group_name="settlement",
    owners=["team:controller"],
    kinds={"python"},
    deps=room_keys("settlement"),
)
def hash_statements(night: NightResource) -> dg.MaterializeResult:
    """Hash of the figures of each closed period, which every signature names."""
    return night.materialize("hash_statements")
