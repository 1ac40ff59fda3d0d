"""Assets: one for each step of the night, or for each dbt model that a step builds.

What belongs here: a step's outcome as materialisations and check results. What does not: the steps,
their order and what stands behind what (``orchestration.night.STEPS``).
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from dagster_project import settings as places
from dagster_project.defs import checks, externals, models
from dagster_project.defs.resources import HeldNight, held_back, in_dagsters_words
from dagster_project.lib.nights import causes
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.orchestration import rooms, rule_pages
from dagster_project.orchestration.night import PUBLISH, STEPS, Step
from dagster_project.orchestration.outcome import StepOutcome
from dagster_project.settings import Owner

_CONTROLLERS = (rooms.SETTLEMENT, rooms.MARTS, rooms.PUBLISHED, rooms.STATEMENTS)
_SHOWN = 100  # a folder of ten thousand wrong files fills no page; the reports name each
_KINDS = {"publish": {"duckdb", "parquet"}, "build_candidate": {"duckdb", "parquet"}}


def _owner(step: Step) -> Owner:
    """Who can mend what a step works on; a gate's checks name their own owners, too."""
    is_theirs = step.room in _CONTROLLERS and step.gate is None
    return "controller" if is_theirs else "dataingeniør"


def _kinds(step: Step) -> set[str]:
    """What a step is made with, for the marks in the lineage."""
    return {"greatexpectations"} if step.gate else _KINDS.get(step.name, {"python"})


def _fresh() -> dg.FreshnessPolicy | None:
    """How old the published mart may be, in a home whose nights the schedule begins.

    It is shown and tells nobody: the alert comes from the sensor ``alarms``, which reads the mart's
    own age.
    """
    own = places.home_file_if_readable(places.resolve_home(None))
    if own is None or own.as_of is not None:
        return None
    hours = dt.timedelta(hours=own.nightly.fresh_hours)
    return dg.FreshnessPolicy.time_window(fail_window=hours)


def _one(step: Step) -> dg.AssetsDefinition:
    """The asset of a step, with the checks of its gate where it is one.

    It yields nothing when the home knows nothing new: all later steps are skipped then, and what
    is published stays.
    """

    @dg.asset(
        name=step.name,
        group_name=step.room,
        owners=[f"team:{_owner(step)}"],
        kinds=_kinds(step),
        deps=[*models.keys_before(step), *externals.keys_read_by(step)],
        check_specs=checks.specs_of(step.gate) if step.gate else None,
        description=rule_pages.described(step.description, [step.rule]),
        code_version=code_version(),
        config_schema={},
        output_required=False,
        freshness_policy=_fresh() if step.name == PUBLISH else None,
    )
    def made(
        night: HeldNight,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        outcome = in_dagsters_words(lambda: night.perform(step.name), step.name)
        if not outcome.is_unchanged:
            rows = {f"rows {name}": count for name, count in sorted(outcome.tables.items())}
            yield dg.MaterializeResult(
                metadata={**outcome.metadata, **rows, **_let_not_in(outcome)}
            )
            if outcome.gate is not None:
                yield from checks.results_of(outcome.gate)
            if outcome.failed_checks:
                raise held_back(outcome.failed_checks)

    return made


def _let_not_in(outcome: StepOutcome) -> dict[str, dg.TableMetadataValue]:
    """Deliveries that a step refused or held: codes, and paths in the home; no name, no value."""
    refused = [
        dg.TableRecord({"codes": ", ".join(item.codes), "report": item.report or causes.TEXT})
        for item in outcome.refused[:_SHOWN]
    ]
    held = [
        dg.TableRecord({"check": item.check, "delivery": item.sha256})
        for item in outcome.held[:_SHOWN]
    ]
    tables = {"refused deliveries": refused, "held deliveries": held}
    return {name: dg.MetadataValue.table(records) for name, records in tables.items() if records}


def _models(step: Step) -> dg.AssetsDefinition:
    """The assets of a step of dbt, one for each model; any of them can be built again alone."""
    specs = models.specs_of(step)

    @dg.multi_asset(name=f"dbt_{step.name}", specs=specs, can_subset=True, config_schema={})
    def made(context: dg.AssetExecutionContext, night: HeldNight) -> Iterator[dg.MaterializeResult]:
        chosen = {key.path[-1]: key for key in context.selected_asset_keys}
        only = None if len(chosen) == len(specs) else sorted(chosen)
        outcome = in_dagsters_words(lambda: night.perform(step.name, only), step.name)
        for name in outcome.tables:  # dbt's order: a model after those that it reads
            metadata: dict[str, int | str] = {"dagster/row_count": outcome.tables[name]}
            if name in outcome.kroner:
                metadata["kroner"] = outcome.kroner[name]
            yield dg.MaterializeResult(asset_key=chosen[name], metadata=metadata)

    return made


ALL = [_models(step) if step.folder else _one(step) for step in STEPS]
"""Every asset of the code location."""
