"""The home's DAGSTER_HOME: its configuration, a recorded night, and the UI on the loopback address.

What belongs here: starting Dagster. What does not: assets and jobs (``defs/``), steps.
Dagster is imported inside functions only.

Rules: F.loopback, F.quiet.
Decides: F.quiet.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dagster_project.lib.base import files
from dagster_project.lib.base.environment import variables
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import night as nightly
from dagster_project.orchestration.access import require_access
from dagster_project.orchestration.failures import without_values
from dagster_project.orchestration.night import Night
from dagster_project.settings import PROJECT_ROOT, Home, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, JobDefinition

LOOPBACK = "127.0.0.1"
CONTRACTS_VARIABLE = "EFFEKT_CONTRACTS"
MAX_RUNTIME_SECONDS = 4 * 60 * 60
# the code location is named by its module, as the webserver and the daemon name it
_MODULE = "dagster_project.definitions"
_STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1
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
concurrency:
  runs:
    max_concurrent_runs: 1
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


def make_databases(home: Home) -> None:
    """Make the instance's databases before webserver, daemon and code server do so all at once."""
    with opened(home) as instance:
        instance.get_runs_count()


def run_recorded(settings: Settings) -> Night:
    """Run the job ``nightly`` in this process, recorded in the home's Dagster instance.

    Returns:
        the night; its ``exit_code`` is that of ``effekt run``.

    Raises:
        EffektError: ``HOME_BUSY`` or ``SECRETS_OPEN``, before anything is done.
    """
    gc.set_threshold(*_GC_THRESHOLDS)
    with nightly.night(settings) as night, variables(environment(settings)):
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


def _execute(night: Night) -> list[str]:
    """Run the job in a night that is held; the steps that failed, or the job where none did."""
    import dagster as dg

    from dagster_project.orchestration.run_launcher import PROCESS_TAG, this_process

    # its planner warns of every check behind a step that a quiet night skips
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    job: JobDefinition = importlib.import_module(_MODULE).defs.resolve_job_def("nightly")
    settings = night.settings
    config = {
        "home": str(settings.home.root),
        "contracts": str(settings.contracts_dir),
        "as_of": settings.as_of_text,
    }
    held = dg.ResourceDefinition(  # the run is recorded with the configuration of any other
        lambda _context: night, config_schema=job.resource_defs["night"].config_schema
    )
    with opened(settings.home) as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            tags={PROCESS_TAG: this_process()},
            resources={"night": held},
            run_config={
                "resources": {"night": {"config": config}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )
    failed = [event.step_key or "the job" for event in result.all_events if event.is_step_failure]
    return failed or ([] if result.success else ["the job"])


def serve(settings: Settings, port: int) -> int:
    """Run webserver and daemon on the loopback address until one ends or a signal comes.

    Returns:
        0 after a signal, 1 if a child ended by itself.

    Raises:
        EffektError: ``PORT_TAKEN``.
    """
    _require_free(port)
    require_access(settings.home)
    settings.home.ensure().refuse_open_secrets()
    make_databases(settings.home)
    values = {**os.environ, **environment(settings)}
    values["PYTHONPATH"] = os.pathsep.join(
        [str(PROJECT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _frame: stopped.append(caught))
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.extend(_start(words, values, settings) for words in _commands(port))
        while not stopped and all(child.poll() is None for child in children):
            time.sleep(0.2)
    finally:
        _stop(children)
    return 0 if stopped else 1


def _commands(port: int) -> list[list[str]]:
    python = [sys.executable, "-m"]
    return [
        [*python, "dagster_webserver", "-h", LOOPBACK, "-p", str(port), "-m", _MODULE,
         "--log-level", "warning"],
        [*python, "dagster._daemon", "run", "-m", _MODULE, "--log-level", "warning"],
    ]  # fmt: skip


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise EffektError(
                "PORT_TAKEN", f"port {port} is in use", remedy="effekt ui --port another"
            ) from None


def _start(words: list[str], values: dict[str, str], settings: Settings) -> subprocess.Popen[bytes]:
    """A child in a process group of its own that dies with this process."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        words,
        env=values,
        cwd=settings.home.root,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _stop(children: list[subprocess.Popen[Any]]) -> None:
    """End every child's whole process group: asked first, then killed."""
    for child in children:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, deadline - time.monotonic()))
        _signal_group(child, signal.SIGKILL)
        child.wait()


def _signal_group(child: subprocess.Popen[Any], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return
