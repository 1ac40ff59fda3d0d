"""Who may do what, when: every refusal of the life of a settlement, beside what is allowed."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from decimal import Decimal

import pytest

from dagster_project import cli
from dagster_project import settings as places
from dagster_project.lib import ledger, life
from dagster_project.lib.base import chained
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.base.errors import EffektError, NotAllowedError, UsageError
from dagster_project.lib.ledger import chain
from dagster_project.lib.statement import write_statement
from dagster_project.lib.trace import why
from dagster_project.lib.trace.replay import replay
from tests.support.published import CONTRACT, PERIODS, World

Q1, Q2, Q3 = "2023-01", "2023-04", "2023-07"
ACTORS = "actors: {provider: [Lis], municipality: [Kai, Lea], finance: [Finn]}"
PAID_ON = dt.date(2023, 6, 1)
Approve = Callable[[str], None]


# Rule S.steps
def test_a_settlement_goes_from_draft_to_paid(world: World, approved: Approve) -> None:
    approved(Q1)
    event = life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")
    assert [e.action for e in chain.read(world.home).events] == [
        "submit", "verify", "approve", "pay",
    ]  # fmt: skip
    assert (event.role, event.amount_dkk, event.paid_on) == ("finance", Decimal("300.00"), PAID_ON)
    assert {e.as_of_date for e in chain.read(world.home).events} == {dt.date(2023, 5, 1)}


# Rule S.frozen
def test_what_is_approved_is_frozen_with_everything_it_rests_on(
    world: World, approved: Approve
) -> None:
    approved(Q1)
    path = world.home.ledger / "statements" / CONTRACT / f"{Q1}.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["figures"]["parts"][0]["sum"] == "300.00"
    assert document["published"]["settlement_line"][0]["new_amount_dkk"] == "300.00"
    told = document["provenance"]
    assert told["terms"]["contract_id"] == CONTRACT
    assert {"benefit_codes", "deliveries", "participants", "code_version"} <= set(told)
    assert path.stat().st_mode & 0o777 == 0o600
    assert ledger.kept_snapshots(world.home) == {told["snapshot_id"]}


@pytest.mark.parametrize(
    ("key", "value"), [("amount_dkk", "300.01"), ("amount_dkk", None), ("statement_sha256", "ab")]
)
# Rule S.ledger
def test_a_chain_whose_payment_is_not_what_was_approved_is_broken(
    world: World, approved: Approve, key: str, value: str | None
) -> None:
    approved(Q1)
    life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")
    path = chain.ledger_file(world.home)
    *before, last = path.read_text("utf-8").splitlines(keepends=True)
    link = {**json.loads(last), key: value}
    link["hash"] = chained.hash_of(link)  # whoever can compute a hash can write a whole chain
    path.write_text("".join(before) + canonical_json(link) + "\n", encoding="utf-8")
    with pytest.raises(EffektError, match=r"LEDGER_BROKEN: linje 4 .* udbetaling"):
        ledger.check_chain(world.home, None)


@pytest.mark.parametrize("name", [f"{Q1}.json", f"{Q1}.evidence.jsonl"])
# Rules S.frozen, S.ledger
def test_a_changed_byte_in_what_an_approval_stored_is_found(
    world: World, approved: Approve, name: str
) -> None:
    approved(Q1)
    path = world.home.ledger / "statements" / CONTRACT / name
    assert path.stat().st_mode & 0o777 == 0o600
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(EffektError, match="LEDGER_BROKEN") as found:
        ledger.check_chain(world.home, None)
    assert found.value.exit_code == 1
    path.unlink()
    with pytest.raises(EffektError, match="LEDGER_BROKEN"):
        ledger.check_chain(world.home, None)


@pytest.mark.parametrize("step", ["verify", "approve", "pay", "return"])
def test_a_draft_can_only_be_submitted(world: World, step: str) -> None:
    with pytest.raises(NotAllowedError, match="STATE") as found:
        if step == "verify":
            life.verify(world.settings, CONTRACT, Q1, "Kai")
        elif step == "approve":
            life.approve(world.settings, CONTRACT, Q1, "Lea")
        elif step == "pay":
            life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag")
        else:
            life.return_(world.settings, CONTRACT, Q1, "Kai", "mangler")
    assert found.value.exit_code == 3
    assert chain.read(world.home).events == ()


def test_nothing_is_done_twice(world: World, approved: Approve) -> None:
    approved(Q1)
    life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag")
    with pytest.raises(NotAllowedError):
        life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag")
    with pytest.raises(NotAllowedError):
        life.submit(world.settings, CONTRACT, Q1, "Lis")
    with pytest.raises(NotAllowedError):
        life.return_(world.settings, CONTRACT, Q1, "Kai", "fortrudt")


@pytest.mark.parametrize("name", ["Lis", " lis ", "LIS"])
# Rule S.people
def test_submit_and_verify_take_two_names(world: World, name: str) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    with pytest.raises(NotAllowedError, match="SAME_PERSON"):
        life.verify(world.settings, CONTRACT, Q1, name)


def test_names_are_compared_in_one_unicode_form(world: World) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Åse")
    with pytest.raises(NotAllowedError, match="SAME_PERSON"):
        life.verify(world.settings, CONTRACT, Q1, "A\u030ase")


@pytest.mark.parametrize("name", ["Lis", "Kai"])
# Rule S.people
def test_approve_takes_a_third_name(world: World, name: str) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    life.verify(world.settings, CONTRACT, Q1, "Kai")
    with pytest.raises(NotAllowedError, match="SAME_PERSON"):
        life.approve(world.settings, CONTRACT, Q1, name)


@pytest.mark.parametrize(("name", "allowed"), [("lis", True), ("Kai", False), ("Ukendt", False)])
# Rule S.people
def test_with_actors_only_listed_names_act_in_their_role(
    world: World, name: str, allowed: bool
) -> None:
    world.write_terms(actors=ACTORS)
    world.publish(dt.date(2023, 5, 1))
    if allowed:
        assert life.submit(world.settings, CONTRACT, Q1, name).actor == name
    else:
        with pytest.raises(NotAllowedError, match="ACTOR_ROLE"):
            life.submit(world.settings, CONTRACT, Q1, name)


# Rule S.steps
def test_a_returned_settlement_is_a_draft_again(world: World) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    life.verify(world.settings, CONTRACT, Q1, "Kai")
    assert life.return_(world.settings, CONTRACT, Q1, "Kai", "se igen").reason == "se igen"
    with pytest.raises(NotAllowedError, match="STATE"):
        life.approve(world.settings, CONTRACT, Q1, "Lea")
    assert life.submit(world.settings, CONTRACT, Q1, "Lis").sequence == 4


# Rule S.state
def test_figures_that_change_take_the_state_back_and_give_it_again(world: World) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    world.amounts[PERIODS[0]] = Decimal("200.00")
    world.publish_again(dt.date(2023, 5, 2))
    with pytest.raises(NotAllowedError, match="„kladde“, fordi tallene er ændret siden"):
        life.verify(world.settings, CONTRACT, Q1, "Kai")
    world.amounts[PERIODS[0]] = Decimal("300.00")
    world.publish_again(dt.date(2023, 5, 3))
    assert life.verify(world.settings, CONTRACT, Q1, "Kai").action == "verify"


# Rule S.steps
def test_periods_are_submitted_in_order(world: World, approved: Approve) -> None:
    world.amounts[PERIODS[1]] = Decimal("100.00")
    world.publish(dt.date(2023, 8, 1))
    for reason in (None, "haster"):
        with pytest.raises(NotAllowedError, match="PERIOD_ORDER"):
            life.submit(world.settings, CONTRACT, Q2, "Lis", reason)
    approved(Q1)
    approved(Q2)
    with pytest.raises(NotAllowedError, match="PERIOD_OPEN"):
        life.submit(world.settings, CONTRACT, Q3, "Lis")


# Rule P.named
def test_a_period_is_named_by_its_first_month_or_by_its_label(world: World) -> None:
    assert life.submit(world.settings, CONTRACT, "2023-k1", "Lis").period_start == PERIODS[0]
    assert life.verify(world.settings, CONTRACT, Q1, "Kai").period_start == PERIODS[0]
    life.approve(world.settings, CONTRACT, " 2023-K1 ", "Lea")
    assert why.explain(world.settings, CONTRACT, "2023-K1").as_json()["period_label"] == "2023-K1"
    assert why.explain(world.settings, CONTRACT, Q1).as_json()["period"] == Q1


@pytest.mark.parametrize("typed", ["2023-K9", "2023-02", "2023-01-01", "2023", "", "K1"])
# Rule P.named
def test_an_unknown_period_is_answered_with_the_known_ones(world: World, typed: str) -> None:
    for ask in (
        lambda: life.submit(world.settings, CONTRACT, typed, "Lis"),
        lambda: why.explain(world.settings, CONTRACT, typed),
        lambda: write_statement(world.settings, CONTRACT, typed),
    ):
        with pytest.raises(UsageError) as found:
            ask()
        assert "2023-K1, 2023-K2" in found.value.remedy


# Rule P.named
def test_an_unknown_contract_is_answered_with_the_known_ones(world: World) -> None:
    for ask in (
        lambda: life.submit(world.settings, "ukendt", Q1, "Lis"),
        lambda: why.explain(world.settings, "ukendt", Q1),
        lambda: write_statement(world.settings, "ukendt", Q1),
    ):
        with pytest.raises(UsageError) as found:
            ask()
        assert CONTRACT in found.value.remedy


# Rules P.named, S.replay
def test_a_replay_finds_its_period_as_the_other_commands_do(
    world: World, approved: Approve
) -> None:
    asked: list[object] = []

    def run(*words: object) -> None:
        asked.append(words)
        raise InterruptedError

    with pytest.raises(NotAllowedError, match="NOT_APPROVED"):
        replay(world.settings, CONTRACT, "2023-K1", run)
    with pytest.raises(UsageError, match=CONTRACT):
        replay(world.settings, "ukendt", Q1, run)
    with pytest.raises(UsageError, match="2023-K1, 2023-K2"):
        replay(world.settings, CONTRACT, "2023-K9", run)
    approved(Q1)
    with pytest.raises(NotAllowedError, match=f"NOT_APPROVED.*: {Q1}"):
        replay(world.settings, CONTRACT, "2023-K2", run)
    assert not asked


# Rules S.blockers, P.danish
def test_a_blocker_is_told_in_words(world: World) -> None:
    world.blockers[PERIODS[0]] = ["claims_pending"]
    world.publish(dt.date(2023, 5, 1))
    with pytest.raises(NotAllowedError) as found:
        life.submit(world.settings, CONTRACT, Q1, "Lis")
    assert "krav afventer registret (claims_pending: 1)" in found.value.message
    assert "--incomplete" in found.value.remedy


# Rule S.steps
def test_payments_are_recorded_in_order(world: World, approved: Approve) -> None:
    world.amounts[PERIODS[1]] = Decimal("0.00")
    world.publish(dt.date(2023, 8, 1))
    approved(Q1)
    approved(Q2)
    with pytest.raises(NotAllowedError, match="PERIOD_ORDER"):
        life.pay(world.settings, CONTRACT, Q2, "Finn", PAID_ON, "bilag 2")
    life.pay(world.settings, CONTRACT, Q1, "Finn", PAID_ON, "bilag 1")
    nothing = life.pay(world.settings, CONTRACT, Q2, "Finn", PAID_ON, "bilag 2")
    assert nothing.amount_dkk == Decimal("0.00")


# Rule S.blockers
def test_blockers_stop_a_submit_unless_a_reason_is_given(world: World) -> None:
    world.blockers[PERIODS[0]] = ["pending_claims"]
    world.publish(dt.date(2023, 5, 1))
    with pytest.raises(NotAllowedError, match=r"BLOCKED.*pending_claims"):
        life.submit(world.settings, CONTRACT, Q1, "Lis")
    event = life.submit(world.settings, CONTRACT, Q1, "Lis", "aftalt med kommunen")
    assert event.reason == "aftalt med kommunen"


@pytest.mark.parametrize(("day", "allowed"), [(1, False), (2, True), (3, True)])
# Rules S.fresh, S.ledger
def test_the_as_of_date_never_decreases(world: World, day: int, allowed: bool) -> None:
    world.publish(dt.date(2023, 5, 2))
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    world.publish_again(dt.date(2023, 5, day))
    if allowed:
        assert life.verify(world.settings, CONTRACT, Q1, "Kai").as_of_date.day == day
    else:
        with pytest.raises(NotAllowedError, match="SNAPSHOT_EARLIER"):
            life.verify(world.settings, CONTRACT, Q1, "Kai")


# Rule S.fresh
@pytest.mark.parametrize("held", ["0.00", "50.00"])
def test_a_release_moves_the_figures_and_asks_for_a_new_snapshot(world: World, held: str) -> None:
    world.held[PERIODS[0]] = Decimal(held)
    world.publish(dt.date(2023, 5, 1))
    life.release(world.settings, CONTRACT, Decimal("10"), "Kai", "byrådet 1. maj")
    with pytest.raises(NotAllowedError, match="SNAPSHOT_STALE"):
        life.submit(world.settings, CONTRACT, Q1, "Lis")
    world.publish_again(dt.date(2023, 5, 1))
    assert life.submit(world.settings, CONTRACT, Q1, "Lis").action == "submit"


@pytest.mark.parametrize(("days_ahead", "allowed"), [(0, True), (1, False)])
# Rule P.run_date
def test_a_payment_is_not_recorded_before_its_day(
    world: World, approved: Approve, days_ahead: int, allowed: bool
) -> None:
    approved(Q1)
    paid_on = places.today() + dt.timedelta(days=days_ahead)
    if allowed:
        assert life.pay(world.settings, CONTRACT, Q1, "Finn", paid_on, "bilag").paid_on == paid_on
    else:
        with pytest.raises(UsageError, match="den dag er ikke kommet"):
            life.pay(world.settings, CONTRACT, Q1, "Finn", paid_on, "bilag")


def test_a_release_where_nothing_is_held_moves_the_figures_too(world: World) -> None:
    life.release(world.settings, CONTRACT, Decimal("10"), "Kai", "byrådet 1. maj")
    with pytest.raises(NotAllowedError, match="SNAPSHOT_STALE"):
        life.submit(world.settings, CONTRACT, Q1, "Lis")


def test_an_approval_of_other_figures_than_shown_asks_for_a_new_snapshot(
    world: World, approved: Approve
) -> None:
    approved(Q1)
    world.amounts = {PERIODS[0]: Decimal("250.00"), PERIODS[1]: Decimal("100.00")}
    world.publish(dt.date(2023, 8, 1), head=None)
    with pytest.raises(NotAllowedError, match="SNAPSHOT_STALE"):
        life.submit(world.settings, CONTRACT, Q2, "Lis")


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_a_release_is_of_more_than_nothing(world: World, amount: str) -> None:
    with pytest.raises(NotAllowedError, match="RELEASE_AMOUNT"):
        life.release(world.settings, CONTRACT, Decimal(amount), "Kai", "grund")


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity", "1e999999", "1e15"])
def test_a_release_is_of_kroner_that_can_be_stored(world: World, amount: str) -> None:
    with pytest.raises(UsageError):
        life.release(world.settings, CONTRACT, Decimal(amount), "Kai", "grund")
    assert not chain.read(world.home).events


def test_releases_never_add_up_to_more_than_can_be_stored(world: World) -> None:
    """An event is never rewritten: one that no table can hold would end every later night."""
    most = Decimal(10) ** 15 - Decimal(1_000_000)
    life.release(world.settings, CONTRACT, most, "Kai", "grund")
    with pytest.raises(UsageError):
        life.release(world.settings, CONTRACT, Decimal(1_000_000), "Kai", "grund")


@pytest.mark.parametrize(
    ("amount", "code"),
    [("-5", 3), ("0", 3), ("-0.01", 3), ("5.001", 2), ("1e3", 2), ("1_000", 2), ("5,50", 2),
     ("--bogus", 2), ("5.50", 0)],
)  # fmt: skip
def test_the_command_line_tells_an_amount_that_is_refused_from_one_that_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch, amount: str, code: int
) -> None:
    words = ["release", CONTRACT, amount, "--as", "Kai", "--reason", "grund"]
    folders = ["--home", world.home.root, "--contracts", world.settings.contracts_dir]
    monkeypatch.setattr(sys, "argv", ["effekt", *words, *map(str, folders)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code or 0) == code


# Rule S.release
def test_a_release_needs_an_authorised_maximum(world: World) -> None:
    world.write_terms(authorised="authorised_max: null")
    world.publish(dt.date(2023, 5, 1))
    with pytest.raises(NotAllowedError, match="NO_AUTHORISED_MAX"):
        life.release(world.settings, CONTRACT, Decimal("1"), "Kai", "grund")


# Rule S.release
def test_a_release_counts_from_the_first_unapproved_period_open_or_not(
    world: World, approved: Approve
) -> None:
    approved(Q1)
    event = life.release(world.settings, CONTRACT, Decimal("0.01"), "Kai", "grund")
    assert event.period_start == PERIODS[1]


# Rule S.release
def test_when_all_is_approved_nothing_can_be_released(world: World, approved: Approve) -> None:
    world.amounts = dict.fromkeys(PERIODS, Decimal("1.00"))
    world.publish(dt.date(2024, 2, 1))
    for start in PERIODS:
        approved(f"{start:%Y-%m}")
    with pytest.raises(NotAllowedError, match="ALL_APPROVED"):
        life.release(world.settings, CONTRACT, Decimal("1"), "Kai", "grund")


@pytest.mark.parametrize("period", ["2023-02", "2023-1", "2023-13", "kvartal", "2031-01"])
def test_a_period_is_named_by_its_first_month(world: World, period: str) -> None:
    with pytest.raises(UsageError) as found:
        life.submit(world.settings, CONTRACT, period, "Lis")
    assert found.value.exit_code == 2


@pytest.mark.parametrize(
    "text", ["", "  ", "to\nlinjer", "borger 610190-1234", "6101901234", "61 01 90 1234"]
)
def test_a_reason_is_one_line_without_a_person_number(world: World, text: str) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    with pytest.raises(UsageError) as found:
        life.return_(world.settings, CONTRACT, Q1, "Kai", text)
    assert "6101" not in str(found.value)


NAMING = ["AF-001 mangler 2023-07", "se (af-001)", "ＡＦ–001.", "bilag AF-001"]
NOT_NAMING = ["AF-0011 mangler", "XAF-001", "AF 001", "001"]


# Rule S.typed
@pytest.mark.parametrize("text", NAMING)
def test_what_is_typed_into_a_step_names_no_course(
    world: World, approved: Approve, text: str
) -> None:
    world.course = "AF-001"
    world.blockers[PERIODS[0]] = ["claims_pending"]
    world.publish(dt.date(2023, 5, 1))
    day, settings = dt.date(2023, 6, 1), world.settings

    def refused(step: Callable[[], object]) -> None:
        with pytest.raises(UsageError, match="forløb") as found:
            step()
        assert "001" not in str(found.value)

    refused(lambda: life.submit(settings, CONTRACT, Q1, "Lis", text))
    refused(lambda: life.release(settings, CONTRACT, Decimal(1), "Kai", text))
    refused(lambda: life.submit(settings, CONTRACT, Q1, text, "aftalt"))
    assert not chain.read(world.home).events
    world.blockers.clear()
    world.publish(dt.date(2023, 5, 1))
    life.submit(settings, CONTRACT, Q1, "Lis")
    refused(lambda: life.return_(settings, CONTRACT, Q1, "Kai", text))
    life.return_(settings, CONTRACT, Q1, "Kai", "se igen")
    approved(Q1)
    refused(lambda: life.pay(settings, CONTRACT, Q1, "Finn", day, text))
    life.pay(settings, CONTRACT, Q1, "Finn", day, "bilag 1")
    refused(lambda: life.correct(settings, CONTRACT, Q1, "Finn", day, text))


# Rule S.typed
@pytest.mark.parametrize("text", NOT_NAMING)
def test_a_word_that_is_no_course_may_be_typed(world: World, text: str) -> None:
    world.course = "AF-001"
    world.publish(dt.date(2023, 5, 1))
    assert life.submit(world.settings, CONTRACT, Q1, "Lis", text).reason == text


def test_an_unknown_contract_is_wrong_usage(world: World) -> None:
    with pytest.raises(UsageError):
        life.submit(world.settings, "findes-ikke", Q1, "Lis")


def test_terms_changed_since_the_snapshot_ask_for_a_new_one(world: World) -> None:
    world.write_terms(authorised="authorised_max: 2000")
    with pytest.raises(NotAllowedError, match="SNAPSHOT_STALE"):
        life.submit(world.settings, CONTRACT, Q1, "Lis")


def test_an_orphan_statement_of_a_crash_is_replaced(world: World, approved: Approve) -> None:
    folder = world.home.ledger / "statements" / CONTRACT
    folder.mkdir(parents=True)
    (folder / f"{Q1}.json").write_text("halvt")
    (folder / f"{Q1}.evidence.jsonl").write_text("halvt")
    approved(Q1)
    assert ledger.check_chain(world.home, None).events[-1].action == "approve"


# Rule S.why
def test_why_says_that_an_approval_before_format_2_stored_no_evidence(
    world: World, approved: Approve, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with monkeypatch.context() as before:
        before.setattr("dagster_project.lib.ledger.frozen.write_evidence", lambda *_: None)
        approved(Q1)
    answer = why.explain(world.settings, CONTRACT, Q1)
    assert answer.as_json()["is_evidence_stored"] is False
    assert answer.as_json()["is_evidence_removed"] is False
    assert answer.as_json()["lines"][0]["today"] is None
    answer.print()
    assert "blev beviset ikke gemt" in capsys.readouterr().out


def test_published_lines_that_do_not_give_the_hash_are_not_approved(world: World) -> None:
    life.submit(world.settings, CONTRACT, Q1, "Lis")
    life.verify(world.settings, CONTRACT, Q1, "Kai")
    import duckdb

    path = world.home.published / "current" / "restricted" / "case_mart.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("update restricted.settlement_line set new_amount_dkk = 301")
    with pytest.raises(EffektError, match="SNAPSHOT_DIFFERS"):
        life.approve(world.settings, CONTRACT, Q1, "Lea")


def test_nothing_can_be_done_before_the_first_publish(world: World) -> None:
    (world.home.published / "current").unlink()
    with pytest.raises(EffektError, match="NO_SNAPSHOT"):
        life.submit(world.settings, CONTRACT, Q1, "Lis")
