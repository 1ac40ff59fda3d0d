"""Bringing a home of an older format up to the one that this code writes, step by step.

What belongs here: the steps, their order and their record. What does not: reading what an older
format left frozen; whoever reads it goes on reading it.
"""

from __future__ import annotations

from dagster_project.lib.upgrade.bring_up import bring_up, bring_up_held

__all__ = ["bring_up", "bring_up_held"]
