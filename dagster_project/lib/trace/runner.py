"""What runs the project's models for the evidence of a settlement; the caller passes it in.

What belongs here: the functions that replay and causes call. What does not: dbt
(``orchestration``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from dagster_project.settings import Home

RunModels = Callable[[Home, Sequence[str]], object]
"""Runs what dbt's selectors choose in a side home."""


class Compiled(Protocol):
    """The models that one model is built from, as the last night of a home compiled them."""

    def rebuild(
        self, side: Home, *, behind: Collection[str] = (), until: str | None = None
    ) -> None:
        """Build them in a side home: only those ``behind`` models, only what ``until`` reads."""


FindCompiled = Callable[[Home, str], Compiled]
"""The compiled models of a home that one model is built from."""
