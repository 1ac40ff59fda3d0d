"""A real daemon in the two nights on which the clock is changed, and after a long sleep."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from dagster_project.lib.nights import record
from dagster_project.settings import TIME_ZONE, Home
from tests.browser.test_ui import Ui, loaded, served
from tests.support import examples, heard, night, shifted_clock
from tests.support.shifted_clock import Clock

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(shifted_clock.COMPILER is None, reason="the clock needs a C compiler"),
]
PATIENCE = 240
SPRING, AUTUMN = "2027-03-28", "2027-10-31"
CAUGHT_UP = "2027-10-30"


@dataclass
class Living:
    """A home whose UI and daemon live by a clock of the test's, and what it told."""

    ui: Ui
    clock: Clock
    told: Any

    @property
    def home(self) -> Home:
        """The home."""
        return Home(self.ui.home)

    def runs(self) -> list[tuple[str, str]]:
        """Business date and state of each run that Dagster still knows, by date."""
        runs = self.ui.runs()
        dates = [yaml.safe_load(run["runConfigYaml"])["resources"]["night"]["config"]["as_of"]
                 for run in runs]  # fmt: skip
        return sorted(zip(map(str, dates), (run["status"] for run in runs), strict=True))

    def nights(self) -> list[str]:
        """Business date of each night that there was, oldest first; each must have published."""
        known = record.read(self.home)
        assert known.publications() == known.nights
        return [night["as_of_date"] for night in known.nights]

    def jump(self, to: str) -> None:
        """The clock shows a Danish time, or some seconds more: a minute begins as before."""
        self.clock.set(danish(to), keeps_second=True)

    def wait_for(self, date: str) -> None:
        """Until the night of a date is over."""
        until = time.monotonic() + PATIENCE
        while (date, "SUCCESS") not in (runs := self.runs()):
            assert (date, "FAILURE") not in runs, self.told()
            assert time.monotonic() < until, (runs, self.clock.now(), self.told())
            time.sleep(1)


def danish(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE)


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """An example home without a date of its own, opened before the clock is put forward."""
    folder = tmp_path_factory.mktemp("living")
    root = night.copy_inputs(examples.home_of("spells-one-contract"), folder / "home")
    clock = shifted_clock.make(folder)
    clock.set(danish(f"{SPRING}T01:58:40"))
    with pytest.MonkeyPatch.context() as patch:
        told = heard.listen(folder, patch)
        for name, value in clock.variables.items():
            patch.setenv(name, value)
        with served(root) as ui:
            patch.undo()
            loaded(ui)
            yield Living(ui, clock, told)


# Rule P.schedule
def test_the_night_on_which_the_clock_is_put_forward_publishes_once(living: Living) -> None:
    living.jump(f"{SPRING}T04:29:00")
    living.wait_for(SPRING)
    assert living.runs() == [(SPRING, "SUCCESS")]
    assert living.nights() == [SPRING]
    assert living.told() == []


# Rules P.schedule, P.missed
def test_after_a_long_sleep_the_newest_night_is_caught_up_and_the_others_are_named(
    living: Living,
) -> None:
    living.jump(f"{CAUGHT_UP}T10:00:00")
    living.wait_for(CAUGHT_UP)
    first = dt.date.fromisoformat(SPRING)
    between = (dt.date.fromisoformat(CAUGHT_UP) - first).days
    asleep = [(first + dt.timedelta(days=n)).isoformat() for n in range(1, between)]
    (alert,) = living.told()
    assert alert["error"] == "NIGHT_MISSED"
    named = alert["skipped_dates"]  # on a slow machine the sensor tells the newest as well
    assert [date for date in named if date != CAUGHT_UP] == asleep
    assert record.read(living.home).skipped == asleep
    assert living.nights() == [SPRING, CAUGHT_UP]
    assert living.runs() == [(CAUGHT_UP, "SUCCESS")]  # the other has become too old to be kept


# Rule P.schedule
def test_the_night_on_which_the_clock_is_put_back_publishes_once(living: Living) -> None:
    living.jump(f"{AUTUMN}T04:29:00")
    living.wait_for(AUTUMN)
    # whether an older run is still in Dagster's record depends on when its process read the clock
    assert [run for run in living.runs() if run[0] == AUTUMN] == [(AUTUMN, "SUCCESS")]
    assert living.nights() == [SPRING, CAUGHT_UP, AUTUMN]
    assert len(living.told()) == 1
