"""Jobs: the night, and optional statistics.

What belongs here: which assets or ops a job runs, and what none of them may be told from the
launchpad. What does not: the ops themselves (``ops``), rules. No step of a settlement's life is a
job: each is a command (F.launchpad).
"""

from __future__ import annotations

import logging

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from dagster_project.defs import ops

in_process = dg.in_process_executor.configured(
    {"retries": {"disabled": {}}}, name="in_process", config_schema={}
)
"""Dagster's executor in one process; nothing of it can be set from the launchpad."""

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="The whole night: received files → vault → rules → settlement → gates → mart.",
    executor_def=in_process,
)


@dg.logger(config_schema={})
def console(_context: dg.InitLoggerContext) -> logging.Logger:
    """Stands for Dagster's own, which could be told what to print; ``dagster.yaml`` says that."""
    return logging.getLogger("dagster.run")


@dg.job(
    description="Fetches published statistics (optional).",
    executor_def=in_process, logger_defs={"console": console},
)  # fmt: skip
def fetch_jobindsats() -> None:
    """One fetch; no schedule, the file drop is the rule."""
    ops.fetch()


ALL: list[UnresolvedAssetJobDefinition | dg.JobDefinition] = [nightly, fetch_jobindsats]
"""Every job of the code location."""
