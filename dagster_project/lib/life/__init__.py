"""The life of a settlement: submit, verify, approve, pay, correct, return, release; disputes.

What belongs here: who may do what and when, and what an approval freezes. What does not: the chain
of events and the frozen files themselves (``ledger``). Everything is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.lib.base.lazy import attributes

if TYPE_CHECKING:
    from dagster_project.lib.life.commands import (
        approve,
        correct,
        pay,
        release,
        return_,
        submit,
        verify,
    )
    from dagster_project.lib.life.disputes import decide, dispute, name_of
    from dagster_project.lib.life.documents import period_name, write_documents

_HOMES = (
    dict.fromkeys(
        ("approve", "correct", "pay", "release", "return_", "submit", "verify"), "commands"
    )
    | dict.fromkeys(("decide", "dispute", "name_of"), "disputes")
    | dict.fromkeys(("period_name", "write_documents"), "documents")
)

__all__ = [
    "approve",
    "correct",
    "decide",
    "dispute",
    "name_of",
    "pay",
    "period_name",
    "release",
    "return_",
    "submit",
    "verify",
    "write_documents",
]  # fmt: skip

__getattr__ = attributes(__name__, _HOMES)
