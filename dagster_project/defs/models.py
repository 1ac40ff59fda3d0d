"""Asset specs of the dbt models, made by dagster-dbt from the manifest.

What belongs here: keys, groups, owners and dependencies of models. What does not: running them, and
which step builds which model (``orchestration.night.STEPS``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

from dagster_project import settings as places
from dagster_project.orchestration import dbt_runner
from dagster_project.orchestration.night import BY_NAME, Step, building

_SOURCE_SCHEMAS = {"raw", "gate"}


class RoomTranslator(DagsterDbtTranslator):
    """Models as the project names them: group = room, owner = who can mend it."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """One group per room."""
        return building(dbt_resource_props["original_file_path"]).phase

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """The owner that the model's yml names, one of ``settings.Owner``; a source has none."""
        owner = dbt_resource_props["meta"].get("owner")
        return [f"team:{owner}"] if owner else None


@cache
def _specs() -> dict[str, list[dg.AssetSpec]]:
    """The specs of each step's models, in the order of their keys."""
    manifest = dbt_runner.manifest_json(places.resolve_home(None))
    steps = {
        node["name"]: building(node["original_file_path"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    found: dict[str, list[dg.AssetSpec]] = {step.name: [] for step in steps.values()}
    for spec in build_dbt_asset_specs(
        manifest=manifest, dagster_dbt_translator=RoomTranslator(), select="resource_type:model"
    ):
        step = steps[spec.key.path[-1]]
        found[step.name].append(_behind(spec, step))
    return {name: sorted(specs, key=lambda spec: spec.key) for name, specs in found.items()}


def _behind(spec: dg.AssetSpec, step: Step) -> dg.AssetSpec:
    """The models that a model reads, and what its step stands behind: a gate, raw tables too."""
    models = [dep for dep in spec.deps if dep.asset_key.path[0] not in _SOURCE_SCHEMAS]
    return spec.replace_attributes(deps=[*models, *map(dg.AssetDep, step.after)])


def specs_of(step: Step) -> list[dg.AssetSpec]:
    """Asset specs of the models that a step builds."""
    return _specs()[step.name]


def keys_before(step: Step) -> list[dg.AssetKey]:
    """Asset keys of the steps that a step stands behind."""
    keys: list[dg.AssetKey] = []
    for name in step.after:
        before = BY_NAME[name]
        models = [spec.key for spec in specs_of(before)] if before.folder else []
        keys += models or [dg.AssetKey(name)]
    return keys
