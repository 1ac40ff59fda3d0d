"""Opening a delivery that a check holds: by name, with a reason, in the register.

Rules: G.volume, G.figures.
"""

from __future__ import annotations

from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.receiving.intake.deciding import deciding, meant_by
from dagster_project.lib.receiving.intake.held import CHECK_NAMES, HELD_CODES
from dagster_project.lib.receiving.judging.findings import DeliveryNote
from dagster_project.lib.receiving.loading.waiting import held_deliveries
from dagster_project.settings import Settings


def accept_delivery(
    settings: Settings, sha256: str, check: str, actor: str, reason: str
) -> DeliveryNote:
    """Open a held delivery; from the next run on it is known.

    Args:
        settings: home and contracts.
        sha256: of the file, or at least eight leading digits that mean one held delivery.
        check: ``row_count`` or ``figure``, or its code or name on the data-quality page.
        actor: who opens it, for the municipality.
        reason: why.

    Raises:
        UsageError: no name, no reason, or a person number in either.
        NotAllowedError: no such delivery is held by this check, or not by this person.
        EffektError: ``HOME_BUSY`` (a run holds the home), ``SECRETS_OPEN``.
    """
    unknown = NotAllowedError(
        "NOT_HELD",
        "ingen levering med denne sha256 er tilbageholdt af denne kontrol",
        remedy=f"kontrollerne hedder {', '.join(HELD_CODES)}; effekt status viser hver "
        "tilbageholdt levering og dens kontrol",
    )
    with deciding(settings, actor, reason, unknown) as (register, decision):
        meant = CHECK_NAMES.get(check.strip().lower())
        waiting = [
            one.record for one in held_deliveries(settings.home, register) if one.check == meant
        ]
        held = meant_by(waiting, sha256)
        if not held:
            raise unknown
        register.append(
            [
                {
                    "entry": "accept",
                    "delivery_id": record.delivery_id,
                    "sha256": record.sha256,
                    "check": meant,
                    **decision,
                }
                for record in held
            ]
        )
    return held[0].note()
