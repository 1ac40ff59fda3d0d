"""Who may dispute and decide what, when: every refusal beside what is allowed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from dagster_project import cli
from dagster_project.lib import ledger, life
from dagster_project.lib.base import chained
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.ledger import access, chain, disputed
from dagster_project.lib.life import disputes
from tests.support.published import CONTRACT, PERIODS, World

Q1, Q2 = "2023-01", "2023-04"
ACTORS = "actors: {provider: [Lis, Ida], municipality: [Kai, Lea, Ida], finance: [Finn]}"
JANUARY, FEBRUARY, MARCH = (dt.date(2023, month, 1) for month in (1, 2, 3))
MAY = dt.date(2023, 5, 1)
Approve = Callable[[str], None]


def month(day: dt.date, *, is_payable: bool, course: str = "f1") -> dict[str, Any]:
    """A row of the published person-months."""
    return {
        "contract_id": CONTRACT, "course_id": course, "month": day, "period_start": JANUARY,
        "is_payable": is_payable, "price_group": None,
    }  # fmt: skip


def participant(price_group: str | None, stated_group: str) -> dict[str, Any]:
    """A row of the published courses."""
    return {"contract_id": CONTRACT, "course_id": "f1", "price_group": price_group,
            "stated_group": stated_group}  # fmt: skip


def due(start: dt.date, due_on: dt.date | None) -> dict[str, Any]:
    """The published deadline of disputes about a settlement."""
    return {"contract_id": CONTRACT, "period_start": start, "step": "dispute", "due_on": due_on}


@pytest.fixture
def world(world: World) -> World:
    """January is paid, February and March are not; nobody has approved anything yet."""
    world.more = {
        "person_month": [month(JANUARY, is_payable=True), month(FEBRUARY, is_payable=False),
                         month(MARCH, is_payable=False)],
        "participant": [participant("sygedagpenge", "sygedagpenge")],
        "contract_rate": [{"contract_id": CONTRACT, "part_id": "del-1", "rate_dkk": Decimal(100),
                           "benefit_group": "sygedagpenge", "valid_from": JANUARY}],
    }  # fmt: skip
    world.publish(MAY)
    return world


def set_calendar(world: World, calendar: str, *, final: bool = True) -> None:
    """Give the contract a calendar; it bears on no terms hash."""
    final_on = ", final_on: 2024-06-30" if final else ""
    path = world.settings.contracts_dir / f"{CONTRACT}.yml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("anchor_month: 1}", f"anchor_month: 1{final_on}, calendar: {{{calendar}}}}}"),
        encoding="utf-8",
    )


def dispute(
    world: World, months: str = "2023-02", wants: str = "paid", actor: str = "Lis",
    course: str = "f1", period: str = Q1, reason: str = "prøve",
) -> list[ledger.Event]:  # fmt: skip
    """Open disputes."""
    return life.dispute(
        world.settings, CONTRACT, period, course, months, wants, actor, reason
    )  # fmt: skip


def decide(
    world: World, name: str, *, uphold: bool = True, actor: str = "Kai"
) -> list[ledger.Event]:  # fmt: skip
    """Decide disputes."""
    return life.decide(world.settings, name, actor, "prøve", uphold=uphold)


def refused(code: str, act: Callable[[], object]) -> None:
    """The act is refused by a rule (3) with this code."""
    with pytest.raises(NotAllowedError) as found:
        act()
    assert (found.value.code, found.value.exit_code) == (code, 3)


# Rule S.dispute
def test_only_an_approved_settlement_can_be_disputed(world: World, approved: Approve) -> None:
    refused("NOT_APPROVED", lambda: dispute(world))
    approved(Q1)
    (event,) = dispute(world)
    assert (event.action, event.role, event.month, event.course_id) == (
        "dispute", "provider", FEBRUARY, "f1",
    )  # fmt: skip
    assert (event.price_group, event.amount_dkk) == ("sygedagpenge", Decimal("100.00"))
    assert life.name_of([event]) == f"{CONTRACT}-4"


# Rule S.dispute
def test_months_that_are_as_wanted_are_left_out_of_a_range(
    world: World, approved: Approve
) -> None:  # fmt: skip
    approved(Q1)
    refused("AS_WANTED", lambda: dispute(world, "2023-01"))
    refused("AS_WANTED", lambda: dispute(world, "2023-02", "unpaid"))
    opened = dispute(world, "2023-01..2023-03")
    assert [event.month for event in opened] == [FEBRUARY, MARCH]
    assert life.name_of(opened) == f"{CONTRACT}-4..5"
    (unpaid,) = dispute(world, "2023-01", "unpaid", "Kai")
    assert unpaid.role == "municipality"


# Rule S.dispute
@pytest.mark.parametrize("months", ["2023-04", "2022-12", "2023-03..2023-04"])
def test_a_month_that_is_no_effort_month_of_the_period_is_refused(
    world: World, approved: Approve, months: str
) -> None:
    approved(Q1)
    refused("NO_EFFORT_MONTH", lambda: dispute(world, months))


# Rule S.dispute
@pytest.mark.parametrize(
    "typed",
    [{"course": "f2"}, {"months": "2023"}, {"months": "2023-03..2023-02"}, {"wants": "money"},
     {"reason": " "}, {"reason": "om f1"}, {"period": "2031-01"}],
)  # fmt: skip
def test_what_cannot_be_meant_is_a_fault_of_usage(
    world: World, approved: Approve, typed: dict[str, str]
) -> None:
    approved(Q1)
    with pytest.raises(UsageError):
        dispute(world, **typed)


# Rule S.dispute
def test_one_dispute_about_a_month_is_open_at_a_time(world: World, approved: Approve) -> None:
    approved(Q1)
    opened = dispute(world)
    refused("DISPUTE_OPEN", lambda: dispute(world, "2023-02..2023-03"))
    decide(world, life.name_of(opened), uphold=False)
    assert dispute(world, "2023-02..2023-03")


# Rule S.dispute
@pytest.mark.parametrize(
    ("today", "stated", "group"),
    [("sygedagpenge", "jobafklaring", "sygedagpenge"), (None, "sygedagpenge", "sygedagpenge"),
     (None, "jobafklaring", None)],
)  # fmt: skip
def test_the_price_group_is_todays_or_a_stated_one_that_has_a_price(
    world: World, approved: Approve, today: str | None, stated: str, group: str | None
) -> None:
    world.more["participant"] = [participant(today, stated)]
    world.publish(MAY)
    approved(Q1)
    if group is None:
        refused("NO_PRICE_GROUP", lambda: dispute(world))
    else:
        assert dispute(world)[0].price_group == group


# Rule S.dispute
@pytest.mark.parametrize(("least", "is_allowed"), [(200, True), (201, False)])
def test_the_kroner_at_stake_are_those_of_all_months(
    world: World, approved: Approve, least: int, is_allowed: bool
) -> None:
    set_calendar(world, f"dispute_min_dkk: {least}", final=False)
    approved(Q1)
    refused("DISPUTE_SMALL", lambda: dispute(world))
    if is_allowed:
        assert len(dispute(world, "2023-02..2023-03")) == 2
    else:
        refused("DISPUTE_SMALL", lambda: dispute(world, "2023-02..2023-03"))


# Rule S.dispute
@pytest.mark.parametrize(
    ("due_on", "is_allowed"), [(MAY, True), (MAY - dt.timedelta(days=1), False), (None, True)]
)
def test_a_dispute_can_be_opened_on_the_last_day_and_not_after_it(
    world: World, approved: Approve, due_on: dt.date | None, is_allowed: bool
) -> None:
    set_calendar(world, "dispute_within_days: 30")
    world.more["settlement_deadline"] = [due(PERIODS[0], due_on)]
    world.publish(MAY)
    approved(Q1)
    if is_allowed:
        assert dispute(world)
    else:
        refused("DISPUTE_LATE", lambda: dispute(world))


# Rules S.decide, S.people
def test_a_dispute_is_decided_once_by_another_person(world: World, approved: Approve) -> None:
    approved(Q1)
    name = life.name_of(dispute(world, actor="Kai"))
    refused("SAME_PERSON", lambda: decide(world, name, actor=" KAI"))
    (event,) = decide(world, name, actor="Lea")
    assert (event.action, event.outcome, event.dispute_id) == ("decide", "upheld", name)
    refused("DISPUTE_DECIDED", lambda: decide(world, name, uphold=False, actor="Lea"))


# Rule S.decide
def test_disputes_that_were_opened_together_are_decided_together(
    world: World, approved: Approve
) -> None:  # fmt: skip
    approved(Q1)
    name = life.name_of(dispute(world, "2023-02..2023-03"))
    decided = decide(world, name)
    assert [event.dispute_id for event in decided] == [f"{CONTRACT}-4", f"{CONTRACT}-5"]
    assert not [one for one in disputed.list_disputes(chain.read(world.home).events) if one.is_open]


# Rule S.decide
@pytest.mark.parametrize("name", ["", "k", f"{CONTRACT}-3", f"{CONTRACT}-4..6", f"{CONTRACT}-5..4"])
def test_an_unknown_dispute_is_a_fault_of_usage(
    world: World, approved: Approve, name: str
) -> None:  # fmt: skip
    approved(Q1)
    dispute(world)
    with pytest.raises(UsageError):
        decide(world, name)


# Rules S.decide, S.user
def test_two_confirmed_names_of_a_dispute_are_of_two_users(
    world: World, approved: Approve, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(Q1)
    name = life.name_of(dispute(world))
    path = chain.ledger_file(world.home)
    *before, last = path.read_text("utf-8").splitlines(keepends=True)
    link = {**json.loads(last), "is_confirmed": True}
    link["hash"] = chained.hash_of(link)
    path.write_text("".join(before) + canonical_json(link) + "\n", encoding="utf-8")
    from dagster_project.lib.contracts import who_acts

    real = who_acts.for_contract
    monkeypatch.setattr(
        who_acts, "for_contract",
        lambda *given: dataclasses.replace(real(*given), is_confirmed=True),
    )  # fmt: skip
    refused("SAME_USER", lambda: decide(world, name))


# Rules S.dispute, S.people
@pytest.mark.parametrize(
    ("actor", "wants", "role"),
    [("Lis", "paid", "provider"), ("Kai", "paid", "municipality"), ("Ida", "paid", "provider"),
     ("Ida", "unpaid", "municipality"), ("Finn", "paid", None), ("Per", "paid", None)],
)  # fmt: skip
def test_a_dispute_is_the_providers_or_the_municipalitys(
    world: World, actor: str, wants: str, role: str | None
) -> None:
    world.write_terms(actors=ACTORS)
    world.publish(MAY)
    for act, name in ((life.submit, "Lis"), (life.verify, "Kai"), (life.approve, "Lea")):
        act(world.settings, CONTRACT, Q1, name)
    months = "2023-02" if wants == "paid" else "2023-01"
    if role is None:
        refused("ACTOR_ROLE", lambda: dispute(world, months, wants, actor))
    else:
        assert dispute(world, months, wants, actor)[0].role == role


# Rules S.fresh, S.decided
@pytest.mark.parametrize(("uphold", "is_stale"), [(True, True), (False, False)])
def test_a_step_waits_for_the_night_that_knows_an_upholding_decision(
    world: World, approved: Approve, uphold: bool, is_stale: bool
) -> None:
    approved(Q1)
    name = life.name_of(dispute(world))
    world.amounts[PERIODS[1]] = Decimal("50.00")
    world.publish_again(dt.date(2023, 8, 1))
    decide(world, name, uphold=uphold)
    if is_stale:
        refused("SNAPSHOT_STALE", lambda: life.submit(world.settings, CONTRACT, Q2, "Lis"))
        world.publish_again(dt.date(2023, 8, 1))
    assert life.submit(world.settings, CONTRACT, Q2, "Lis")


# Rules S.dispute, F.access_log
def test_a_look_at_a_course_is_noted_also_where_it_is_refused(
    world: World, approved: Approve
) -> None:  # fmt: skip
    approved(Q1)
    with pytest.raises(UsageError):
        dispute(world, course="f2")
    refused("AS_WANTED", lambda: dispute(world, "2023-01"))
    (look,) = access.read(world.home)
    assert (look["command"], look["ids"]) == (
        "dispute", {"contract": CONTRACT, "period": Q1, "course": "f1"}
    )  # fmt: skip


# Rule S.dispute
def test_what_was_decided_since_the_snapshot_counts(world: World, approved: Approve) -> None:
    approved(Q1)
    decide(world, life.name_of(dispute(world)))
    refused("AS_WANTED", lambda: dispute(world))
    assert dispute(world, wants="unpaid", actor="Kai")


# Rules S.ledger, S.decide
@pytest.mark.parametrize("change", [{"dispute_id": f"{CONTRACT}-9"}, {"contract_id": "en_anden"},
                                    {"period_start": "2023-04-01"}])  # fmt: skip
def test_a_decision_without_its_dispute_breaks_the_chain(
    world: World, approved: Approve, change: dict[str, str]
) -> None:
    approved(Q1)
    decide(world, life.name_of(dispute(world)))
    path = chain.ledger_file(world.home)
    *before, last = path.read_text("utf-8").splitlines(keepends=True)
    link = {**json.loads(last), **change}
    link["hash"] = chained.hash_of(link)
    path.write_text("".join(before) + canonical_json(link) + "\n", encoding="utf-8")
    with pytest.raises(EffektError, match=r"LEDGER_BROKEN: linje 5 .* indsigelse"):
        chain.read(world.home)


# Rule S.closing
@pytest.mark.parametrize(
    ("due_on", "code"),
    [(dt.date(2024, 7, 9), "DISPUTE_TIME"), (None, "DISPUTE_TIME"), (dt.date(2024, 7, 8), None)],
)
def test_the_closing_settlement_waits_for_the_last_deadline(
    world: World, due_on: dt.date | None, code: str | None
) -> None:
    step = _closing_step(world, due_on)
    if code is None:
        disputes.require_settled(step, dt.date(2024, 1, 1))
    else:
        refused(code, lambda: disputes.require_settled(step, dt.date(2024, 1, 1)))
    disputes.require_settled(step, PERIODS[3])  # nothing else waits


def _closing_step(world: World, due_on: dt.date | None) -> Any:
    from dagster_project.lib.contracts import read_contract
    from dagster_project.lib.contracts.who_acts import Acting
    from dagster_project.lib.life.refusals import Step
    from dagster_project.lib.publishing import snapshot

    set_calendar(world, "dispute_within_days: 30")
    world.more["settlement_deadline"] = [due(PERIODS[3], due_on)]
    world.publish(dt.date(2024, 7, 9))
    terms = read_contract(world.settings.contracts_dir / f"{CONTRACT}.yml", None)
    acting = Acting("Lis", "provider", "lis", is_confirmed=False)
    with snapshot.open_current(world.home) as current:
        rows = current.of_period("mart.settlement_deadline", CONTRACT, PERIODS[3])

    class Still:
        """A snapshot whose rows are read already: the files are closed here."""

        as_of = dt.date(2024, 7, 9)

        def of_period(self, *_: object, **__: object) -> Any:
            return rows

    return Step(world.settings, Still(), chain.read(world.home), terms, acting, "submit")  # type: ignore[arg-type]


# Rules S.closing
def test_the_closing_settlement_waits_for_every_open_dispute(
    world: World, approved: Approve
) -> None:  # fmt: skip
    approved(Q1)
    name = life.name_of(dispute(world))
    step = _closing_step(world, dt.date(2024, 7, 8))
    refused("DISPUTE_OPEN", lambda: disputes.require_settled(step, dt.date(2024, 1, 1)))
    decide(world, name, uphold=False)
    closed = dataclasses.replace(step, ledger=chain.read(world.home))
    disputes.require_settled(closed, dt.date(2024, 1, 1))


# Rules S.dispute, S.decide
def test_both_commands_print_the_dispute(
    world: World, approved: Approve, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    approved(Q1)
    folders = [f"--home={world.home.root}", f"--contracts={world.settings.contracts_dir}"]

    def effekt(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["effekt", *words, *folders])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    code, out, _ = effekt(
        "dispute", CONTRACT, Q1, "--course=f1", "--month=2023-02..2023-03", "--wants=paid",
        "--as=Lis", "--reason=prøve", "--json",
    )  # fmt: skip
    name = json.loads(out)["dispute_id"]
    assert (code, name) == (0, f"{CONTRACT}-4..5")
    code, _, err = effekt("decide", name, "--as=Kai", "--reason=x")
    assert code == 2
    assert "--uphold" in err
    code, out, _ = effekt("decide", name, "--reject", "--as=Kai", "--reason=prøve")
    assert code == 0
    assert f"{CONTRACT}-5 · indsigelse afgjort: afvist · Kai" in out
    code, _, err = effekt("decide", name, "--reject", "--as=Kai", "--reason=prøve")
    assert (code, err.split(":")[0]) == (3, "DISPUTE_DECIDED")
