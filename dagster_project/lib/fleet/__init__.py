"""Many homes below one folder: finding them, and one table over all.

What belongs here: which homes there are and what each says of itself. What does not: running their
nights (``orchestration.fleet``); the homes share nothing but the code.
"""

from __future__ import annotations

from dagster_project.lib.fleet.homes import Fleet, Member, find
from dagster_project.lib.fleet.overview import Standing, standing

__all__ = ["Fleet", "Member", "Standing", "find", "standing"]
