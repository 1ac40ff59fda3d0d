"""Receiving: from a file in ``landing/`` to typed, pseudonymous rows in the warehouse's raw room.

What belongs here: names, formats, grammar, refusal, the vault and its register, pseudonymisation,
loading (10-inputs.md). What does not: any rule of computation. Everything is imported on first use,
so that ``effekt check`` starts fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster_project.lib.receiving.accept import accept_delivery
    from dagster_project.lib.receiving.check import CheckReport, check_file
    from dagster_project.lib.receiving.evidence import row_hmacs
    from dagster_project.lib.receiving.findings import DeliveryNote, Finding
    from dagster_project.lib.receiving.key import ensure_key
    from dagster_project.lib.receiving.known import write_known
    from dagster_project.lib.receiving.load import LoadReport, load_deliveries
    from dagster_project.lib.receiving.night import ReceiveReport, receive
    from dagster_project.lib.receiving.template import write_template
    from dagster_project.lib.receiving.untold import forget_untold, untold_refusals

_HOMES = {
    "accept_delivery": "accept",
    "CheckReport": "check",
    "check_file": "check",
    "row_hmacs": "evidence",
    "DeliveryNote": "findings",
    "Finding": "findings",
    "ensure_key": "key",
    "write_known": "known",
    "LoadReport": "load",
    "load_deliveries": "load",
    "ReceiveReport": "night",
    "receive": "night",
    "write_template": "template",
    "forget_untold": "untold",
    "untold_refusals": "untold",
}

__all__ = [
    "CheckReport",
    "DeliveryNote",
    "Finding",
    "LoadReport",
    "ReceiveReport",
    "accept_delivery",
    "check_file",
    "ensure_key",
    "forget_untold",
    "load_deliveries",
    "receive",
    "row_hmacs",
    "untold_refusals",
    "write_known",
    "write_template",
]


def __getattr__(name: str) -> Any:
    """Import the module of a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
