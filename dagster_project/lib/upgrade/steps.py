"""The steps of an upgrade, one function for each format that a home may be brought up from.

What belongs here: what a step does to a home. What does not: order, record, ``home.yml``
(``bring_up``). A step may be done again: a process may be killed behind it, before its record.

Rules: P.format, S.state, F.statement_key.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from dagster_project.lib.keys.statement_key import make_statement_key
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


def give_statement_key(home: Home) -> list[str]:
    """Make the key that statements are signed with, which a home of format 1 does not have."""
    if home.statement_key_file.exists():
        return []
    key = make_statement_key(home)
    told = "Opgørelser underskrives fra nu af. Oplys parterne om nøglens fingeraftryk"
    return [f"{told}: {key.fingerprint}"]


def drop_documents_with_courses(home: Home) -> list[str]:
    """Remove the statements that older code wrote: each of them names courses."""
    folder = home.reports / "statements"
    if not folder.is_dir():
        return []
    shutil.rmtree(folder)
    told = "Opgørelserne i reports/statements nævnte forløb og er fjernet"
    return [f"{told}; effekt run skriver dem på ny, og forløbene står nu i bilaget"]


STEPS: tuple[Step, ...] = (
    Step(1, (return_to_draft, give_statement_key, drop_documents_with_courses)),
)
"""All steps, in order; the last leads to ``settings.HOME_FORMAT``."""
