"""Any history of deliveries, corrections, decisions and crashes: the law holds every night."""

from __future__ import annotations

import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from dagster_project.lib import ledger
from dagster_project.lib.errors import NotAllowedError
from tests.life.law import Witness
from tests.life.world import CONTRACT, begin

# the days on which something is delivered; the night is the day after
DAYS = [
    "2023-04-10", "2023-07-10", "2023-10-10", "2024-01-10", "2024-03-10", "2024-07-05",
]  # fmt: skip
PERIODS = ["2023-01", "2023-04", "2023-07", "2023-10", "2024-01"]
MONTHS = [f"2023-{month:02d}" for month in range(2, 13)]
COURSES = st.sampled_from(["A", "B", "C"])


class LifeOfASettlement(RuleBasedStateMachine):
    """Decisions and corrections in any order; ``night`` delivers what has become true."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="effekt-life-"))
        self.town = begin(self.root)
        self.witness = Witness(self.town)
        self.day = -1
        self.approved = 0
        self.has_news = True

    @initialize()
    def first_night(self) -> None:
        """Everything is claimed, the first quarter is over."""
        self.town.claims = {(course, month): True for course in "ABC" for month in MONTHS}
        self.night()

    @rule()
    @precondition(lambda self: self.has_news and self.day + 1 < len(DAYS))
    def night(self) -> None:
        """Deliver all files anew and run the night; the law must hold."""
        self.day += 1
        self.town.deliver(DAYS[self.day])
        self.town.night(DAYS[self.day])
        self.has_news = False
        self.witness.check()

    @rule(course=COURSES, month=st.sampled_from(MONTHS[:8]))
    def correct_register(self, course: str, month: str) -> None:
        """The register shows, or no longer shows, a few days of benefit in a month."""
        spell = (f"{month}-05", f"{month}-08")
        spells = self.town.spells[course]
        if spell in spells:
            spells.remove(spell)
        else:
            spells.append(spell)
        self.has_news = True

    @rule(course=COURSES, month=st.sampled_from(MONTHS[:8]))
    def change_claim(self, course: str, month: str) -> None:
        """A claim is withdrawn, or made after all."""
        self.town.claims[course, month] = not self.town.claims[course, month]
        self.has_news = True

    @rule(course=COURSES, day=st.sampled_from(["2023-03-10", "2023-06-20", "2023-09-30"]))
    def person_leaves(self, course: str, day: str) -> None:
        """Somebody turns out to have moved away."""
        event = (course, "fraflyttet", day)
        if event not in self.town.events:
            self.town.events.append(event)
            self.has_news = True

    @rule(fte=st.sampled_from(["4,0", "6,5", "11,0"]), rate=st.sampled_from([1000, 900]))
    def revise_statistics_and_terms(self, fte: str, rate: int) -> None:
        """The statistics are revised, the price is amended."""
        self.town.statistics["2023-02"] = fte
        self.town.rate = rate
        self.has_news = True

    @rule(kroner=st.integers(1, 800))
    def release(self, kroner: int) -> None:
        """The authorised maximum is raised."""
        self._try(
            lambda: ledger.release(
                self.town.settings, CONTRACT, Decimal(kroner), "Kai", "beslutning"
            )
        )
        self.has_news = True

    @rule()
    def send_back(self) -> None:
        """The next period is submitted and sent back."""
        period = PERIODS[min(self.approved, len(PERIODS) - 1)]
        if self._try(lambda: self.town.submit(period)):
            ledger.return_(self.town.settings, CONTRACT, period, "Kai", "se igen")

    @rule()
    def approve(self) -> None:
        """The next period goes all the way."""
        period = PERIODS[min(self.approved, len(PERIODS) - 1)]
        if self._try(lambda: self.town.approve(period)):
            self.approved += 1
            self.has_news = True
            self.witness.remember()

    @rule()
    def crash(self) -> None:
        """A write is torn and the work folder is gone."""
        with (self.root / "ledger" / "settlements.jsonl").open("ab") as stream:
            stream.write(b'{"action":"appr')
        shutil.rmtree(self.root / "work")
        self.has_news = True

    def _try(self, act: object) -> bool:
        """Whether an act was allowed; a refusal leaves the ledger as it was."""
        path = self.root / "ledger" / "settlements.jsonl"
        before = path.read_bytes() if path.is_file() else b""
        try:
            act()  # type: ignore[operator]
        except NotAllowedError:
            whole = before[: before.rfind(b"\n") + 1]
            assert not path.is_file() or path.read_bytes() in (before, whole)
            return False
        return True

    def teardown(self) -> None:
        """One last night, so that nothing that happened goes unchecked."""
        if self.has_news and self.day >= 0 and self.day + 1 < len(DAYS):
            self.night()
        shutil.rmtree(self.root, ignore_errors=True)


TestLifeOfASettlement = LifeOfASettlement.TestCase
TestLifeOfASettlement.settings = settings(
    max_examples=3, stateful_step_count=10, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
