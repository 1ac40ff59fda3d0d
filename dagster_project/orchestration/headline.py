"""What stands first on the page of a run: the code and the remedy, and what to run again.

What belongs here: the one line of a run that did not end well, and where a run that is begun in the
middle may begin. What does not: alerts (``alarm``), the causes and their words (``lib.nights``).

A run that begins behind ``load_inputs`` computes with what an earlier one loaded. That is right
after a failure of the machine, and wrong once something else is known.

Rules: P.headline, P.rerun.
Decides: P.headline, P.rerun.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from dagster_project.lib.base.errors import EXIT_OK, EffektError
from dagster_project.lib.nights.causes import Cause
from dagster_project.lib.reference import words
from dagster_project.orchestration import alarm, knowledge
from dagster_project.orchestration.report import Report
from dagster_project.orchestration.steps import resumed
from dagster_project.settings import Settings

TAG = "effekt/headline"
"""The tag of a run, shown on its page and in the list of runs."""
AT_WORK = "I gang"
"""What stands there until a run has ended: one that is begun again inherits the tags of another."""
AGAIN_FROM_FAILURE = "fra det trin, der fejlede (Re-execute from failure)"
AGAIN_FROM_INPUTS = (
    "efter en rettelse: load_inputs og alt efter den (fra receive, hvis en fil er lagt i landing/),"
    " eller effekt run; fra det trin, der fejlede, bedømmes de samme tal igen"
)
_INPUTS_CHANGED = "INPUTS_CHANGED"


def of_causes(causes: Sequence[Cause]) -> str:
    """The first cause's code, remedy and report, and how many more there are."""
    first = causes[0]
    more = f" (og {len(causes) - 1} til)" if len(causes) > 1 else ""
    return f"{first.code} → {first.remedy} · {first.report}{more}"


def of_run(night: Report) -> str:
    """The headline of a run that has ended."""
    if night.exit_code != EXIT_OK:
        return of_causes(alarm.causes_of(night))
    if night.is_unchanged:
        return f"Intet nyt: {night.snapshot_id}"
    return f"Udgivet: {night.snapshot_id}" if night.snapshot_id else "Udført"


def require_same_knowledge(settings: Settings, asked: dt.date | None) -> None:
    """Refuse to go on with loaded inputs that are no longer what is known.

    Args:
        settings: of a run that did not load the inputs itself.
        asked: the business date that the run was told, if it was.

    Raises:
        EffektError: ``INPUTS_CHANGED``: they must be loaded anew, or are another night's;
            ``NIGHT_NOT_BEGUN``: there are none.
    """
    own, known = resumed(settings)
    is_its_own = asked is None or asked == own.as_of
    if is_its_own and knowledge.knowledge(replace(own, area=settings.area)) == known:
        return
    word = words.failure(_INPUTS_CHANGED)
    raise EffektError(_INPUTS_CHANGED, word.label_da, remedy=word.remedy_da)
