"""Who acts: the typed name, its role, and the operating-system user behind it.

What belongs here: whether somebody may act under a name, for every command that takes ``--as``.
What does not: what may be done when (``life.refusals``, ``receiving.intake``).

Rules: S.user, S.people.
Decides: S.user.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dagster_project.lib.base import person_names, users
from dagster_project.lib.base.errors import NotAllowedError, UsageError
from dagster_project.lib.base.person_numbers import holds_person_number
from dagster_project.lib.base.users import User
from dagster_project.lib.contracts.loader import load_contracts
from dagster_project.lib.contracts.model import Actors
from dagster_project.lib.reference import words
from dagster_project.settings import Home, Settings

MUNICIPALITY = "municipality"


@dataclass(frozen=True)
class Acting:
    """Somebody who may act.

    Args:
        name: as typed, tidied.
        role: in which they act.
        os_user: the user of the system, as the kernel names it.
        is_confirmed: the user is the one that the name is bound to, or was told by the kernel at
            the desk; else the name is merely stated.
    """

    name: str
    role: str
    os_user: str
    is_confirmed: bool


def require_at_home(home: Home) -> User:
    """The user who acts, where they own the home or stand at its desk.

    Call it before anything of the home is opened: root could, and would leave files of its own.

    Raises:
        NotAllowedError: ``HOME_NOT_YOURS`` (exit 3).
    """
    user = users.acting()
    if users.is_stranger_to(home.root):
        raise NotAllowedError(
            "HOME_NOT_YOURS",
            f"{user.name} ejer ikke denne mappe og kan kun handle ved dens skranke",
            remedy="bed mappens bruger om at køre `effekt desk`",
        )
    return user


def for_contract(home: Home, typed: str, role: str, actors: Actors | None) -> Acting:
    """Who acts on a settlement: a name that its contract lists in the role, or any without a list.

    Raises:
        UsageError: the text cannot be a name (exit 2).
        NotAllowedError: not that user's name, not listed in the role, two alphabets, or a user who
            does not own the home (exit 3).
    """
    return _acting(home, typed, role, [actors])


def for_deliveries(settings: Settings, typed: str) -> Acting:
    """Who decides on a delivery: a name of the municipality in any of the home's contracts.

    Raises:
        UsageError: see ``for_contract``.
        NotAllowedError: see ``for_contract``.
    """
    terms = load_contracts(settings.contracts_dir, settings.area)
    return _acting(settings.home, typed, MUNICIPALITY, [contract.actors for contract in terms])


def _acting(home: Home, typed: str, role: str, lists: Sequence[Actors | None]) -> Acting:
    user = require_at_home(home)
    name = _name(typed)
    known = [actors for actors in lists if actors is not None]
    if known:
        _require_listed(name, role, known)
    bound = _bound_to(name, known)
    if bound and not any(user.is_called(login) for login in bound):
        raise NotAllowedError(
            "ACTOR_USER",
            f"navnet er knyttet til en anden bruger af systemet end {user.name}",
            remedy="kun den bruger, som kontraktens actors nævner, kan handle under navnet",
        )
    return Acting(name, role, user.name, is_confirmed=bool(bound) or user.is_vouched)


def _name(typed: str) -> str:
    if person_names.mixes_alphabets(typed) and not person_names.has_hidden_signs(typed):
        raise NotAllowedError(
            "NAME_ALPHABETS", "navnet blander bogstaver fra to alfabeter",
            remedy="skriv navnet med ét alfabets bogstaver",
        )  # fmt: skip
    if problem := person_names.problem_of(typed):
        raise UsageError(f"det angivne navn {problem}")
    if holds_person_number(typed):
        raise UsageError(
            "navnet ser ud til at rumme et personnummer, og det må ikke stå her",
            remedy="skriv navnet uden",
        )
    return person_names.tidy(typed)


def _require_listed(name: str, role: str, lists: Sequence[Actors]) -> None:
    wanted = person_names.same(name)
    listed = (actor.name for actors in lists for actor in actors.by_role[role])
    if wanted not in {person_names.same(other) for other in listed}:
        raise NotAllowedError(
            "ACTOR_ROLE",
            f"det angivne navn står ikke som {words.label('role', role)} i kontraktens actors",
            remedy=f"det gøres af et af navnene under actors.{role}",
        )


def _bound_to(name: str, lists: Sequence[Actors]) -> set[str]:
    """Login names that a name is bound to; several where contracts name several people so."""
    wanted = person_names.same(name)
    return {
        actor.os_user
        for actors in lists
        for names in actors.by_role.values()
        for actor in names
        if actor.os_user and person_names.same(actor.name) == wanted
    }
