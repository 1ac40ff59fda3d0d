"""Asset checks: one for each check that a gate declares (``expectations/``).

What belongs here: specs, and results in Dagster's words. What does not: a check (``lib/gates``). A
failed critical check stops everything behind its gate in that run.
"""

from collections.abc import Iterator

import dagster as dg

from dagster_project.lib import gates

_SEVERITY = {"critical": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def specs_of(number: int) -> list[dg.AssetCheckSpec]:
    """One asset check for each declared check of the gate."""
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


def results_of(report: gates.GateReport) -> Iterator[dg.AssetCheckResult]:
    """What a gate found, check by check: counts only."""
    for result in report.results:
        yield dg.AssetCheckResult(
            asset_key=f"gate_{report.gate}",
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
