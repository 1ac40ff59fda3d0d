"""The one line of a run: code, remedy and report of the first cause."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from dagster_project import settings
from dagster_project.defs import assets
from dagster_project.lib.base.errors import EffektError
from dagster_project.orchestration import headline
from dagster_project.orchestration.outcome import Held, Refused, StepOutcome
from dagster_project.orchestration.report import Report

REFUSED = Refused("deltagere_2025-01-01.csv", ("ROW_SHORT", "CODE_UNKNOWN"), "quarantine/ab.txt")


def report(home: Path, **outcomes: StepOutcome) -> Report:
    return Report(settings.resolve(home), outcomes=outcomes)


# Rule P.headline
def test_a_run_is_headed_by_its_first_cause_the_error_before_checks_before_files(
    tmp_path: Path,
) -> None:
    (tmp_path / "home.yml").write_text("area: Hedensted\n", encoding="utf-8")
    told = report(tmp_path, receive=StepOutcome(refused=(REFUSED,)))
    line = headline.of_run(told)
    assert line.startswith("ROW_SHORT → ")
    assert line.endswith(" · quarantine/ab.txt (og 1 til)")
    assert REFUSED.file_name not in line
    told.outcomes["gate_20"] = StepOutcome(failed_checks=("20.code_has_one_group",))
    assert headline.of_run(told) == (
        "20.code_has_one_group → Ret overlappet i seeds/benefit_codes.csv, og kør igen."
        " · published/site/datakvalitet.html (og 2 til)"
    )
    told.error = EffektError("DISK_FULL", "no space", remedy="free space, run again")
    assert (
        headline.of_run(told) == "DISK_FULL → free space, run again · reports/alert.txt (og 3 til)"
    )


# Rule P.headline
def test_a_run_that_ended_well_says_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "home.yml").write_text("area: Hedensted\n", encoding="utf-8")
    published = StepOutcome(snapshot_id="2025-01-10-abc")
    unchanged = StepOutcome(snapshot_id="2025-01-10-abc", is_unchanged=True)
    assert headline.of_run(report(tmp_path, publish=published)) == "Udgivet: 2025-01-10-abc"
    assert headline.of_run(report(tmp_path, load_inputs=unchanged)) == "Intet nyt: 2025-01-10-abc"
    assert headline.of_run(report(tmp_path, gate_10=StepOutcome())) == "Udført"


# Rule P.headline
def test_what_was_not_let_in_is_shown_by_codes_and_paths_without_a_name() -> None:
    outcome = StepOutcome(
        refused=(REFUSED, Refused("landing/x.csv", ("FILE_CLOSED",))),
        held=(Held("jobindsats_2025-01-12.csv", "cd" * 32, "figure"),),
    )
    shown = assets._let_not_in(outcome)
    assert shown["refused deliveries"].records == [
        dg.TableRecord({"codes": "ROW_SHORT, CODE_UNKNOWN", "report": "quarantine/ab.txt"}),
        dg.TableRecord({"codes": "FILE_CLOSED", "report": "reports/alert.txt"}),
    ]
    assert shown["held deliveries"].records == [
        dg.TableRecord({"check": "figure", "delivery": "cd" * 32})
    ]
    assert assets._let_not_in(StepOutcome()) == {}
