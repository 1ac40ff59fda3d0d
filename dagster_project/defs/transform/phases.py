"""Which dbt model belongs to which room, as asset specs made by dagster-dbt from the manifest.

What belongs here: keys, groups, owners and dependencies of models. What does not: running them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

from dagster_project import settings as places
from dagster_project.orchestration import dbt_runner

SETTLEMENT_FOLDER = "models/intermediate/settlement/"
SOURCE_SCHEMAS = {"raw", "gate"}
GROUPS = {"staging": "staging", "rules": "rules", "settlement": "settlement", "marts": "published"}
GATE_BEFORE = {
    "staging": "gate_10",
    "rules": "gate_20",
    "settlement": "gate_30",
    "marts": "gate_40",
}
"""The gate that must have passed before a phase is built."""


def phase_of(path: str) -> str:
    """The phase whose models stand in the folder of this file."""
    if path.startswith("models/staging/"):
        return "staging"
    if path.startswith(SETTLEMENT_FOLDER):
        return "settlement"
    return "rules" if path.startswith("models/intermediate/") else "marts"


class RoomTranslator(DagsterDbtTranslator):
    """Models as the project names them: group = room, owner = who can mend it."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """One group per room."""
        return GROUPS[phase_of(dbt_resource_props["original_file_path"])]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """The model's own owner, else the data engineer."""
        meta = dbt_resource_props.get("meta") or {}
        owner = str(meta.get("owner") or "data engineer")
        return [f"team:{owner.lower().replace(' ', '-')}"]


@cache
def manifest() -> Mapping[str, Any]:
    """The parsed dbt project."""
    return dbt_runner.manifest_json(places.resolve_home(None))


@cache
def _all_specs() -> dict[str, list[dg.AssetSpec]]:
    rooms: dict[str, list[dg.AssetSpec]] = {phase: [] for phase in dbt_runner.PHASES}
    paths = {
        node["name"]: node["original_file_path"]
        for node in manifest()["nodes"].values()
        if node["resource_type"] == "model"
    }
    specs = build_dbt_asset_specs(
        manifest=manifest(), dagster_dbt_translator=RoomTranslator(), select="resource_type:model"
    )
    for spec in specs:
        phase = phase_of(paths[spec.key.path[-1]])
        rooms[phase].append(_behind_gate(spec, phase))
    return rooms


def _behind_gate(spec: dg.AssetSpec, phase: str) -> dg.AssetSpec:
    """Raw tables are one asset, behind gate 10; each model stands behind its phase's gate."""
    models = [dep for dep in spec.deps if dep.asset_key.path[0] not in SOURCE_SCHEMAS]
    return spec.replace_attributes(deps=[*models, dg.AssetDep(GATE_BEFORE[phase])])


def room_specs(phase: str) -> list[dg.AssetSpec]:
    """Asset specs of a phase's models, in the order of their keys."""
    return sorted(_all_specs()[phase], key=lambda spec: spec.key)


def room_keys(phase: str) -> list[dg.AssetKey]:
    """Asset keys of a phase's models."""
    return [spec.key for spec in room_specs(phase)]
