"""The optional fetch of published statistics: no schedule, the file drop is the rule.

What belongs here: the fields of the fetch and its call. What does not: the service's shapes
(``lib/jobindsats_api``), reading the figures (receiving).
"""

import datetime as dt

import dagster as dg
from pydantic import Field

from dagster_project.defs.resources import NightResource
from dagster_project.lib import jobindsats_api, nightly
from dagster_project.lib.errors import EffektError


class Fetch(dg.Config):
    """Where and what to ask; the token lies in ``secrets/jobindsats.token`` (0600)."""

    base_url: str = Field(description="address of the service up to the version")
    version: int = Field(default=2, description="2 or 3")
    area: str = Field(description="name of the municipality in the statistics")
    first_month: str = Field(description="first month asked for, YYYY-MM")
    last_month: str = Field(description="last month asked for, YYYY-MM")


def _months(first: str, last: str) -> list[dt.date]:
    """First days of the months from the first to the last."""
    start, end = (dt.datetime.strptime(text, "%Y-%m").date() for text in (first, last))  # noqa: DTZ007
    count = (end.year - start.year) * 12 + end.month - start.month + 1
    numbers = range(start.month - 1, start.month - 1 + count)
    return [dt.date(start.year + n // 12, n % 12 + 1, 1) for n in numbers]


@dg.op
def fetch(context: dg.OpExecutionContext, night: NightResource, config: Fetch) -> None:
    """Leave one ordinary ``jobindsats_<date>.json`` in the landing folder."""
    failure: EffektError | None = None
    try:
        settings = night.settings()
        path = jobindsats_api.fetch(
            jobindsats_api.ApiSettings(base_url=config.base_url, version=config.version),
            settings.home.secrets, settings.home.landing, config.area,
            _months(config.first_month, config.last_month), settings.as_of,
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
