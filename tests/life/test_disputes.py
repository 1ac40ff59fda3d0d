"""Disputes and decisions through a contract's whole life, with every refusal and its pair."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import life
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.person import insight
from dagster_project.lib.trace import replay, why
from dagster_project.orchestration.dbt_runner import run_selected
from tests.life import disputed
from tests.life.law import Witness
from tests.life.world import CONTRACT


class Told:
    """What happened in the story, by name: tests look at one thing each."""

    def __init__(self, root: Path) -> None:
        town = disputed.make(root)
        self.town = town
        self.refused: dict[str, str] = {}
        self.seen: dict[str, Any] = {}
        self.witness = Witness(town)
        self._first()
        self._second()
        self._third()
        self._fourth()
        self._closing()

    def ask(self, name: str, act: Callable[[], Any]) -> None:
        """Do what must be refused, and keep how it was; nothing is written."""
        path = self.town.root / "ledger" / "settlements.jsonl"
        before = path.read_bytes() if path.is_file() else b""
        try:
            act()
            self.refused[name] = "allowed"
        except EffektError as error:
            self.refused[name] = f"{error.exit_code} {error.code}"
        assert (path.read_bytes() if path.is_file() else b"") == before

    def night(self, day: str) -> None:
        """Deliver what is true and run a night."""
        self.town.deliver(day)
        self.town.night(day)
        self.witness.check()
        self.witness.remember()

    def _first(self) -> None:
        town, ask = self.town, self.ask
        self.night("2023-04-10")
        ask("not approved", lambda: town.dispute("2023-01", "A", "2023-03"))
        town.approve("2023-01")
        ask("as wanted", lambda: town.dispute("2023-01", "A", "2023-02"))
        ask("no effort month", lambda: town.dispute("2023-01", "A", "2023-01"))
        ask("another period's month", lambda: town.dispute("2023-01", "A", "2023-04"))
        ask("unknown course", lambda: town.dispute("2023-01", "Q", "2023-03"))
        ask("unknown wish", lambda: town.dispute("2023-01", "A", "2023-03", "money"))
        ask("months the wrong way", lambda: town.dispute("2023-01", "A", "2023-03..2023-02"))
        ask("no price group", lambda: town.dispute("2023-01", "E", "2023-03"))
        ask("a course in the reason", lambda: life.dispute(
            town.settings, CONTRACT, "2023-01", "A", "2023-03", "paid", "Lis", "forløb A"
        ))  # fmt: skip
        town.least = 1001
        town.write_terms()
        ask("too few kroner", lambda: town.dispute("2023-01", "A", "2023-03"))
        town.least = 1000
        town.write_terms()
        self.paid = town.dispute("2023-01", "A", "2023-02..2023-03")
        ask("disputed already", lambda: town.dispute("2023-01", "A", "2023-03"))
        self.unpaid = town.dispute("2023-01", "B", "2023-02..2023-03", "unpaid", "Kai")
        self.over = town.dispute("2023-01", "C", "2023-03")
        self.stated = town.dispute("2023-01", "D", "2023-03")
        ask("by who opened it", lambda: town.decide(life.name_of(self.paid), uphold=True,
                                                    actor="  LIS "))  # fmt: skip
        ask("unknown dispute", lambda: town.decide("livet-99", uphold=True))
        ask("no id", lambda: town.decide("livet", uphold=True))
        first_of_two = life.name_of(self.unpaid[:1])
        for name, upheld in (
            (life.name_of(self.paid), True), (first_of_two, True),
            (life.name_of(self.unpaid[1:]), False), (life.name_of(self.stated), True),
        ):  # fmt: skip
            town.decide(name, uphold=upheld)
        ask("decided already", lambda: town.decide(first_of_two, uphold=False))

    def _second(self) -> None:
        town = self.town
        self.night("2023-07-10")
        self.seen["months"] = town.months()
        self.seen["true_ups"] = town.true_ups("2023-04")
        self.seen["mismatch"] = {
            (row["course_id"], f"{row['month']:%Y-%m}", row["kind"])
            for row in town.rows("restricted.mismatch")
        }
        self.seen["participants"] = {
            row["course_id"]: row["eligibility"] for row in town.rows("restricted.participant")
        }
        self.seen["disputes"] = {row["dispute_id"]: row for row in town.rows("restricted.dispute")}
        out = town.root / "indsigt.html"
        number = disputed.CPR["A"]
        self.seen["person"], _ = insight(town.settings, number, dt.date(2023, 7, 10), out)
        self.seen["person page"] = out.read_text(encoding="utf-8")
        out.unlink()
        self.seen["deadlines"] = town.deadlines()
        self.ask("as decided", lambda: town.dispute("2023-01", "A", "2023-03"))
        self.again = town.dispute("2023-01", "A", "2023-03", "unpaid", "Kai")
        town.decide(life.name_of(self.again), uphold=True)
        self.ask("stale figures", lambda: town.submit("2023-04"))
        town.night("2023-07-11")
        self.seen["undone"] = town.true_ups("2023-04")
        town.approve("2023-04")
        self.seen["why"] = why.explain(
            town.settings, CONTRACT, "2023-04", "B", "2023-02"
        ).as_json()  # fmt: skip
        self.seen["why disputes"] = why.explain(town.settings, CONTRACT, "2023-01").as_json()
        self.seen["replay"] = replay.replay(town.settings, CONTRACT, "2023-04", run_selected)

    def _third(self) -> None:
        """K1 was approved on 10 April: 180 days later is Saturday 7 October, so Monday the 9th."""
        self.night("2023-10-09")
        self.late = self.town.dispute("2023-01", "B", "2023-03", "unpaid", "Kai")
        self.town.decide(life.name_of(self.late), uphold=False)
        self.town.approve("2023-07")

    def _fourth(self) -> None:
        """K2 was approved on 11 July: 180 days later is Sunday 7 January, so Monday the 8th."""
        town = self.town
        self.night("2024-01-08")
        self.ask("too late", lambda: town.dispute("2023-01", "B", "2023-03", "unpaid", "Kai"))
        self.newer = town.dispute("2023-01", "B", "2023-02", "paid")
        town.decide(life.name_of(self.newer), uphold=False)
        town.approve("2023-10")

    def _closing(self) -> None:
        """K4 was approved on 8 January: its disputes end on Saturday 6 July, so on the 8th."""
        town = self.town
        self.night("2024-07-08")
        self.ask("closing with an open dispute", lambda: town.submit("2024-01"))
        town.decide(life.name_of(self.over), uphold=False)
        self.ask("closing before the deadline", lambda: town.submit("2024-01"))
        town.night("2024-07-09")
        town.submit("2024-01")
        self.seen["document"] = json.loads(
            (town.root / "reports" / "statements" / CONTRACT / "2023-10.json").read_text("utf-8")
        )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The story, told once."""
    yield Told(tmp_path_factory.mktemp("disputes"))


REFUSED = {
    "not approved": "3 NOT_APPROVED", "as wanted": "3 AS_WANTED",
    "no effort month": "3 NO_EFFORT_MONTH", "another period's month": "3 NO_EFFORT_MONTH",
    "unknown course": "2 USAGE", "unknown wish": "2 USAGE", "months the wrong way": "2 USAGE",
    "no price group": "3 NO_PRICE_GROUP", "a course in the reason": "2 USAGE",
    "too few kroner": "3 DISPUTE_SMALL", "disputed already": "3 DISPUTE_OPEN",
    "as decided": "3 AS_WANTED", "too late": "3 DISPUTE_LATE",
}  # fmt: skip
UNDECIDED = {
    "by who opened it": "3 SAME_PERSON", "unknown dispute": "2 USAGE", "no id": "2 USAGE",
    "decided already": "3 DISPUTE_DECIDED",
}  # fmt: skip


# Rule S.dispute
@pytest.mark.parametrize("name", REFUSED)
def test_a_dispute_is_refused_with_its_reason(told: Told, name: str) -> None:
    assert told.refused[name] == REFUSED[name]


# Rule S.dispute
def test_a_range_opens_a_dispute_for_each_month_that_is_not_as_wanted(told: Told) -> None:
    assert [(event.month, event.amount_dkk) for event in told.paid] == [
        (dt.date(2023, 3, 1), Decimal(1000))
    ]
    assert [event.month for event in told.unpaid] == [dt.date(2023, 2, 1), dt.date(2023, 3, 1)]
    assert [event.role for event in (*told.paid, *told.unpaid[:1])] == ["provider", "municipality"]
    assert life.name_of(told.unpaid) == "livet-5..6"


# Rule S.dispute
def test_a_dispute_may_be_opened_on_the_last_day_and_a_newer_line_has_its_own(told: Told) -> None:
    assert len(told.late) == len(told.newer) == 1


# Rule S.dispute
def test_a_dispute_records_todays_price_group_or_the_stated_one(told: Told) -> None:
    assert {told.paid[0].price_group, told.stated[0].price_group} == {"sygedagpenge"}
    assert told.seen["months"]["D", "2023-04"]["price_group"] is None


# Rule S.decide
@pytest.mark.parametrize("name", UNDECIDED)
def test_a_decision_is_refused_with_its_reason(told: Told, name: str) -> None:
    assert told.refused[name] == UNDECIDED[name]


# Rule M.dispute
def test_the_restricted_mart_has_a_row_for_each_dispute(told: Told) -> None:
    rows = told.seen["disputes"]
    outcomes = {name: row["outcome"] for name, row in rows.items()}
    assert outcomes == {
        "livet-4": "upheld", "livet-5": "upheld", "livet-6": "rejected", "livet-7": None,
        "livet-8": "upheld",
    }  # fmt: skip
    assert rows["livet-4"]["decided_on"] == dt.date(2023, 4, 10)
    assert rows["livet-7"]["decided_on"] is None


# Rule S.decided
def test_a_decided_month_is_as_decided_and_its_status_and_match_stay(told: Told) -> None:
    names = ("status", "match", "reason", "is_payable", "amount_dkk", "price_group")
    found = {
        key: tuple(told.seen["months"][key][name] for name in names)
        for key in (("A", "2023-03"), ("B", "2023-02"), ("B", "2023-03"), ("D", "2023-03"))
    }
    group = "sygedagpenge"
    assert found == {
        ("A", "2023-03"):
            ("self_supporting", "unclaimed", "decided", True, Decimal(1000), group),
        ("B", "2023-02"): ("self_supporting", "agreed", "decided", False, Decimal(0), group),
        ("B", "2023-03"):
            ("self_supporting", "agreed", "self_supporting", True, Decimal(1000), group),
        ("D", "2023-03"): ("not_eligible", "none", "decided", True, Decimal(1000), group),
    }  # fmt: skip


# Rule S.decided, S.cause
def test_a_decision_becomes_a_true_up_of_its_own_cause(told: Told) -> None:
    assert told.seen["true_ups"] == {
        ("A", "2023-03"): ("decision_made", Decimal(1000)),
        ("B", "2023-02"): ("decision_made", Decimal(-1000)),
        ("D", "2023-03"): ("decision_made", Decimal(1000)),
    }


# Rule S.decided
def test_a_decided_month_is_no_mismatch(told: Told) -> None:
    months = {(course, month) for course, month, _ in told.seen["mismatch"]}
    assert ("A", "2023-03") not in months
    assert ("C", "2023-03", "claimed_denied") in told.seen["mismatch"]


# Rule S.decide
def test_a_new_dispute_decides_a_month_anew(told: Told) -> None:
    assert ("A", "2023-03") not in told.seen["undone"]
    assert told.seen["undone"].keys() == {("B", "2023-02"), ("D", "2023-03")}


# Rule S.fresh
def test_a_step_waits_for_the_night_that_knows_the_decision(told: Told) -> None:
    assert told.refused["stale figures"] == "3 SNAPSHOT_STALE"


# Rule S.closing
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("closing before the deadline", "3 DISPUTE_TIME"),
        ("closing with an open dispute", "3 DISPUTE_OPEN"),
    ],
)
def test_the_closing_settlement_waits(told: Told, name: str, code: str) -> None:
    assert told.refused[name] == code


# Rule S.replay, S.decided
def test_a_replay_knows_the_decisions_of_then(told: Told) -> None:
    assert told.seen["replay"].is_identical, told.seen["replay"].text()


# Rule S.why
def test_why_tells_the_decision_behind_a_line_and_the_disputes_of_a_period(told: Told) -> None:
    (line,) = told.seen["why"]["lines"]
    assert (line["cause"], line["rule"]["reason"]) == ("decision_made", "decided")
    ids = {row["dispute_id"]: row["outcome"] for row in told.seen["why disputes"]["disputes"]}
    assert (ids["livet-4"], ids["livet-7"]) == ("upheld", None)


# Rules F.person, S.dispute
def test_a_person_is_told_the_disputes_about_their_months(told: Told) -> None:
    (course,) = told.seen["person"].courses
    rows = told.seen["disputes"]
    own = [row for row in rows.values() if row["course_id"] == "A"]
    assert len(course.disputes) == len(own) > 0
    assert {outcome for _, _, _, outcome, _ in course.disputes} <= {"medhold", "afvist", "åben"}
    assert "Der er gjort indsigelse om måneder i forløbet" in told.seen["person page"]
    assert all(month in told.seen["person page"] for month, *_ in course.disputes)


# Rule S.due, S.step_done, S.deadline_status, M.deadline
def test_each_step_of_a_closed_period_has_its_deadline(told: Told) -> None:
    rows = told.seen["deadlines"]
    told_of = {
        key: (row["owner"], row["due_on"], row["done_on"], row["days_late"], row["status"])
        for key, row in rows.items()
    }
    day = dt.date
    assert told_of["2023-01", "submit"] == (
        "provider", day(2023, 5, 15), day(2023, 4, 10), 0, "done")  # fmt: skip
    assert told_of["2023-01", "pay"] == (
        "finance", day(2023, 5, 10), None, 61, "overdue")  # fmt: skip
    assert told_of["2023-01", "dispute"] == (
        "provider", day(2023, 10, 9), None, None, "open")  # fmt: skip
    assert told_of["2023-04", "submit"] == (
        "provider", day(2023, 8, 14), None, 0, "due")  # fmt: skip
    assert told_of["2023-04", "verify"] == ("municipality", None, None, None, "waiting")


# Rule S.due_shown
def test_a_statement_shows_deadlines_and_open_disputes_and_no_course(told: Told) -> None:
    shown = told.seen["document"]["shown"]
    assert {row["step"] for row in shown["deadlines"]} >= {"submit"}
    assert shown["open_disputes"] == {"month_count": 1, "amount_dkk": "1000.00"}
    assert '"course' not in json.dumps(told.seen["document"]["events"])
