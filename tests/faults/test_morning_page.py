"""The morning page of runs that publish nothing: it is written by every run that can begin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagster_project.lib import pages
from dagster_project.lib.base import lock
from dagster_project.lib.base.errors import EffektError
from dagster_project.settings import Home
from tests.support import examples, night

AS_OF = "2024-05-02"
EXAMPLE = "spells-one-contract"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose contract file cannot be right."""
    made = Home(night.copy_inputs(examples.home_of(EXAMPLE), tmp_path / "home"))
    (path,) = (made.root / "contracts").glob("*.yml")
    path.write_text(path.read_text(encoding="utf-8") + "\nukendt_noegle: 1\n", encoding="utf-8")
    return made


def page(home: Home, name: str = "index.html") -> str:
    return (home.published / "site" / name).read_text(encoding="utf-8")


# Rules V.written, V.morning
def test_a_refused_contract_file_stands_on_the_morning_page(home: Home) -> None:
    ended = night.run_night(home.root, AS_OF)
    assert ended.exit_code == 1
    assert "Kørslen fejlede" in page(home)
    alert = json.loads((home.reports / "alert.json").read_text(encoding="utf-8"))
    assert alert["error"] in page(home)
    assert "Ikke alle gates er nået" in page(home, "datakvalitet.html")


# Rule V.written
def test_a_run_that_finds_the_home_busy_leaves_the_page_as_it_is(home: Home) -> None:
    night.run_night(home.root, AS_OF)
    before = page(home)
    with lock.hold(home.lock_file), pytest.raises(EffektError, match="HOME_BUSY"):
        night.run_night(home.root, AS_OF)
    assert page(home) == before


# Rules V.written, P.exit_codes
def test_a_page_that_cannot_be_written_ends_the_run_1_and_its_alert_says_so(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (home.root / "contracts").glob("*.yml"):
        path.unlink()  # nothing to settle: the run itself is the one that the page ends

    def fail(*_: object) -> None:
        raise KeyError("en værdi")

    monkeypatch.setattr(pages, "write_ends", fail)
    ended = night.run_night(home.root, AS_OF, without=tuple(_all_but_records()))
    alert = json.loads((home.reports / "alert.json").read_text(encoding="utf-8"))
    assert (ended.exit_code, alert["error"], alert["exit_code"]) == (1, "PAGES_FAILED", 1)
    assert "en værdi" not in json.dumps(alert)


def _all_but_records() -> list[str]:
    from dagster_project.orchestration.night import STEPS

    return [step.name for step in STEPS if step.name != "check_records"]
