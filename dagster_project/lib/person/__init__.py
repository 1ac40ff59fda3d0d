"""One person in a home: what is held about them, and removing them where the law lets it.

What belongs here: finding a person's rows in the received files, the answer to the person, the
decision to forget and carrying it out. What does not: how received files are read (``receiving``),
the record of what was removed (``removals``). Everything is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.person.answering import insight
    from dagster_project.lib.person.forgetting import finish, forget
    from dagster_project.lib.person.numbers import read_number

_HOMES = {
    "finish": "forgetting",
    "forget": "forgetting",
    "insight": "answering",
    "read_number": "numbers",
}

__all__ = ["finish", "forget", "insight", "read_number"]

__getattr__ = attributes(__name__, _HOMES)
