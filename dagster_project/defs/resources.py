"""Resources: the home of a run, and the night that holds it.

What belongs here: opening a home for a run, what the run may be told, and its failures in Dagster's
words. What does not: assets, rules. The lock is held from the run's first step to its last.

Rules: F.launchpad, F.busy, P.alert.
Decides: F.launchpad.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg

from dagster_project import settings as places
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.nights import causes
from dagster_project.orchestration import alarm, headline, waiting
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.dagster_home import CONTRACTS_VARIABLE
from dagster_project.orchestration.failures import without_values
from dagster_project.orchestration.run_launcher import PROCESS_TAG, this_process
from dagster_project.settings import Settings

T = TypeVar("T")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


_ASKED = {
    "as_of": dg.Field(
        dg.Noneable(str), default_value=None,  # not a source: it would read the environment
        description="business date YYYY-MM-DD; default home.yml's, else today",
    )
}  # fmt: skip
"""All that a run may be told, from the launchpad as by schedule and command (F.launchpad)."""


def _require_date(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration as it was typed, if its date is one.

    Dagster calls this when it plans a run, before it stores one: what is no date stands nowhere.

    Raises:
        UsageError: it is none.
    """
    as_of = config["as_of"]
    if as_of is not None and not _DATE.fullmatch(as_of):
        raise UsageError("as_of must be a date, YYYY-MM-DD")
    return config


def _settings(context: dg.InitResourceContext) -> Settings:
    """The home and the contracts of this process, on the date that was asked for."""
    contracts = os.environ.get(CONTRACTS_VARIABLE)
    as_of = context.resource_config["as_of"]
    return places.resolve(
        contracts=Path(contracts) if contracts else None,
        as_of=dt.date.fromisoformat(as_of) if as_of else None,
    )


@dg.configured(dg.ResourceDefinition(_settings, config_schema=_ASKED), config_schema=_ASKED)
def asked(config: dict[str, Any]) -> dict[str, Any]:
    """The home, its contracts and the business date of a run."""
    return _require_date(config)


def _hold(context: dg.InitResourceContext) -> Iterator[nightly.Night]:
    """Hold the home's lock for the whole run; leave an alert if it does not end well.

    Another run may hold it: this one waits and tries again before it counts as failed.
    """
    run, as_of = context.run, context.resource_config["as_of"]
    if context.instance is not None and run is not None:
        own = {PROCESS_TAG: this_process(), headline.TAG: headline.AT_WORK}
        context.instance.add_run_tags(run.run_id, own)
    home, run_id = places.find_home(None), run.run_id if run else str(uuid.uuid4())
    is_whole = run is None or not (run.asset_selection or run.step_keys_to_execute)
    told = alarm.told_if_it_cannot_begin(home, run_id, as_of, is_typed=False, is_whole=is_whole)
    with told, ExitStack() as stack:
        waits = home.read_home_file().nightly
        asked = dt.date.fromisoformat(as_of) if as_of else None
        night = waiting.until_free(
            lambda: stack.enter_context(
                nightly.night(_settings(context), run_id, is_whole=is_whole, asked=asked)
            ),
            waits.busy_retries, waits.busy_wait_seconds,
        )  # fmt: skip
        try:
            yield night
        finally:
            if context.instance is not None and run is not None:
                context.instance.add_run_tags(run.run_id, {headline.TAG: headline.of_run(night)})


@dg.configured(dg.ResourceDefinition(_hold, config_schema=_ASKED), config_schema=_ASKED)
def held(config: dict[str, Any]) -> dict[str, Any]:
    """A home that is held from the first step of a run to its last."""
    return _require_date(config)


@dg.io_manager(config_schema={})
def nothing(_context: dg.InitResourceContext) -> dg.IOManager:
    """Where Dagster keeps what steps hand on: nowhere, state passes through the home only."""
    return dg.InMemoryIOManager()  # type: ignore[no-untyped-call]


HeldNight = dg.ResourceParam[nightly.Night]
"""How assets ask for the night of their run."""
AskedSettings = dg.ResourceParam[Settings]
"""How an op asks for home, contracts and date without holding the home."""


def held_back(failed_checks: Sequence[str]) -> dg.Failure:
    """What ends a run that critical checks held back: code and remedy of the first, and the page.

    Every check has its own result beside it.
    """
    told = causes.of_checks(failed_checks)
    metadata: dict[str, str | int] = {
        "code": told[0].code, "remedy": told[0].remedy, "owner": told[0].owner,
        "report": told[0].report, "failed_checks": len(told),
        "run_again": headline.AGAIN_FROM_INPUTS,
    }  # fmt: skip
    return dg.Failure(headline.of_causes(told), metadata, allow_retries=False)


def in_dagsters_words(do: Callable[[], T], step: str) -> T:
    """What ``do`` gives; a failure becomes Dagster's: code and remedy, without any value."""
    try:
        return do()
    except Exception as error:  # raised anew below: what it came from may quote a value
        failure = without_values(error, step)
    again = headline.AGAIN_FROM_FAILURE
    if failure.code == "INPUTS_CHANGED":
        again = headline.AGAIN_FROM_INPUTS
    metadata = {"code": failure.code, "remedy": failure.remedy or "-", "run_again": again}
    raise dg.Failure(str(failure), metadata, allow_retries=False)
