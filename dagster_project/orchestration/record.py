"""What happened to settlements, told to Dagster: one observation for each event of the ledger.

What belongs here: telling what Dagster has not been told. What does not: the ledger itself, whose
chain is the proof; names and reasons stay there.

Rules: F.told_to_dagster.
Decides: F.told_to_dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib import ledger
from dagster_project.settings import Home

if TYPE_CHECKING:
    from dagster import DagsterInstance

_TOLD = "effekt/ledger_sequence"


def tell_dagster(instance: DagsterInstance, home: Home) -> None:
    """Observe each event that is new since the last time, on the asset of its settlement.

    Call it from the ledger's sensor and before a night: whichever comes first tells, once.
    """
    import dagster as dg

    with ledger.lock(home):
        values = instance.daemon_cursor_storage.get_cursor_values({_TOLD})
        told = int(values.get(_TOLD, 0))
        for event in ledger.read(home).events[told:]:
            metadata: dict[str, int | str] = {
                "sequence": event.sequence, "action": event.action, "role": event.role,
                "as_of_date": event.as_of_date.isoformat(), "snapshot_id": event.snapshot_id,
                "recorded_at": event.recorded_at,
            }  # fmt: skip
            if event.amount_dkk is not None:
                metadata["kroner"] = str(event.amount_dkk)
            place = ["settlement", event.contract_id, f"{event.period_start:%Y-%m}"]
            instance.report_runless_asset_event(
                dg.AssetObservation(place, description=event.action, metadata=metadata)
            )
            told = event.sequence
            instance.daemon_cursor_storage.set_cursor_values({_TOLD: str(told)})
