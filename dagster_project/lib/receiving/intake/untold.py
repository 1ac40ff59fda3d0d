"""Refusals that no run has reported yet: the run after a killed one reports them.

What belongs here: which refusals the next run that ends has to name. What does not: how it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.receiving.intake.register import Register, load_register
from dagster_project.lib.receiving.judging.findings import DeliveryNote
from dagster_project.settings import Home

_FILE = ".untold.json"


def _known(home: Home) -> set[str]:
    path = home.quarantine / _FILE
    if not path.exists():
        return set()
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(known, list) and all(isinstance(item, str) for item in known):
            return set(known)
    except (OSError, ValueError):
        pass
    raise EffektError(
        "UNTOLD_BROKEN",
        f"quarantine/{_FILE} kan ikke læses: nogle afvisninger er måske ikke fortalt til nogen",
        remedy="gennemgå de nyeste rapporter i quarantine/, slet den fil, og kør igen",
    )


def note_untold(home: Home, refused: Iterable[tuple[str, str]]) -> None:
    """Write down, durably, that these refusals are to be reported: delivery_id and shown name."""
    known = _known(home)
    untold = known | {f"{delivery_id} {name}" for delivery_id, name in refused}
    if untold != known:
        files.write_atomic(home.quarantine / _FILE, canonical_json(sorted(untold)))


def untold_refusals(home: Home) -> list[DeliveryNote]:
    """Refusals that no run has reported, in the order of the register, unless accepted since.

    Returns:
        those of this run, and of earlier ones that were killed before they ended; each name under
        which a file came is one.
    """
    untold = _known(home)
    register: Register = load_register(home)
    return [
        record.note()
        for record in register.refused()
        # older code noted the identity alone
        if untold & {record.delivery_id, f"{record.delivery_id} {record.file_name}"}
    ]


def forget_untold(home: Home) -> None:
    """A run has reported them: on stderr, by its exit code and in its alert."""
    (home.quarantine / _FILE).unlink(missing_ok=True)
