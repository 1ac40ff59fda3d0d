"""Who may act under a name: the user of the system, the contract's binding, the name itself."""

from __future__ import annotations

import datetime as dt
import json
import os
import pwd
from collections.abc import Callable, Iterator

import pytest

from dagster_project.lib import life
from dagster_project.lib.base import chained, users
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.contracts import read_contract
from dagster_project.lib.ledger import chain
from tests.support.published import CONTRACT, World

Q1 = "2023-01"
ME = pwd.getpwuid(os.getuid()).pw_name
OTHER = "nobody" if ME != "nobody" else "daemon"
Told = Callable[[str], None]


@pytest.fixture
def at_the_desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Act as if the kernel had named this user at the desk."""
    monkeypatch.setattr(users, "_AT_THE_DESK", [])

    def serve(login: str) -> None:
        users.serve_caller(pwd.getpwnam(login).pw_uid)

    yield serve


def name(world: World, actors: str) -> None:
    world.write_terms(actors=f"actors: {actors}")
    world.publish(dt.date(2023, 5, 1))


# Rule S.user
@pytest.mark.parametrize("variable", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_an_event_names_the_user_of_the_process_whatever_the_environment_says(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "x")
    event = life.submit(world.settings, CONTRACT, Q1, "Lis")
    assert (event.os_user, event.is_confirmed) == (ME, False)


# Rule S.user
def test_a_name_that_is_bound_to_its_user_is_confirmed(world: World) -> None:
    name(world, f"{{provider: [{{name: Lis Lund, os_user: {ME}}}]}}")
    event = life.submit(world.settings, CONTRACT, Q1, " lis  LUND")
    assert (event.actor, event.os_user, event.is_confirmed) == ("lis LUND", ME, True)


# Rule S.user
def test_no_other_user_acts_under_a_bound_name(
    world: World, monkeypatch: pytest.MonkeyPatch, at_the_desk: Told
) -> None:
    name(world, f"{{provider: [{{name: Lis, os_user: {OTHER}}}]}}")
    monkeypatch.setenv("LOGNAME", OTHER)
    with pytest.raises(NotAllowedError, match="ACTOR_USER") as found:
        life.submit(world.settings, CONTRACT, Q1, "Lis")
    assert found.value.exit_code == 3
    at_the_desk(OTHER)
    event = life.submit(world.settings, CONTRACT, Q1, "Lis")
    assert (event.os_user, event.is_confirmed) == (OTHER, True)


# Rule S.user
def test_one_user_does_not_act_under_two_names_that_are_bound(world: World) -> None:
    bound = "{{name: {}, os_user: {}}}"
    two = f"{bound.format('Kai', ME)}, {bound.format('Lea', ME)}"
    name(world, f"{{provider: [{bound.format('Lis', ME)}, Lone], municipality: [{two}]}}")
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    with pytest.raises(NotAllowedError, match="SAME_USER"):
        life.verify(world.settings, CONTRACT, Q1, "Kai")


# Rule S.user
def test_names_that_are_not_bound_may_be_typed_by_one_user_and_are_stated(world: World) -> None:
    name(world, f"{{provider: [Lone], municipality: [{{name: Kai, os_user: {ME}}}, Lea]}}")
    told = [
        life.submit(world.settings, CONTRACT, Q1, "Lone"),
        life.verify(world.settings, CONTRACT, Q1, "Kai"),
        life.approve(world.settings, CONTRACT, Q1, "Lea"),
    ]
    assert [event.is_confirmed for event in told] == [False, True, False]


# Rule S.user
def test_one_caller_at_the_desk_is_one_person(world: World, at_the_desk: Told) -> None:
    at_the_desk(OTHER)
    assert life.submit(world.settings, CONTRACT, Q1, "Lis").is_confirmed
    with pytest.raises(NotAllowedError, match="SAME_USER"):
        life.verify(world.settings, CONTRACT, Q1, "Kai")


# Rule S.user
def test_who_does_not_own_the_home_acts_at_its_desk_only(
    world: World, monkeypatch: pytest.MonkeyPatch, at_the_desk: Told
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: pwd.getpwnam(OTHER).pw_uid)
    with pytest.raises(NotAllowedError, match="HOME_NOT_YOURS"):
        life.submit(world.settings, CONTRACT, Q1, "Lis")
    assert not (world.home.ledger / ".lock").exists()
    at_the_desk(OTHER)
    assert life.submit(world.settings, CONTRACT, Q1, "Lis").os_user == OTHER


# Rule S.names
@pytest.mark.parametrize("typed", ["K\u0430i", "Ka\u03b9", "Kai\u034f", "Kai\ufe0f", "Kai\u2800"])
def test_a_name_of_two_alphabets_is_refused(world: World, typed: str) -> None:
    with pytest.raises(NotAllowedError, match="NAME_ALPHABETS"):
        life.submit(world.settings, CONTRACT, Q1, typed)


# Rule S.names
@pytest.mark.parametrize(
    "typed", ["K\u200bai", "\u202eiaK", "Ka\u00adi", "Kai\nLea", "Kai\tLea", "Kai\u2028", "", " ",
              "61 01 90 1234"],
)  # fmt: skip
def test_a_text_with_hidden_signs_or_a_person_number_is_no_name(world: World, typed: str) -> None:
    with pytest.raises(UsageError):
        life.submit(world.settings, CONTRACT, Q1, typed)


# Rule S.names
@pytest.mark.parametrize(
    "again",
    ["Åse Bo-Li", "a\u030ase bo-li", "ÅSE  BO\u2011LI", "Åse\u00a0Bo-Li", "\uff21\u030ase Bo-Li"],
)  # fmt: skip
def test_a_name_written_otherwise_is_the_same_name(world: World, again: str) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Åse Bo-Li")
    with pytest.raises(NotAllowedError, match="SAME_PERSON"):
        life.verify(world.settings, CONTRACT, Q1, again)


# Rule S.names
def test_a_name_drawn_like_another_in_another_alphabet_is_the_same_name(world: World) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Cox")
    with pytest.raises(NotAllowedError, match="SAME_PERSON"):
        life.verify(world.settings, CONTRACT, Q1, "\u0421\u043e\u0445")


# Rules S.names, C.actors
@pytest.mark.parametrize(
    ("actors", "wrong"),
    [
        ("{municipality: [Kai, {name: KAI, os_user: kai}]}", True),
        ("{provider: [{name: Kai, os_user: kai}], finance: [Kai]}", True),
        ("{provider: [{name: Kai, os_user: kai}], finance: [{name: Kai, os_user: k2}]}", True),
        ("{provider: [{name: Kai, os_user: kai}], finance: [{name: Kai, os_user: kai}]}", False),
        ("{municipality: [Kai], finance: [Kai]}", False),
        ("{municipality: [K\u0430i]}", True),
        ('{municipality: ["K\u200bai"]}', True),
        ("{municipality: [{name: Kai, os_user: kai, uid: 5}]}", True),
        ("{municipality: [{name: Kai, os_user: k i}]}", True),
        ("{municipality: [{os_user: kai}]}", True),
        ("{municipality: [{name: Kai}]}", True),
        ("{municipality: [{name: Kai, os_user: }]}", True),
    ],
)  # fmt: skip
def test_a_name_has_one_user_or_none_in_a_contract(world: World, actors: str, wrong: bool) -> None:
    world.write_terms(actors=f"actors: {actors}")
    path = world.settings.contracts_dir / f"{CONTRACT}.yml"
    if wrong:
        with pytest.raises(EffektError, match=r"CONTRACT_FILE.*actors"):
            read_contract(path, None)
    else:
        assert read_contract(path, None).actors


# Rule S.ledger
def test_an_event_from_before_names_were_confirmed_is_read_as_it_was_written(world: World) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    path = chain.ledger_file(world.home)
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["is_confirmed"]
    document["hash"] = chained.hash_of(document)
    path.write_text(canonical_json(document) + "\n", encoding="utf-8")
    assert "is_confirmed" not in path.read_text(encoding="utf-8")
    assert chain.read(world.home).events[0].is_confirmed is None
