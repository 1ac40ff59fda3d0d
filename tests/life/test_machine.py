"""Any history of deliveries, corrections, decisions and crashes: the law holds every night."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from dagster_project.lib import ledger, life
from dagster_project.lib.base.errors import NotAllowedError
from dagster_project.lib.ledger import disputed
from tests.life.law import Witness
from tests.life.world import CONTRACT, begin

# the days on which something is delivered and a night is run
DAYS = ["2023-04-10", "2023-07-10", "2023-10-10", "2024-01-10", "2024-03-10", "2024-07-05"]
PERIODS = ["2023-01", "2023-04", "2023-07", "2023-10", "2024-01"]
MONTHS = [f"2023-{month:02d}" for month in range(2, 13)]
EARLY = st.sampled_from(MONTHS[:8])
COURSES = st.sampled_from(["A", "B", "C"])
CHANGES = st.one_of(
    st.tuples(st.just("correct_register"), COURSES, EARLY),
    st.tuples(st.just("change_claim"), COURSES, EARLY),
    st.tuples(st.just("leave"), COURSES, st.sampled_from(["2023-03-10", "2023-06-20"])),
    st.tuples(st.just("revise_statistics"), st.sampled_from(["4,0", "6,5", "11,0"])),
    st.tuples(st.just("amend_price"), st.sampled_from([1000, 900])),
)
DECISIONS = st.one_of(
    st.just(("approve",)),
    st.just(("approve",)),
    st.just(("submit",)),
    st.just(("send_back",)),
    st.tuples(st.just("release"), st.integers(1, 800)),
    st.just(("crash",)),
)
OUTCOMES = st.sampled_from(["upheld", "upheld", "rejected", "open"])
DISPUTES = st.one_of(
    st.tuples(
        st.just("dispute"), COURSES, EARLY, st.sampled_from(["paid", "unpaid"]), OUTCOMES
    ),
    st.tuples(st.just("decide"), st.booleans()),
)  # fmt: skip


class LifeOfASettlement(RuleBasedStateMachine):
    """A quarter is what people decide, what turns out to be otherwise, and a night."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="effekt-life-"))
        self.town = begin(self.root)
        self.witness = Witness(self.town)
        self.day = 0
        self.approved = 0

    @initialize()
    def begin(self) -> None:
        """Everything is claimed; the first quarter is over."""
        self.town.claims = {(course, month): True for course in "ABC" for month in MONTHS}
        self._night()

    @rule(
        decisions=st.lists(DECISIONS, min_size=1, max_size=3),
        disputes=st.lists(DISPUTES, max_size=4),
        changes=st.lists(CHANGES, min_size=1, max_size=4),
    )
    @precondition(lambda self: self.day < len(DAYS))
    def quarter(
        self,
        decisions: list[tuple[Any, ...]],
        disputes: list[tuple[Any, ...]],
        changes: list[tuple[Any, ...]],
    ) -> None:
        """Decide on what the last night has published, then deliver what has become true."""
        for name, *values in (*decisions, *disputes, *changes):
            getattr(self, f"_{name}")(*values)
        self._night()

    def _night(self) -> None:
        self.town.deliver(DAYS[self.day])
        self.town.night(DAYS[self.day])
        self.day += 1
        self.witness.check()

    # what turns out to be otherwise ---------------------------------------------------------------

    def _correct_register(self, course: str, month: str) -> None:
        spell = (f"{month}-05", f"{month}-08")
        spells = self.town.spells[course]
        spells.remove(spell) if spell in spells else spells.append(spell)

    def _change_claim(self, course: str, month: str) -> None:
        self.town.claims[course, month] = not self.town.claims[course, month]

    def _leave(self, course: str, day: str) -> None:
        if (course, "fraflyttet", day) not in self.town.events:
            self.town.events.append((course, "fraflyttet", day))

    def _revise_statistics(self, fte: str) -> None:
        self.town.statistics["2023-02"] = fte

    def _amend_price(self, rate: int) -> None:
        self.town.rate = rate

    # what people decide ---------------------------------------------------------------------------

    @property
    def period(self) -> str:
        """The first period that is not approved, or the last of all."""
        return PERIODS[min(self.approved, len(PERIODS) - 1)]

    def _approve(self) -> None:
        if self._is_allowed(lambda: self.town.approve(self.period)):
            self.approved += 1
            self.witness.remember()

    def _submit(self) -> None:
        self._is_allowed(lambda: self.town.submit(self.period))

    def _send_back(self) -> None:
        settings = self.town.settings
        self._is_allowed(lambda: life.return_(settings, CONTRACT, self.period, "Kai", "se igen"))

    def _release(self, kroner: int) -> None:
        settings, amount = self.town.settings, Decimal(kroner)
        self._is_allowed(lambda: life.release(settings, CONTRACT, amount, "Kai", "beslutning"))

    def _dispute(self, course: str, month: str, wants: str, outcome: str) -> None:
        """Dispute a month; most disputes are decided at once, the rest perhaps later."""
        settings = self.town.settings
        period = PERIODS[(int(month[5:]) - 1) // 3]
        is_open = self._is_allowed(
            lambda: life.dispute(settings, CONTRACT, period, course, month, wants, "Lis", "prøve")
        )
        if is_open and outcome != "open":
            self._decide_newest(uphold=outcome == "upheld")

    def _decide(self, uphold: bool) -> None:
        self._decide_newest(uphold=uphold)

    def _decide_newest(self, *, uphold: bool) -> None:
        settings = self.town.settings
        events = ledger.read(settings.home).events
        waiting = [one for one in disputed.list_disputes(events) if one.is_open]
        if waiting:
            name = waiting[-1].dispute_id
            life.decide(settings, name, "Lea", "prøve", uphold=uphold)

    def _crash(self) -> None:
        """A write to the ledger is torn and the work folder is gone."""
        with (self.root / "ledger" / "settlements.jsonl").open("ab") as stream:
            stream.write(b'{"action":"appr')
        shutil.rmtree(self.root / "work")

    def _is_allowed(self, act: Callable[[], object]) -> bool:
        """Whether an act was allowed; a refused one leaves no whole line behind."""
        path = self.root / "ledger" / "settlements.jsonl"
        before = path.read_bytes().count(b"\n") if path.is_file() else 0
        try:
            act()
        except NotAllowedError:
            after = path.read_bytes().count(b"\n") if path.is_file() else 0
            # an approval takes three steps, of which the first may have been allowed
            assert after - before in (0, 1, 2)
            return False
        return True

    def teardown(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.root, ignore_errors=True)


TestLifeOfASettlement = LifeOfASettlement.TestCase
TestLifeOfASettlement.settings = settings(
    max_examples=3, stateful_step_count=5, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
