"""Taking an accepted delivery out of use: by name, with a reason, in the register.

What belongs here: which deliveries are meant and the line that says so. What does not: what a run
then knows (``loading.known``), and the refusal of the file when it lands again (``take_in``). The
bytes stay in the vault: runs with an earlier as-of date and replays still read them.

Rules: I.withdrawal.
Decides: I.withdrawal.
"""

from __future__ import annotations

import datetime as dt

from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.receiving.intake.deciding import deciding, meant_by
from dagster_project.lib.receiving.judging.findings import DeliveryNote
from dagster_project.settings import Settings


def withdraw_delivery(
    settings: Settings, sha256: str, actor: str, reason: str, as_of: dt.date
) -> list[DeliveryNote]:
    """Withdraw an accepted delivery; runs as of this date or later do not know it.

    Args:
        settings: home and contracts.
        sha256: of the file, or at least eight leading digits that mean one; then every delivery of
            these bytes is withdrawn. A ``delivery_id`` means one of them.
        actor: who withdraws it, for the municipality.
        reason: why.
        as_of: business date of the command.

    Returns:
        The deliveries that were withdrawn.

    Raises:
        UsageError: no name, no reason, or a person number in either.
        NotAllowedError: no such delivery was accepted, it was withdrawn before, or not by this
            person.
        EffektError: ``HOME_BUSY`` (a run holds the home), ``SECRETS_OPEN``.
    """
    unknown = NotAllowedError(
        "NOT_ACCEPTED",
        "ingen modtaget levering har denne sha256",
        remedy="mart.delivery nævner leveringerne med sha256 og delivery_id",
    )
    with deciding(settings, actor, reason, unknown) as (register, decision):
        one = register.get(sha256.strip().lower())
        accepted = register.accepted()
        meant = [one] if one in accepted else meant_by(accepted, sha256)
        if not meant:
            raise unknown
        known = [record for record in meant if not record.is_withdrawn()]
        if not known:
            raise NotAllowedError(
                "ALREADY_WITHDRAWN",
                f"leveringen er allerede trukket tilbage fra og med {meant[0].withdrawn_on}",
            )
        register.append(
            [
                {
                    "entry": "withdraw",
                    "delivery_id": record.delivery_id,
                    "sha256": record.sha256,
                    "as_of_date": as_of,
                    **decision,
                }
                for record in known
            ]
        )
    return [record.note() for record in known]
