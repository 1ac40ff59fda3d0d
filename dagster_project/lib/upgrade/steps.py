"""The steps of an upgrade, one function for each format that a home may be brought up from.

What belongs here: what a step does to a home. What does not: order, record, ``home.yml``
(``bring_up``). A step may be done again: a process may be killed behind it, before its record.

Rules: P.format, S.state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger.state import in_progress
from dagster_project.lib.reference import words
from dagster_project.settings import Home


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        from_format: the format that it takes a home from, to the next.
        parts: what is done, in order; each gives the lines to tell, in Danish.
    """

    from_format: int
    parts: tuple[Callable[[Home], list[str]], ...]


def return_to_draft(home: Home) -> list[str]:
    """Tell which settlements are drafts again, because the format of the figures is another.

    Their state follows from their figures (S.state), which the next night computes in the new
    format; no event is written.
    """
    return [
        f"{contract_id} {start:%Y-%m} var {words.label('state', name)} og er igen kladde:"
        " tallenes format er nyt; kør effekt run, og indsend den på ny"
        for contract_id, start, name in in_progress(chain.read(home))
    ]


STEPS: tuple[Step, ...] = (Step(1, (return_to_draft,)),)
"""All steps, in order; the last leads to ``settings.HOME_FORMAT``."""
