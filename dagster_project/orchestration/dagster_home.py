"""The home's DAGSTER_HOME: its configuration, and a recorded night.

What belongs here: starting Dagster. What does not: its UI (``ui``), assets and jobs (``defs/``),
steps. Dagster is imported inside functions only.

Rules: F.quiet.
Decides: F.quiet.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from dagster_project.lib.base import files
from dagster_project.lib.base.environment import variables
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import headline, record
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.failures import without_values
from dagster_project.orchestration.night import Night
from dagster_project.settings import Home, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, JobDefinition

CONTRACTS_VARIABLE = "EFFEKT_CONTRACTS"
MAX_RUNTIME_SECONDS = 4 * 60 * 60
_REPOSITORY = "__repository__"
MODULE = "dagster_project.definitions"
"""The code location: named by its module, in the record of a command as in that of the UI."""
# a night's process makes millions of objects that live until its end; to look for garbage among
# them at the interpreter's usual pace takes a twentieth of the night (docs/adr/0021)
_GC_THRESHOLDS = (200_000, 20, 20)
_INSTANCE = """\
# written by effekt; one run at a time, nothing reported home
telemetry:
  enabled: false
nux:
  enabled: false
run_monitoring:
  enabled: true
  max_runtime_seconds: {max_runtime}
  poll_interval_seconds: 60
run_launcher:
  module: dagster_project.orchestration.run_launcher
  class: WatchfulRunLauncher
retention:  # a sensor that does nothing says so each half minute; the night removes the rest
  sensor:
    purge_after_days:
      skipped: 1
concurrency:
  runs:
    max_concurrent_runs: 1
python_logs:
  python_log_level: CRITICAL
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
event_log_storage:
  module: dagster_project.orchestration.event_log
  class: KeptOpenEventLogStorage
  config:
    base_dir: {events}
"""


def prepare(home: Home) -> None:
    """Write ``dagster.yaml`` if it is not what this version writes."""
    path = files.make_dir(home.dagster) / "dagster.yaml"
    events = json.dumps(str(home.dagster.resolve() / "history" / "runs"))  # Dagster's own place
    text = _INSTANCE.format(max_runtime=MAX_RUNTIME_SECONDS, events=events)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        files.write_atomic(path, text)


def environment(settings: Settings) -> dict[str, str]:
    """Variables that Dagster and its children need to find the home, and to keep silent."""
    return {
        "DAGSTER_HOME": str(settings.home.dagster),
        "EFFEKT_HOME": str(settings.home.root),
        CONTRACTS_VARIABLE: str(settings.contracts_dir),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "FRESHNESS_DAEMON_INTERVAL_SECONDS": "300",  # it judges ages of hours, and only shows them
    }


@contextmanager
def opened(home: Home) -> Iterator[DagsterInstance]:
    """The home's Dagster instance.

    Its databases are made by one process at a time: two that make them at once can leave two
    versions written down in one of them, and nothing of Dagster then opens the home again.
    """
    import dagster as dg

    prepare(home)
    with (home.dagster / "making.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        instance = dg.DagsterInstance.from_config(str(home.dagster))
    with instance:
        yield instance


def run_recorded(settings: Settings, run_id: str | None = None) -> Night:
    """Run the job ``nightly`` in this process, recorded in the home's Dagster instance.

    Args:
        settings: of the run.
        run_id: of the run, in Dagster's record and in alerts; one of its own where none is given.

    Returns:
        the night; its ``exit_code`` is that of ``effekt run``.

    Raises:
        EffektError: ``HOME_BUSY`` or ``SECRETS_OPEN``, before anything is done.
    """
    gc.set_threshold(*_GC_THRESHOLDS)
    with nightly.night(settings, run_id) as night, variables(environment(settings)):
        failure: EffektError | None = None
        try:
            failed_steps = _execute(night)
        except Exception as error:  # Dagster's own storage may fail: full disk, locked database
            failure = without_values(error, "dagster")
        if failure is None and failed_steps and not night.failed_checks:
            failure = EffektError(
                "DAGSTER",
                f"the job failed around {', '.join(failed_steps)}",
                remedy="effekt ui shows the run",
            )
        night.error = night.error or failure
    return night


@contextmanager
def _as_of_the_ui(instance: DagsterInstance) -> Iterator[None]:
    """Let the run name the job of the code location, as one that the UI begins does.

    The UI begins a run again, from failure too, only where it knows whose job it was.
    """
    from dagster._core.remote_origin import (
        RegisteredCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )

    location = RegisteredCodeLocationOrigin(MODULE)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, _REPOSITORY), "nightly")
    own = vars(instance)  # what executes a job in this process has no word for it
    own["create_run_for_job"] = partial(instance.create_run_for_job, remote_job_origin=origin)
    try:
        yield
    finally:
        del own["create_run_for_job"]


def _execute(night: Night) -> list[str]:
    """Run the job in a night that is held; the steps that failed, or the job where none did."""
    import dagster as dg

    from dagster_project.orchestration.run_launcher import PROCESS_TAG, this_process

    # its planner warns of every check behind a step that a quiet night skips
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    job: JobDefinition = importlib.import_module(MODULE).defs.resolve_job_def("nightly")
    settings = night.settings
    held = dg.ResourceDefinition(  # the run is recorded with the configuration of any other
        lambda _context: night, config_schema=job.resource_defs["night"].config_schema
    )
    with opened(settings.home) as instance, _as_of_the_ui(instance):
        result = job.execute_in_process(
            instance=instance,
            run_id=night.run_id,
            raise_on_error=False,
            tags={PROCESS_TAG: this_process()},
            resources={"night": held},
            run_config={"resources": {"night": {"config": {"as_of": settings.as_of_text}}}},
        )
        with suppress(Exception):  # a headline is for people: the run is what it is without
            instance.add_run_tags(night.run_id, {headline.TAG: headline.of_run(night)})
        if "check_records" in night.outcomes:
            with suppress(Exception):  # what Dagster cannot be told now is told the next time
                record.tell_dagster(instance, settings.home)
    failed = [event.step_key or "the job" for event in result.all_events if event.is_step_failure]
    return failed or ([] if result.success else ["the job"])
