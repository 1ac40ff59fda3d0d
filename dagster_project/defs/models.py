"""Asset specs of the dbt models, made by dagster-dbt from the manifest.

What belongs here: keys, groups, owners and dependencies of models. What does not: running them, and
which step builds which model (``orchestration.night.STEPS``).

Rules: P.asset, P.rooms.
Decides: P.asset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

from dagster_project import settings as places
from dagster_project.lib.base import canonical
from dagster_project.orchestration import column_lineage, dbt_runner, rule_pages
from dagster_project.orchestration.night import BY_NAME, Step, building

_PROJECT = "effekt"
_SCHEMA = "dagster/column_schema"
_SOURCES_SHOWN = 4
_SOURCE_SCHEMAS = {"raw", "gate"}
_NEXT_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")


class RoomTranslator(DagsterDbtTranslator):
    """Models as the project names them: group = room, owner = who can mend it."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """One group per room."""
        return building(dbt_resource_props["original_file_path"]).room

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The first sentence of the model's own, and its rules; no SQL.

        What the yml says after it (``Left out: …``) stands in the model's header, too.
        """
        told = " ".join(dbt_resource_props["description"].split())
        sentence, *_ = _NEXT_SENTENCE.split(told)
        rules = dbt_resource_props["meta"].get("rules", [])
        return rule_pages.described(sentence, rules)

    def get_code_version(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Hash of the model's own text and of the project's macros that it calls."""
        if dbt_resource_props["resource_type"] != "model":
            return None
        called = _macros(dbt_resource_props["depends_on"]["macros"])
        return canonical.sha256_json([dbt_resource_props["raw_code"], called])[:16]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """The owner that the model's yml names, one of ``settings.Owner``; a source has none."""
        owner = dbt_resource_props["meta"].get("owner")
        return [f"team:{owner}"] if owner else None


@cache
def _manifest() -> dict[str, Any]:
    return dbt_runner.manifest_json(places.resolve_home(None))


def _macros(names: Sequence[str]) -> dict[str, str]:
    """The text of each of the project's macros among these, and of those that they call."""
    known, found, ahead = _manifest()["macros"], {}, list(names)
    while ahead:
        name = ahead.pop()
        macro = known.get(name)
        if name not in found and macro and macro["package_name"] == _PROJECT:
            found[name] = macro["macro_sql"]
            ahead += macro["depends_on"]["macros"]
    return found


@cache
def _specs() -> dict[str, list[dg.AssetSpec]]:
    """The specs of each step's models, in the order of their keys."""
    manifest = _manifest()
    steps = {
        node["name"]: building(node["original_file_path"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    specs = build_dbt_asset_specs(
        manifest=manifest, dagster_dbt_translator=RoomTranslator(), select="resource_type:model"
    )
    keys = {spec.key.path[-1]: spec.key for spec in specs}
    lineage = column_lineage.of_models(places.resolve_home(None))
    found: dict[str, list[dg.AssetSpec]] = {step.name: [] for step in steps.values()}
    for spec in specs:
        name = spec.key.path[-1]
        told = with_lineage(spec, lineage[name], keys) if name in lineage else spec
        found[steps[name].name].append(_behind(told, steps[name]))
    return {name: sorted(specs, key=lambda spec: spec.key) for name, specs in found.items()}


def with_lineage(
    spec: dg.AssetSpec, columns: column_lineage.Columns, keys: Mapping[str, dg.AssetKey]
) -> dg.AssetSpec:
    """A model's spec that says what its columns are computed from.

    As Dagster's own lineage, which the open source's pages leave out, and behind the description of
    each column, which they show.
    """
    lineage = dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(keys[model], source) for model, source in sources]
            for column, sources in columns.items()
        }
    )
    schema: dg.TableSchema = spec.metadata[_SCHEMA]
    told = [_told(column, columns.get(column.name, [])) for column in schema.columns]
    metadata = {_SCHEMA: dg.TableSchema(told), "dagster/column_lineage": lineage}
    return spec.replace_attributes(metadata={**spec.metadata, **metadata})


def _told(column: dg.TableColumn, sources: Sequence[Sequence[str]]) -> dg.TableColumn:
    names = [".".join(source) for source in sources[:_SOURCES_SHOWN]]
    names += [f"{len(sources) - len(names)} more"] if len(sources) > len(names) else []
    if not names:
        return column
    description = f"{column.description or ''} ← {', '.join(names)}".strip()
    return dg.TableColumn(column.name, column.type, description, column.constraints, column.tags)


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
