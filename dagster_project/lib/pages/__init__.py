"""The pages: what the municipality reads in a browser, drawn from the published marts alone.

What belongs here: the two sites, order and words of their pages, HTML. What does not: any figure
that the marts do not hold, and finding the state of a home (``lib.status``).

Rules: V.sites, V.written, V.figures, V.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.pages.drawing import draw, write_course, write_ends

__all__ = ["draw", "write_course", "write_ends"]

__getattr__ = attributes(__name__, dict.fromkeys(__all__, "drawing"))
