"""Opening a delivery that a row-count check holds: by name, with a reason, in the register.

Rules: G.volume.
"""

from __future__ import annotations

from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.receiving.intake.deciding import deciding, meant_by
from dagster_project.lib.receiving.intake.volume import ROW_COUNT_CHECK, held_records
from dagster_project.lib.receiving.judging.findings import DeliveryNote
from dagster_project.settings import Settings

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
    unknown = NotAllowedError(
        "NOT_HELD",
        "no delivery with this sha256 is held by this check",
        remedy=f"the check is called {ROW_COUNT_CHECK}; effekt run names the held deliveries",
    )
    with deciding(settings, actor, reason, unknown) as (register, decision):
        held = meant_by(held_records(register), sha256)
        if check.strip().lower() not in _CHECK_NAMES or not held:
            raise unknown
        register.append(
            [
                {
                    "entry": "accept",
                    "delivery_id": record.delivery_id,
                    "sha256": record.sha256,
                    "check": ROW_COUNT_CHECK,
                    **decision,
                }
                for record in held
            ]
        )
    return held[0].note()
