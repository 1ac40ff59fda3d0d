"""Ops: the fetch of published statistics.

What belongs here: a call of the machine. What does not: the shapes of a service
(``lib/receiving/jobindsats_api``), and what a person does to a settlement: that is a command, done
by the person's own operating-system user (F.launchpad).
"""

from pathlib import Path

import dagster as dg

from dagster_project.defs.resources import AskedSettings, in_dagsters_words
from dagster_project.lib import publishing
from dagster_project.lib.receiving import jobindsats_api


@dg.op(config_schema={})
def fetch(context: dg.OpExecutionContext, place: AskedSettings) -> None:
    """Leave one ordinary ``jobindsats_<date>.json`` in the landing folder, as ``home.yml`` asks.

    The home is not held: a slow service keeps no night waiting.
    """

    def do() -> Path:
        publishing.require_not_after_today(place.as_of, "the as-of date")
        place.home.ensure().refuse_open_secrets()
        return jobindsats_api.fetch_for(place)

    path = in_dagsters_words(do, "fetch_jobindsats")
    context.add_output_metadata({"file": path.name, "bytes": path.stat().st_size})
