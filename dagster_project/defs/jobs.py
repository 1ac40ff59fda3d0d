"""Jobs: the night, and the life of a settlement for those who act from the launchpad.

What belongs here: selections and ops with typed configuration. What does not: rules of a
settlement (``lib/ledger``).
"""

from __future__ import annotations

import dagster as dg

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="The whole night: received files → vault → rules → settlement → gates → mart.",
    executor_def=dg.in_process_executor,
)
