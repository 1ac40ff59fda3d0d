"""Jobs: the night, a settlement's life for people in the launchpad, optional statistics.

What belongs here: which assets or ops a job runs, and what may not be typed into the launchpad.
What does not: the ops themselves (``ops``), rules.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from dagster_project.defs import ops
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.base.person_numbers import holds_person_number

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="The whole night: received files → vault → rules → settlement → gates → mart.",
    executor_def=dg.in_process_executor,
)


def _refuse_person_numbers(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration as it was typed, unless a text of it holds a person number.

    Names and reasons stand in Dagster's record as they do in the ledger. Dagster calls this when it
    plans a run, before it stores one.

    Raises:
        UsageError: one does.
    """
    for name, value in config.items():
        if isinstance(value, str) and holds_person_number(value):
            raise UsageError(f"{name} seems to contain a person number, which may stand nowhere")
    return config


def _life(act: dg.OpDefinition, name: str, fields: type[dg.Config]) -> dg.JobDefinition:
    """The job of one step of a settlement's life."""
    op = dg.configured(act, name=act.name, config_schema=fields.to_fields_dict())(
        _refuse_person_numbers
    )

    @dg.job(name=name, description=op.description, executor_def=dg.in_process_executor)
    def one() -> None:
        op()

    return one


LIFE = [
    _life(ops.submit, "submit_settlement", ops.Submit),
    _life(ops.verify, "verify_settlement", ops.ActOnPeriod),
    _life(ops.approve, "approve_settlement", ops.ActOnPeriod),
    _life(ops.return_, "return_settlement", ops.Return),
    _life(ops.pay, "pay_settlement", ops.Pay),
    _life(ops.release, "release_amount", ops.Release),
]
"""The steps of a settlement's life."""


@dg.job(description="Fetches published statistics (optional).", executor_def=dg.in_process_executor)
def fetch_jobindsats() -> None:
    """One fetch; no schedule, the file drop is the rule."""
    ops.fetch()


ALL: list[UnresolvedAssetJobDefinition | dg.JobDefinition] = [nightly, *LIFE, fetch_jobindsats]
"""Every job of the code location."""
