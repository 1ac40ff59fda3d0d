"""Inspecting a whole home: every record and published file, and what parties have kept of it.

What belongs here: what ``effekt verify`` without a settlement looks at, and ``--against``. What
does not: the checks themselves, which stand beside what they check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.inspection.against import compare_with
    from dagster_project.lib.inspection.whole import inspect_home

_HOMES = {"compare_with": "against", "inspect_home": "whole"}

__all__ = ["compare_with", "inspect_home"]

__getattr__ = attributes(__name__, _HOMES)
