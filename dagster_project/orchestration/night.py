"""The one order of the night, and the night itself: a held home in which its steps are done.

What belongs here: ``STEPS``, reports, exit codes, how a failure ends a night. What does not: what a
step does (``steps``), Dagster (``defs``), whose assets and dependencies derive from ``STEPS``.
State passes from step to step through the home only; a report is for people and exit codes.

Rules: P.exit_codes, F.after, F.private, G.order.
Decides: G.order, F.after, F.private.
"""

from __future__ import annotations

import datetime as dt
import inspect
import os
import resource
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dagster_project.lib import charts, person, purge, receiving, records, upgrade
from dagster_project.lib.base import files, lock
from dagster_project.lib.base.telling import tell
from dagster_project.lib.nights import alerts, in_hand
from dagster_project.lib.trace import side_home
from dagster_project.orchestration import access, alarm, ends, headline, old_runs, rooms, steps
from dagster_project.orchestration.failures import blame_machine, without_values
from dagster_project.orchestration.outcome import StepOutcome
from dagster_project.orchestration.report import Report
from dagster_project.settings import Home, Settings


@dataclass(frozen=True)
class Step:
    """One step of the night.

    Args:
        name: its name, which is the asset's where the step is one asset.
        room: the room whose assets it makes, or which it judges (``rooms``).
        do: what does it.
        after: steps that must have succeeded before.
        rule: the rule that says what it does, where the step is one asset.
        folder: folder of the dbt models that it builds, one asset each.
        gate: number of the gate, where the step is one.
    """

    name: str
    room: str
    do: Callable[..., StepOutcome]
    after: tuple[str, ...] = ()
    rule: str = ""
    folder: str | None = None
    gate: int | None = None

    @property
    def description(self) -> str:
        """What the step does: the first sentence of its function's own words."""
        do = self.do.func if isinstance(self.do, partial) else self.do
        first, *_ = (inspect.getdoc(do) or self.name).split("\n\n")
        return " ".join(first.split()).replace("``", "")


def _gate(number: int, room: str, *after: str, rule: str) -> Step:
    return Step(f"gate_{number}", room, partial(steps.gate, number), after, rule=rule, gate=number)


def _models(
    name: str, room: str, folder: str, after: str, *, apart: tuple[str, ...] = (),
    do: Callable[..., StepOutcome] = steps.build,
) -> Step:  # fmt: skip
    """A step of dbt: the models of a folder, less the folders in it that another step builds."""
    select, exclude = [f"path:{folder}"], [f"path:{inner}" for inner in apart]
    return Step(name, room, partial(do, select, exclude), (after,), folder=folder)


LOAD = "load_inputs"
PUBLISH = "publish"
_SETTLEMENT = "models/intermediate/settlement"

STEPS: tuple[Step, ...] = (
    Step("check_records", rooms.LEDGER, steps.check_records, rule="F.verify"),
    Step("receive", rooms.LANDING, steps.receive, ("check_records",), rule="I.refusal"),
    Step(LOAD, rooms.RAW, steps.load_inputs, ("receive",), rule="R0.known"),
    _gate(10, rooms.RAW, LOAD, rule="G.received"),
    _models("staging", rooms.STAGING, "models/staging", "gate_10"),
    _gate(20, rooms.STAGING, "staging", rule="G.staged"),
    _models("rules", rooms.RULES, "models/intermediate", "gate_20", apart=(_SETTLEMENT,)),
    _gate(30, rooms.RULES, "rules", rule="G.rules"),
    _models("settlement", rooms.SETTLEMENT, _SETTLEMENT, "gate_30"),
    Step(
        "hash_statements", rooms.SETTLEMENT, steps.hash_statements, ("settlement",), rule="S.hash"
    ),
    _gate(40, rooms.SETTLEMENT, "hash_statements", "settlement", rule="G.settlement"),
    _models("marts", rooms.MARTS, "models/marts", "gate_40", do=steps.build_marts),
    Step("build_candidate", rooms.MARTS, steps.build_candidate, ("marts",), rule="M.name"),
    _gate(50, rooms.MARTS, "build_candidate", rule="G.candidate"),
    Step(PUBLISH, rooms.PUBLISHED, steps.publish, ("gate_50",), rule="M.publish"),
    Step("statements", rooms.STATEMENTS, steps.statements, (PUBLISH,), rule="S.statement"),
    Step("pages", rooms.PAGES, steps.pages, ("statements",), rule="V.written"),
    Step("publish_postgres", rooms.BI, steps.publish_postgres, ("statements",), rule="M.postgres"),
)
"""The night, in order: the one list from which assets, dependencies and every runner derive."""

_NAMES = [step.name for step in STEPS]
ON_INPUTS = frozenset(_NAMES[_NAMES.index(LOAD) + 1 : _NAMES.index(PUBLISH) + 1])
"""The steps that compute with what ``load_inputs`` loaded."""
BY_NAME: dict[str, Step] = {step.name: step for step in STEPS}


def building(path: str) -> Step:
    """The step that builds the model in this file of ``dbt/``: that of the deepest folder."""
    around = [step for step in STEPS if step.folder and path.startswith(f"{step.folder}/")]
    return max(around, key=lambda step: len(step.folder or ""))


class Night(Report):
    """A held home, and what was done in it, as far as it came."""

    def perform(self, name: str, models: Sequence[str] | None = None) -> StepOutcome:
        """Do one step and gather its outcome.

        Args:
            name: the step.
            models: names of the only models that a step of dbt builds; all of its when left out.

        Raises:
            EffektError: whatever failed, without any value.
        """
        do = BY_NAME[name].do
        self.note_at_work(name)
        try:
            self._require_inputs(name)
            outcome = do(self.settings) if models is None else do(self.settings, models=models)
        except Exception as error:  # the one place where any failure of a step becomes a code
            failure = without_values(error, name)
        except BaseException:  # canceled: no failure of the step, and the night is over
            self.error, self.failed_step = alarm.stopped("RUN_CANCELED"), name
            raise
        else:
            self.outcomes[name] = outcome
            return outcome
        self.error, self.failed_step = failure, name
        raise failure

    def _require_inputs(self, name: str) -> None:
        """What a run that begins in the middle computes with must still be what is known (P.rerun).

        The documents are written of what is published, whatever is known by now.
        """
        if name in ON_INPUTS and not (self.outcomes.keys() & {LOAD, *ON_INPUTS}):
            headline.require_same_knowledge(self.settings, self.asked)

    def note_at_work(self, step: str | None) -> None:
        """Write down that this run is at work, for whoever finds its process gone."""
        own = self.settings
        in_hand.note(own.home, self.run_id, own.as_of_text, own.area, step)


@contextmanager
def night(
    settings: Settings,
    run_id: str | None = None,
    *,
    is_whole: bool = True,
    asked: dt.date | None = None,
) -> Iterator[Night]:
    """Hold the home, gather what is done in it and leave an alert if that does not end 0.

    Args:
        settings: of the run.
        run_id: of the run; one of its own where none is given.
        is_whole: every step is meant to be done.
        asked: the business date that the run was told, if it was.

    Raises:
        EffektError: ``HOME_BUSY``, ``SECRETS_OPEN``, a folder that is closed (``access``) or what
            an upgrade of the home found broken, before anything is done.
        UsageError: a business date that no run may have (P.run_date), before anything is done.
        EffektError: ``SOURCE_DECLARATION``: an overlay, or a declaration, that cannot be loaded
            (I.overlay), before anything is done.
    """
    from dagster_project.lib import publishing

    harden()
    access.require_access(settings.home)
    settings.home.ensure()
    settings.home.refuse_open_secrets()
    with lock.hold(settings.home.lock_file), charts.standby():
        publishing.require_publishable(settings)
        _tell_left(settings.home)
        held = Night(settings, run_id or str(uuid.uuid4()), is_whole, asked)
        held.note_at_work(None)
        _make_ready(settings.home)
        begun = time.monotonic()
        try:
            yield held
        finally:
            if held.error is not None:
                where = held.failed_step or "dagster"
                held.error = blame_machine(held.error, where, settings.home)
            _write_pages(held)
            _tell_end(held)
            if held.outcomes.keys() == BY_NAME.keys():
                records.note_night(settings.home, time.monotonic() - begun)
            _remove_old_runs(settings.home, held.run_id)


def _tell_left(home: Home) -> None:
    """Tell the run of a killed process: in a home that is held, whatever is noted is left over."""
    if (left := in_hand.noted(home)) is not None:
        alerts.tell_dead(home, left)


def _make_ready(home: Home) -> None:
    """What comes before the first step; a home of an older format can take minutes.

    Whoever began the run tells what fails here. A process that is killed here leaves its note.
    """
    try:
        receiving.read_overlays(home.sources)
        _sweep(home)
        upgrade.bring_up_held(home)
        person.finish(home)
        purge.finish(home)
    except Exception:
        in_hand.end(home)
        raise


def _sweep(home: Home) -> None:
    """Remove what killed processes left aside (F.killed)."""
    side_home.sweep(home)
    folders = [
        home.root, home.secrets, home.vault, home.quarantine, home.work, home.dagster,
    ]  # fmt: skip
    for deep in (home.ledger, home.reports):
        inner = (path for path in deep.rglob("*") if path.is_dir() and not path.is_symlink())
        folders += [deep, *inner]
    files.sweep_asides(folders)


def _remove_old_runs(home: Home, run_id: str) -> None:
    """Keep Dagster's record small (F.growth); what cannot be removed now is told, no failure."""
    left = old_runs.remove(home, dt.datetime.now(dt.UTC), run_id)
    if left:
        tell(
            "Dagsters optegnelser over gamle kørsler kunne ikke fjernes nu"
            f" ({', '.join(left)}); næste nat prøver igen"
        )


def _write_pages(held: Night) -> None:
    """Write the pages that every run writes, as it ends; what fails ends it 1 (V.written)."""
    try:
        ends.write_pages(held)
    except Exception as error:  # the one place where a failure at a run's end becomes a code
        if held.error is None:
            held.error = ends.failure(error, held.settings.home)
            held.failed_step = "pages"


def _tell_end(held: Night) -> None:
    home = held.settings.home
    try:
        alarm.tell_end(held)
        if held.refused:
            receiving.forget_untold(home)
    except OSError as error:
        if held.error is None:
            held.error = without_values(error, "alert")
    finally:
        in_hand.end(home)


def harden() -> None:
    """Private files and no core dumps, whatever the caller's environment says.

    Great Expectations looks for the user's own folder when it is imported; a service user may have
    none.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/nonexistent"
