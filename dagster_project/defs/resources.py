"""Resources: the home of a run, and the night that holds it.

What belongs here: opening a home for a run, and its failures in Dagster's words. What does not:
assets, rules. The lock is held from the run's first step to its last.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import dagster as dg
from pydantic import Field

from dagster_project import settings as places
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.dagster_home import CONTRACTS_VARIABLE
from dagster_project.orchestration.failures import without_values
from dagster_project.orchestration.run_launcher import PROCESS_TAG, this_process
from dagster_project.settings import Settings

T = TypeVar("T")


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


class HomeResource(dg.ConfigurableResource):
    """The home, its contracts and the business date of a run; all may be left out."""

    home: str | None = Field(default=None, description="the home; default $EFFEKT_HOME, ./data")
    contracts: str | None = Field(default=None, description="folder of the contract files")
    as_of: str | None = Field(
        default=None, description="business date YYYY-MM-DD; default home.yml's, else today"
    )

    def settings(self) -> Settings:
        """The settings that the run's configuration asks for."""
        return places.resolve(
            home=_path(self.home),
            contracts=_path(self.contracts or os.environ.get(CONTRACTS_VARIABLE)),
            as_of=dt.date.fromisoformat(self.as_of) if self.as_of else None,
        )


class NightResource(HomeResource):
    """A home that is held from the first step of a run to its last."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[nightly.Night]:
        """Hold the home's lock for the whole run; leave an alert if it does not end well."""
        if context.instance is not None and context.run is not None:
            context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: this_process()})
        with nightly.night(self.settings()) as night:
            yield night


HeldNight = dg.ResourceParam[nightly.Night]
"""How assets and ops ask for the night of their run."""


def in_dagsters_words(do: Callable[[], T], step: str) -> T:
    """What ``do`` gives; a failure becomes Dagster's: code and remedy, without any value."""
    try:
        return do()
    except Exception as error:  # raised anew below: what it came from may quote a value
        failure = without_values(error, step)
    metadata = {"code": failure.code, "remedy": failure.remedy or "-"}
    raise dg.Failure(str(failure), metadata, allow_retries=False)
