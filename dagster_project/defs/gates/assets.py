"""Assets of the gates; a failed critical check stops everything behind it in that run."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.resources import NightResource
from dagster_project.defs.transform.phases import room_keys
from dagster_project.lib import gates

_SEVERITY = {"critical": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def _check_specs(number: int) -> list[dg.AssetCheckSpec]:
    """One asset check per declared check of the gate."""
    return [
        dg.AssetCheckSpec(
            name=check.check_id,
            asset=f"gate_{number}",
            description=f"{check.title} ({check.owner}): {check.remedy}",
            blocking=check.is_critical,
        )
        for check in gates.declared_checks()
        if check.gate == number
    ]


def _results(number: int, report: gates.GateReport) -> Iterator[dg.AssetCheckResult]:
    for result in report.results:
        yield dg.AssetCheckResult(
            asset_key=f"gate_{number}",
            check_name=result.check_id,
            passed=result.is_success,
            severity=_SEVERITY[result.severity],
            metadata={
                "subject": result.subject,
                "evaluated": result.evaluated,
                "unexpected": result.unexpected,
                "owner": result.owner,
                "remedy": result.remedy,
            },
        )


def _gate(number: int, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of one gate with its checks."""

    @dg.asset(
        name=f"gate_{number}",
        group_name="gates",
        owners=["team:data-engineer"],
        kinds={"greatexpectations"},
        deps=deps,
        check_specs=_check_specs(number),
        description=f"Gate {number}: every declared check evaluated, no critical one failed.",
    )
    def checked(night: NightResource) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        outcome = night.perform(f"gate_{number}")
        yield dg.MaterializeResult(metadata=outcome.metadata)
        yield from _results(number, outcome.gate)

    return checked


gate_10 = _gate(10, [dg.AssetKey("load_inputs")])
gate_20 = _gate(20, room_keys("staging"))
gate_30 = _gate(30, room_keys("rules"))
gate_40 = _gate(40, [dg.AssetKey("hash_statements"), *room_keys("settlement")])
gate_50 = _gate(50, [dg.AssetKey("build_candidate")])
