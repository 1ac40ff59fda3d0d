"""The alert: ``reports/alert.json`` and one start of a local command, once for what is told.

What belongs here: what an alert holds, that it is told once, and when it is taken away. What does
not: values, names of people, texts of a file; which night is due (``due``).

A run is told by its id, a night that was not by its date. Whoever sees it first tells it: the run's
own process, the daemon, the next command. The alerts of earlier runs stand in ``earlier`` until a
run publishes or finds nothing new: a run that met a busy home hides no night that was held.

Rules: P.alert.
Decides: P.alert.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dagster_project.lib.base.errors import EXIT_FAILED, EffektError
from dagster_project.lib.base.person_numbers import shown
from dagster_project.lib.base.telling import tell
from dagster_project.lib.nights import in_hand, record
from dagster_project.lib.nights.causes import Cause, of_error
from dagster_project.lib.reference import words
from dagster_project.settings import Home

ALERT_VARIABLE = "EFFEKT_ALERT"
_TIMEOUT_SECONDS = 30
_EARLIER = 20
_KEPT_OF_EARLIER = ("as_of_date", "at", "causes", "exit_code", "run_id", "skipped_dates", "step")


def content(
    home: Home, *, run_id: str | None, as_of_date: str | None, area: str | None, exit_code: int,
    step: str | None, causes: Sequence[Cause], error: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What every alert holds: codes, ids, paths inside the home, and the home itself.

    Args:
        home: the home.
        run_id: of Dagster's record, null for a night that never was.
        as_of_date: business date, null where the run did not come to have one.
        area: the municipality, as ``home.yml`` names it.
        exit_code: 1, 3 or 4; 2 of a command in a home whose own date no run may have.
        step: where it ended, null before the first.
        causes: why.
        error: code of the failure, null where none failed.
    """
    return {
        "home": str(Path(*map(shown, home.root.parts))),
        "area": area,
        "as_of_date": as_of_date,
        "run_id": run_id,
        "at": record.now_text(),
        "exit_code": exit_code,
        "step": step,
        "causes": [cause.as_json() for cause in causes],
        "error": error,
        "failed_step": step if error else None,
        "skipped_dates": [],
    }


def raise_once(
    home: Home, keys: Sequence[str], alert: dict[str, Any], text: str, *, takes_over: bool = False
) -> bool:
    """Write the alert and start the command of ``$EFFEKT_ALERT``, unless all of it was told.

    Args:
        home: whose run, or missed night, it is.
        keys: what is told: the run's id, or the missed nights.
        alert: see ``content``.
        text: the same for a person, with the place of the failure (``reports/alert.txt``).
        takes_over: the run published: what earlier runs left is taken away.

    Returns:
        whether it was told now.

    Raises:
        OSError: it could not be written; the command was started, once.
    """
    told = {**alert, "earlier": []}
    try:
        with record.changing(home) as known:
            if set(keys) <= set(known.told):
                return False
            known.told += [key for key in keys if key not in known.told]
            told = beside_earlier(home, alert, takes_over=takes_over)
            record.write_for_owner(home.reports / "alert.json", _json(told))
            record.write_for_owner(home.reports / "alert.txt", text + "\n")
    except OSError:
        if not record.is_told_beside(home, keys):
            record.note_beside(home, keys)
            _start_command(_json(told))
        raise
    if not record.is_told_beside(home, keys):
        _start_command(_json(told))
    return True


def beside_earlier(home: Home, alert: dict[str, Any], *, takes_over: bool) -> dict[str, Any]:
    """An alert with those of earlier runs that it does not take away."""
    return {**alert, "earlier": [] if takes_over else _standing(home)}


def take_away(home: Home) -> None:
    """Remove the alert of earlier runs: this one published, or found nothing new."""
    for name in ("alert.json", "alert.txt"):
        (home.reports / name).unlink(missing_ok=True)


def standing(home: Home) -> dict[str, Any] | None:
    """The alert that stands; none where none does or it cannot be read."""
    try:
        alert = json.loads((home.reports / "alert.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return alert if isinstance(alert, dict) else None


def tell_left(home: Home) -> bool:
    """Tell the run of a process that was killed or whose machine is gone, if there is one.

    It does nothing, without a word, for a user who may not read or write the home's reports.
    """
    if not os.access(home.reports, os.W_OK):
        return False
    run = in_hand.left(home)
    return run is not None and tell_dead(home, run)


def tell_dead(home: Home, run: dict[str, Any]) -> bool:
    """Tell a run whose process is gone, once; what was noted of it is removed.

    Args:
        home: the home.
        run: what ``in_hand`` holds of it.
    """
    word = words.failure("RUN_KILLED")
    error = EffektError("RUN_KILLED", word.label_da, remedy=word.remedy_da)
    alert = content(home, **run, exit_code=EXIT_FAILED, causes=[of_error(error)], error=error.code)
    is_told = False
    with suppress(OSError):
        is_told = raise_once(home, [run["run_id"]], alert, f"FEJL {error}")
        in_hand.end(home)
    return is_told


def _standing(home: Home) -> list[dict[str, Any]]:
    """The alert that stands and those that stood beside it, newest first."""
    alert = standing(home)
    if alert is None:
        return []
    newest = {key: alert[key] for key in _KEPT_OF_EARLIER if key in alert}
    earlier = alert.get("earlier")
    return [newest, *(earlier if isinstance(earlier, list) else [])][:_EARLIER]


def _json(alert: dict[str, Any]) -> str:
    return json.dumps(alert, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _start_command(text: str) -> None:
    """Run the command without a shell; the alert's JSON is its standard input.

    What is wrong with the command is told, and changes neither the run nor its exit code.
    """
    wrong = "kunne ikke startes"
    try:
        command = shlex.split(os.environ.get(ALERT_VARIABLE, ""))
        if not command:
            return
        subprocess.run(  # noqa: S603 - the operator's own command, split without a shell
            command,
            input=text.encode("utf-8"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        wrong = f"var ikke færdig efter {_TIMEOUT_SECONDS} sekunder og er standset"
    except (OSError, ValueError):  # ValueError: a quotation mark that nothing closes
        pass
    else:
        return
    tell(f"Kommandoen i ${ALERT_VARIABLE} {wrong}; alarmen står i reports/alert.json")
