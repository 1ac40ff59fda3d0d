"""Receiving: from a file in ``landing/`` to typed, pseudonymous rows in the warehouse's raw room.

What belongs here: names, formats, grammar, refusal, the vault and its register, pseudonymisation,
loading. What does not: any rule of computation. Everything is imported on first use,
so that ``effekt check`` starts fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.receiving.accept import accept_delivery
    from dagster_project.lib.receiving.check import check_file
    from dagster_project.lib.receiving.intake.register import load_register
    from dagster_project.lib.receiving.intake.untold import forget_untold, untold_refusals
    from dagster_project.lib.receiving.intake.withdraw import withdraw_delivery
    from dagster_project.lib.receiving.judging.findings import DeliveryNote
    from dagster_project.lib.receiving.judging.overlays import declared_for, read_overlays
    from dagster_project.lib.receiving.loading.evidence import row_hmacs
    from dagster_project.lib.receiving.loading.known import keep_known, write_known
    from dagster_project.lib.receiving.loading.load import LoadReport, load_deliveries
    from dagster_project.lib.receiving.loading.raw_inputs import load_raw
    from dagster_project.lib.receiving.take_in import ReceiveReport, receive
    from dagster_project.lib.receiving.template import write_template
    from dagster_project.lib.receiving.template_package import write_package

_HOMES = {
    "accept_delivery": "accept",
    "check_file": "check",
    "row_hmacs": "loading.evidence",
    "declared_for": "judging.overlays",
    "DeliveryNote": "judging.findings",
    "keep_known": "loading.known",
    "write_known": "loading.known",
    "LoadReport": "loading.load",
    "load_deliveries": "loading.load",
    "load_raw": "loading.raw_inputs",
    "load_register": "intake.register",
    "read_overlays": "judging.overlays",
    "ReceiveReport": "take_in",
    "receive": "take_in",
    "write_package": "template_package",
    "write_template": "template",
    "forget_untold": "intake.untold",
    "untold_refusals": "intake.untold",
    "withdraw_delivery": "intake.withdraw",
}

__all__ = [
    "DeliveryNote",
    "LoadReport",
    "ReceiveReport",
    "accept_delivery",
    "check_file",
    "declared_for",
    "forget_untold",
    "keep_known",
    "load_deliveries",
    "load_raw",
    "load_register",
    "read_overlays",
    "receive",
    "row_hmacs",
    "untold_refusals",
    "withdraw_delivery",
    "write_known",
    "write_package",
    "write_template",
]

__getattr__ = attributes(__name__, _HOMES)
