"""What a run that did not end well leaves behind: ``reports/alert.json`` and one local command.

What belongs here: codes, ids and counts. What does not: values, names of people, texts of a file.

Rules: P.alert.
Decides: P.alert.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import Any

from dagster_project.lib.base import files
from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import Home

ALERT_VARIABLE = "EFFEKT_ALERT"
_TIMEOUT_SECONDS = 30


def write(home: Home, content: dict[str, Any]) -> None:
    """Write ``reports/alert.json`` and start the local command named in ``$EFFEKT_ALERT``.

    Args:
        home: the home whose run ended other than 0.
        content: exit code, codes, check ids and delivery ids.
    """
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    path = files.make_dir(home.reports) / "alert.json"
    try:
        files.write_atomic(path, text)
    finally:
        _start_command(text)


def clear(home: Home) -> None:
    """Remove the alert of an earlier run: this one ended well."""
    (home.reports / "alert.json").unlink(missing_ok=True)


def _start_command(text: str) -> None:
    """Run the command without a shell; the alert's JSON is its standard input."""
    words = shlex.split(os.environ.get(ALERT_VARIABLE, ""))
    if not words:
        return
    try:
        subprocess.run(  # noqa: S603 - the operator's own command, split without a shell
            words,
            input=text.encode("utf-8"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return


def write_failure(home: Home, error: EffektError) -> None:
    """The alert of a run that ended before it could begin; a full disk must not hide the error."""
    try:
        write(home, {"exit_code": error.exit_code, "error": error.code, "failed_step": None})
    except OSError:
        return
