"""Opening a delivery that a row-count check holds: by name, with a reason, in the register.

Rules: G.volume.
"""

from __future__ import annotations

import datetime as dt

from dagster_project.lib.base import lock
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.base.person_numbers import holds_person_number
from dagster_project.lib.contracts import who_acts
from dagster_project.lib.contracts.who_acts import Acting
from dagster_project.lib.receiving.intake.register import load_register
from dagster_project.lib.receiving.intake.volume import ROW_COUNT_CHECK, held_records
from dagster_project.lib.receiving.judging.findings import DeliveryNote
from dagster_project.settings import TIME_ZONE, Home, Settings

_SHORTEST = 8
# the names under which a person meets the check: its own, its code, the gate's on the page
_CHECK_NAMES = frozenset({ROW_COUNT_CHECK, "row_count_held", "row_count_is_not_held"})


def accept_delivery(
    settings: Settings, sha256: str, check: str, actor: str, reason: str
) -> DeliveryNote:
    """Open a held delivery; from the next run on it is known.

    Args:
        settings: home and contracts.
        sha256: of the file, or at least eight leading digits that mean one held delivery.
        check: ``row_count``, or the check's code or name on the data-quality page.
        actor: who opens it, for the municipality.
        reason: why.

    Raises:
        UsageError: no name, no reason, or a person number in either.
        NotAllowedError: no such delivery is held by this check, or not by this person.
        EffektError: ``HOME_BUSY`` (a run holds the home), ``SECRETS_OPEN``.
    """
    if not reason.strip():
        raise UsageError("a reason is needed")
    if holds_person_number(reason):
        raise UsageError("a reason must not hold a person number")
    home = settings.home
    if not home.vault.is_dir():  # a mistyped home is not made
        raise _not_held()
    home.refuse_open_secrets()
    acting = who_acts.for_deliveries(settings, actor)
    with lock.hold(home.lock_file):
        return _accept(home, sha256.strip().lower(), check.strip().lower(), acting, reason)


def _not_held() -> NotAllowedError:
    return NotAllowedError(
        "NOT_HELD",
        "no delivery with this sha256 is held by this check",
        remedy=f"the check is called {ROW_COUNT_CHECK}; effekt run names the held deliveries",
    )


def _accept(home: Home, wanted: str, check: str, acting: Acting, reason: str) -> DeliveryNote:
    register = load_register(home)
    held = [
        record
        for record in held_records(register)
        if len(wanted) >= _SHORTEST and record.sha256.startswith(wanted)
    ]
    if check not in _CHECK_NAMES or not held or len({record.sha256 for record in held}) > 1:
        raise _not_held()
    now = dt.datetime.now(TIME_ZONE).isoformat(timespec="seconds")
    register.append(
        [
            {
                "entry": "accept",
                "delivery_id": record.delivery_id,
                "sha256": record.sha256,
                "check": ROW_COUNT_CHECK,
                "actor": acting.name,
                "reason": reason.strip(),
                "os_user": acting.os_user,
                "is_confirmed": acting.is_confirmed,
                "recorded_at": now,
            }
            for record in held
        ]
    )
    return held[0].note()
