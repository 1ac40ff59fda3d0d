"""External assets: what the night reads or leaves and does not build, at the edges of the lineage.

What belongs here: their specs. What does not: which they are and where they stand
(``orchestration.rooms``).

Rules: P.rooms.
"""

from __future__ import annotations

import dagster as dg

from dagster_project.orchestration import rule_pages
from dagster_project.orchestration.night import Step
from dagster_project.orchestration.rooms import OUTSIDE, Outside

_OWNER = "team:dataingeniør"


def _spec(outside: Outside) -> dg.AssetSpec:
    return dg.AssetSpec(
        outside.name,
        group_name=outside.room,
        deps=[dg.AssetKey(step) for step in outside.after],
        description=rule_pages.described(outside.sentence, [outside.rule]),
        owners=[_OWNER],
    )


def keys_read_by(step: Step) -> list[dg.AssetKey]:
    """Keys of the external assets that a step reads."""
    return [dg.AssetKey(outside.name) for outside in OUTSIDE if step.name in outside.before]


ALL = [_spec(outside) for outside in OUTSIDE]
"""Every external asset of the code location."""
