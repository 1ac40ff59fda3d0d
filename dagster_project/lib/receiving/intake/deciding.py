"""What every decision of a person on a delivery has in common: who, why, and the held register.

What belongs here: the checks before a decision and the part of its line that says who decided. What
does not: which decisions there are (``accept``, ``withdraw``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster_project.lib.base import lock
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.base.typed_text import clean
from dagster_project.lib.contracts import who_acts
from dagster_project.lib.receiving.intake.register import Record, Register, load_register
from dagster_project.settings import TIME_ZONE, Settings

_SHORTEST = 8


@contextmanager
def deciding(
    settings: Settings, actor: str, reason: str, unknown: NotAllowedError
) -> Iterator[tuple[Register, dict[str, Any]]]:
    """The register of a held home, and the fields that every decision's line has.

    Args:
        settings: home and contracts.
        actor: who decides, for the municipality.
        reason: why.
        unknown: what to raise where the home has received nothing: a mistyped home is not made.

    Raises:
        UsageError: no name, or a reason that is not one line without a person number.
        NotAllowedError: not by this person.
        EffektError: ``HOME_BUSY`` (a run holds the home), ``SECRETS_OPEN``.
    """
    why = clean(reason, "begrundelsen")
    home = settings.home
    if not home.vault.is_dir():
        raise unknown
    home.refuse_open_secrets()
    acting = who_acts.for_deliveries(settings, actor)
    with lock.hold(home.lock_file):
        yield (
            load_register(home),
            {
                "actor": acting.name,
                "reason": why,
                "os_user": acting.os_user,
                "is_confirmed": acting.is_confirmed,
                "recorded_at": dt.datetime.now(TIME_ZONE).isoformat(timespec="seconds"),
            },
        )


def meant_by(records: list[Record], sha256: str) -> list[Record]:
    """The deliveries of the one file that a sha256, or at least eight leading digits, means."""
    wanted = sha256.strip().lower()
    found = [r for r in records if len(wanted) >= _SHORTEST and r.sha256.startswith(wanted)]
    return found if len({record.sha256 for record in found}) == 1 else []
