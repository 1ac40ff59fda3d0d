"""One command brings a home up: under its lock, each step recorded and told.

What belongs here: which steps a home needs, and ``home.yml``. What does not: what a step does
(``steps``) and the form of the record (``ledger.upgrades``).

Rules: P.format.
Decides: P.format.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import yaml

from dagster_project.lib.base import files, lock, users
from dagster_project.lib.base.strict_yaml import YamlRefusedError, load_typed
from dagster_project.lib.base.telling import tell
from dagster_project.lib.ledger import upgrades
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.upgrade.steps import STEPS, Step
from dagster_project.settings import HOME_FORMAT, Home

_FORMAT_LINE = re.compile(r"^format[ \t]*:.*$", re.MULTILINE)


def bring_up(home: Home) -> None:
    """Bring a home up for a command that acts on it; a folder that is no home is left alone.

    Raises:
        EffektError: ``HOME_BUSY`` while a run holds an older home, ``HOME_FORMAT``, or what a step
            found broken.
    """
    if home.vault.is_dir() and home.read_home_file().format < HOME_FORMAT and not home.is_new:
        home.refuse_open_secrets()
        with lock.hold(home.lock_file):
            bring_up_held(home)


def bring_up_held(home: Home) -> None:
    """The same for a process that holds the home; a new home begins with today's format."""
    found = home.read_home_file().format
    if found == HOME_FORMAT:
        return
    if not home.is_new:
        done = upgrades.reached(home)
        for step in STEPS[found - 1 :]:
            if step.from_format >= done:
                _take(home, step)
    _write_format(home)


def _take(home: Home, step: Step) -> None:
    """Do a step, record it and tell it."""
    told = [line for part in step.parts for line in part(home)]
    fact = {
        "from_format": step.from_format,
        "to_format": step.from_format + 1,
        "code_version": code_version(),
        "recorded_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "os_user": users.acting().name,
        "told": told,
        **step.noted(home),
    }
    upgrades.add(home, fact)
    tell(f"Mappen er bragt op fra format {step.from_format} til {step.from_format + 1}")
    for line in told:
        tell(f"  {line}")


def _write_format(home: Home) -> None:
    """Write today's format into ``home.yml`` and leave the rest of the file as it is."""
    path = home.home_file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    wanted = {**(load_typed(text) or {}), "format": HOME_FORMAT}
    line = f"format: {HOME_FORMAT}"
    if _FORMAT_LINE.search(text):
        changed = _FORMAT_LINE.sub(line, text, count=1)
    else:
        changed = text + ("" if text.endswith("\n") or not text else "\n") + line + "\n"
    if not _says(changed, wanted):  # a file in YAML's flow style, say
        changed = yaml.safe_dump(wanted, allow_unicode=True, sort_keys=False)
    files.write_atomic(path, changed)


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return bool(load_typed(text) == wanted)
    except YamlRefusedError:
        return False
