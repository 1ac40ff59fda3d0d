"""What a step of a settlement's life stands on: the newest snapshot, the ledger, and who acts.

What belongs here: opening them under the ledger's lock, and what every action must meet. What does
not: what an action needs beside that (``refusals``), and the actions (``commands``, ``disputes``).

Rules: S.user, S.fresh, S.typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dagster_project.lib import records
from dagster_project.lib.contracts import who_acts
from dagster_project.lib.contracts.model import Actors
from dagster_project.lib.ledger import chain
from dagster_project.lib.ledger import state as states
from dagster_project.lib.life import refusals
from dagster_project.lib.publishing import snapshot
from dagster_project.lib.publishing.shown_terms import read_shown_terms
from dagster_project.lib.statement import posting
from dagster_project.settings import Settings


@contextmanager
def stand(
    settings: Settings,
    contract_id: str,
    actor: str,
    action: str,
    typed: str | None = None,
    role: Callable[[Actors | None], str] | None = None,
) -> Iterator[refusals.Step]:
    """Open snapshot and ledger under the ledger's lock, and check what every action must meet.

    Args:
        settings: home and contracts.
        contract_id: the contract.
        actor: name of who acts.
        action: what they do.
        typed: a reason or reference that they typed.
        role: the role in which they act, of the contract's actors; the action's where left out.
    """
    home = settings.home
    who_acts.require_at_home(home)
    with snapshot.open_current(home) as current, chain.lock(home):
        ledger = records.check(home).ledger
        chain.set_torn_line_aside(home)
        posting.write_postings(home, ledger)
        terms = read_shown_terms(settings, current, contract_id)
        acts_as = role(terms.actors) if role else states.ROLES[action]
        acting = who_acts.for_contract(home, actor, acts_as, terms.actors)
        step = refusals.Step(settings, current, ledger, terms, acting, action)
        refusals.require_newest(step)
        for text in filter(None, (acting.name, typed)):
            refusals.require_no_course(step, text)
        yield step
