"""Jobs: the night, and the life of a settlement for those who act from the launchpad.

What belongs here: the selection of the night. What does not: assets, rules.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from dagster_project.defs import settlement_jobs, statistics_jobs

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="The whole night: received files → vault → rules → settlement → gates → mart.",
    executor_def=dg.in_process_executor,
)

ALL: list[UnresolvedAssetJobDefinition | dg.JobDefinition] = [
    nightly,
    *settlement_jobs.ALL,
    *statistics_jobs.ALL,
]
"""Every job of the code location."""
