"""The optional fetch of published statistics: no schedule, the file drop is the rule.

What belongs here: the fields of the fetch and its call. What does not: the service's shapes
(``lib/jobindsats_api``), reading the figures (receiving).
"""

import dagster as dg
from pydantic import Field

from dagster_project.defs.resources import HomeResource
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving import jobindsats_api
from dagster_project.orchestration import night as nightly


class Fetch(dg.Config):
    """Where and what to ask; the token lies in ``secrets/jobindsats.token`` (0600)."""

    base_url: str = Field(description="address of the service up to the version")
    version: int = Field(default=2, description="2 or 3")
    area: str = Field(description="name of the municipality in the statistics")
    first_month: str = Field(description="first month asked for, YYYY-MM")
    last_month: str = Field(description="last month asked for, YYYY-MM")
    tables: dict[str, str] = Field(
        default=jobindsats_api.ApiSettings("").tables,
        description="table → name of its benefit, where the table itself does not say it",
    )


@dg.op
def fetch(context: dg.OpExecutionContext, place: HomeResource, config: Fetch) -> None:
    """Leave one ordinary ``jobindsats_<date>.json`` in the landing folder.

    The home is not held: a slow service keeps no night waiting.
    """
    failure: EffektError | None = None
    try:
        settings = place.settings()
        settings.home.refuse_open_secrets()
        path = jobindsats_api.fetch(
            jobindsats_api.ApiSettings(
                base_url=config.base_url, version=config.version, tables=dict(config.tables)
            ),
            settings.home.ensure(), config.area,
            jobindsats_api.months_between(config.first_month, config.last_month), settings.as_of,
        )  # fmt: skip
        context.add_output_metadata({"file": path.name, "bytes": path.stat().st_size})
    except Exception as error:  # any failure becomes a code without values
        failure = nightly.without_values(error, "fetch_jobindsats")
    if failure is not None:
        raise dg.Failure(str(failure), {"code": failure.code}, allow_retries=False)


@dg.job(description="Fetches published statistics (optional).", executor_def=dg.in_process_executor)
def fetch_jobindsats() -> None:
    """One fetch."""
    fetch()


ALL = [fetch_jobindsats]
"""The optional fetch."""
