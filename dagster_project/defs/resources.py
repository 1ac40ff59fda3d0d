"""Resources: the night that a run belongs to.

What belongs here: opening a home for a run and turning a step's outcome into Dagster's words.
What does not: assets, rules. The lock is held from the run's first step to its last.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import Field

from dagster_project import settings as places
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.dagster_home import CONTRACTS_VARIABLE
from dagster_project.orchestration.night import Step, StepOutcome
from dagster_project.orchestration.run_launcher import PROCESS_TAG, this_process
from dagster_project.orchestration.steps import BY_NAME
from dagster_project.settings import Settings


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
    def yield_for_execution(
        self,
        context: dg.InitResourceContext,
    ) -> Iterator[NightResource]:
        """Hold the home's lock for the whole run; leave an alert if it does not end well."""
        if context.instance is not None and context.run_id:
            context.instance.add_run_tags(context.run_id, {PROCESS_TAG: this_process()})
        with nightly.night(self.settings()):
            yield self

    def perform(self, step: str | Step) -> StepOutcome:
        """Do one step; a failure becomes Dagster's, with code and remedy and without any value."""
        chosen = BY_NAME[step] if isinstance(step, str) else step
        failure: EffektError | None = None
        try:
            return nightly.perform(chosen, self.settings())
        except EffektError as error:
            failure = error
        raise dg.Failure(
            description=str(failure),
            metadata={"code": failure.code, "remedy": failure.remedy or "-"},
            allow_retries=False,
        )

    def materialize(self, step: str) -> dg.MaterializeResult:
        """Do one step whose outcome is one asset."""
        outcome = self.perform(step)
        rows = {f"rows {name}": count for name, count in sorted(outcome.tables.items())}
        return dg.MaterializeResult(metadata={**outcome.metadata, **rows})
